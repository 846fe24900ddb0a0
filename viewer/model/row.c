#include "model/row.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

static void add_span(struct model_totals *t, const struct model_span *s, int64_t begin, int64_t end)
{
    int64_t from = s->begin_ns > begin ? s->begin_ns : begin;
    int64_t to = s->end_ns < end ? s->end_ns : end;
    int64_t inside = to > from ? to - from : 0;
    int64_t longest_from = t->longest.begin_ns > begin ? t->longest.begin_ns : begin;
    int64_t longest_to = t->longest.end_ns < end ? t->longest.end_ns : end;
    if (!t->spans || inside > longest_to - longest_from)
        t->longest = *s;
    t->ns[s->class] += (uint64_t)inside;
    t->spans++;
}

/* Adds all spans from *s on that begin before `end`; leaves in *s the first that
 * reaches past it. False when the lane is at its end. */
static bool scan_column(struct model_spans *spans, struct model_span *s, int64_t begin, int64_t end,
                        struct model_totals *t)
{
    while (s->begin_ns < end) {
        if (s->end_ns > begin || s->begin_ns >= begin)
            add_span(t, s, begin, end);
        if (s->end_ns > end)
            return true;
        if (!model_spans_next(spans, s))
            return false;
    }
    return true;
}

void model_row_totals(struct model_spans *spans, int64_t begin_ns, int64_t end_ns,
                      struct model_totals *totals)
{
    struct model_span s;
    *totals = (struct model_totals){0};
    model_spans_seek(spans, begin_ns);
    if (model_spans_next(spans, &s))
        scan_column(spans, &s, begin_ns, end_ns, totals);
}

static struct model_piece *add_piece(struct model_row *row, int x0, int x1)
{
    mem_grow(&row->pieces, &row->piece_cap, row->piece_count + 1, sizeof *row->pieces);
    struct model_piece *p = &row->pieces[row->piece_count++];
    *p = (struct model_piece){.x0 = x0, .x1 = x1};
    return p;
}

/* One shared column; false when the lane is at its end. */
static bool add_mixed(struct model_row *row, struct model_spans *spans, struct model_span *s,
                      const struct model_window *w, int x)
{
    mem_grow(&row->columns, &row->column_cap, row->column_count + 1, sizeof *row->columns);
    struct model_totals *t = &row->columns[row->column_count];
    *t = (struct model_totals){0};
    bool more = scan_column(spans, s, model_ns_from_px(w, x), model_ns_from_px(w, x + 1), t);
    if (t->spans) {
        struct model_piece *p = add_piece(row, x, x + 1);
        p->mixed = true;
        p->column = (uint32_t)row->column_count++;
    }
    return more;
}

static void build(struct model_row *row, struct model_spans *spans, const struct model_window *w)
{
    struct model_span s;
    model_spans_seek(spans, w->begin_ns);
    if (!model_spans_next(spans, &s))
        return;
    for (int x = 0; x < w->width_px;) {
        while (s.end_ns <= model_ns_from_px(w, x) && s.begin_ns < model_ns_from_px(w, x))
            if (!model_spans_next(spans, &s))
                return;
        int first = s.begin_ns <= w->begin_ns ? 0 : model_px_from_ns(w, s.begin_ns);
        if (first > x)
            x = first;
        if (x >= w->width_px)
            return;
        /* Whole columns from x on that this span fills alone. */
        int last = s.end_ns >= w->end_ns ? w->width_px : model_px_from_ns(w, s.end_ns);
        if (s.begin_ns <= model_ns_from_px(w, x) && last > x) {
            add_piece(row, x, last)->span = s;
            x = last;
        } else if (!add_mixed(row, spans, &s, w, x++)) {
            return;
        }
    }
}

void model_row_build(struct model_row *row, struct model_spans *spans, const struct model_window *w)
{
    if (row->width_px == w->width_px && row->begin_ns == w->begin_ns && row->end_ns == w->end_ns)
        return;
    row->piece_count = 0;
    row->column_count = 0;
    row->width_px = w->width_px;
    row->begin_ns = w->begin_ns;
    row->end_ns = w->end_ns;
    build(row, spans, w);
}

const struct model_piece *model_row_at(const struct model_row *row, int x)
{
    size_t lo = 0, hi = row->piece_count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (row->pieces[mid].x1 <= x)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < row->piece_count && row->pieces[lo].x0 <= x ? &row->pieces[lo] : NULL;
}

void model_row_release(struct model_row *row)
{
    free(row->pieces);
    free(row->columns);
    *row = (struct model_row){0};
}
