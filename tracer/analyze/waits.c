#include "analyze/waits.h"

#include "analyze/site.h"
#include "analyze/tally.h"

#include <inttypes.h>
#include <stdlib.h>

struct wait_sums {
    struct analyze_wait out;
    uint64_t name; /* string id of the syscall, 0: none */
    uint64_t site;
    struct tally_votes objects, wakers;
};

struct waits_work {
    const struct trace *trace;
    struct analyze_range range;
    struct analyze_sites sites;
    struct tally_groups groups; /* (reason, syscall name), waiter's site */
    struct wait_sums *v;        /* owned, by group */
    size_t cap;
};

const char *analyze_reason_text(enum trace_reason reason)
{
    switch (reason) {
    case TRACE_REASON_PAGE_FAULT:
        return "page fault";
    case TRACE_REASON_IO:
        return "disk or file";
    case TRACE_REASON_COND:
        return "condition";
    case TRACE_REASON_UNKNOWN:
    case TRACE_REASON_NONE:
        return "not known";
    default: { /* a later version's reason has no name here */
        const char *name = trace_enum_name(TRACE_REASON, reason);
        return name ? name : "not known";
    }
    }
}

/* The call that a blocked span lies in: its row, or false. */
static bool call_at(struct trace_cursor *calls, uint64_t ts, uint64_t *row)
{
    if (!calls->total_rows)
        return false;
    *row = trace_row_at(calls, ts);
    uint64_t begin = trace_get(calls, *row, TRACE_SYSCALL_ts);
    return begin <= ts && ts - begin <= trace_get(calls, *row, TRACE_SYSCALL_dur);
}

static void add_span(struct waits_work *w, struct trace_cursor *states, uint64_t row, uint64_t end,
                     struct trace_cursor *calls)
{
    uint64_t ts = trace_get(states, row, TRACE_THREAD_STATE_ts), call;
    uint64_t ns = analyze_overlap_ns(w->range, ts, end - ts);
    uint64_t reason = trace_get(states, row, TRACE_THREAD_STATE_reason);
    uint64_t stack = trace_get(states, row, TRACE_THREAD_STATE_stack_id);
    uint64_t name = 0, object = 0;
    if (call_at(calls, ts, &call)) {
        name = trace_get(calls, call, TRACE_SYSCALL_name);
        object = trace_get(calls, call, TRACE_SYSCALL_object);
        stack = stack ? stack : trace_get(calls, call, TRACE_SYSCALL_stack_id);
    }
    uint64_t site = analyze_site(&w->sites, stack, ANALYZE_SITE_CALLER);
    uint32_t known = w->groups.keys.count;
    uint32_t group = tally_group(&w->groups, reason << 32 | name, site);
    if (group == known) {
        mem_grow(&w->v, &w->cap, (size_t)group + 1, sizeof *w->v);
        w->v[group] = (struct wait_sums){
            .out = {.reason = (enum trace_reason)reason}, .name = name, .site = site};
    }
    struct wait_sums *s = &w->v[group];
    uint64_t waker = trace_get(states, row, TRACE_THREAD_STATE_waker_tid);
    s->out.count++;
    s->out.total_ns += ns;
    if (end - ts > s->out.max_ns)
        s->out.max_ns = end - ts;
    if (object)
        tally_vote(&s->objects, object, ns);
    if (waker)
        tally_vote(&s->wakers, waker, ns);
}

/* Whether the lock events tell of this wait already. */
static bool is_lock_wait(uint64_t reason, const struct trace_cursor *lock_waits)
{
    return lock_waits->total_rows && (reason == TRACE_REASON_LOCK || reason == TRACE_REASON_COND ||
                                      reason == TRACE_REASON_JOIN);
}

