/* range: what an analysis is about, a part of the trace's time [begin_ns, end_ns)
 * of all threads or one, and the rows in it. */
#ifndef ANALYZE_RANGE_H
#define ANALYZE_RANGE_H

#include "trace/reader.h"

#include <stdatomic.h>

struct analyze_range {
    uint64_t begin_ns;
    uint64_t end_ns;
    uint32_t thread;           /* its row + 1: that thread alone; 0: all threads */
    const atomic_bool *cancel; /* once another thread sets it, the analysis returns soon with
                                  a result that means nothing; NULL: never */
    atomic_uint *permille;     /* long analyses (why.h) tell how far they are; NULL: nobody asks */
};

/* One span that a group of them points to: its longest. Unset where dur_ns is 0. */
struct analyze_instance {
    uint32_t thread; /* row of table thread */
    uint64_t row;    /* of the table that the analysis reads */
    uint64_t ts_ns;
    uint64_t dur_ns;
};

struct analyze_range analyze_range_whole(const struct trace *t);

bool analyze_is_cancelled(struct analyze_range range);
/* Whether that thread's rows are asked for; false once it was cancelled. */
bool analyze_wants(struct analyze_range range, uint32_t thread);
/* Keeps the longer of the two. */
void analyze_keep_longer(struct analyze_instance *longest, struct analyze_instance other);
/* How much of [ts, ts + dur) lies in the range. */
uint64_t analyze_overlap_ns(struct analyze_range range, uint64_t ts_ns, uint64_t dur_ns);
/* Whether a span, or an instant (dur 0), is in the range. */
bool analyze_in_range(struct analyze_range range, uint64_t ts_ns, uint64_t dur_ns);

/* The rows of one thread that may lie in the range:
 *     struct analyze_rows rows = analyze_rows(t, TRACE_SYSCALL_TABLE, thread, range);
 *     for (; rows.row < rows.end; rows.row++)
 *         trace_get(&rows.cursor, rows.row, TRACE_SYSCALL_dur)
 * Spans of such a table do not overlap within a thread, so the first row is the
 * one that may reach into the range: ask analyze_in_range of each. */
struct analyze_rows {
    struct trace_cursor cursor;
    uint64_t row;
    uint64_t end;
};

struct analyze_rows analyze_rows(const struct trace *t, enum trace_table table, uint32_t key,
                                 struct analyze_range range);

#endif
