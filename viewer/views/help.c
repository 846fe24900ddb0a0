/* help: the overlay of all keys, made from the key table. */
#include "views/views.h"

#include <string.h>

enum {
    LINE_H = 21,
    LEAST_LINE_H = 15,
    AROUND_H = 78 /* of the box, beside its lines */
};

/* Half lines that the groups [from, to) of lines take, heads and gaps included. */
static int half_lines(const struct views *v, size_t from, size_t to)
{
    int halves = 0;
    for (size_t i = from; i < to; i++) {
        bool first = i == from || strcmp(v->keys[i].group, v->keys[i - 1].group);
        halves += first ? (i == from ? 4 : 5) : 2;
    }
    return halves;
}

/* The group at which the second column begins: the split that is least tall. */
static size_t split_at(const struct views *v, int *halves)
{
    size_t best = v->key_count;
    *halves = half_lines(v, 0, v->key_count);
    for (size_t i = 1; i < v->key_count; i++) {
        if (!strcmp(v->keys[i].group, v->keys[i - 1].group))
            continue;
        int left = half_lines(v, 0, i), right = half_lines(v, i, v->key_count);
        int taller = left > right ? left : right;
        if (taller < *halves) {
            *halves = taller;
            best = i;
        }
    }
    return best;
}

static void draw_column(struct views *v, struct gfx_rect r, size_t from, size_t to, int line)
{
    struct ui *ui = &v->ui;
    for (size_t i = from; i < to; i++) {
        const struct views_key_help *k = &v->keys[i];
        if (i == from || strcmp(k->group, v->keys[i - 1].group)) {
            ui_cut_top(&r, i == from ? 0 : line / 2);
            ui_label(ui, GFX_BOLD, ui_cut_top(&r, line), k->group, ui->theme->accent);
        }
        struct gfx_rect row = ui_cut_top(&r, line);
        ui_label(ui, GFX_NORMAL, ui_cut_left(&row, ui_px(ui, 120)), k->keys, ui->theme->text);
        ui_label(ui, GFX_NORMAL, row, k->what, ui->theme->text_dim);
    }
}

static void draw(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    gfx_rect(ui->list, r, ui->theme->shade);
    int halves;
    size_t split = split_at(v, &halves);
    /* In a low window lines come closer to each other. */
    int line = (r.h - ui_px(ui, 40 + AROUND_H)) * 2 / (halves > 0 ? halves : 1);
    line = line < ui_px(ui, LEAST_LINE_H) ? ui_px(ui, LEAST_LINE_H) : line;
    line = line > ui_px(ui, LINE_H) ? ui_px(ui, LINE_H) : line;
    int w = ui_px(ui, 860), h = halves * line / 2 + ui_px(ui, AROUND_H);
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
    draw_column(v, ui_cut_left(&in, in.w / 2), 0, split, line);
    draw_column(v, in, split, v->key_count, line);
    gfx_clip_pop(ui->list);
    if (ui->in.pressed && !gfx_inside(box, ui->in.x, ui->in.y)) {
        v->help_open = false;
        ui->again = true;
    }
}

const struct view view_help = {"help", draw};
