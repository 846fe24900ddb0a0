/* top: functions by the weight of a flame graph's tree, as a table. */
#include "views/views.h"

#include "base/fmt.h"

enum {
    ROW_H = 20
};

/* Column heads that sort when clicked. */
static void draw_heads(struct views *v, struct views_flame *f, struct gfx_rect r, const int *widths)
{
    static const char *const texts[] = {"Itself", "With callees", "Function"};
    static const enum model_top_order orders[] = {MODEL_TOP_SELF, MODEL_TOP_TOTAL, MODEL_TOP_NAME};
    struct ui *ui = &v->ui;
    gfx_rect(ui->list, r, ui->theme->raised);
    for (int i = 0; i < 3; i++) {
        struct gfx_rect cell = i < 2 ? ui_cut_left(&r, widths[i]) : r;
        bool on = f->top_order == orders[i];
        gfx_color color = on || ui_hover(ui, cell) ? ui->theme->text : ui->theme->text_dim;
        struct gfx_rect mark = {cell.x + cell.w - ui_px(ui, 14), cell.y, ui_px(ui, 14), cell.h};
        if (i < 2) {
            ui_label_right(ui, GFX_SMALL, ui_inset(cell, ui_px(ui, 16), 0), texts[i], color);
        } else {
            int w = ui_label(ui, GFX_SMALL, ui_inset(cell, ui_px(ui, 8), 0), texts[i], color);
            mark.x = cell.x + w + ui_px(ui, 12);
        }
        if (on)
            ui_fold_mark(ui, mark, true, ui->theme->accent);
        if (ui_click(ui, UI_ID("top-head", i) ^ (uintptr_t)f, cell)) {
            f->top_order = orders[i];
            f->top_made = false;
            ui->again = true;
        }
    }
}

/* A weight, its share as text and as a bar behind both. */
static void draw_weight(struct views *v, struct gfx_rect r, const char *unit, uint64_t weight,
                        uint64_t all)
{
    struct ui *ui = &v->ui;
    char text[48], share[FMT_MAX];
    struct gfx_rect bar = ui_inset(r, ui_px(ui, 4), ui_px(ui, 2));
    bar.w = (int)((double)bar.w * (double)weight / (double)all);
    gfx_rect(ui->list, bar, gfx_mix(ui->theme->panel, ui->theme->accent, 60));
    r = ui_inset(r, ui_px(ui, 12), 0);
    ui_label_right(ui, GFX_NORMAL, ui_cut_right(&r, ui_px(ui, 58)), fmt_share(share, weight, all),
                   ui->theme->text);
    ui_label_right(ui, GFX_NORMAL, r, views_weight(text, unit, weight), ui->theme->text);
}

static void draw_row(struct views *v, const struct views_flame *f, const struct model_top_row *row,
                     struct gfx_rect r, const int *widths)
{
    struct ui *ui = &v->ui;
    uint64_t all = f->tree.nodes[0].total;
    struct gfx_rect whole = r;
    const char *name = intern_get(&f->tree.names, row->name);
    const char *module = intern_get(&f->tree.names, row->module);
    if (ui_hover(ui, r))
        gfx_rect(ui->list, r, ui->theme->raised);
    draw_weight(v, ui_cut_left(&r, widths[0]), f->unit, row->self, all);
    draw_weight(v, ui_cut_left(&r, widths[1]), f->unit, row->total, all);
    struct gfx_rect at = ui_cut_right(&r, r.w / 4);
    int w = ui_label(ui, GFX_NORMAL, ui_inset(r, ui_px(ui, 8), 0), name, ui->theme->text);
    ui_label(ui, GFX_SMALL, at, module, ui->theme->text_dim);
    if (ui_hover(ui, whole) && w < ui_text_width(ui, GFX_NORMAL, name)) {
        struct model_words tip = {.title = name, .class = MODEL_CLASSES};
        views_tip(v, &tip, 0);
    }
}

void views_top_draw(struct views *v, struct views_flame *f, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const int widths[] = {ui_px(ui, 158), ui_px(ui, 158)};
    int row_h = ui_px(ui, ROW_H);
    if (!f->tree.count || !f->tree.nodes[0].total) {
        ui_label_center(ui, GFX_NORMAL, r, f->working ? "Reading ..." : "Nothing was recorded here",
                        ui->theme->text_dim);
        return;
    }
    if (!f->top_made)
        model_top_from_flame(&f->top, &f->tree, f->top_order);
    f->top_made = true;
    draw_heads(v, f, ui_cut_top(&r, ui_px(ui, 22)), widths);
    ui_scroll(ui, UI_ID("top", (uintptr_t)f), r, (int)f->top.count * row_h, &f->top_scroll_px);
    gfx_clip_push(ui->list, r);
    for (size_t i = (size_t)(f->top_scroll_px / row_h); i < f->top.count; i++) {
        struct gfx_rect at = {r.x, r.y + (int)i * row_h - f->top_scroll_px, r.w - ui_px(ui, 10),
                              row_h};
        if (at.y >= r.y + r.h)
            break;
        draw_row(v, f, &f->top.rows[i], at, widths);
    }
    gfx_clip_pop(ui->list);
}
