/* help: the overlay of all keys, made from the key table: in as many columns as there is
 * room for, of equal height; smaller or scrolled where that is not enough. */
#include "views/views.h"

#include <string.h>

enum {
    LINE_H = 21,
    SMALL_LINE_H = 17,
    COLUMN_W = 390,
    COLUMNS_MOST = 4,
    KEYS_W = 128
};

struct help_layout {
    int columns, rows; /* in each column */
    int line_px;
    enum gfx_font font;
};

struct help_place {
    int column, row;
    bool head; /* the group's name, a row above */
};

/* The next line's place; a group's name never stands alone at a column's end. */
static void advance(const struct views *v, size_t i, int rows, struct help_place *at)
{
    at->head = !i || strcmp(v->keys[i].group, v->keys[i - 1].group);
    int gap = at->head && at->row ? 1 : 0;
    if (at->row + gap + at->head + 1 > rows) {
        at->column++;
        at->row = gap = 0;
    }
    at->row += gap + at->head;
}

static int columns_needed(const struct views *v, int rows)
{
    struct help_place at = {0};
    for (size_t i = 0; i < v->key_count; i++) {
        advance(v, i, rows, &at);
        at.row++;
    }
    return at.column + 1;
}

static struct help_layout lay_out(struct views *v, int width_px, int height_px)
{
    struct ui *ui = &v->ui;
    struct help_layout l = {.columns = width_px / ui_px(ui, COLUMN_W),
                            .rows = 2,
                            .line_px = ui_px(ui, LINE_H),
                            .font = GFX_NORMAL};
    l.columns = l.columns < 1 ? 1 : l.columns > COLUMNS_MOST ? COLUMNS_MOST : l.columns;
    while (columns_needed(v, l.rows) > l.columns)
        l.rows++;
    if (l.rows * l.line_px > height_px) {
        l.line_px = ui_px(ui, SMALL_LINE_H);
        l.font = GFX_SMALL;
    }
    return l;
}

static void draw_lines(struct views *v, struct gfx_rect r, const struct help_layout *l)
{
    struct ui *ui = &v->ui;
    struct help_place at = {0};
    int column_w = r.w / l->columns;
    for (size_t i = 0; i < v->key_count; i++, at.row++) {
        const struct views_key_help *k = &v->keys[i];
        advance(v, i, l->rows, &at);
        struct gfx_rect row = {r.x + at.column * column_w, r.y + at.row * l->line_px,
                               column_w - ui_px(ui, 14), l->line_px};
        struct gfx_rect head = {row.x, row.y - l->line_px, row.w, row.h};
        if (at.head)
            ui_label(ui, GFX_BOLD, head, k->group, ui->theme->accent);
        ui_label(ui, l->font, ui_cut_left(&row, ui_px(ui, KEYS_W)), k->keys, ui->theme->text);
        ui_label(ui, l->font, row, k->what, ui->theme->text_dim);
    }
}

static void draw(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    int margin = ui_px(ui, 12), frame_h = ui_px(ui, 70);
    gfx_rect(ui->list, r, ui->theme->shade);
    struct gfx_rect room = ui_inset(r, margin, margin);
    struct help_layout l = lay_out(v, room.w - ui_px(ui, 40), room.h - frame_h);
    int w = l.columns * ui_px(ui, COLUMN_W + 40) + ui_px(ui, 40), h = l.rows * l.line_px + frame_h;
    w = w > room.w ? room.w : w;
    h = h > room.h ? room.h : h;
    struct gfx_rect box = {r.x + (r.w - w) / 2, r.y + (r.h - h) / 2, w, h};
    gfx_round(ui->list, box, ui_px(ui, 6), ui->theme->line);
    gfx_round(ui->list, ui_inset(box, 1, 1), ui_px(ui, 6), ui->theme->panel);
    struct gfx_rect in = ui_inset(box, ui_px(ui, 22), ui_px(ui, 15));
    struct gfx_rect head = ui_cut_top(&in, ui_px(ui, 38));
    ui_label(ui, GFX_TITLE, head, "Keys and mouse", ui->theme->text);
    ui_label_right(ui, GFX_SMALL, head, "Esc or ? closes", ui->theme->text_dim);
    in.w -= ui_scroll(ui, UI_ID("help-scroll", 0), in, l.rows * l.line_px, &v->help_scroll_px);
    gfx_clip_push(ui->list, in);
    draw_lines(v, (struct gfx_rect){in.x, in.y - v->help_scroll_px, in.w, in.h}, &l);
    gfx_clip_pop(ui->list);
    if (ui->in.pressed && !gfx_inside(box, ui->in.x, ui->in.y)) {
        v->help_open = false;
        ui->again = true;
    }
}

const struct view view_help = {"help", draw};
