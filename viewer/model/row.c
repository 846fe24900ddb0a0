#include "model/row.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

enum {
    SCAN_SPANS = 96,         /* in a column, before totals are looked up instead */
    SPANS_A_COLUMN_MOST = 24 /* on average: lanes without totals are counted above it */
};

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

bool model_row_totals(struct model_spans *spans, int64_t begin_ns, int64_t end_ns, uint64_t most,
                      struct model_totals *totals)
{
    struct model_span s;
    *totals = (struct model_totals){0};
    model_spans_seek(spans, begin_ns);
    while (model_spans_next(spans, &s) && s.begin_ns < end_ns) {
        if (s.end_ns <= begin_ns && s.begin_ns < begin_ns)
            continue;
        if (most && totals->spans == most)
            return false;
        add_span(totals, &s, begin_ns, end_ns);
    }
    return true;
}

static struct model_piece *add_piece(struct model_row *row, enum model_piece_kind kind, int x0,
                                     int x1)
{
    mem_grow(&row->pieces, &row->piece_cap, row->piece_count + 1, sizeof *row->pieces);
    struct model_piece *p = &row->pieces[row->piece_count++];
    *p = (struct model_piece){.kind = kind, .x0 = x0, .x1 = x1};
    return p;
}

/* What goes on while columns are built from left to right. */
struct builder {
    struct model_row *row;
    struct model_spans *spans;
    const struct model_window *w;
    struct model_span s; /* the next span to place */
    bool more;           /* s is one */
    bool crowded;        /* the last column had too many spans to scan */
    /* Running totals at known_ns, where known_ns >= 0. */
    int64_t known_ns;
    uint64_t known[TRACE_TOTAL_DETAILS];
};

static void next_span(struct builder *b)
{
    b->more = model_spans_next(b->spans, &b->s);
}

/* Adds spans from b->s on up to `end`; leaves in b->s the first that reaches past
 * it. False, with column and b unchanged, when they are too many. */
static bool scan_column(struct builder *b, int64_t begin, int64_t end, struct model_column *column,
                        bool *any)
{
    struct model_span first = b->s;
    uint64_t index = b->spans->next;
    for (int n = 0; b->more && b->s.begin_ns < end; n++) {
        if (n == SCAN_SPANS && b->spans->has_totals) {
            memset(column, 0, sizeof *column);
            model_spans_goto(b->spans, index);
            b->s = first;
            b->more = true;
            return false;
        }
        int64_t from = b->s.begin_ns > begin ? b->s.begin_ns : begin;
        int64_t to = b->s.end_ns < end ? b->s.end_ns : end;
        column->ns[b->s.class] += (uint64_t)(to > from ? to - from : 0);
        *any = *any || b->s.end_ns > begin || b->s.begin_ns >= begin;
        if (b->s.end_ns > end)
            break;
        next_span(b);
    }
    return true;
}

/* Where the running totals stand at `ns`; b->s becomes the span that covers it. */
static void look_up(struct builder *b, int64_t ns, uint64_t detail[TRACE_TOTAL_DETAILS])
{
    uint64_t row = trace_totals_detail(&b->spans->totals, ns > 0 ? (uint64_t)ns : 0, detail);
    model_spans_goto(b->spans, row);
    next_span(b);
}

static void sum_column(struct builder *b, int64_t begin, int64_t end, struct model_column *column)
{
    uint64_t after[TRACE_TOTAL_DETAILS], ns[TRACE_TOTAL_DETAILS];
    if (b->known_ns != begin)
        trace_totals_detail(&b->spans->totals, (uint64_t)begin, b->known);
    look_up(b, end, after);
    for (int i = 0; i < TRACE_TOTAL_DETAILS; i++)
        ns[i] = after[i] > b->known[i] ? after[i] - b->known[i] : 0;
    uint64_t preempted = ns[TRACE_TOTAL_PREEMPTED];
    preempted = preempted < ns[TRACE_RUNNABLE] ? preempted : ns[TRACE_RUNNABLE];
    ns[TRACE_RUNNABLE] -= preempted;
    for (unsigned i = 0; i < TRACE_CLASSES; i++)
        column->ns[model_class_from_total(i)] += ns[i];
    column->ns[MODEL_PREEMPTED] += preempted;
    memcpy(b->known, after, sizeof after);
    b->known_ns = end;
}

