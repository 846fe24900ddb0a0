/* timeline_marks: what lies over the lanes: markers, search hits, and arrows to who
 * ended the picked wait and to whom the picked span woke. */
#include "views/palette.h"
#include "views/views.h"

#include "base/fmt.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    MOST_ARROWS = 24,
    MOST_SELECTED = 200, /* of a selected range */
    MOST_WAKEUPS = 4096  /* read for them */
};

/* The middle of a thread's state lane on screen; false while it is folded away. */
static bool thread_y(const struct views *v, const struct model_thread *th, struct gfx_rect r,
                     int *y)
{
    const struct model_lane *lane = model_lanes_thread(&v->lanes, (uint32_t)(th - v->doc->threads));
    if (!lane)
        return false;
    *y = r.y + lane->y - v->scroll_px + lane->h / 2;
    return true;
}

/* Upright, with a head at y1 and a dot at y0. */
static void arrow(struct views *v, int x, int y0, int y1, gfx_color color)
{
    struct ui *ui = &v->ui;
    int thick = ui_px(ui, 2), dot = ui_px(ui, 5), head = ui_px(ui, 6);
    int top = y0 < y1 ? y0 : y1, h = abs(y1 - y0);
    gfx_rect(ui->list, (struct gfx_rect){x - thick / 2, top, thick, h}, color);
    gfx_rect(ui->list, (struct gfx_rect){x - dot / 2, y0 - dot / 2, dot, dot}, color);
    for (int i = 0; i < head; i++) {
        int y = y1 > y0 ? y1 - i : y1 + i;
        gfx_rect(ui->list, (struct gfx_rect){x - i / 2 - 1, y, i / 2 * 2 + 2, 1}, color);
    }
}

static void arrow_between(struct views *v, const struct model_thread *from,
                          const struct model_thread *to, int64_t ns, struct gfx_rect r,
                          gfx_color color)
{
    int y0, y1, x = model_px_from_ns(&v->window, ns);
    if (!from || !to || from == to || x < -10 || x > r.w + 10 || !thread_y(v, from, r, &y0) ||
        !thread_y(v, to, r, &y1))
        return;
    arrow(v, r.x + x, y0, y1, color);
}

static void draw_waker(struct views *v, struct gfx_rect r)
{
    const struct views_pick *p = &v->pick;
    const struct model_thread *th = &v->doc->threads[p->thread];
    struct trace_cursor c = trace_cursor(v->doc->trace, model_lane_table(p->lane), th->key);
    uint64_t tid = 0;
    if (p->lane == MODEL_LANE_STATE)
        tid = trace_get(&c, p->row, TRACE_THREAD_STATE_waker_tid);
    else if (p->lane == MODEL_LANE_LOCKS)
        tid = trace_get(&c, p->row, TRACE_LOCK_WAIT_holder_tid);
    if (tid)
        arrow_between(v, model_doc_thread(v->doc, tid, p->end_ns), th, p->end_ns, r,
                      p->lane == MODEL_LANE_LOCKS ? palette_span(v->ui.theme, MODEL_LOCK)
                                                  : v->ui.theme->accent);
}

static void draw_wakees(struct views *v, struct gfx_rect r)
{
    const struct views_pick *p = &v->pick;
    const struct model_thread *th = &v->doc->threads[p->thread];
    struct trace_cursor c = trace_cursor(v->doc->trace, TRACE_WAKEUP_TABLE, 0);
    uint64_t row = trace_lower_bound(&c, (uint64_t)p->begin_ns);
    int arrows = 0;
    for (int n = 0; n < MOST_WAKEUPS && row < c.total_rows && arrows < MOST_ARROWS; n++, row++) {
        int64_t ns = (int64_t)trace_get(&c, row, TRACE_WAKEUP_ts);
        if (ns > p->end_ns)
            return;
        if (trace_get(&c, row, TRACE_WAKEUP_waker_tid) != th->tid)
            continue;
        uint64_t tid = trace_get(&c, row, TRACE_WAKEUP_wakee_tid);
        arrow_between(v, th, model_doc_thread(v->doc, tid, ns), ns, r, v->ui.theme->accent);
        arrows++;
    }
}

/* Who woke whom in the selected range; of the selected thread alone where there is one.
 * More than can be told apart are none. */
static void draw_selected(struct views *v, struct gfx_rect r)
{
    struct trace_cursor c = trace_cursor(v->doc->trace, TRACE_WAKEUP_TABLE, 0);
    uint64_t first = trace_lower_bound(&c, (uint64_t)v->selection.begin_ns);
    uint64_t end = trace_lower_bound(&c, (uint64_t)v->selection.end_ns);
    uint64_t tid = v->thread != MODEL_NO_THREAD ? v->doc->threads[v->thread].tid : 0;
    if (end - first > MOST_WAKEUPS)
        return;
    for (int pass = 0, arrows = 0; pass < 2 && arrows <= MOST_SELECTED; pass++)
        for (uint64_t row = first; row < end; row++) {
            uint64_t waker = trace_get(&c, row, TRACE_WAKEUP_waker_tid);
            uint64_t wakee = trace_get(&c, row, TRACE_WAKEUP_wakee_tid);
            int64_t ns = (int64_t)trace_get(&c, row, TRACE_WAKEUP_ts);
            if (tid && waker != tid && wakee != tid)
                continue;
            if (!pass)
                arrows++; /* counted first */
            else
                arrow_between(v, model_doc_thread(v->doc, waker, ns),
                              model_doc_thread(v->doc, wakee, ns), ns, r, v->ui.theme->accent);
        }
}

