/* timeline_rows: paints lanes. A column shared by several spans shows the exact
 * share of each class, stacked bottom up; wide single spans carry a label. */
#include "views/palette.h"
#include "views/views.h"

#include "base/fmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LABEL_LEAST = 30
};

/* What the search does not match, while the rest is to stand out. */
static gfx_color dimmed(const struct views *v, gfx_color color)
{
    return gfx_mix(v->ui.theme->back_alt, color, 60);
}

static bool is_dim(const struct views *v)
{
    return v->search.dim && model_search_is_on(&v->search.run);
}

/* The colour of a class in a column of many spans: there a search by state alone
 * can tell what matches; a match by name or length shows as a tick (views_hits_draw). */
static gfx_color class_color(const struct views *v, enum model_class c)
{
    gfx_color color = palette_span(v->ui.theme, c);
    const struct model_filter *f = &v->search.run.filter;
    bool by_state = f->classes && !f->text[0] && !f->least_ns && !f->most_ns && f->cpu < 0;
    if (!is_dim(v) || (by_state && f->classes >> c & 1))
        return color;
    return dimmed(v, color);
}

/* Columns of a row side by side, as they go into the list in one command. */
struct stack_painter {
    struct views *v;
    struct gfx_rect r; /* of the row */
    struct gfx_part *parts;
    size_t count;
    int x0, x1; /* columns gathered */
};

static void flush(struct stack_painter *p)
{
    if (p->count)
        gfx_columns(p->v->ui.list, (struct gfx_rect){p->x0, p->r.y, p->x1 - p->x0, p->r.h},
                    p->parts, p->count);
    p->count = 0;
}

static void add_column(struct stack_painter *p, const struct model_column *column, double px_a_ns,
                       int x)
{
    enum {
        MOST_PARTS = 16384
    };
    if (!p->parts)
        p->parts = arena_array(&p->v->frame, MOST_PARTS + MODEL_CLASSES, sizeof *p->parts);
    if (p->x1 != x || p->count > MOST_PARTS)
        flush(p);
    if (!p->count)
        p->x0 = x;
    struct gfx_part *first = &p->parts[p->count], *part = first;
    uint64_t sum = 0;
    int filled = 0;
    for (uint32_t left = column->classes; left; left &= left - 1) {
        int c = __builtin_ctz(left);
        sum += column->ns[c];
        int height = (int)((double)sum * px_a_ns + 0.5);
        height = height < p->r.h ? height : p->r.h;
        if (height <= filled)
            continue;
        *part++ = (struct gfx_part){.color = class_color(p->v, (enum model_class)c),
                                    .h = (uint16_t)(height - filled)};
        filled = height;
    }
    if (part == first)
        *part++ = (struct gfx_part){0};
    part[-1].last = 1;
    p->count += (size_t)(part - first);
    p->x1 = x + 1;
}

/* One span alone: a box, a darker left edge against the span before, a label. */
static void draw_span(struct views *v, const struct model_lane *lane,
                      const struct model_piece *piece, struct gfx_rect box,
                      const struct gfx_rect *r)
{
    struct ui *ui = &v->ui;
    const struct gfx_theme *t = ui->theme;
    gfx_color color = palette_span(t, piece->span.class);
    bool cross = views_lane_is_cross(lane);
    bool dim = is_dim(v) && !cross &&
               !model_search_takes(&v->search.run, lane->kind, lane->owner, piece->span.row);
    color = dim ? dimmed(v, color) : color;
    gfx_rect(ui->list, box, color);
    if (box.w >= ui_px(ui, 4) && box.x > r->x && lane->kind != MODEL_LANE_STATE)
        gfx_rect(ui->list, (struct gfx_rect){box.x, box.y, 1, box.h}, gfx_mix(color, t->back, 120));
    int pad = ui_px(ui, 4);
    if (box.w < ui_px(ui, LABEL_LEAST) + 2 * pad || box.h < ui_px(ui, 11))
        return;
    char text[512];
    if (cross)
        snprintf(text, sizeof text, "%s", views_cross_label(v, lane, &piece->span));
    else
        model_span_label(v->doc, lane->owner, lane->kind, &piece->span, text, sizeof text);
    ui_label(ui, GFX_SMALL, ui_inset(box, pad, 0), text,
             dim ? t->text_dim : palette_span_text(t, piece->span.class));
}

