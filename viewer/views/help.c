/* help: the overlay of all keys, made from the key table. */
#include "views/views.h"

#include <string.h>

static int lines_of(const struct views *v)
{
    int lines = 0;
    const char *group = "";
    for (size_t i = 0; i < v->key_count; i++) {
        if (strcmp(v->keys[i].group, group))
            lines += 2;
        group = v->keys[i].group;
        lines++;
    }
    return lines;
}

/* Two columns; a group is not torn apart. */
static void draw_keys(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    int line = ui_px(ui, 21), half = (lines_of(v) + 1) / 2, used = 0;
    struct gfx_rect column = ui_cut_left(&r, r.w / 2);
    const char *group = "";
    for (size_t i = 0; i < v->key_count; i++) {
        const struct views_key_help *k = &v->keys[i];
        if (strcmp(k->group, group)) {
            if (used >= half - 1) {
                column = r;
                used = -1000;
            }
            ui_cut_top(&column, group[0] && used > 0 ? line / 2 : 0);
            ui_label(ui, GFX_BOLD, ui_cut_top(&column, line), k->group, ui->theme->accent);
            group = k->group;
            used += 2;
        }
        struct gfx_rect row = ui_cut_top(&column, line);
        ui_label(ui, GFX_NORMAL, ui_cut_left(&row, ui_px(ui, 130)), k->keys, ui->theme->text);
        ui_label(ui, GFX_NORMAL, row, k->what, ui->theme->text_dim);
        used++;
    }
}

static void draw(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    gfx_rect(ui->list, r, ui->theme->shade);
    int w = ui_px(ui, 860), h = (lines_of(v) + 2) / 2 * ui_px(ui, 21) + ui_px(ui, 110);
    w = w > r.w - ui_px(ui, 40) ? r.w - ui_px(ui, 40) : w;
    h = h > r.h - ui_px(ui, 40) ? r.h - ui_px(ui, 40) : h;
    struct gfx_rect box = {r.x + (r.w - w) / 2, r.y + (r.h - h) / 2, w, h};
    gfx_round(ui->list, box, ui_px(ui, 6), ui->theme->line);
    gfx_round(ui->list, ui_inset(box, 1, 1), ui_px(ui, 6), ui->theme->panel);
    struct gfx_rect in = ui_inset(box, ui_px(ui, 26), ui_px(ui, 20));
    struct gfx_rect head = ui_cut_top(&in, ui_px(ui, 34));
    ui_label(ui, GFX_TITLE, head, "Keys and mouse", ui->theme->text);
    ui_label_right(ui, GFX_SMALL, head, "Esc or ? closes", ui->theme->text_dim);
    gfx_clip_push(ui->list, in);
    draw_keys(v, in);
    gfx_clip_pop(ui->list);
    if (ui->in.pressed && !gfx_inside(box, ui->in.x, ui->in.y)) {
        v->help_open = false;
        ui->again = true;
    }
}

const struct view view_help = {"help", draw};
