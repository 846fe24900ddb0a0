#include "model/spans.h"

static uint64_t row_of(const struct model_spans *s, uint64_t i)
{
    return s->rows ? s->rows[i] : i;
}

static unsigned ts_column(const struct model_spans *s)
{
    return (unsigned)trace_tables[s->cursor.table].ts_column;
}

static int64_t ts_at(struct model_spans *s, uint64_t i)
{
    return i < s->count ? (int64_t)trace_get(&s->cursor, row_of(s, i), ts_column(s))
                        : s->thread_end_ns;
}

void model_spans_states(struct model_spans *s, const struct trace *t, uint32_t thread,
                        int64_t thread_end_ns)
{
    *s = (struct model_spans){.cursor = trace_cursor(t, TRACE_THREAD_STATE_TABLE, thread),
                              .thread_end_ns = thread_end_ns};
    s->count = s->cursor.total_rows;
    s->next_ts_ns = ts_at(s, 0);
    s->has_totals = true;
    s->totals = trace_totals(t, thread, (uint64_t)thread_end_ns);
}

void model_spans_table(struct model_spans *s, const struct trace *t, enum trace_table table,
                       uint32_t thread, const uint32_t *rows, uint64_t count)
{
    *s = (struct model_spans){.cursor = trace_cursor(t, table, thread), .rows = rows};
    s->count = rows ? count : s->cursor.total_rows;
    s->only_counts = table == TRACE_SAMPLE_TABLE;
}

void model_spans_items(struct model_spans *s, const struct model_spans_item *items, uint64_t count)
{
    static const struct model_spans_item none;
    *s = (struct model_spans){.items = items ? items : &none, .count = items ? count : 0};
}

/* Items that begin before ns. */
static uint64_t items_before(const struct model_spans *s, int64_t ns)
{
    uint64_t lo = 0, hi = s->count;
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (s->items[mid].begin_ns < ns)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* First picked row at or after `row`; picked rows are in order. */
static uint64_t picked_from(const struct model_spans *s, uint64_t row)
{
    uint64_t lo = 0, hi = s->count;
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (s->rows[mid] < row)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

uint64_t model_spans_lower_bound(struct model_spans *s, int64_t ns)
{
    if (s->items)
        return items_before(s, ns);
    uint64_t row = trace_lower_bound(&s->cursor, ns > 0 ? (uint64_t)ns : 0);
    return s->rows ? picked_from(s, row) : row;
}

/* Searching the table first touches the file in few places. */
void model_spans_seek(struct model_spans *s, int64_t ns)
{
    if (s->items) {
        uint64_t after = items_before(s, ns + 1);
        model_spans_goto(s, after ? after - 1 : 0);
        return;
    }
    uint64_t at_ns = ns > 0 ? (uint64_t)ns : 0, row = trace_row_at(&s->cursor, at_ns);
    if (s->rows) {
        row = picked_from(s, row + 1);
        row = row ? row - 1 : 0;
    }
    model_spans_goto(s, row);
}

uint64_t model_spans_row(const struct model_spans *s, uint64_t index)
{
    if (index >= s->count)
        return s->cursor.total_rows;
    return row_of(s, index);
}

void model_spans_goto(struct model_spans *s, uint64_t index)
{
    s->next = index;
    if (!s->items && s->cursor.table == TRACE_THREAD_STATE_TABLE)
        s->next_ts_ns = ts_at(s, index);
}

/* Reads the row's values before the next row's ts, so that a walk enters each
 * block once. */
static void read_state(struct model_spans *s, struct model_span *span)
{
    uint64_t row = s->next;
    span->row = row;
    span->begin_ns = s->next_ts_ns;
    enum trace_state state = (enum trace_state)trace_get(&s->cursor, row, TRACE_THREAD_STATE_state);
    enum trace_reason reason =
        (enum trace_reason)trace_get(&s->cursor, row, TRACE_THREAD_STATE_reason);
    span->class = model_class_from_state(state, reason);
    s->next_ts_ns = ts_at(s, row + 1);
    span->end_ns = s->next_ts_ns;
}

static enum model_class named_class(struct model_spans *s, uint64_t name,
                                    enum model_class (*from)(const char *))
{
    if (!s->name_class || name >= s->name_count)
        return from(trace_string(s->cursor.trace, name));
    if (!s->name_class[name])
        s->name_class[name] = (uint8_t)(from(trace_string(s->cursor.trace, name)) + 1);
    return (enum model_class)(s->name_class[name] - 1);
}

static void read_row(struct model_spans *s, uint64_t row, struct model_span *span)
{
    struct trace_cursor *c = &s->cursor;
    span->row = row;
    unsigned dur_column;
    switch (c->table) {
    case TRACE_SYSCALL_TABLE:
        dur_column = TRACE_SYSCALL_dur;
        span->class =
            named_class(s, trace_get(c, row, TRACE_SYSCALL_name), model_class_from_syscall);
        break;
    case TRACE_LOCK_WAIT_TABLE: {
        dur_column = TRACE_LOCK_WAIT_dur;
        uint64_t kind = trace_get(c, row, TRACE_LOCK_WAIT_kind);
        span->class = kind == TRACE_LOCK_COND   ? MODEL_COND
                      : kind == TRACE_LOCK_JOIN ? MODEL_JOIN
                                                : MODEL_LOCK;
        break;
    }
    case TRACE_SAMPLE_TABLE:
        span->class = MODEL_RUNNING;
        span->begin_ns = span->end_ns = (int64_t)trace_get(c, row, TRACE_SAMPLE_ts);
        return;
    default:
        dur_column = TRACE_REGION_dur;
        span->class = named_class(s, trace_get(c, row, TRACE_REGION_name), model_class_from_name);
        break;
    }
    span->begin_ns = (int64_t)trace_get(c, row, ts_column(s));
    span->end_ns = span->begin_ns + (int64_t)trace_get(c, row, dur_column);
}

/* Damage may say anything; what follows relies on begin <= end. */
static void mend(struct model_span *span)
{
    if (span->end_ns < span->begin_ns)
        span->end_ns = span->begin_ns;
}

static struct model_span item_span(const struct model_spans *s, uint64_t i)
{
    return (struct model_span){.begin_ns = s->items[i].begin_ns,
                               .end_ns = s->items[i].end_ns,
                               .row = i,
                               .class = s->items[i].class};
}

bool model_spans_next(struct model_spans *s, struct model_span *span)
{
    if (s->next >= s->count)
        return false;
    if (s->items)
        *span = item_span(s, s->next);
    else if (s->cursor.table == TRACE_THREAD_STATE_TABLE)
        read_state(s, span);
    else
        read_row(s, row_of(s, s->next), span);
    s->next++;
    mend(span);
    return true;
}

bool model_spans_get(struct model_spans *s, uint64_t row, struct model_span *span)
{
    if (row >= s->cursor.total_rows)
        return false;
    if (s->cursor.table == TRACE_THREAD_STATE_TABLE) {
        s->next = row;
        s->next_ts_ns = ts_at(s, row);
        read_state(s, span);
    } else {
        read_row(s, row, span);
    }
    mend(span);
    return true;
}
