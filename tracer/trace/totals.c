#include "trace/totals.h"

#include <string.h>

struct trace_totals trace_totals(const struct trace *t, uint32_t thread_row, uint64_t end_ts)
{
    return (struct trace_totals){
        .states = trace_cursor(t, TRACE_THREAD_STATE_TABLE, thread_row),
        .sums = trace_cursor(t, TRACE_STATE_TOTAL_TABLE, thread_row),
        .end_ts = end_ts,
    };
}

static bool is_preempted(uint64_t state, uint64_t reason)
{
    return state == TRACE_RUNNABLE && trace_reason_lost_cpu(reason);
}

static void add_span(uint64_t ns[TRACE_TOTAL_DETAILS], uint64_t state, uint64_t reason,
                     uint64_t dur_ns)
{
    ns[trace_class(state, reason)] += dur_ns;
    if (is_preempted(state, reason))
        ns[TRACE_TOTAL_PREEMPTED] += dur_ns;
}

/* Adds rows [row, last) in full and row `last` up to ts_ns. */
static void add_spans(struct trace_cursor *c, uint64_t row, uint64_t last, uint64_t ts_ns,
                      uint64_t ns[TRACE_TOTAL_DETAILS])
{
    uint64_t ts = trace_get(c, row, TRACE_THREAD_STATE_ts);
    for (; row <= last; row++) {
        uint64_t state = trace_get(c, row, TRACE_THREAD_STATE_state);
        uint64_t reason =
            state >= TRACE_RUNNABLE ? trace_get(c, row, TRACE_THREAD_STATE_reason) : 0;
        uint64_t end = row < last ? trace_get(c, row + 1, TRACE_THREAD_STATE_ts) : ts_ns;
        add_span(ns, state, reason, end - ts);
        ts = end;
    }
}

uint64_t trace_totals_detail(struct trace_totals *s, uint64_t ts_ns,
                             uint64_t ns[TRACE_TOTAL_DETAILS])
{
    memset(ns, 0, TRACE_TOTAL_DETAILS * sizeof *ns);
    struct trace_cursor *c = &s->states;
    if (ts_ns > s->end_ts)
        ts_ns = s->end_ts;
    if (!c->total_rows || ts_ns <= trace_get(c, 0, TRACE_THREAD_STATE_ts))
        return 0;
    uint64_t last = trace_row_at(c, ts_ns);
    uint64_t groups = last / TRACE_TOTAL_SPANS;
    if (groups > s->sums.total_rows)
        groups = s->sums.total_rows;
    if (groups)
        for (unsigned i = 0; i < TRACE_TOTAL_DETAILS; i++)
            ns[i] = trace_get(&s->sums, groups - 1, i);
    add_spans(c, groups * TRACE_TOTAL_SPANS, last, ts_ns, ns);
    return last;
}

void trace_totals_until(struct trace_totals *s, uint64_t ts_ns, uint64_t ns[TRACE_CLASSES])
{
    uint64_t all[TRACE_TOTAL_DETAILS];
    trace_totals_detail(s, ts_ns, all);
    memcpy(ns, all, TRACE_CLASSES * sizeof *ns);
}

void trace_totals_range(struct trace_totals *s, uint64_t from_ns, uint64_t to_ns,
                        uint64_t ns[TRACE_CLASSES])
{
    uint64_t before[TRACE_CLASSES];
    trace_totals_until(s, from_ns, before);
    trace_totals_until(s, to_ns > from_ns ? to_ns : from_ns, ns);
    for (unsigned i = 0; i < TRACE_CLASSES; i++)
        ns[i] -= before[i];
}

bool totals_add(struct totals_builder *b, const uint64_t span[TRACE_THREAD_STATE_COLUMNS],
                uint64_t out[TRACE_STATE_TOTAL_COLUMNS])
{
    uint64_t ts = span[TRACE_THREAD_STATE_ts];
    if (b->spans)
        b->ns[b->last_class] += ts - b->last_ts;
    if (b->last_preempted)
        b->ns[TRACE_TOTAL_PREEMPTED] += ts - b->last_ts;
    b->last_ts = ts;
    b->last_class = trace_class(span[TRACE_THREAD_STATE_state], span[TRACE_THREAD_STATE_reason]);
    b->last_preempted =
        is_preempted(span[TRACE_THREAD_STATE_state], span[TRACE_THREAD_STATE_reason]);
    bool full = b->spans && b->spans % TRACE_TOTAL_SPANS == 0;
    b->spans++;
    if (full)
        memcpy(out, b->ns, sizeof b->ns);
    return full;
}
