/* timeline: time axis, lanes and their names; pointer input on them. */
#include "views/views.h"

#include "model/ticks.h"

#include <stdio.h>
#include <time.h>

enum {
    AXIS_H = 24,
    ROWS_US = 3500,
    HITS_US = 2000,
    TICK_APART = 92
};

/* The axis' tick marks and labels; grid lines go down the lanes. */
static void draw_axis(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct model_ticks ticks = model_ticks(&v->window, ui_px(ui, TICK_APART));
    struct model_tick tick;
    char base[MODEL_TIME_MAX];
    int pad = ui_px(ui, 4), free_from = r.x;
    gfx_rect(ui->list, r, ui->theme->panel);
    gfx_clip_push(ui->list, r);
    int64_t first = (v->window.begin_ns + ticks.major_ns - 1) / ticks.major_ns * ticks.major_ns;
    model_ticks_base(&ticks, v->window.begin_ns, base);
    int base_w = ui_text_width(ui, GFX_BOLD, base) + 3 * pad;
    /* The window's own round instant, unless one is in sight near the edge. */
    if (model_px_from_ns(&v->window, first) > base_w && v->window.begin_ns > 0) {
        struct gfx_rect cell = {r.x + pad, r.y, base_w, r.h};
        ui_label(ui, GFX_BOLD, cell, base, ui->theme->text);
        free_from = r.x + base_w;
    }
    while (model_ticks_next(&ticks, &tick)) {
        int x = r.x + model_px_from_ns(&v->window, tick.ns);
        enum gfx_font font = tick.major ? GFX_BOLD : GFX_SMALL;
        gfx_rect(ui->list, (struct gfx_rect){x, r.y + r.h - ui_px(ui, tick.major ? 9 : 5), 1, r.h},
                 ui->theme->text_dim);
        if (x < free_from)
            continue;
        struct gfx_rect cell = {x + pad, r.y, ui_px(ui, TICK_APART) - pad, r.h};
        ui_label(ui, font, cell, tick.label, tick.major ? ui->theme->text : ui->theme->text_dim);
    }
    gfx_clip_pop(ui->list);
    gfx_rect(ui->list, (struct gfx_rect){r.x, r.y + r.h - 1, r.w, 1}, ui->theme->line);
    views_notes_axis(v, r);
}

static void draw_grid(struct views *v, struct gfx_rect r)
{
    struct model_ticks ticks = model_ticks(&v->window, ui_px(&v->ui, TICK_APART));
    struct model_tick tick;
    while (model_ticks_next(&ticks, &tick))
        gfx_rect(v->ui.list,
                 (struct gfx_rect){r.x + model_px_from_ns(&v->window, tick.ns), r.y, 1, r.h},
                 v->ui.theme->grid);
}

static void draw_selection(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    if (!model_range_ns(v->selection))
        return;
    int x0 = model_px_from_ns(&v->window, v->selection.begin_ns);
    int x1 = model_px_from_ns(&v->window, v->selection.end_ns);
    x0 = x0 < -1 ? -1 : x0;
    x1 = x1 > r.w + 1 ? r.w + 1 : x1;
    if (x1 < 0 || x0 > r.w)
        return;
    gfx_rect(ui->list, (struct gfx_rect){r.x + x0, r.y, x1 - x0, r.h}, ui->theme->select);
    gfx_rect(ui->list, (struct gfx_rect){r.x + x0, r.y, 1, r.h}, ui->theme->select_edge);
    gfx_rect(ui->list, (struct gfx_rect){r.x + x1 - 1, r.y, 1, r.h}, ui->theme->select_edge);
}

/* Rows of lanes out of sight are given back. */
static void forget_hidden(struct views *v)
{
    for (size_t i = 0; i < v->lanes.count; i++) {
        struct model_lane *lane = &v->lanes.items[i];
        if (!lane->seen)
            model_lane_forget(lane);
        lane->seen = false;
    }
}