static void add_thread(struct waits_work *w, uint32_t thread, uint64_t thread_end)
{
    struct analyze_rows rows = analyze_rows(w->trace, TRACE_THREAD_STATE_TABLE, thread, w->range);
    struct trace_cursor calls = trace_cursor(w->trace, TRACE_SYSCALL_TABLE, thread);
    struct trace_cursor next = rows.cursor, /* of its own: a span's end may be in another block */
        lock_waits = trace_cursor(w->trace, TRACE_LOCK_WAIT_TABLE, thread);
    for (; rows.row < rows.end; rows.row++) {
        if (trace_get(&rows.cursor, rows.row, TRACE_THREAD_STATE_state) != TRACE_BLOCKED)
            continue;
        uint64_t end = trace_state_end(&next, rows.row, thread_end);
        uint64_t ts = trace_get(&rows.cursor, rows.row, TRACE_THREAD_STATE_ts);
        uint64_t reason = trace_get(&rows.cursor, rows.row, TRACE_THREAD_STATE_reason);
        if (end >= ts && analyze_in_range(w->range, ts, end - ts) &&
            !is_lock_wait(reason, &lock_waits))
            add_span(w, &rows.cursor, rows.row, end, &calls);
    }
}

static struct analyze_wait finish_wait(struct arena *a, struct waits_work *w, struct wait_sums *s)
{
    s->out.what = s->name ? trace_string(w->trace, s->name) : analyze_reason_text(s->out.reason);
    s->out.object = trace_string(w->trace, tally_winner(&s->objects, 0));
    s->out.waiter = arena_strdup(a, analyze_site_name(&w->sites, (uint32_t)s->site));
    s->out.holder = "";
    s->out.holder_tid = tally_winner(&s->wakers, 0);
    tally_votes_release(&s->objects);
    tally_votes_release(&s->wakers);
    return s->out;
}

static struct analyze_wait wait_from_lock(struct arena *a, const struct analyze_lock *l)
{
    const char *kind = trace_enum_name(TRACE_LOCK, l->kind);
    const char *what = *l->name ? arena_printf(a, "%s %s", kind ? kind : "lock", l->name)
                                : arena_printf(a, "%s 0x%" PRIx64, kind ? kind : "lock", l->lock);
    enum trace_reason reason = l->kind == TRACE_LOCK_COND   ? TRACE_REASON_COND
                               : l->kind == TRACE_LOCK_JOIN ? TRACE_REASON_JOIN
                                                            : TRACE_REASON_LOCK;
    return (struct analyze_wait){.reason = reason,
                                 .what = what,
                                 .object = "",
                                 .waiter = l->waiter,
                                 .holder = l->holder,
                                 .holder_tid = l->holder_tid,
                                 .count = l->waits,
                                 .total_ns = l->wait_ns,
                                 .max_ns = l->max_wait_ns};
}

static int longer(const void *a, const void *b)
{
    const struct analyze_wait *x = a, *y = b;
    if (x->total_ns != y->total_ns)
        return x->total_ns > y->total_ns ? -1 : 1;
    int by_name = strcmp(x->what, y->what);
    return by_name ? by_name : strcmp(x->waiter, y->waiter);
}

struct analyze_waits analyze_waits(struct arena *a, const struct trace *t,
                                   struct analyze_range range, const struct analyze_locks *locks)
{
    struct waits_work w = {.trace = t, .range = range, .sites = {.trace = t}};
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    for (uint64_t row = 0; row < c.total_rows && row <= UINT32_MAX; row++)
        add_thread(&w, (uint32_t)row, trace_get(&c, row, TRACE_THREAD_end_ts));
    struct analyze_waits waits = {0};
    waits.v = arena_array(a, w.groups.keys.count + locks->count, sizeof *waits.v);
    for (size_t i = 0; i < w.groups.keys.count; i++)
        waits.v[waits.count++] = finish_wait(a, &w, &w.v[i]);
    for (size_t i = 0; i < locks->count && locks->v[i].waits; i++)
        waits.v[waits.count++] = wait_from_lock(a, &locks->v[i]);
    for (size_t i = 0; i < waits.count; i++)
        waits.total_ns += waits.v[i].total_ns;
    qsort(waits.v, waits.count, sizeof *waits.v, longer);
    analyze_sites_release(&w.sites);
    tally_groups_release(&w.groups);
    free(w.v);
    return waits;
}
