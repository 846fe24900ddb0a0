#include "analyze/latency.h"

#include "analyze/histogram.h"
#include "analyze/tally.h"

#include <stdlib.h>

enum queue_kind {
    WOKEN,
    PREEMPTED,
    QUEUE_KINDS
};

struct latency_work {
    const struct trace *trace;
    struct analyze_range range;
    struct histogram thread[QUEUE_KINDS], all[QUEUE_KINDS];
};

static void add_span(struct analyze_queueing *q, struct histogram *h, uint64_t ns, uint64_t part_ns,
                     struct analyze_instance span)
{
    q->count++;
    q->total_ns += part_ns;
    histogram_add(h, ns);
    analyze_keep_longer(&q->longest, span);
}

static void finish(struct analyze_queueing *q, const struct histogram *h)
{
    q->p50_ns = histogram_at(h, 0.5);
    q->p99_ns = histogram_at(h, 0.99);
    q->max_ns = h->max;
}

static void add_thread(struct latency_work *w, uint32_t thread, uint64_t thread_end,
                       struct analyze_latency_row *out, struct analyze_latency_row *all)
{
    struct analyze_rows rows = analyze_rows(w->trace, TRACE_THREAD_STATE_TABLE, thread, w->range);
    struct trace_cursor next = rows.cursor;
    memset(w->thread, 0, sizeof w->thread);
    for (; rows.row < rows.end; rows.row++) {
        if (trace_get(&rows.cursor, rows.row, TRACE_THREAD_STATE_state) != TRACE_RUNNABLE)
            continue;
        uint64_t ts = trace_get(&rows.cursor, rows.row, TRACE_THREAD_STATE_ts);
        uint64_t ns = trace_state_end(&next, rows.row, thread_end) - ts;
        if (!analyze_in_range(w->range, ts, ns))
            continue;
        bool preempted =
            trace_reason_lost_cpu(trace_get(&rows.cursor, rows.row, TRACE_THREAD_STATE_reason));
        enum queue_kind kind = preempted ? PREEMPTED : WOKEN;
        uint64_t part = analyze_overlap_ns(w->range, ts, ns);
        struct analyze_instance span = {thread, rows.row, ts, ns};
        add_span(preempted ? &out->preempted : &out->woken, &w->thread[kind], ns, part, span);
        add_span(preempted ? &all->preempted : &all->woken, &w->all[kind], ns, part, span);
    }
    finish(&out->woken, &w->thread[WOKEN]);
    finish(&out->preempted, &w->thread[PREEMPTED]);
}

static uint64_t queued_ns(const struct analyze_latency_row *r)
{
    return r->woken.total_ns + r->preempted.total_ns;
}

static int more_queueing(const void *a, const void *b)
{
    const struct analyze_latency_row *x = a, *y = b;
    uint64_t nx = queued_ns(x), ny = queued_ns(y);
    return nx != ny ? (nx > ny ? -1 : 1) : x->tid < y->tid ? -1 : x->tid > y->tid;
}

struct analyze_latency analyze_latency(struct arena *a, const struct trace *t,
                                       struct analyze_range range)
{
    struct latency_work *w = arena_alloc(a, sizeof *w);
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    struct analyze_latency out = {.v = arena_array(a, c.total_rows + 1, sizeof *out.v)};
    w->trace = t;
    w->range = range;
    for (uint64_t row = 0; row < c.total_rows && row < UINT32_MAX; row++) {
        struct analyze_latency_row *r = &out.v[out.count];
        *r = (struct analyze_latency_row){
            .tid = trace_get(&c, row, TRACE_THREAD_tid),
            .pid = trace_get(&c, row, TRACE_THREAD_pid),
            .name = trace_string(t, trace_get(&c, row, TRACE_THREAD_name))};
        add_thread(w, (uint32_t)row, trace_get(&c, row, TRACE_THREAD_end_ts), r, &out.all);
        out.count += r->woken.count + r->preempted.count > 0;
    }
    finish(&out.all.woken, &w->all[WOKEN]);
    finish(&out.all.preempted, &w->all[PREEMPTED]);
    qsort(out.v, out.count, sizeof *out.v, more_queueing);
    return out;
}

static int more_wakeups(const void *a, const void *b)
{
    const struct analyze_wakeup_pair *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    if (x->waker_tid != y->waker_tid)
        return x->waker_tid < y->waker_tid ? -1 : 1;
    return x->wakee_tid < y->wakee_tid ? -1 : x->wakee_tid > y->wakee_tid;
}

struct analyze_wakeups analyze_wakeups(struct arena *a, const struct trace *t,
                                       struct analyze_range range)
{
    struct trace_cursor c = trace_cursor(t, TRACE_WAKEUP_TABLE, 0);
    struct trace_cursor threads = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    uint64_t only = range.thread ? trace_get(&threads, range.thread - 1, TRACE_THREAD_tid) : 0;
    struct tally_groups groups = {0};
    struct analyze_wakeup_pair *v = NULL;
    struct analyze_wakeups out = {0};
    size_t cap = 0;
    uint64_t end = trace_lower_bound(&c, range.end_ns);
    for (uint64_t row = trace_lower_bound(&c, range.begin_ns); row < end; row++) {
        uint64_t waker = trace_get(&c, row, TRACE_WAKEUP_waker_tid);
        uint64_t wakee = trace_get(&c, row, TRACE_WAKEUP_wakee_tid);
        if (only && waker != only && wakee != only)
            continue;
        uint64_t ts = trace_get(&c, row, TRACE_WAKEUP_ts);
        uint32_t known = groups.keys.count, g = tally_group(&groups, waker, wakee);
        if (g == known) {
            mem_grow(&v, &cap, (size_t)g + 1, sizeof *v);
            v[g] = (struct analyze_wakeup_pair){
                .waker_tid = waker, .wakee_tid = wakee, .first_ns = ts};
        }
        v[g].count++;
        v[g].last_ns = ts;
        out.total++;
    }
    out.count = groups.keys.count;
    out.v = arena_array(a, out.count + 1, sizeof *v);
    if (out.count)
        memcpy(out.v, v, out.count * sizeof *v);
    qsort(out.v, out.count, sizeof *out.v, more_wakeups);
    tally_groups_release(&groups);
    free(v);
    return out;
}