static void add_mixed(struct builder *b, int x)
{
    struct model_row *row = b->row;
    int64_t begin = model_ns_from_px(b->w, x), end = model_ns_from_px(b->w, x + 1);
    mem_grow(&row->columns, &row->column_cap, row->column_count + 1, sizeof *row->columns);
    struct model_column *column = &row->columns[row->column_count];
    *column = (struct model_column){0};
    bool any = false;
    if (b->crowded || !scan_column(b, begin, end, column, &any)) {
        uint64_t index = b->spans->next;
        sum_column(b, begin, end, column);
        b->crowded = b->spans->next - index > SCAN_SPANS;
        any = true;
    }
    for (int c = 0; c < MODEL_CLASSES; c++)
        column->classes |= (uint32_t)(column->ns[c] != 0) << c;
    if (any)
        add_piece(row, MODEL_PIECE_MIXED, x, x + 1)->index = row->column_count++;
}

/* Columns [x, to): spans that fill columns alone become pieces of their own. */
static void build_spans(struct builder *b, int x, int to)
{
    const struct model_window *w = b->w;
    int64_t to_ns = model_ns_from_px(w, to);
    model_spans_seek(b->spans, model_ns_from_px(w, x));
    next_span(b);
    while (b->more && x < to) {
        int64_t at = model_ns_from_px(w, x);
        if (b->s.end_ns <= at && b->s.begin_ns < at) {
            next_span(b);
            continue;
        }
        int first = model_px_from_ns(w, b->s.begin_ns);
        if (first > x)
            x = first;
        if (x >= to)
            return;
        int last = b->s.end_ns >= to_ns ? to : model_px_from_ns(w, b->s.end_ns);
        if (b->s.begin_ns <= model_ns_from_px(w, x) && last > x) {
            add_piece(b->row, MODEL_PIECE_SPAN, x, last)->span = b->s;
            x = last;
        } else {
            add_mixed(b, x++);
        }
    }
}

static void build_counts(struct builder *b, int x, int to)
{
    uint64_t at = model_spans_lower_bound(b->spans, model_ns_from_px(b->w, x));
    for (; x < to; x++) {
        uint64_t next = model_spans_lower_bound(b->spans, model_ns_from_px(b->w, x + 1));
        if (next > at)
            add_piece(b->row, MODEL_PIECE_COUNT, x, x + 1)->index = next - at;
        at = next;
    }
}

static void build(struct model_row *row, struct model_spans *spans, const struct model_window *w,
                  int from, int to)
{
    struct builder b = {.row = row, .spans = spans, .w = w, .known_ns = -1};
    if (from >= to || !spans->count)
        return;
    if (row->counted)
        build_counts(&b, from, to);
    else
        build_spans(&b, from, to);
}

static bool is_counted(struct model_spans *spans, const struct model_window *w)
{
    if (spans->only_counts)
        return true;
    if (spans->has_totals || spans->items ||
        spans->count <= (uint64_t)w->width_px * SPANS_A_COLUMN_MOST)
        return false;
    uint64_t rows =
        model_spans_lower_bound(spans, w->end_ns) - model_spans_lower_bound(spans, w->begin_ns);
    return rows > (uint64_t)w->width_px * SPANS_A_COLUMN_MOST;
}

/* Copies the pieces of old columns [from, to) to where they are `shift` columns
 * further right, cut to those columns. */
