/* Threads that are woken and find nothing to do. */
#include "analyze/findings.h"
#include "analyze/tally.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    AWAKE_NS = 100000,    /* waits again so soon: found nothing */
    TOGETHER_NS = 150000, /* woken so close to each other: by one call, one after the other */
    AT_ONCE = 256,        /* wakes that are looked at together */
    MANY = 50             /* wakeups, below which nothing is said */
};

struct wake {
    uint64_t ts;      /* end of a wait */
    uint64_t cost_ns; /* until it waited again, where that was soon; else 0 */
    uint32_t cond;    /* group */
    uint32_t thread;
};

struct cond_sums {
    uint64_t pid, cond;
    uint64_t wakes, futile, cost_ns, calls; /* calls: groups of wakes close together */
    uint64_t pass_ns; /* on the path, from the first of a call's wakes to the last */
    uint64_t wait_ns, stack_id;
    uint32_t thread;
    struct tally_votes stacks, wakers;
};

struct wakeups_work {
    struct tally_groups groups;
    struct cond_sums *v;
    size_t v_cap;
    struct wake *wakes;
    size_t count, cap;
};

static uint32_t cond_of(struct wakeups_work *w, uint64_t pid, uint64_t cond)
{
    uint32_t known = w->groups.keys.count, g = tally_group(&w->groups, pid, cond);
    if (g == known) {
        mem_grow(&w->v, &w->v_cap, (size_t)g + 1, sizeof *w->v);
        w->v[g] = (struct cond_sums){.pid = pid, .cond = cond};
    }
    return g;
}

/* A wait of a condition that follows another of the same one. */
static void add_wait(struct wakeups_work *w, struct trace_cursor *c, uint64_t row, uint32_t thread,
                     uint64_t pid, struct wake *last)
{
    uint32_t g = cond_of(w, pid, trace_get(c, row, TRACE_LOCK_WAIT_lock));
    uint64_t ts = trace_get(c, row, TRACE_LOCK_WAIT_ts),
             dur = trace_get(c, row, TRACE_LOCK_WAIT_dur);
    uint64_t stack = trace_get(c, row, TRACE_LOCK_WAIT_stack_id);
    if (last->ts && last->cond == g && ts >= last->ts && ts - last->ts < AWAKE_NS)
        last->cost_ns = ts - last->ts;
    if (last->ts) {
        mem_grow(&w->wakes, &w->cap, w->count + 1, sizeof *w->wakes);
        w->wakes[w->count++] = *last;
    }
    *last = (struct wake){.ts = ts + dur, .cond = g, .thread = thread};
    w->v[g].wait_ns += dur;
    tally_vote(&w->v[g].wakers, trace_get(c, row, TRACE_LOCK_WAIT_holder_tid), 1);
    if (stack)
        tally_vote(&w->v[g].stacks, stack, 1);
}

static void collect(struct wakeups_work *w, const struct trace *t, struct analyze_range range)
{
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    range.thread = 0;
    for (uint64_t row = 0; row < c.total_rows && row < UINT32_MAX; row++) {
        struct wake last = {0};
        uint64_t pid = trace_get(&c, row, TRACE_THREAD_pid);
        struct analyze_rows waits = analyze_rows(t, TRACE_LOCK_WAIT_TABLE, (uint32_t)row, range);
        for (; waits.row < waits.end; waits.row++)
            if (trace_get(&waits.cursor, waits.row, TRACE_LOCK_WAIT_kind) == TRACE_LOCK_COND &&
                !trace_get(&waits.cursor, waits.row, TRACE_LOCK_WAIT_unfinished))
                add_wait(w, &waits.cursor, waits.row, (uint32_t)row, pid, &last);
    }
}

static int by_cond_and_time(const void *a, const void *b)
{
    const struct wake *x = a, *y = b;
    if (x->cond != y->cond)
        return x->cond < y->cond ? -1 : 1;
    return x->ts < y->ts ? -1 : x->ts > y->ts;
}

/* The path's time in those woken together, from the first of them awake to the last:
 * one after the other they get the mutex. */
static uint64_t pass_ns(const struct analyze_causes *causes, const struct wake *v, size_t count)
{
    uint64_t ns = 0;
    for (size_t i = 0; i < count; i++) {
        bool seen = false; /* it came round again */
        for (size_t k = 0; k < i && !seen; k++)
            seen = v[k].thread == v[i].thread;
        if (!seen)
            ns += analyze_on_path_ns(causes, v[i].thread, v[0].ts, v[count - 1].ts);
    }
    return ns;
}

