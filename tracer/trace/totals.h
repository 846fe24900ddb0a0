/* totals: how long a thread was in each class (running, runnable, blocked by
 * reason) over any range of time, exactly, from the running totals in the file
 * (format.h, LEVEL OF DETAIL).
 *
 *     struct trace_totals totals = trace_totals(t, thread_row, end_ts);
 *     uint64_t ns[TRACE_CLASSES];
 *     trace_totals_range(&totals, from_ns, to_ns, ns);
 *
 * A call reads at most TRACE_TOTAL_SPANS spans at each end of the range. Walk a
 * picture from left to right and each block is opened once. */
#ifndef TRACE_TOTALS_H
#define TRACE_TOTALS_H

#include "trace/reader.h"

enum {
    TRACE_TOTAL_PREEMPTED = TRACE_CLASSES, /* its place in a detail: part of runnable */
    TRACE_TOTAL_DETAILS
};

struct trace_totals {
    struct trace_cursor states;
    struct trace_cursor sums; /* empty in files without: then everything before is read */
    uint64_t end_ts;          /* the thread's: ends its last span */
};

struct trace_totals trace_totals(const struct trace *t, uint32_t thread_row, uint64_t end_ts);

/* ns in each class from the thread's start to ts_ns. */
void trace_totals_until(struct trace_totals *s, uint64_t ts_ns, uint64_t ns[TRACE_CLASSES]);

/* The same, and in ns[TRACE_TOTAL_PREEMPTED] the part of runnable that began with a
 * preemption (files of minor version 0 know it in the last spans only). Returns the
 * row of the span that covers ts_ns, the last one after the thread's end. */
uint64_t trace_totals_detail(struct trace_totals *s, uint64_t ts_ns,
                             uint64_t ns[TRACE_TOTAL_DETAILS]);

/* ns in each class over [from_ns, to_ns); the sum is the part of the range in
 * which the thread lived. */
void trace_totals_range(struct trace_totals *s, uint64_t from_ns, uint64_t to_ns,
                        uint64_t ns[TRACE_CLASSES]);

/* The writer's half: feed a thread's spans in order; when it returns true, out
 * is the next row of state_total. Zeroed before the first span. */
struct totals_builder {
    uint64_t ns[TRACE_STATE_TOTAL_COLUMNS];
    uint64_t spans;
    uint64_t last_ts;
    unsigned last_class;
    bool last_preempted;
};
bool totals_add(struct totals_builder *b, const uint64_t span[TRACE_THREAD_STATE_COLUMNS],
                uint64_t out[TRACE_STATE_TOTAL_COLUMNS]);

#endif