/* How many begin in a column, against the fullest column in sight. */
static void draw_count(struct views *v, const struct model_lane *lane, uint64_t count,
                       struct gfx_rect box)
{
    struct ui *ui = &v->ui;
    int h = box.h - ui_px(ui, 1);
    int tall = h / 4 + (int)((uint64_t)(h - h / 4) * count / lane->row.most);
    gfx_color color = ui->theme->sample;
    if (lane->kind != MODEL_LANE_SAMPLES)
        color =
            palette_span(ui->theme, lane->kind == MODEL_LANE_LOCKS ? MODEL_LOCK : MODEL_CALL_OTHER);
    gfx_rect(ui->list, (struct gfx_rect){box.x, box.y + box.h - tall, box.w, tall},
             is_dim(v) ? dimmed(v, color) : color);
}

/* Columns [x0, x1) of the window that the row was built for, in the window now. */
static struct gfx_rect place_piece(const struct views *v, const struct model_row *row,
                                   const struct model_piece *p, struct gfx_rect r)
{
    int x0 = p->x0, x1 = p->x1;
    if (!model_row_is_current(row, &v->window)) {
        x0 = model_px_from_ns(&v->window, row->begin_ns + row->column_ns * x0);
        x1 = model_px_from_ns(&v->window, row->begin_ns + row->column_ns * x1);
        x0 = x0 < 0 ? 0 : x0;
        x1 = x1 > v->window.width_px ? v->window.width_px : x1;
    }
    return (struct gfx_rect){r.x + x0, r.y, x1 - x0, r.h};
}

/* A row that is not up to date stands in for the frame or two until it is. */
static void draw_row(struct views *v, struct model_lane *lane, struct gfx_rect r)
{
    const struct model_row *row = &lane->row;
    struct stack_painter painter = {.v = v, .r = r};
    double px_a_ns = row->column_ns ? (double)r.h / (double)row->column_ns : 0;
    for (size_t i = 0; i < row->piece_count; i++) {
        const struct model_piece *p = &row->pieces[i];
        struct gfx_rect box = place_piece(v, row, p, r);
        if (box.w <= 0)
            continue;
        if (lane->kind == MODEL_LANE_STACK) {
            if (p->kind == MODEL_PIECE_SPAN)
                views_stack_box_draw(v, lane->owner, &p->span, box);
            continue;
        }
        if (p->kind == MODEL_PIECE_SPAN)
            draw_span(v, lane, p, box, &r);
        else if (p->kind == MODEL_PIECE_COUNT)
            draw_count(v, lane, p->index, box);
        else
            for (int x = box.x; x < box.x + box.w; x++)
                add_column(&painter, &row->columns[p->index], px_a_ns, x);
    }
    flush(&painter);
}

/* A span's outline, also where it is narrower than a pixel. */
static void draw_outline(struct views *v, const struct views_pick *pick, struct gfx_rect r,
                         int thickness, gfx_color color)
{
    struct ui *ui = &v->ui;
    int x0 = model_px_from_ns(&v->window, pick->begin_ns);
    int x1 = model_px_from_ns(&v->window, pick->end_ns);
    int least = ui_px(ui, 3);
    if (x1 < 0 || x0 > r.w)
        return;
    if (x1 - x0 < least) {
        x0 -= least / 2;
        x1 = x0 + least;
    }
    x0 = x0 < -2 ? -2 : x0;
    x1 = x1 > r.w + 2 ? r.w + 2 : x1;
    gfx_frame(ui->list, (struct gfx_rect){r.x + x0, r.y - 1, x1 - x0, r.h + 2}, thickness, color);
}

static void draw_pick(struct views *v, const struct model_lane *lane, struct gfx_rect r)
{
    if (v->pick.set && v->pick.lane == lane->kind && v->pick.thread == lane->owner &&
        v->pick.depth == lane->depth)
        draw_outline(v, &v->pick, r, ui_px(&v->ui, 2), v->ui.theme->text);
}

static int value_y(const struct model_counter *c, struct gfx_rect r, double value)
{
    double low = c->min < 0 ? c->min : 0, high = c->max > low ? c->max : low + 1;
    return r.y + r.h - (int)((value - low) / (high - low) * (r.h - 1) + 0.5);
}

