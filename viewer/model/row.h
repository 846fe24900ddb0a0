/* row: what to draw for a lane in a window, pixel column by pixel column.
 *
 * A row is a list of pieces from left to right. A piece is either one span that
 * fills whole columns, or one column that several spans (or a span's edge) share:
 * then it carries the exact ns of each class in that column. Drawing, tooltip
 * and hit test read the same pieces, so they agree.
 *
 * Cost: spans in the window; scan_column in row.c is the one function that scans
 * inside a column, where running totals of the file can take over. */
#ifndef MODEL_ROW_H
#define MODEL_ROW_H

#include "model/spans.h"
#include "model/window.h"

struct model_totals {
    uint64_t ns[MODEL_CLASSES];
    uint64_t spans;            /* that touch the range */
    struct model_span longest; /* of them, by its time inside the range */
};

struct model_piece {
    int x0, x1; /* columns [x0, x1) */
    bool mixed;
    uint32_t column;        /* mixed: index into row->columns */
    struct model_span span; /* not mixed */
};

struct model_row {
    struct model_piece *pieces; /* owned */
    size_t piece_count, piece_cap;
    struct model_totals *columns; /* owned: of mixed pieces */
    size_t column_count, column_cap;
    int64_t begin_ns, end_ns; /* the window it was built for */
    int width_px;             /* 0: never built */
};

/* Builds the row, or does nothing when it already shows this window. */
void model_row_build(struct model_row *row, struct model_spans *spans,
                     const struct model_window *w);
/* The piece at column x, or NULL. */
const struct model_piece *model_row_at(const struct model_row *row, int x);
void model_row_release(struct model_row *row);

/* Exact ns of each class in [begin, end). */
void model_row_totals(struct model_spans *spans, int64_t begin_ns, int64_t end_ns,
                      struct model_totals *totals);

#endif
