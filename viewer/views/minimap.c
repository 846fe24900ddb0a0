/* minimap: running threads over the whole trace, the visible part as a handle. */
#include "views/views.h"

#include "base/fmt.h"
#include "views/palette.h"

#include <stdio.h>

static void draw_area(struct views *v, struct gfx_rect r)
{
    const struct model_overview *o = &v->doc->overview;
    struct ui *ui = &v->ui;
    gfx_color color = palette_span(ui->theme, MODEL_RUNNING);
    if (!o->peak_ns)
        return;
    int run_x = 0, run_h = -1;
    for (int x = 0; x <= r.w; x++) {
        int h = -1;
        if (x < r.w) {
            int from = (int)((int64_t)x * MODEL_OVERVIEW_BUCKETS / r.w);
            int to = (int)((int64_t)(x + 1) * MODEL_OVERVIEW_BUCKETS / r.w);
            uint64_t most = 0;
            for (int b = from; b < to || b == from; b++)
                most = o->running_ns[b] > most ? o->running_ns[b] : most;
            h = (int)((most * (uint64_t)r.h + o->peak_ns - 1) / o->peak_ns);
        }
        if (h == run_h)
            continue;
        if (run_h > 0)
            gfx_rect(ui->list, (struct gfx_rect){r.x + run_x, r.y + r.h - run_h, x - run_x, run_h},
                     color);
        run_x = x;
        run_h = h;
    }
}

static int px_of(const struct model_window *whole, struct gfx_rect r, int64_t ns)
{
    int x = model_px_from_ns(whole, ns);
    return r.x + (x < 0 ? 0 : x > r.w ? r.w : x);
}

/* Outside the window is dimmed; the window has an outline and two grips. */
static void draw_handle(struct views *v, struct gfx_rect r, int x0, int x1)
{
    struct ui *ui = &v->ui;
    gfx_color dim = gfx_alpha(ui->theme->back, 150);
    if (x1 < x0 + ui_px(ui, 3))
        x1 = x0 + ui_px(ui, 3);
    gfx_rect(ui->list, (struct gfx_rect){r.x, r.y, x0 - r.x, r.h}, dim);
    gfx_rect(ui->list, (struct gfx_rect){x1, r.y, r.x + r.w - x1, r.h}, dim);
    gfx_frame(ui->list, (struct gfx_rect){x0, r.y, x1 - x0, r.h}, ui_px(ui, 1), ui->theme->accent);
    int grip = ui_px(ui, 3), tall = r.h / 2;
    gfx_rect(ui->list, (struct gfx_rect){x0, r.y + r.h / 4, grip, tall}, ui->theme->accent);
    gfx_rect(ui->list, (struct gfx_rect){x1 - grip, r.y + r.h / 4, grip, tall}, ui->theme->accent);
}

/* Dragging an edge moves that edge; anywhere else centres the window there. */
static void handle_input(struct views *v, struct gfx_rect r, const struct model_window *whole,
                         int x0, int x1)
{
    struct ui *ui = &v->ui;
    int reach = ui_px(ui, 5);
    struct gfx_rect left = {x0 - reach, r.y, 2 * reach, r.h};
    struct gfx_rect right = {x1 - reach, r.y, 2 * reach, r.h};
    bool wide = x1 - x0 > 4 * reach;
    if (wide)
        ui_press(ui, UI_ID("map-left", 0), left);
    if (wide)
        ui_press(ui, UI_ID("map-right", 0), right);
    ui_press(ui, UI_ID("map", 0), r);
    if (ui_hover(ui, r))
        ui->cursor = wide && (ui_hover(ui, left) || ui_hover(ui, right)) ? GFX_CURSOR_SPLIT_X
                                                                         : GFX_CURSOR_HAND;
    int64_t at = model_ns_from_px(whole, ui->in.x - r.x),
            span = v->window.end_ns - v->window.begin_ns;
    if (ui_is_active(ui, UI_ID("map-left", 0)) && at < v->window.end_ns)
        model_window_show(&v->window, at, v->window.end_ns);
    else if (ui_is_active(ui, UI_ID("map-right", 0)) && at > v->window.begin_ns)
        model_window_show(&v->window, v->window.begin_ns, at);
    else if (ui_is_active(ui, UI_ID("map", 0)))
        model_window_show(&v->window, at - span / 2, at - span / 2 + span);
    if (ui_hover(ui, r) && ui->in.wheel != 0) {
        model_window_zoom(&v->window, ui->in.wheel > 0 ? 1 / 1.25 : 1.25, v->window.width_px / 2);
        ui->in.wheel = 0;
    }
}

static void draw_names(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const struct model_overview *o = &v->doc->overview;
    char text[96];
    r = ui_inset(r, ui_px(ui, 12), ui_px(ui, 5));
    struct gfx_rect line = ui_cut_top(&r, r.h / 2);
    ui_label(ui, GFX_SMALL, line, "Threads running", ui->theme->text);
    if (!atomic_load(&o->done))
        snprintf(text, sizeof text, "reading ... %u %%", atomic_load(&o->permille) / 10);
    else if (o->bucket_ns)
        snprintf(text, sizeof text, "at most %.1f at once",
                 (double)o->peak_ns / (double)o->bucket_ns);
    else
        text[0] = '\0';
    ui_label(ui, GFX_SMALL, r, text, ui->theme->text_dim);
}

static void draw(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    gfx_rect(ui->list, r, ui->theme->panel);
    gfx_rect(ui->list, ui_cut_bottom(&r, 1), ui->theme->line);
    draw_names(v, ui_cut_left(&r, v->names_px));
    gfx_rect(ui->list, ui_cut_left(&r, ui_px(ui, 1)), ui->theme->line);
    gfx_rect(ui->list, r, ui->theme->back);
    struct model_window whole;
    model_window_init(&whole, v->doc->duration_ns, r.w);
    struct gfx_rect area = ui_inset(r, 0, ui_px(ui, 4));
    if (atomic_load(&v->doc->overview.done))
        draw_area(v, area);
    else
        v->waiting = true;
    views_hits_map(v, r);
    if (model_range_ns(v->selection)) {
        int s0 = px_of(&whole, r, v->selection.begin_ns),
            s1 = px_of(&whole, r, v->selection.end_ns);
        gfx_rect(ui->list, (struct gfx_rect){s0, r.y, s1 > s0 ? s1 - s0 : 1, r.h},
                 ui->theme->select);
    }
    int x0 = px_of(&whole, r, v->window.begin_ns), x1 = px_of(&whole, r, v->window.end_ns);
    handle_input(v, r, &whole, x0, x1);
    x0 = px_of(&whole, r, v->window.begin_ns);
    x1 = px_of(&whole, r, v->window.end_ns);
    draw_handle(v, r, x0, x1);
}

const struct view view_minimap = {"minimap", draw};
