#include "analyze/locks.h"

#include "analyze/site.h"
#include "analyze/tally.h"

#include <stdlib.h>

/* A lock while its rows are being added up. */
struct lock_sums {
    struct analyze_lock out;
    struct tally_votes waiters, holders, holder_tids, waiting_tids, stacks, holder_stacks;
};

struct locks_work {
    const struct trace *trace;
    struct analyze_range range;
    struct analyze_sites sites;
    struct tally_groups groups; /* (pid, address) */
    struct lock_sums *v;        /* owned, by group */
    size_t cap;
};

static struct lock_sums *sums_of(struct locks_work *w, uint64_t pid, uint64_t lock, uint64_t kind)
{
    uint32_t known = w->groups.keys.count;
    uint32_t group = tally_group(&w->groups, pid, lock);
    if (group == known) {
        mem_grow(&w->v, &w->cap, (size_t)group + 1, sizeof *w->v);
        w->v[group] = (struct lock_sums){
            .out = {.pid = pid, .lock = lock, .kind = (enum trace_lock_kind)kind, .name = ""}};
    }
    return &w->v[group];
}

static void vote_stacks(struct locks_work *w, struct lock_sums *s, uint64_t stack,
                        uint64_t holder_stack, uint64_t ns)
{
    if (stack) {
        tally_vote(&s->waiters, analyze_site(&w->sites, stack, ANALYZE_SITE_CALLER), ns);
        tally_vote(&s->stacks, stack, ns);
    }
    if (holder_stack) {
        tally_vote(&s->holders, analyze_site(&w->sites, holder_stack, ANALYZE_SITE_CALLER), ns);
        tally_vote(&s->holder_stacks, holder_stack, ns);
    }
}

static void add_wait(struct locks_work *w, struct trace_cursor *c, uint64_t row, uint32_t thread,
                     uint64_t pid, uint64_t tid)
{
    uint64_t ts = trace_get(c, row, TRACE_LOCK_WAIT_ts);
    uint64_t dur = trace_get(c, row, TRACE_LOCK_WAIT_dur);
    if (!analyze_in_range(w->range, ts, dur))
        return;
    struct lock_sums *s = sums_of(w, pid, trace_get(c, row, TRACE_LOCK_WAIT_lock),
                                  trace_get(c, row, TRACE_LOCK_WAIT_kind));
    uint64_t ns = analyze_overlap_ns(w->range, ts, dur);
    uint64_t stack = trace_get(c, row, TRACE_LOCK_WAIT_stack_id);
    uint64_t holder_stack = trace_get(c, row, TRACE_LOCK_WAIT_holder_stack_id);
    uint64_t holder_tid = trace_get(c, row, TRACE_LOCK_WAIT_holder_tid);
    s->out.waits++;
    s->out.wait_ns += ns;
    if (dur > s->out.max_wait_ns)
        s->out.max_wait_ns = dur;
    tally_vote(&s->waiting_tids, tid, 1);
    analyze_keep_longer(&s->out.longest, (struct analyze_instance){thread, row, ts, dur});
    vote_stacks(w, s, stack, holder_stack, ns);
    if (holder_tid)
        tally_vote(&s->holder_tids, holder_tid, ns);
}

static void add_hold(struct locks_work *w, struct trace_cursor *c, uint64_t row, uint64_t pid)
{
    uint64_t ts = trace_get(c, row, TRACE_LOCK_HOLD_ts);
    uint64_t dur = trace_get(c, row, TRACE_LOCK_HOLD_dur);
    if (!analyze_in_range(w->range, ts, dur))
        return;
    struct lock_sums *s = sums_of(w, pid, trace_get(c, row, TRACE_LOCK_HOLD_lock),
                                  trace_get(c, row, TRACE_LOCK_HOLD_kind));
    s->out.hold_ns += analyze_overlap_ns(w->range, ts, dur);
    if (dur > s->out.max_hold_ns)
        s->out.max_hold_ns = dur;
}