static uint64_t now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Brings the rows in sight up to date, for at most ROWS_US of a frame; those that
 * must wait come first in the next. */
static void build_rows(struct views *v, int height_px)
{
    uint64_t begin_us = now_us();
    size_t first = model_lanes_first(&v->lanes, v->scroll_px), end = first;
    while (end < v->lanes.count && v->lanes.items[end].y < v->scroll_px + height_px)
        end++;
    size_t count = end - first;
    for (size_t i = 0; i < count; i++) {
        struct model_lane *lane = &v->lanes.items[first + (v->next_row + i) % count];
        struct model_spans spans;
        if (!model_lanes_spans(&v->lanes, lane, v->doc, &spans))
            continue;
        while (!model_row_step(&lane->row, &lane->next, &spans, &v->window)) {
            if (now_us() - begin_us < ROWS_US)
                continue;
            v->next_row = (v->next_row + i) % count;
            v->busy = true;
            return;
        }
    }
}

/* The same for ticks of search hits. */
static void build_hits(struct views *v, int height_px)
{
    uint64_t begin_us = now_us();
    size_t first = model_lanes_first(&v->lanes, v->scroll_px);
    if (!model_search_is_on(&v->search.run))
        return;
    for (size_t i = first; i < v->lanes.count; i++) {
        struct model_lane *lane = &v->lanes.items[i];
        if (lane->y >= v->scroll_px + height_px)
            return;
        while (model_lane_is_thread(lane->kind) && !lane->depth &&
               model_search_columns(&v->search.run, lane, &v->window)) {
            if (now_us() - begin_us < HITS_US)
                continue;
            v->busy = true;
            return;
        }
    }
}

static void draw_lanes(struct views *v, struct gfx_rect names, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    build_rows(v, r.h);
    build_hits(v, r.h);
    gfx_clip_push(ui->list, r);
    draw_grid(v, r);
    for (size_t i = model_lanes_first(&v->lanes, v->scroll_px); i < v->lanes.count; i++) {
        struct model_lane *lane = &v->lanes.items[i];
        struct gfx_rect at = {r.x, r.y + lane->y - v->scroll_px, r.w, lane->h};
        if (at.y >= r.y + r.h)
            break;
        lane->seen = true;
        views_lane_draw(v, lane, at);
        views_hits_draw(v, lane, at);
        if (ui_hover(ui, at) && v->hover_ns >= 0)
            views_lane_hover(v, lane, at, ui->in.x);
    }
    views_path_mark(v, r);
    views_arrows_draw(v, r);
    gfx_clip_pop(ui->list);
    gfx_clip_push(ui->list, names);
    for (size_t i = model_lanes_first(&v->lanes, v->scroll_px); i < v->lanes.count; i++) {
        struct model_lane *lane = &v->lanes.items[i];
        struct gfx_rect at = {names.x, names.y + lane->y - v->scroll_px, names.w, lane->h};
        if (at.y >= names.y + names.h)
            break;
        views_name_draw(v, lane, at);
    }
    gfx_clip_pop(ui->list);
    forget_hidden(v);
}

static void click(struct views *v, int64_t ns)
{
    if (v->bottom == VIEWS_WAITFOR)
        views_waitfor_click(v, ns);
    if (v->hover.set) {
        struct views_pick pick = v->hover;
        views_pick_row(v, &pick);
    } else {
        v->pick.set = false;
        v->selection = (struct model_range){0};
    }
    v->ui.again = true;
}

/* Drag selects, with Ctrl it zooms to what was selected; a press and release in
 * one place is a click. */
static void handle_drag(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    uint64_t id = UI_ID("timeline", 0);
    int64_t at = model_ns_from_px(&v->window, ui->in.x - r.x);
    if (ui_press(ui, id, r))
        v->press_ns = at;
    if (!ui_is_active(ui, id))
        return;
    if (ui_dragged(ui)) {
        views_select_range(v, v->press_ns, at);
        v->pick.set = false;
        if (ui->in.released && ui->in.mods & GFX_CTRL) {
            views_fit(v);
            v->selection = (struct model_range){0};
        }
        v->tip_set = false;
    } else if (ui->in.released) {
        click(v, at);
    }
}

