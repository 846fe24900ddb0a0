#include "analyze/range.h"

struct analyze_range analyze_range_whole(const struct trace *t)
{
    /* the last instant belongs to the trace */
    return (struct analyze_range){.end_ns = trace_duration_ns(t) + 1};
}

bool analyze_is_cancelled(struct analyze_range range)
{
    return range.cancel && atomic_load_explicit(range.cancel, memory_order_relaxed);
}

bool analyze_wants(struct analyze_range range, uint32_t thread)
{
    return !analyze_is_cancelled(range) && (!range.thread || range.thread == thread + 1);
}

void analyze_keep_longer(struct analyze_instance *longest, struct analyze_instance other)
{
    if (other.dur_ns > longest->dur_ns)
        *longest = other;
}

uint64_t analyze_overlap_ns(struct analyze_range range, uint64_t ts_ns, uint64_t dur_ns)
{
    uint64_t end = ts_ns + dur_ns;
    uint64_t from = ts_ns > range.begin_ns ? ts_ns : range.begin_ns;
    uint64_t to = end < range.end_ns ? end : range.end_ns;
    return to > from ? to - from : 0;
}

bool analyze_in_range(struct analyze_range range, uint64_t ts_ns, uint64_t dur_ns)
{
    if (analyze_is_cancelled(range))
        return false;
    if (ts_ns >= range.begin_ns)
        return ts_ns < range.end_ns;
    return ts_ns + dur_ns > range.begin_ns;
}

struct analyze_rows analyze_rows(const struct trace *t, enum trace_table table, uint32_t key,
                                 struct analyze_range range)
{
    struct analyze_rows rows = {.cursor = trace_cursor(t, table, key)};
    if (!analyze_wants(range, key))
        return rows;
    rows.row = trace_row_at(&rows.cursor, range.begin_ns);
    rows.end = trace_lower_bound(&rows.cursor, range.end_ns);
    /* among rows of one time the search finds the last */
    while (rows.row > 0 && trace_get(&rows.cursor, rows.row - 1,
                                     (unsigned)trace_tables[table].ts_column) >= range.begin_ns)
        rows.row--;
    return rows;
}