static void add_thread(struct locks_work *w, uint32_t thread, uint64_t tid, uint64_t pid)
{
    struct analyze_rows waits = analyze_rows(w->trace, TRACE_LOCK_WAIT_TABLE, thread, w->range);
    for (; waits.row < waits.end; waits.row++)
        add_wait(w, &waits.cursor, waits.row, thread, pid, tid);
    /* holds nest and overlap, so an early one may reach into the range */
    if (!analyze_wants(w->range, thread))
        return;
    struct trace_cursor holds = trace_cursor(w->trace, TRACE_LOCK_HOLD_TABLE, thread);
    uint64_t end = trace_lower_bound(&holds, w->range.end_ns);
    for (uint64_t row = 0; row < end; row++)
        add_hold(w, &holds, row, pid);
}

/* What the agent counted over the whole trace, contended or not. */
static void add_counts(struct locks_work *w)
{
    struct trace_cursor c = trace_cursor(w->trace, TRACE_LOCK_TABLE, 0);
    for (uint64_t row = 0; row < c.total_rows; row++) {
        struct lock_sums *s =
            sums_of(w, trace_get(&c, row, TRACE_LOCK_pid), trace_get(&c, row, TRACE_LOCK_lock),
                    trace_get(&c, row, TRACE_LOCK_kind));
        s->out.acquisitions += trace_get(&c, row, TRACE_LOCK_acquisitions);
        s->out.contentions += trace_get(&c, row, TRACE_LOCK_contentions);
        s->out.name = trace_string(w->trace, trace_get(&c, row, TRACE_LOCK_name));
    }
}

static const char *winning_site(struct arena *a, struct locks_work *w, const struct tally_votes *v)
{
    uint64_t site = tally_winner(v, UINT64_MAX);
    return site == UINT64_MAX ? "" : arena_strdup(a, analyze_site_name(&w->sites, (uint32_t)site));
}

static int longer_wait(const void *a, const void *b)
{
    const struct analyze_lock *x = a, *y = b;
    if (x->wait_ns != y->wait_ns)
        return x->wait_ns > y->wait_ns ? -1 : 1;
    if (x->waits != y->waits)
        return x->waits > y->waits ? -1 : 1;
    if (x->acquisitions != y->acquisitions)
        return x->acquisitions > y->acquisitions ? -1 : 1;
    if (x->pid != y->pid)
        return x->pid < y->pid ? -1 : 1;
    return x->lock < y->lock ? -1 : x->lock > y->lock;
}

static struct analyze_locks finish(struct arena *a, struct locks_work *w)
{
    struct analyze_locks locks = {.count = w->groups.keys.count};
    locks.v = arena_array(a, locks.count, sizeof *locks.v);
    for (size_t i = 0; i < locks.count; i++) {
        struct lock_sums *s = &w->v[i];
        s->out.waiter = winning_site(a, w, &s->waiters);
        s->out.holder = winning_site(a, w, &s->holders);
        s->out.holder_tid = tally_winner(&s->holder_tids, 0);
        s->out.stack_id = tally_winner(&s->stacks, 0);
        s->out.holder_stack_id = tally_winner(&s->holder_stacks, 0);
        s->out.waiters = s->waiting_tids.weights.len;
        locks.v[i] = s->out;
        locks.wait_ns += s->out.wait_ns;
        locks.waits += s->out.waits;
        tally_votes_release(&s->waiters);
        tally_votes_release(&s->holders);
        tally_votes_release(&s->holder_tids);
        tally_votes_release(&s->waiting_tids);
        tally_votes_release(&s->stacks);
        tally_votes_release(&s->holder_stacks);
    }
    qsort(locks.v, locks.count, sizeof *locks.v, longer_wait);
    return locks;
}

struct analyze_locks analyze_locks(struct arena *a, const struct trace *t,
                                   struct analyze_range range)
{
    struct locks_work w = {.trace = t, .range = range, .sites = {.trace = t}};
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    for (uint64_t row = 0; row < c.total_rows && row <= UINT32_MAX; row++)
        add_thread(&w, (uint32_t)row, trace_get(&c, row, TRACE_THREAD_tid),
                   trace_get(&c, row, TRACE_THREAD_pid));
    add_counts(&w);
    struct analyze_locks locks = finish(a, &w);
    analyze_sites_release(&w.sites);
    tally_groups_release(&w.groups);
    free(w.v);
    return locks;
}