static void handle_pan(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    if (ui->in.middle_down && !v->panning && ui_hover(ui, r)) {
        v->panning = true;
        v->pan_x = ui->in.x;
        v->pan_y = ui->in.y;
    }
    v->panning = v->panning && ui->in.middle_down;
    if (!v->panning)
        return;
    model_window_pan_px(&v->window, v->pan_x - ui->in.x);
    v->scroll_px += v->pan_y - ui->in.y;
    v->pan_x = ui->in.x;
    v->pan_y = ui->in.y;
}

/* Ctrl+wheel zooms at the pointer, Shift+wheel and a sideways wheel pan; the
 * plain wheel is left to the scroll bar. */
static void handle_wheel(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    if (!ui_hover(ui, r))
        return;
    if (ui->in.wheel_x != 0)
        model_window_pan(&v->window, ui->in.wheel_x * 0.08);
    if (ui->in.wheel != 0 && ui->in.mods & GFX_CTRL)
        model_window_zoom(&v->window, ui->in.wheel > 0 ? 1 / 1.25 : 1.25, ui->in.x - r.x);
    else if (ui->in.wheel != 0 && ui->in.mods & GFX_SHIFT)
        model_window_pan(&v->window, ui->in.wheel > 0 ? -0.12 : 0.12);
    else
        return;
    ui->in.wheel = 0;
}

static void draw_pointer(struct views *v, struct gfx_rect r)
{
    if (v->hover_ns >= 0)
        gfx_rect(v->ui.list, (struct gfx_rect){v->ui.in.x, r.y, 1, r.h},
                 gfx_alpha(v->ui.theme->text_dim, 110));
}

static void draw(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct gfx_rect area = r;
    struct gfx_rect axis = ui_cut_top(&r, ui_px(ui, AXIS_H));
    struct gfx_rect names = ui_cut_left(&r, v->names_px);
    struct gfx_rect corner = ui_cut_left(&axis, v->names_px);
    gfx_rect(ui->list, names, ui->theme->panel);
    gfx_rect(ui->list, corner, ui->theme->panel);
    gfx_rect(ui->list, (struct gfx_rect){corner.x, corner.y + corner.h - 1, corner.w, 1},
             ui->theme->line);
    ui_label_right(ui, GFX_SMALL, ui_inset(corner, ui_px(ui, 10), 0), "CPU share",
                   ui->theme->text_dim);
    struct gfx_rect split = {names.x + names.w, area.y, ui_px(ui, 1), area.h};
    ui_splitter(ui, UI_ID("names", 0), split, false, 1, &v->names_px);
    ui_cut_left(&r, split.w);
    ui_cut_left(&axis, split.w);
    v->lanes_visible_px = r.h;
    struct gfx_rect both = {names.x, r.y, area.w, r.h};
    struct gfx_rect full = {r.x, axis.y, r.w, axis.h + r.h};
    handle_wheel(v, full);
    handle_pan(v, full);
    int bar = ui_scroll(ui, UI_ID("lanes", 0), both, v->lanes.height_px, &v->scroll_px);
    struct gfx_rect seen = r;
    seen.w -= bar;
    if (ui_hover(ui, (struct gfx_rect){seen.x, axis.y, seen.w, full.h}))
        v->hover_ns = model_ns_from_px(&v->window, ui->in.x - r.x);
    draw_axis(v, axis);
    draw_lanes(v, names, seen);
    handle_drag(v, (struct gfx_rect){seen.x, axis.y, seen.w, full.h});
    gfx_clip_push(ui->list, full);
    draw_selection(v, full);
    views_markers_draw(v, full, axis.h);
    views_waitfor_mark(v, full);
    draw_pointer(v, full);
    gfx_clip_pop(ui->list);
}

const struct view view_timeline = {"timeline", draw};