static bool is_together(const struct wake *before, const struct wake *after)
{
    return before->cond == after->cond && after->ts - before->ts < TOGETHER_NS &&
           before->thread != after->thread;
}

/* One call's wakes, or, of a call that woke very many, a part. */
static void count_call(struct cond_sums *s, const struct analyze_causes *causes,
                       const struct wake *v, size_t count)
{
    s->calls++;
    s->pass_ns += pass_ns(causes, v, count);
    for (size_t i = 0; i < count; i++) {
        s->wakes++;
        s->futile += v[i].cost_ns > 0;
        s->cost_ns += analyze_on_path_ns(causes, v[i].thread, v[i].ts, v[i].ts + v[i].cost_ns);
        s->thread = v[i].thread;
    }
}

static void count(struct wakeups_work *w, const struct analyze_causes *causes)
{
    if (w->count)
        qsort(w->wakes, w->count, sizeof *w->wakes, by_cond_and_time);
    for (size_t i = 0, n; i < w->count; i += n) {
        const struct wake *v = w->wakes + i;
        for (n = 1; i + n < w->count && n < AT_ONCE && is_together(&v[n - 1], &v[n]);)
            n++;
        count_call(&w->v[v->cond], causes, v, n);
    }
}

static void add_finding(struct find *f, struct analyze_sites *sites, const struct cond_sums *s)
{
    /* a herd goes through the mutex one by one before the next item's turn */
    bool herd = s->wakes >= 3 * s->calls;
    uint64_t save = herd ? s->pass_ns : s->cost_ns;
    if (save < f->threshold_ns || s->wakes < MANY || s->futile < s->wakes / 2)
        return;
    struct trace_cursor c = trace_cursor(f->trace, TRACE_THREAD_TABLE, 0);
    uint64_t stack = tally_winner(&s->stacks, 0);
    uint32_t site = analyze_site(sites, stack, ANALYZE_SITE_CALLER);
    struct analyze_place at = {trace_get(&c, s->thread, TRACE_THREAD_tid),
                               arena_strdup(f->arena, analyze_site_name(sites, site))};
    struct analyze_finding *found =
        find_add(f, herd ? ANALYZE_HERD : ANALYZE_FUTILE_WAKEUPS, save, at);
    uint64_t waker = tally_winner(&s->wakers, 0);
    found->answer =
        herd
            ? find_printf(f,
                          "all threads that wait in %s are woken at once, and all but one find "
                          "nothing to do and wait again",
                          find_place(f, at))
            : find_printf(f, "%s is woken, finds nothing to do and waits again", find_place(f, at));
    find_evidence(f, found,
                  "%s wakeups, %s at a time; after %s of them the thread waited again "
                  "within %s",
                  find_count(f, s->wakes), find_count(f, s->wakes / (s->calls ? s->calls : 1)),
                  find_share(f, s->futile, s->wakes), find_ns(f, AWAKE_NS));
    find_evidence(f, found, "awake for nothing: %s of all threads; woken by thread %s",
                  find_ns(f, s->cost_ns), find_thread(f, waker));
    found->object = find_printf(f, "condition 0x%" PRIx64, s->cond);
    found->stack_id = stack;
    found->advice = herd ? "Wake one thread for one item (pthread_cond_signal), or give each "
                           "waiter a condition of its own."
                         : "Signal only when there is work, and only those that can do it.";
    found->sql = find_printf(f,
                             "SELECT tid, ts, ns(dur), holder_tid FROM lock_wait WHERE lock = "
                             "%" PRIu64 " ORDER BY ts LIMIT 50",
                             s->cond);
}

void find_wakeups(struct find *f)
{
    struct wakeups_work w = {0};
    struct analyze_sites sites = {.trace = f->trace};
    collect(&w, f->trace, f->why->scope.range);
    count(&w, &f->why->causes);
    for (size_t i = 0; i < w.groups.keys.count; i++) {
        add_finding(f, &sites, &w.v[i]);
        tally_votes_release(&w.v[i].stacks);
        tally_votes_release(&w.v[i].wakers);
    }
    analyze_sites_release(&sites);
    tally_groups_release(&w.groups);
    free(w.v);
    free(w.wakes);
}
