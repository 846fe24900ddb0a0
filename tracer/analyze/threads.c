#include "analyze/threads.h"

#include "trace/totals.h"

#include <stdlib.h>

static void count_states(struct analyze_thread *th, const struct trace *t,
                         struct analyze_range range)
{
    struct analyze_rows rows = analyze_rows(t, TRACE_THREAD_STATE_TABLE, th->row, range);
    for (; rows.row < rows.end; rows.row++) {
        if (trace_get(&rows.cursor, rows.row, TRACE_THREAD_STATE_ts) < range.begin_ns)
            continue;
        uint64_t state = trace_get(&rows.cursor, rows.row, TRACE_THREAD_STATE_state);
        th->switches += state == TRACE_RUNNING;
        th->preempted +=
            state == TRACE_RUNNABLE &&
            trace_get(&rows.cursor, rows.row, TRACE_THREAD_STATE_reason) == TRACE_REASON_PREEMPTED;
    }
}

static void add_times(struct analyze_thread *th, const struct trace *t, struct analyze_range range)
{
    struct trace_totals totals = trace_totals(t, th->row, th->end_ns);
    trace_totals_range(&totals, range.begin_ns, range.end_ns, th->state_ns);
    for (unsigned c = TRACE_BLOCKED; c < TRACE_CLASSES; c++)
        th->blocked_ns += th->state_ns[c];
    count_states(th, t, range);
}

static void add_samples(struct analyze_thread *th, const struct trace *t,
                        struct analyze_range range)
{
    struct trace_cursor c = trace_cursor(t, TRACE_SAMPLE_TABLE, th->row);
    uint64_t end = trace_lower_bound(&c, range.end_ns);
    for (uint64_t row = trace_lower_bound(&c, range.begin_ns); row < end; row++) {
        th->samples++;
        th->sample_ns += trace_get(&c, row, TRACE_SAMPLE_weight);
    }
    struct analyze_rows calls = analyze_rows(t, TRACE_SYSCALL_TABLE, th->row, range);
    th->syscalls = calls.end - calls.row;
}

uint64_t analyze_thread_cpu_ns(const struct analyze_thread *th)
{
    return th->state_ns[TRACE_RUNNING] ? th->state_ns[TRACE_RUNNING] : th->sample_ns;
}

unsigned analyze_thread_main_wait(const struct analyze_thread *th)
{
    unsigned best = TRACE_CLASSES;
    for (unsigned c = TRACE_BLOCKED; c < TRACE_CLASSES; c++)
        if (th->state_ns[c] && (best == TRACE_CLASSES || th->state_ns[c] > th->state_ns[best]))
            best = c;
    return best;
}

/* Most CPU time first; among the idle the longest blocked, then the first started. */
static int busier(const void *a, const void *b)
{
    const struct analyze_thread *x = a, *y = b;
    uint64_t xc = analyze_thread_cpu_ns(x), yc = analyze_thread_cpu_ns(y);
    if (xc != yc)
        return xc > yc ? -1 : 1;
    if (x->blocked_ns != y->blocked_ns)
        return x->blocked_ns > y->blocked_ns ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

struct analyze_threads analyze_threads(struct arena *a, const struct trace *t,
                                       struct analyze_range range)
{
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    struct analyze_threads threads = {0};
    threads.v = arena_array(a, c.total_rows, sizeof *threads.v);
    for (uint64_t row = 0; row < c.total_rows && row <= UINT32_MAX; row++) {
        uint64_t start = trace_get(&c, row, TRACE_THREAD_start_ts);
        uint64_t end = trace_get(&c, row, TRACE_THREAD_end_ts);
        if (!analyze_wants(range, (uint32_t)row) || !analyze_in_range(range, start, end - start))
            continue;
        struct analyze_thread *th = &threads.v[threads.count++];
        *th = (struct analyze_thread){.row = (uint32_t)row, .start_ns = start, .end_ns = end};
        th->tid = trace_get(&c, row, TRACE_THREAD_tid);
        th->pid = trace_get(&c, row, TRACE_THREAD_pid);
        th->name = trace_string(t, trace_get(&c, row, TRACE_THREAD_name));
        th->cpu_ns = trace_get(&c, row, TRACE_THREAD_cpu_ns);
        add_times(th, t, range);
        add_samples(th, t, range);
    }
    qsort(threads.v, threads.count, sizeof *threads.v, busier);
    return threads;
}
