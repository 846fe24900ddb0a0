/* schema: the tables as SQL sees them, made from the file's own schema
 * (trace_tables), so that a new table or column appears by itself. What differs:
 *   - tables by thread show the thread: `tid` first, `pid` and `thread_id` last;
 *   - rows that others name by number show it: thread_id, node_id, frame_id;
 *   - thread_state gets `dur` and `ts_end`, which the file leaves implicit;
 *   - words that mean "none" or "not known" are NULL;
 *   - table `stack` is flattened to a row for each frame (stacks.c). */
#ifndef QUERY_SCHEMA_H
#define QUERY_SCHEMA_H

#include "base/strbuf.h"
#include "trace/format.h"

/* Where a column's value comes from. */
enum query_source {
    QUERY_WORD,      /* the file's column `word` */
    QUERY_SETTING,   /* the same, a text that is shown as a number where it is one */
    QUERY_TID,       /* of the partition's thread */
    QUERY_PID,       /* of the partition's thread */
    QUERY_THREAD,    /* the partition: row of table thread */
    QUERY_ROW,       /* the row's number, by which other tables name it */
    QUERY_STATE_DUR, /* thread_state: to the next span's start */
    QUERY_STATE_END, /* thread_state: the next span's start */
};

struct query_column {
    const char *name;
    enum query_source source;
    enum trace_kind kind;
    unsigned word;      /* QUERY_WORD, QUERY_SETTING: column number in the file */
    bool nullable;      /* NULL in rows whose column `null_word` holds `null_value` */
    unsigned null_word; /* column number in the file */
    uint64_t null_value;
};

enum {
    QUERY_MAX_COLUMNS = TRACE_MAX_COLUMNS + 5,
    QUERY_MAX_LOOKUP_ROWS = 16 << 20 /* larger tables get no index by their key */
};

struct query_table {
    const char *name;
    const char *about; /* a line for .tables; "" where there is none */
    enum trace_table table;
    int key; /* column whose values are looked up by an index in memory, or -1 */
    int ts;  /* column rows are sorted by, or -1 */
    unsigned count;
    struct query_column columns[QUERY_MAX_COLUMNS];
};

/* The SQL table for a table of the file. */
void query_table_init(struct query_table *t, enum trace_table table);
/* The same for the flattened table `stack`, whose rows stacks.c makes. */
void query_table_init_stack(struct query_table *t);

enum query_stack_column {
    QUERY_STACK_ID,
    QUERY_STACK_DEPTH,
    QUERY_STACK_FRAME_COLUMNS, /* the columns of table frame from here on */
    QUERY_STACK_FRAME_ID = QUERY_STACK_FRAME_COLUMNS + TRACE_FRAME_COLUMNS,
    QUERY_STACK_COLUMNS
};

bool query_is_text(const struct query_column *c);
bool query_is_enum(enum trace_kind kind);
/* The column's declared type. Addresses have one of their own, by which the
 * output knows them. */
const char *query_type(const struct query_column *c);
#define QUERY_ADDRESS_TYPE "ADDRESS INTEGER"

/* Appends CREATE TABLE; with `comments`, a line for each column that says what it holds. */
void query_table_sql(const struct query_table *t, bool comments, struct strbuf *out);

#endif
