/* status: the line at the bottom: where the pointer is, what is selected. */
#include "views/views.h"

#include "base/fmt.h"
#include "model/ticks.h"

#include <stdio.h>

static void draw(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const struct gfx_theme *t = ui->theme;
    gfx_rect(ui->list, r, t->panel);
    gfx_rect(ui->list, ui_cut_top(&r, 1), t->line);
    r = ui_inset(r, ui_px(ui, 12), 0);
    struct gfx_rect hint = r;
    ui_label_right(ui, GFX_SMALL, hint,
                   v->tab > 0
                       ? "click a frame: its callers    double click zooms, Esc zooms out    ? keys"
                       : "W S zoom    A D pan    drag to select    F fit    0 all    ? keys",
                   t->text_dim);
    ui_cut_right(&r, ui_px(ui, 400));
    if (v->notice[0]) {
        ui_label(ui, GFX_SMALL, r, v->notice, t->warn);
        return;
    }
    if (!views_timeline_shown(v))
        return;
    struct err damage;
    if (trace_damage(v->doc->trace, &damage)) {
        ui_label(ui, GFX_SMALL, r, damage.text, t->warn);
        return;
    }
    char from[FMT_MAX], at[MODEL_TIME_MAX], begin[MODEL_TIME_MAX], end[MODEL_TIME_MAX];
    char text[256];
    struct model_range sel = v->selection;
    if (model_range_ns(sel))
        snprintf(text, sizeof text, "selected %s   from %s to %s",
                 fmt_ns(from, (uint64_t)model_range_ns(sel)), model_time_exact(begin, sel.begin_ns),
                 model_time_exact(end, sel.end_ns));
    else
        snprintf(text, sizeof text, "visible %s   from %s",
                 fmt_ns(from, (uint64_t)(v->window.end_ns - v->window.begin_ns)),
                 model_time_exact(begin, v->window.begin_ns));
    int w = ui_label(ui, GFX_SMALL, r, text, t->text_dim);
    ui_cut_left(&r, w + ui_px(ui, 24));
    const int64_t *mark = v->nav.marker_ns;
    if (mark[0] >= 0 && mark[1] >= 0) {
        int64_t away = mark[1] - mark[0];
        snprintf(text, sizeof text, "A to B %s", model_time_exact(at, away));
        w = ui_label(ui, GFX_SMALL, r, text, t->warn);
        ui_cut_left(&r, w + ui_px(ui, 24));
    }
    if (v->hover_ns < 0)
        return;
    snprintf(text, sizeof text, "pointer at %s", model_time_exact(at, v->hover_ns));
    ui_label(ui, GFX_SMALL, r, text, t->text);
}

const struct view view_status = {"status", draw};
