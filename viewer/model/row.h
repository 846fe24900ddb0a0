/* row: what to draw for a lane in a window, pixel column by pixel column.
 *
 * A row is a list of pieces from left to right:
 *
 *   MODEL_PIECE_SPAN   one span that fills whole columns
 *   MODEL_PIECE_MIXED  one column that several spans (or a span's edge) share: the
 *                      exact ns of each class in it
 *   MODEL_PIECE_COUNT  one column of a lane without running totals in the file and
 *                      with too many spans to add up: how many begin in it, exactly
 *
 * Drawing, tooltip and hit test read the same pieces, so they agree.
 *
 * Cost a column, whatever the zoom: a scan of at most SCAN_SPANS spans, else two
 * look-ups, of running totals (states) or of a row's number (the others). A pan
 * costs the columns that come into sight. */
#ifndef MODEL_ROW_H
#define MODEL_ROW_H

#include "model/spans.h"
#include "model/window.h"

struct model_totals {
    uint64_t ns[MODEL_CLASSES];
    uint64_t spans;            /* that touch the range */
    struct model_span longest; /* of them, by its time inside the range */
};

enum {
    MODEL_ROW_STEP = 32
};

enum model_piece_kind {
    MODEL_PIECE_SPAN,
    MODEL_PIECE_MIXED,
    MODEL_PIECE_COUNT
};

struct model_piece {
    enum model_piece_kind kind;
    int x0, x1;   /* columns [x0, x1) */
    size_t index; /* mixed: into row->columns; count: how many */
    struct model_span span;
};

struct model_column {
    uint32_t classes; /* bit c: ns[c] is not 0 */
    uint64_t ns[MODEL_CLASSES];
};

_Static_assert(MODEL_CLASSES <= 32, "model_column.classes is too narrow");

struct model_row {
    struct model_piece *pieces; /* owned */
    size_t piece_count, piece_cap;
    struct model_column *columns; /* owned: of mixed pieces */
    size_t column_count, column_cap;
    int64_t begin_ns;  /* of the window it was built for */
    int64_t column_ns; /* of it; 0: never built */
    int width_px;      /* of it */
    int built_px;      /* columns done, from the left */
    bool counted;      /* its columns are counts */
    uint64_t most;     /* the largest count */
};

/* The row shows this window. */
bool model_row_is_current(const struct model_row *row, const struct model_window *w);
/* Builds the row, or does nothing when it already shows this window. */
void model_row_build(struct model_row *row, struct model_spans *spans,
                     const struct model_window *w);
/* The same in steps of MODEL_ROW_STEP columns: `next` (zeroed before the first) is
 * under construction while `row` is still shown. True when the row is current. A
 * window that has changed since the last step has its turn when `next` is done: so
 * a row is never further behind than one construction. */
bool model_row_step(struct model_row *row, struct model_row *next, struct model_spans *spans,
                    const struct model_window *w);
/* The piece at column x, or NULL. */
const struct model_piece *model_row_at(const struct model_row *row, int x);
void model_row_release(struct model_row *row);

/* Exact totals of [begin, end), by adding up its spans; false when they are more
 * than `most` (0: no limit): then only a part was added. */
bool model_row_totals(struct model_spans *spans, int64_t begin_ns, int64_t end_ns, uint64_t most,
                      struct model_totals *totals);

#endif
