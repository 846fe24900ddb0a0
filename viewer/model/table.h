/* table: rows and typed columns, sorted and filtered for showing. Filling one is
 * model/tables.h's work; a table knows nothing of where its rows come from.
 *
 *     struct model_table t = {0};
 *     model_table_begin(&t, columns, 3, 1);      // sorted by column 1 at first
 *     struct model_cell *cells = model_table_row(&t, &target);
 *     model_table_arrange(&t, "futex");          // fills t.shown
 *     model_table_release(&t);
 */
#ifndef MODEL_TABLE_H
#define MODEL_TABLE_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "model/lanes.h"

#include <stdatomic.h>

enum model_cell_kind {
    MODEL_CELL_TEXT,
    MODEL_CELL_COUNT,
    MODEL_CELL_NS,
    MODEL_CELL_BYTES,
    MODEL_CELL_TIME,  /* an instant: all digits, sorted early to late */
    MODEL_CELL_SHARE, /* of 10,000 */
    MODEL_CELL_CHANGE /* ns, with its sign: more is worse; sorted by its size */
};

struct model_column_info {
    const char *name;
    enum model_cell_kind kind;
    int width;        /* in design units; text: its part of what numbers leave */
    const char *help; /* what it means, for a tooltip; may be NULL */
};

struct model_cell {
    const char *text; /* of TEXT; borrowed from the table's arena or the trace */
    int64_t n;        /* of the others; below 0, but for a change: nothing to say, "-" */
};

/* What a row stands for: where a click leads, which stacks belong to it. */
struct model_target {
    enum model_lane_kind lane; /* MODEL_LANE_KINDS: no row of a table, the time alone */
    uint32_t thread;           /* index into doc->threads */
    uint64_t row;              /* of the lane's table */
    int64_t begin_ns, end_ns;
    bool set;
    uint64_t stack_id, other_stack_id; /* 0: none */
    const char *stack_title, *other_title;
};

struct model_table {
    struct arena arena; /* of texts */
    const struct model_column_info *columns;
    size_t column_count;
    struct model_cell *cells; /* owned: row * column_count + column */
    struct model_target *targets;
    size_t row_count, cell_cap, target_cap;
    uint64_t total_rows; /* that there would be; more than row_count where it was cut */
    const char *summary; /* one line about all rows, or "" */
    uint32_t *shown;     /* owned: rows that pass the filter, in order */
    size_t shown_count, shown_cap;
    size_t sort; /* column */
    bool descending;
};

/* Empties it for other columns (borrowed). Numbers are sorted largest first. */
void model_table_begin(struct model_table *t, const struct model_column_info *columns, size_t count,
                       size_t sort);
/* A new row's cells, to be filled before the next; target may be NULL. */
struct model_cell *model_table_row(struct model_table *t, const struct model_target *target);
void model_table_release(struct model_table *t);

/* Sorts, and shows the rows in which some cell contains the filter, ignoring case
 * ("" for all). */
void model_table_arrange(struct model_table *t, const char *filter);
/* Sorts by another column; by the same one the other way round. */
void model_table_sort(struct model_table *t, size_t column);

/* A cell as people read it. */
const char *model_cell_text(const struct model_column_info *column, const struct model_cell *cell,
                            char buf[64]);
static inline const struct model_cell *model_table_cell(const struct model_table *t, uint32_t row,
                                                        size_t column)
{
    return &t->cells[row * t->column_count + column];
}
/* What is shown as CSV (RFC 4180): a line of column names, then exact values, times
 * in ns. */
void model_table_csv(const struct model_table *t, struct strbuf *out);

#endif
