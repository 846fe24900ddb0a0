/* Deadlocks, and the orders of locks that allow them. */
#include "analyze/findings.h"
#include "analyze/lock_order.h"

#include <inttypes.h>

static const char *lock_text(struct find *f, uint64_t pid, uint64_t lock)
{
    return analyze_lock_text(f->arena, f->trace, pid, lock);
}

static struct analyze_place place(struct find *f, struct analyze_sites *sites, uint32_t thread,
                                  uint64_t stack_id)
{
    struct trace_cursor c = trace_cursor(f->trace, TRACE_THREAD_TABLE, 0);
    uint32_t site = analyze_site(sites, stack_id, ANALYZE_SITE_CALLER);
    return (struct analyze_place){trace_get(&c, thread, TRACE_THREAD_tid),
                                  arena_strdup(f->arena, analyze_site_name(sites, site))};
}

static void find_deadlock(struct find *f, struct analyze_sites *sites)
{
    struct analyze_deadlock circle = analyze_deadlock(f->arena, f->trace);
    if (!circle.count)
        return;
    struct trace_cursor threads = trace_cursor(f->trace, TRACE_THREAD_TABLE, 0);
    uint64_t closed = 0, end = 0;
    for (size_t i = 0; i < circle.count; i++) {
        uint64_t end_ts = trace_get(&threads, circle.v[i].thread, TRACE_THREAD_end_ts);
        closed = circle.v[i].ts_ns > closed ? circle.v[i].ts_ns : closed;
        end = end_ts > end ? end_ts : end;
    }
    if (closed >= f->why->scope.range.end_ns) /* later than what was asked about */
        return;
    uint64_t stuck =
        analyze_overlap_ns(f->why->scope.range, closed, end > closed ? end - closed : 0);
    struct analyze_place at = place(f, sites, circle.v[0].thread, circle.v[0].stack_id);
    struct analyze_finding *found = find_add(f, ANALYZE_DEADLOCK, stuck, at);
    found->answer = find_printf(f,
                                "%zu threads wait for each other for good since %s: %s waits "
                                "for %s, which thread %s holds",
                                circle.count, find_ns(f, closed), find_place(f, at),
                                lock_text(f, circle.v[0].pid, circle.v[0].lock),
                                find_thread(f, circle.v[0].holder_tid));
    for (size_t i = 0; i < circle.count; i++)
        find_evidence(f, found, "%s waits for %s since %s; thread %s holds it",
                      find_place(f, place(f, sites, circle.v[i].thread, circle.v[i].stack_id)),
                      lock_text(f, circle.v[i].pid, circle.v[i].lock),
                      find_ns(f, circle.v[i].ts_ns), find_thread(f, circle.v[i].holder_tid));
    found->object = lock_text(f, circle.v[0].pid, circle.v[0].lock);
    found->stack_id = circle.v[0].stack_id;
    found->advice = "Take these locks in one order everywhere (std::scoped_lock takes several at "
                    "once), or give one up before taking the other.";
    found->sql = "SELECT tid, ts, lock, holder_tid, stack_id FROM lock_wait WHERE unfinished = 1";
}

static const struct analyze_lock_edge *reverse_of(const struct analyze_lock_edges *edges,
                                                  const struct analyze_lock_edge *e)
{
    for (size_t i = 0; i < edges->count; i++)
        if (edges->v[i].pid == e->pid && edges->v[i].first == e->then &&
            edges->v[i].then == e->first)
            return &edges->v[i];
    return NULL;
}

/* A danger whatever time it cost so far: told below the threshold too. */
static void find_inversions(struct find *f, struct analyze_sites *sites)
{
    struct analyze_lock_edges edges = analyze_lock_order(f->arena, f->trace, f->why->scope.range);
    for (size_t i = 0; i < edges.count; i++) {
        const struct analyze_lock_edge *e = &edges.v[i];
        const struct analyze_lock_edge *back = e->inverted ? reverse_of(&edges, e) : NULL;
        if (!back || e->first > e->then)
            continue;
        struct analyze_place at = place(f, sites, e->thread, e->stack_id);
        struct analyze_place other = place(f, sites, back->thread, back->stack_id);
        const char *first = lock_text(f, e->pid, e->first), *then = lock_text(f, e->pid, e->then);
        struct analyze_finding *found =
            find_add(f, ANALYZE_LOCK_ORDER, e->wait_ns + back->wait_ns, at);
        found->answer = find_printf(f,
                                    "%s and %s are taken in both orders, which can deadlock: "
                                    "in %s, and the other way in %s",
                                    first, then, find_place(f, at), find_place(f, other));
        find_evidence(f, found, "%s then %s: %s times, waited %s", first, then,
                      find_count(f, e->count), find_ns(f, e->wait_ns));
        find_evidence(f, found, "%s then %s: %s times, waited %s", then, first,
                      find_count(f, back->count), find_ns(f, back->wait_ns));
        found->object = first;
        found->stack_id = e->stack_id;
        found->advice = "Take these two locks in one order everywhere.";
        found->sql = find_printf(f,
                                 "SELECT tid, ts, dur, lock, stack_id FROM lock_hold WHERE lock "
                                 "IN (%" PRIu64 ", %" PRIu64 ") ORDER BY ts",
                                 e->first, e->then);
    }
}

void find_lock_order(struct find *f)
{
    struct analyze_sites sites = {.trace = f->trace};
    find_deadlock(f, &sites);
    find_inversions(f, &sites);
    analyze_sites_release(&sites);
}