static void keep(struct model_row *row, const struct model_row *old, int from, int to, int shift)
{
    for (size_t i = 0; i < old->piece_count; i++) {
        struct model_piece p = old->pieces[i];
        p.x0 = p.x0 < from ? from : p.x0;
        p.x1 = p.x1 > to ? to : p.x1;
        if (p.x0 >= p.x1)
            continue;
        struct model_piece *copy = add_piece(row, p.kind, p.x0 + shift, p.x1 + shift);
        copy->span = p.span;
        copy->index = p.index;
        if (p.kind != MODEL_PIECE_MIXED)
            continue;
        mem_grow(&row->columns, &row->column_cap, row->column_count + 1, sizeof *row->columns);
        row->columns[row->column_count] = old->columns[p.index];
        copy->index = row->column_count++;
    }
}

/* One span's pieces left and right of a seam become one again. */
static void join(struct model_row *row)
{
    size_t out = 0;
    for (size_t i = 0; i < row->piece_count; i++) {
        struct model_piece *p = &row->pieces[i], *last = out ? &row->pieces[out - 1] : NULL;
        if (last && last->kind == MODEL_PIECE_SPAN && p->kind == MODEL_PIECE_SPAN &&
            last->x1 == p->x0 && last->span.row == p->span.row)
            last->x1 = p->x1;
        else
            row->pieces[out++] = *p;
    }
    row->piece_count = out;
}

bool model_row_is_current(const struct model_row *row, const struct model_window *w)
{
    return row->width_px == w->width_px && row->begin_ns == w->begin_ns &&
           row->column_ns == w->column_ns;
}

/* How many columns further right what `old` shows stands in w; false where they
 * have no column in common. */
static bool find_shift(const struct model_row *old, const struct model_window *w, bool counted,
                       int64_t *shift)
{
    if (old->column_ns != w->column_ns || old->counted != counted)
        return false;
    int64_t off = old->begin_ns - w->begin_ns;
    *shift = off / w->column_ns;
    return off % w->column_ns == 0 && *shift < w->width_px && -*shift < old->width_px;
}

/* Kept columns are no work: a step adds some that are, if any are left. */
static void step(struct model_row *next, const struct model_row *old, struct model_spans *spans)
{
    struct model_window w = {.begin_ns = next->begin_ns,
                             .column_ns = next->column_ns,
                             .width_px = next->width_px,
                             .end_ns = next->begin_ns + next->column_ns * next->width_px};
    int from = next->built_px, to = from + MODEL_ROW_STEP;
    int64_t shift = 0;
    if (find_shift(old, &w, next->counted, &shift)) {
        int first = shift > 0 ? (int)shift : 0, last = (int)shift + old->width_px;
        last = last < w.width_px ? last : w.width_px;
        if (from < first)
            to = to < first ? to : first;
        if (from == first) {
            keep(next, old, first - (int)shift, last - (int)shift, (int)shift);
            from = last;
        }
    }
    to = to < from ? from : to > w.width_px ? w.width_px : to;
    build(next, spans, &w, from, to);
    next->built_px = to;
}

static void finish(struct model_row *row, struct model_row *next)
{
    join(next);
    for (size_t i = 0; next->counted && i < next->piece_count; i++)
        if (next->pieces[i].index > next->most)
            next->most = next->pieces[i].index;
    model_row_release(row);
    *row = *next;
    *next = (struct model_row){0};
}

bool model_row_step(struct model_row *row, struct model_row *next, struct model_spans *spans,
                    const struct model_window *w)
{
    if (!next->column_ns && model_row_is_current(row, w))
        return true;
    if (!next->column_ns)
        *next = (struct model_row){.begin_ns = w->begin_ns,
                                   .column_ns = w->column_ns,
                                   .width_px = w->width_px,
                                   .counted = is_counted(spans, w)};
    step(next, row, spans);
    if (next->built_px < next->width_px)
        return false;
    finish(row, next);
    return model_row_is_current(row, w);
}

void model_row_build(struct model_row *row, struct model_spans *spans, const struct model_window *w)
{
    struct model_row next = {0};
    while (!model_row_step(row, &next, spans, w))
        ;
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
