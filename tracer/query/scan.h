/* scan: walks the rows of one SQL table that a query asks for, touching as few
 * as it can. Knows nothing of SQLite.
 *
 *     struct query_scan s = {.data = data, .table = table};
 *     query_scan_clear(&s);
 *     struct query_filter *f = query_scan_filter(&s, column);
 *     query_filter_add(f, 101);               // column = 101, or 101 and 102 ...
 *     s.ts_min = from_ns;
 *     query_scan_start(&s);
 *     while (query_scan_next(&s))
 *         query_scan_word(&s, column)
 *     if (s.failed) ...                       // damage or interrupt
 *     query_scan_release(&s);
 *
 * Partitions of tables by thread are walked in thread order, each by time. What
 * it yields may hold rows that do not match (never lacks any): the caller checks. */
#ifndef QUERY_SCAN_H
#define QUERY_SCAN_H

#include "query/data.h"

/* `column` equals one of these words. */
struct query_filter {
    const struct query_column *column;
    uint64_t *words; /* owned, kept for reuse */
    size_t count;
    size_t cap;
};

enum {
    QUERY_MAX_FILTERS = 8,
    QUERY_MAX_GROUPS = 2
};

struct query_scan {
    struct query_data *data;         /* borrowed */
    const struct query_table *table; /* borrowed */

    /* What is asked for; set between clear and start. */
    uint64_t ts_min, ts_max; /* inclusive */
    uint64_t end_min;        /* thread_state: ts_end at least this */
    uint64_t only_row;       /* the row of this number, UINT64_MAX = all */
    bool nothing;            /* no row can match */
    bool down;               /* backwards in time: for one partition */
    bool by_key;             /* rows `key_rows` of a table not by thread */
    const struct query_key *key_rows;
    size_t key_count;
    /* Enum columns: rows with equal values in them shall come side by side, in the
     * whole table or within each thread. The rows are passed over once for each
     * combination that occurs: they are few, and sorting costs ten times as much. */
    const struct query_column *groups[QUERY_MAX_GROUPS];
    unsigned group_count;
    bool group_whole;
    unsigned filter_count;
    struct query_filter filters[QUERY_MAX_FILTERS];

    /* Where it is. */
    struct trace_cursor cursor;
    struct trace_cursor threads;   /* table thread */
    const struct query_key *parts; /* threads to walk, NULL = all */
    size_t part, part_end;
    uint64_t row;    /* the current row */
    uint64_t lo, hi; /* rows left in this partition */
    uint32_t thread; /* the partition's, with its words */
    uint64_t tid, pid, thread_end_ts;
    uint64_t part_lo;     /* first row in the partition */
    uint64_t group_value; /* of this pass: the columns' words, 8 bits each */
    uint64_t group_next;  /* the next greater one met, where there is one */
    bool group_more;      /* there is */
    bool failed;          /* ended early: damage (trace_damage tells) or data->stop */
};

/* Forgets what was asked for. */
void query_scan_clear(struct query_scan *s);
/* A new empty filter (matches nothing), or NULL when there are too many. */
struct query_filter *query_scan_filter(struct query_scan *s, const struct query_column *column);
void query_filter_add(struct query_filter *f, uint64_t word);
void query_scan_start(struct query_scan *s);
/* Moves to the next row; false at the end. */
bool query_scan_next(struct query_scan *s);
/* The current row's word in a column of the table; *null tells that SQL sees NULL. */
uint64_t query_scan_word(struct query_scan *s, const struct query_column *c, bool *null);
void query_scan_release(struct query_scan *s);

#endif