/* Filled up to the last value of the column, a line from its least to its most. */
static void draw_counter(struct views *v, struct model_lane *lane, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const struct model_counter *c = &v->doc->counters[lane->owner];
    struct model_counter_column *columns =
        arena_array(&v->frame, (size_t)v->window.width_px, sizeof *columns);
    model_counter_row(v->doc, c, &v->window, columns);
    int run_x = 0;
    for (int x = 1; x <= v->window.width_px; x++) {
        if (x < v->window.width_px && columns[x].known == columns[run_x].known &&
            columns[x].last == columns[run_x].last && columns[x].min == columns[x].max)
            continue;
        if (columns[run_x].known) {
            int y = value_y(c, r, columns[run_x].last), top = value_y(c, r, columns[run_x].max);
            int low = value_y(c, r, columns[run_x].min);
            gfx_rect(ui->list, (struct gfx_rect){r.x + run_x, y, x - run_x, r.y + r.h - y},
                     ui->theme->counter);
            gfx_rect(ui->list, (struct gfx_rect){r.x + run_x, y, x - run_x, ui_px(ui, 1)},
                     ui->theme->counter_line);
            gfx_rect(ui->list, (struct gfx_rect){r.x + run_x, top, 1, low - top + 1},
                     ui->theme->counter_line);
        }
        run_x = x;
    }
}

static void draw_life(struct views *v, const struct model_lane *lane, struct gfx_rect r)
{
    const struct model_thread *th = &v->doc->threads[lane->owner];
    int x0 = model_px_from_ns(&v->window, th->start_ns),
        x1 = model_px_from_ns(&v->window, th->end_ns);
    x0 = x0 < 0 ? 0 : x0;
    x1 = x1 > r.w ? r.w : x1;
    if (x1 > x0)
        gfx_rect(v->ui.list, (struct gfx_rect){r.x + x0, r.y, x1 - x0, r.h}, v->ui.theme->back_alt);
}

static bool is_heading(enum model_lane_kind kind)
{
    return kind == MODEL_LANE_PROCESS || kind == MODEL_LANE_COUNTERS || kind == MODEL_LANE_PINNED ||
           kind == MODEL_LANE_CPUS || kind == MODEL_LANE_LOCKING;
}

static void draw_heading(struct views *v, const struct model_lane *lane, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const struct model_cross *cross = &v->tracks.cross;
    gfx_rect(ui->list, r, ui->theme->panel);
    bool about_cpus = lane->kind == MODEL_LANE_CPUS || lane->kind == MODEL_LANE_LOCKING;
    if (!about_cpus || model_cross_covers(cross, &v->window))
        return;
    ui_label(ui, GFX_SMALL, ui_inset(r, ui_px(ui, 10), 0),
             model_cross_sums(cross, &v->window) ? "sums of each column: zoom in to see who"
                                                 : "reading ...",
             ui->theme->text_dim);
}

void views_lane_draw(struct views *v, struct model_lane *lane, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    if (is_heading(lane->kind)) {
        draw_heading(v, lane, r);
        return;
    }
    if (lane->kind == MODEL_LANE_COUNTER) {
        draw_counter(v, lane, r);
        return;
    }
    if (views_lane_is_cross(lane))
        gfx_rect(ui->list, r, ui->theme->back_alt);
    else
        draw_life(v, lane, r);
    draw_row(v, lane, ui_inset(r, 0, 1));
    draw_pick(v, lane, ui_inset(r, 0, 1));
}

static void hover_span(struct views *v, const struct model_lane *lane, const struct model_span *s)
{
    if (views_lane_is_cross(lane)) {
        views_cross_hover(v, lane, s);
        return;
    }
    v->hover =
        (struct views_pick){.set = true,
                            .lane = lane->kind == MODEL_LANE_STACK ? MODEL_LANE_STATE : lane->kind,
                            .thread = lane->owner,
                            .depth = lane->depth,
                            .row = s->row,
                            .begin_ns = s->begin_ns,
                            .end_ns = s->end_ns};
    struct model_words words;
    model_describe_row(&words, v->doc, lane->owner, model_lane_table(lane->kind), s->row,
                       &v->frame);
    views_tip(v, &words, 4);
}