void views_arrows_draw(struct views *v, struct gfx_rect r)
{
    if (!v->pick.set && model_range_ns(v->selection))
        draw_selected(v, r);
    if (!v->pick.set || !model_lane_is_thread(v->pick.lane))
        return;
    draw_waker(v, r);
    if (v->pick.lane == MODEL_LANE_STATE)
        draw_wakees(v, r);
}

/* Two lines, and between them their distance. */
void views_markers_draw(struct views *v, struct gfx_rect r, int axis_h)
{
    static const char *const names[VIEWS_MARKERS] = {"A", "B"};
    struct ui *ui = &v->ui;
    int side = ui_px(ui, 16);
    for (int i = 0; i < VIEWS_MARKERS; i++) {
        int64_t ns = v->nav.marker_ns[i];
        int x = ns < 0 ? -1 : model_px_from_ns(&v->window, ns);
        if (x < 0 || x >= r.w)
            continue;
        gfx_rect(ui->list, (struct gfx_rect){r.x + x, r.y, ui_px(ui, 1), r.h}, ui->theme->warn);
        struct gfx_rect flag = {r.x + x, r.y, side, side};
        gfx_rect(ui->list, flag, ui->theme->warn);
        ui_label_center(ui, GFX_BOLD, flag, names[i], ui->theme->back);
    }
    const int64_t *m = v->nav.marker_ns;
    if (m[0] < 0 || m[1] < 0)
        return;
    int64_t first = m[0] < m[1] ? m[0] : m[1], last = m[0] < m[1] ? m[1] : m[0];
    int x0 = model_px_from_ns(&v->window, first), x1 = model_px_from_ns(&v->window, last);
    x0 = x0 < 0 ? 0 : x0;
    x1 = x1 > r.w ? r.w : x1;
    char text[FMT_MAX];
    fmt_ns(text, (uint64_t)(last - first));
    int w = ui_text_width(ui, GFX_BOLD, text) + ui_px(ui, 12);
    if (x1 <= x0)
        return;
    int y = r.y + axis_h + ui_px(ui, 3), h = ui_px(ui, 18);
    gfx_rect(ui->list, (struct gfx_rect){r.x + x0, y + h / 2, x1 - x0, ui_px(ui, 1)},
             ui->theme->warn);
    struct gfx_rect label = {r.x + (x0 + x1 - w) / 2, y, w, h};
    gfx_round(ui->list, label, ui_px(ui, 3), ui->theme->raised);
    ui_label_center(ui, GFX_BOLD, label, text, ui->theme->warn);
}

/* A tick at the top of the lane for each column in which a hit begins. Regions of all
 * depths are one list: their ticks are at the outermost. */
void views_hits_draw(struct views *v, const struct model_lane *lane, struct gfx_rect r)
{
    const struct model_lane_hits *h = &lane->hits;
    if (!model_search_is_on(&v->search.run) || h->begin_ns != v->window.begin_ns ||
        h->column_ns != v->window.column_ns || h->width_px != v->window.width_px || lane->depth)
        return;
    for (int x = 0; x < h->width_px; x++) {
        int from = x;
        while (x < h->width_px && h->bits[x / 64] >> x % 64 & 1)
            x++;
        if (x > from)
            gfx_rect(v->ui.list, (struct gfx_rect){r.x + from, r.y, x - from, ui_px(&v->ui, 3)},
                     v->ui.theme->select_edge);
    }
}

/* Hits over the whole trace, in the minimap. */
void views_hits_map(struct views *v, struct gfx_rect r)
{
    const struct model_search *s = &v->search.run;
    if (!model_search_is_on(s) || !atomic_load(&s->hits))
        return;
    for (int x = 0; x < r.w; x++) {
        int from = (int)((int64_t)x * MODEL_SEARCH_BUCKETS / r.w);
        int to = (int)((int64_t)(x + 1) * MODEL_SEARCH_BUCKETS / r.w);
        uint32_t hits = 0;
        for (int b = from; b < to || b == from; b++)
            hits += atomic_load_explicit(&s->buckets[b], memory_order_relaxed);
        if (hits)
            gfx_rect(v->ui.list, (struct gfx_rect){r.x + x, r.y, 1, ui_px(&v->ui, 6)},
                     v->ui.theme->warn);
    }
}
