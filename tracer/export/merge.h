/* merge: rows of many partitions in one order of time; at equal times the longer
 * span first, so that what encloses comes before what it encloses.
 *
 *     struct merge m = {.trace = t};
 *     merge_add(&m, TRACE_SYSCALL_TABLE, thread, thread_end_ns, range);
 *     struct merge_event e;
 *     while (merge_next(&m, &e)) ...
 *     merge_release(&m);
 *
 * Memory: a cursor for each partition that has rows. */
#ifndef EXPORT_MERGE_H
#define EXPORT_MERGE_H

#include "analyze/range.h"

#include <stddef.h>

struct merge_item {
    uint64_t row;
    uint64_t dur_ns;
};

struct merge_source {
    struct trace_cursor cursor;
    uint64_t parent_end_ns; /* of the thread: ends its last state */
    uint64_t row;           /* the next group of rows with one time begins here */
    uint64_t end;
    struct merge_item *group; /* owned: the group at hand, longest first */
    size_t group_cap;
    size_t group_len;
    size_t group_next;
    uint64_t ts_ns;      /* of the group */
    uint64_t peeked_row; /* the row behind it, whose time was looked at; 0: none */
    uint64_t peeked_ts_ns;
};

/* A source's next row, as the heap compares them. */
struct merge_head {
    uint64_t ts_ns;
    uint64_t dur_ns;
    size_t source;
};

struct merge {
    const struct trace *trace;
    struct merge_source *sources; /* owned */
    size_t count;
    size_t cap;
    struct merge_head *heap; /* owned: soonest first; made by the first next */
    size_t heap_len;
    uint64_t total_rows;
};

struct merge_event {
    struct trace_cursor *cursor; /* on the row's partition: table and key tell what it is */
    uint64_t row;
    uint64_t ts_ns;
    uint64_t dur_ns; /* 0 for instants */
};

/* Adds the rows of a partition that may lie in the range. */
void merge_add(struct merge *m, enum trace_table table, uint32_t key, uint64_t parent_end_ns,
               struct analyze_range range);
/* The next row; false at the end. */
bool merge_next(struct merge *m, struct merge_event *e);
void merge_release(struct merge *m);

#endif
