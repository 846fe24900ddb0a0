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
    tally_vote(&s->objects, object, ns); /* 0 too: a few named ones must not speak for all */
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

/* Stacks are captured in long waits only: what was too short to have one joins the
 * group of its kind that waited longest. */
static void adopt_nameless(struct waits_work *w)
{
    uint32_t none = intern_str(&w->sites.names, "");
    for (size_t i = 0; i < w->groups.keys.count; i++) {
        struct wait_sums *s = &w->v[i], *best = NULL;
        for (size_t k = 0; s->site == none && k < w->groups.keys.count; k++) {
            struct wait_sums *other = &w->v[k];
            if (other->site != none && other->name == s->name &&
                other->out.reason == s->out.reason &&
                (!best || other->out.total_ns > best->out.total_ns))
                best = other;
        }
        if (!best)
            continue;
        best->out.count += s->out.count;
        best->out.total_ns += s->out.total_ns;
        s->out.count = 0; /* nothing is left of it */
    }
}

static enum trace_reason reason_of_lock(enum trace_lock_kind kind)
{
    return kind == TRACE_LOCK_COND   ? TRACE_REASON_COND
           : kind == TRACE_LOCK_JOIN ? TRACE_REASON_JOIN
                                     : TRACE_REASON_LOCK;
}

static bool same_place(const struct analyze_lock *a, const struct analyze_lock *b)
{
    return a->kind == b->kind && a->pid == b->pid && *a->waiter && !strcmp(a->waiter, b->waiter) &&
           !strcmp(a->holder, b->holder);
}

static const char *lock_text(struct arena *a, const struct analyze_lock *l, uint64_t locks)
{
    const char *kind = trace_enum_name(TRACE_LOCK, l->kind);
    kind = kind ? kind : "lock";
    if (locks > 1)
        return arena_printf(a, "%" PRIu64 " x %s", locks, kind);
    if (*l->name)
        return arena_printf(a, "%s %s", kind, l->name);
    return arena_printf(a, "%s 0x%" PRIx64, kind, l->lock);
}

/* The waits for v[first] and for the locks behind it that are waited for in the same
 * place; those are marked in `taken`. */
static struct analyze_wait wait_from_locks(struct arena *a, const struct analyze_locks *locks,
                                           size_t first, bool *taken)
{
    const struct analyze_lock *l = &locks->v[first];
    struct analyze_wait wait = {.reason = reason_of_lock(l->kind),
                                .object = "",
                                .waiter = l->waiter,
                                .holder = l->holder,
                                .holder_tid = l->holder_tid};
    uint64_t merged = 0;
    for (size_t i = first; i < locks->count && locks->v[i].waits; i++) {
        const struct analyze_lock *other = &locks->v[i];
        if (taken[i] || (i != first && !same_place(l, other)))
            continue;
        taken[i] = true;
        merged++;
        wait.count += other->waits;
        wait.total_ns += other->wait_ns;
        if (other->max_wait_ns > wait.max_ns)
            wait.max_ns = other->max_wait_ns;
    }
    wait.what = lock_text(a, l, merged);
    return wait;
}

static void add_locks(struct arena *a, struct analyze_waits *waits,
                      const struct analyze_locks *locks)
{
    bool *taken = arena_array(a, locks->count, sizeof *taken);
    for (size_t i = 0; i < locks->count && locks->v[i].waits; i++)
        if (!taken[i])
            waits->v[waits->count++] = wait_from_locks(a, locks, i, taken);
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
    adopt_nameless(&w);
    for (size_t i = 0; i < w.groups.keys.count; i++) {
        struct analyze_wait wait = finish_wait(a, &w, &w.v[i]);
        if (wait.count)
            waits.v[waits.count++] = wait;
    }
    add_locks(a, &waits, locks);
    for (size_t i = 0; i < waits.count; i++)
        waits.total_ns += waits.v[i].total_ns;
    qsort(waits.v, waits.count, sizeof *waits.v, longer);
    analyze_sites_release(&w.sites);
    tally_groups_release(&w.groups);
    free(w.v);
    return waits;
}
