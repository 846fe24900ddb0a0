/* range: a part of a trace's time, [begin_ns, end_ns), and the rows in it. */
#ifndef ANALYZE_RANGE_H
#define ANALYZE_RANGE_H

#include "trace/reader.h"

struct analyze_range {
    uint64_t begin_ns;
    uint64_t end_ns;
};

struct analyze_range analyze_range_whole(const struct trace *t);

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
