/* spans: one lane's spans in order of time, whatever table they come from.
 *
 *     struct model_spans s;
 *     model_spans_states(&s, trace, thread, thread_end_ns);
 *     model_spans_seek(&s, from_ns);
 *     while (model_spans_next(&s, &span) && span.begin_ns < to_ns) ...
 *
 * Spans of a lane do not overlap: states by nature, calls and lock waits but for
 * signal handlers, regions because a lane shows one depth. */
#ifndef MODEL_SPANS_H
#define MODEL_SPANS_H

#include "model/class.h"
#include "trace/totals.h"

struct model_span {
    int64_t begin_ns;
    int64_t end_ns; /* exclusive, never before begin_ns */
    uint64_t row;   /* of the lane's table */
    enum model_class class;
};

/* A span that is no row of one thread's table. */
struct model_spans_item {
    int64_t begin_ns, end_ns;
    uint64_t row;    /* of a table of that thread */
    uint32_t thread; /* index */
    enum model_class class;
};

struct model_spans {
    const struct model_spans_item *items; /* borrowed; NULL: rows of a table */
    struct trace_cursor cursor;
    const uint32_t *rows;  /* the lane's rows, or NULL: all of the partition */
    uint64_t count;        /* spans in the lane */
    uint64_t next;         /* index of the span that next returns */
    int64_t thread_end_ns; /* where the last state ends */
    int64_t next_ts_ns;    /* states: ts of `next`, read ahead */
    bool has_totals;       /* totals below: states */
    bool only_counts;      /* instants: samples */
    struct trace_totals totals;
    uint8_t *name_class; /* borrowed: class + 1 by string id, a cache; may be NULL */
    uint64_t name_count; /* its length */
};

void model_spans_states(struct model_spans *s, const struct trace *t, uint32_t thread,
                        int64_t thread_end_ns);
/* SYSCALL, LOCK_WAIT, REGION or SAMPLE; `rows` picks some of them (sorted by time). */
void model_spans_table(struct model_spans *s, const struct trace *t, enum trace_table table,
                       uint32_t thread, const uint32_t *rows, uint64_t count);

/* An array in order of time; span.row is the index in it. */
void model_spans_items(struct model_spans *s, const struct model_spans_item *items, uint64_t count);

/* The next span returned is the one that may cover ns: the last that begins at
 * or before it (the first of all where none does). */
void model_spans_seek(struct model_spans *s, int64_t ns);
/* The same by number of the span, 0 to count. */
void model_spans_goto(struct model_spans *s, uint64_t index);
/* The table's row of the span with that index (count: one past the last). */
uint64_t model_spans_row(const struct model_spans *s, uint64_t index);
/* Index of the first span that begins at or after ns. */
uint64_t model_spans_lower_bound(struct model_spans *s, int64_t ns);
bool model_spans_next(struct model_spans *s, struct model_span *span);

/* The span in `row` of a lane's table. */
bool model_spans_get(struct model_spans *s, uint64_t row, struct model_span *span);

#endif