/* A shared column says what is in it, to the ns; a click picks its longest span. */
static void hover_column(struct views *v, const struct model_lane *lane,
                         const struct model_piece *p)
{
    enum {
        MOST_SPANS = 1000000 /* about 10 ms of adding up */
    };
    struct model_words words;
    struct model_totals totals;
    struct model_spans spans;
    int64_t begin = model_ns_from_px(&v->window, p->x0), end = model_ns_from_px(&v->window, p->x1);
    if (!model_lanes_spans(&v->lanes, lane, v->doc, &spans))
        return;
    bool whole = model_row_totals(&spans, begin, end, MOST_SPANS, &totals);
    bool sums = views_lane_is_cross(lane) && v->tracks.cross.now.crowded;
    if (whole && totals.spans == 1 && !sums) {
        hover_span(v, lane, &totals.longest);
        return;
    }
    if (!whole && p->kind == MODEL_PIECE_MIXED) {
        memcpy(totals.ns, lane->row.columns[p->index].ns, sizeof totals.ns);
        totals.spans =
            model_spans_lower_bound(&spans, end) - model_spans_lower_bound(&spans, begin);
    }
    model_describe_totals(&words, &totals, begin, end, &v->frame);
    if (sums) {
        views_cross_share(v, lane, &totals, end - begin, &words);
        views_tip(v, &words, 0);
        return;
    }
    if (!whole && p->kind == MODEL_PIECE_COUNT)
        words = (struct model_words){
            .class = MODEL_CLASSES,
            .title = arena_printf(&v->frame, "%zu spans begin here: zoom in", p->index)};
    if (whole && totals.spans)
        hover_span(v, lane, &totals.longest);
    views_tip(v, &words, 0);
}

static void hover_sample(struct views *v, const struct model_lane *lane, int x)
{
    int64_t at = model_ns_from_px(&v->window, x);
    int64_t reach = model_ns_from_px(&v->window, ui_px(&v->ui, 4)) - v->window.begin_ns;
    int64_t row = model_sample_near(v->doc, lane->owner, at, reach);
    if (row < 0)
        return;
    struct trace_cursor c =
        trace_cursor(v->doc->trace, TRACE_SAMPLE_TABLE, v->doc->threads[lane->owner].key);
    int64_t ts = (int64_t)trace_get(&c, (uint64_t)row, TRACE_SAMPLE_ts);
    hover_span(v, lane, &(struct model_span){.begin_ns = ts, .end_ns = ts, .row = (uint64_t)row});
}

static void hover_counter(struct views *v, const struct model_lane *lane, int x)
{
    const struct model_counter *c = &v->doc->counters[lane->owner];
    struct model_counter_column *columns =
        arena_array(&v->frame, (size_t)v->window.width_px, sizeof *columns);
    model_counter_row(v->doc, c, &v->window, columns);
    if (x >= v->window.width_px || !columns[x].known)
        return;
    struct model_words words = {.title = c->name, .class = MODEL_CLASSES};
    char low[FMT_MAX], high[FMT_MAX];
    model_words_fact(&words, "Value",
                     arena_strdup(&v->frame, model_counter_text(c, columns[x].last, low)));
    if (model_counter_unit(c))
        model_words_fact(&words, "Exactly", arena_printf(&v->frame, "%.15g", columns[x].last));
    if (columns[x].min != columns[x].max)
        model_words_fact(&words, "In this column",
                         arena_printf(&v->frame, "%s to %s",
                                      model_counter_text(c, columns[x].min, low),
                                      model_counter_text(c, columns[x].max, high)));
    views_tip(v, &words, 0);
}

void views_lane_hover(struct views *v, struct model_lane *lane, struct gfx_rect r, int x)
{
    if (lane->kind == MODEL_LANE_SAMPLES) {
        hover_sample(v, lane, x - r.x);
    } else if (lane->kind == MODEL_LANE_COUNTER) {
        hover_counter(v, lane, x - r.x);
    } else {
        bool current = model_row_is_current(&lane->row, &v->window);
        const struct model_piece *p = current ? model_row_at(&lane->row, x - r.x) : NULL;
        bool sums = views_lane_is_cross(lane) && v->tracks.cross.now.crowded;
        if (p && p->kind == MODEL_PIECE_SPAN && !sums)
            hover_span(v, lane, &p->span);
        else if (p)
            hover_column(v, lane, p);
    }
    if (v->hover.set)
        draw_outline(v, &v->hover, ui_inset(r, 0, 1), 1, v->ui.theme->text);
}
