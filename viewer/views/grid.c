/* grid: a table on screen: heads that sort, rows, the selected row's stacks. */
#include "views/panel.h"
#include "views/views.h"

#include "base/fmt.h"

#include <string.h>

enum {
    ROW_H = 20,
    HEAD_H = 22,
    TEXT_MIN = 70,      /* narrower text columns are left out */
    STACKS_FROM = 1150, /* a panel at least this wide shows stacks beside the rows */
    COLUMNS_MAX = 16
};

struct grid_layout {
    int width[COLUMNS_MAX]; /* px, 0: left out */
};

static bool is_text(const struct model_column_info *c)
{
    return c->kind == MODEL_CELL_TEXT;
}

/* Numbers get what they want; texts share the rest. Where that is too little the
 * last text columns are left out. */
static struct grid_layout lay_out(struct views *v, const struct model_table *t, int width_px)
{
    struct grid_layout l = {0};
    int rest = width_px, parts = 0;
    size_t texts = 0, count = t->column_count < COLUMNS_MAX ? t->column_count : COLUMNS_MAX;
    for (size_t c = 0; c < count; c++) {
        if (is_text(&t->columns[c]))
            texts++;
        else
            rest -= l.width[c] = ui_px(&v->ui, t->columns[c].width);
    }
    size_t fits = rest > 0 ? (size_t)(rest / ui_px(&v->ui, TEXT_MIN)) : 0, kept = 0;
    fits = fits < 1 ? 1 : fits;
    for (size_t c = 0; c < count; c++)
        if (is_text(&t->columns[c]) && kept++ < fits)
            parts += t->columns[c].width;
    kept = 0;
    for (size_t c = 0; c < count; c++)
        if (is_text(&t->columns[c]) && kept++ < fits)
            l.width[c] = rest > 0 ? rest * t->columns[c].width / parts : 0;
    return l;
}

static void tip_text(struct views *v, const char *title, const char *text)
{
    struct model_words tip = {.title = title, .class = MODEL_CLASSES};
    if (text)
        model_words_fact(&tip, "", text);
    views_tip(v, &tip, 0);
}

static void draw_head(struct views *v, struct views_grid *g, size_t c, struct gfx_rect cell)
{
    struct ui *ui = &v->ui;
    struct model_table *t = g->table;
    const struct model_column_info *column = &t->columns[c];
    bool on = t->sort == c, hover = ui_hover(ui, cell);
    gfx_color color = on || hover ? ui->theme->text : ui->theme->text_dim;
    struct gfx_rect text = ui_inset(cell, ui_px(ui, 6), 0);
    int mark = ui_px(ui, 12);
    struct gfx_rect at = {0, cell.y, mark, cell.h};
    if (is_text(column)) {
        at.x = text.x + ui_label(ui, GFX_SMALL, text, column->name, color) + ui_px(ui, 3);
    } else {
        if (on)
            text.w -= mark;
        ui_label_right(ui, GFX_SMALL, text, column->name, color);
        at.x = cell.x + cell.w - ui_px(ui, 4) - mark;
    }
    if (on && at.x + mark <= cell.x + cell.w)
        ui_fold_mark(ui, at, t->descending, ui->theme->accent);
    if (hover) {
        ui->cursor = GFX_CURSOR_HAND;
        if (column->help)
            tip_text(v, column->name, column->help);
    }
    if (ui_click(ui, UI_ID(g->name, c), cell)) {
        model_table_sort(t, c);
        views_grid_refresh(g);
        g->follow = 1;
        ui->again = true;
    }
}

static void draw_heads(struct views *v, struct views_grid *g, struct gfx_rect r,
                       const struct grid_layout *l)
{
    gfx_rect(v->ui.list, r, v->ui.theme->raised);
    for (size_t c = 0; c < g->table->column_count && c < COLUMNS_MAX; c++)
        if (l->width[c])
            draw_head(v, g, c, ui_cut_left(&r, l->width[c]));
}

static void draw_cell(struct views *v, const struct views_grid *g, uint32_t row, size_t c,
                      struct gfx_rect cell)
{
    struct ui *ui = &v->ui;
    const struct model_column_info *column = &g->table->columns[c];
    char buf[64];
    const char *text = model_cell_text(column, model_table_cell(g->table, row, c), buf);
    struct gfx_rect in = ui_inset(cell, ui_px(ui, 6), 0);
    gfx_color color =
        !strcmp(text, "-") || !strcmp(text, "0") || !strcmp(text, "0 ns") || !strcmp(text, "0 B")
            ? ui->theme->text_dim
            : ui->theme->text;
    if (column->kind == MODEL_CELL_CHANGE && text[0] != '0')
        color = text[0] == '+' ? ui->theme->warn : ui->theme->good;
    if (!is_text(column)) {
        ui_label_right(ui, GFX_NORMAL, in, text, color);
        return;
    }
    ui_label(ui, GFX_NORMAL, in, text, color);
    if (ui_hover(ui, cell) && ui_text_width(ui, GFX_NORMAL, text) > in.w)
        tip_text(v, arena_strdup(&v->frame, text), NULL);
}

/* The row is what is picked on the timeline. */
static bool is_picked(const struct views *v, const struct model_target *t)
{
    return v->pick.set && t->set && t->lane == v->pick.lane && t->thread == v->pick.thread &&
           t->row == v->pick.row;
}

static enum views_grid_event draw_row(struct views *v, struct views_grid *g, uint32_t row,
                                      struct gfx_rect r, const struct grid_layout *l)
{
    struct ui *ui = &v->ui;
    const struct gfx_theme *t = ui->theme;
    uint64_t id = UI_ID(g->name, 0x10000 + (uint64_t)row);
    bool hover = ui_hover(ui, r);
    if (row == g->selected)
        gfx_rect(ui->list, r, gfx_mix(t->panel, t->accent, 70));
    else if (hover)
        gfx_rect(ui->list, r, t->raised);
    if (is_picked(v, &g->table->targets[row]))
        gfx_rect(ui->list, (struct gfx_rect){r.x, r.y, ui_px(ui, 3), r.h}, t->accent);
    struct gfx_rect rest = r;
    for (size_t c = 0; c < g->table->column_count && c < COLUMNS_MAX; c++)
        if (l->width[c])
            draw_cell(v, g, row, c, ui_cut_left(&rest, l->width[c]));
    if (hover && g->table->targets[row].set)
        ui->cursor = GFX_CURSOR_HAND;
    if (hover && ui->in.double_click && g->selected == row)
        return VIEWS_GRID_OPENED;
    if (!ui_click(ui, id, r))
        return VIEWS_GRID_NONE;
    ui_focus(ui, UI_ID(g->name, -1));
    g->selected = row;
    return VIEWS_GRID_PICKED;
}

/* Place of the selected row among those shown, or -1. */
static int64_t shown_index(const struct views_grid *g)
{
    for (size_t i = 0; i < g->table->shown_count; i++)
        if (g->table->shown[i] == g->selected)
            return (int64_t)i;
    return -1;
}

static enum views_grid_event handle_keys(struct views *v, struct views_grid *g, int page)
{
    enum views_grid_event event = VIEWS_GRID_NONE;
    int64_t last = (int64_t)g->table->shown_count - 1;
    int key;
    while ((key = ui_list_key(&v->ui, UI_ID(g->name, -1))) != 0 && last >= 0) {
        int64_t at = shown_index(g);
        int64_t to = key == GFX_KEY_UP          ? at - 1
                     : key == GFX_KEY_DOWN      ? at + 1
                     : key == GFX_KEY_PAGE_UP   ? at - page
                     : key == GFX_KEY_PAGE_DOWN ? at + page
                     : key == GFX_KEY_HOME      ? 0
                     : key == GFX_KEY_END       ? last
                                                : at;
        to = to < 0 ? 0 : to > last ? last : to;
        g->selected = g->table->shown[to];
        g->follow = 1;
        event = key == GFX_KEY_ENTER ? VIEWS_GRID_OPENED : VIEWS_GRID_PICKED;
        v->ui.again = true;
    }
    return event;
}

static void follow(struct views_grid *g, int row_h, int height)
{
    int64_t at = shown_index(g);
    if (!g->follow || at < 0)
        return;
    int64_t top = at * row_h;
    if (top < g->scroll_px)
        g->scroll_px = (int)top;
    else if (top + row_h > g->scroll_px + height)
        g->scroll_px = (int)(top + row_h - height);
    g->follow = 0;
}

static enum views_grid_event draw_rows(struct views *v, struct views_grid *g, struct gfx_rect r,
                                       const struct grid_layout *l)
{
    struct ui *ui = &v->ui;
    int row_h = ui_px(ui, ROW_H);
    enum views_grid_event event = handle_keys(v, g, r.h / row_h);
    follow(g, row_h, r.h);
    int bar =
        ui_scroll(ui, UI_ID(g->name, -2), r, (int)g->table->shown_count * row_h, &g->scroll_px);
    gfx_clip_push(ui->list, r);
    for (size_t i = (size_t)(g->scroll_px / row_h); i < g->table->shown_count; i++) {
        struct gfx_rect at = {r.x, r.y + (int)i * row_h - g->scroll_px, r.w - bar, row_h};
        if (at.y >= r.y + r.h)
            break;
        enum views_grid_event row_event = draw_row(v, g, g->table->shown[i], at, l);
        event = row_event == VIEWS_GRID_NONE ? event : row_event;
    }
    gfx_clip_pop(ui->list);
    return event;
}

static const struct model_target *stacks_of(const struct views_grid *g)
{
    if (g->selected >= g->table->row_count)
        return NULL;
    const struct model_target *t = &g->table->targets[g->selected];
    return t->stack_id || t->other_stack_id ? t : NULL;
}

enum views_grid_event views_grid_draw(struct views *v, struct views_grid *g, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const struct model_target *stacks = stacks_of(g);
    if (stacks && r.w >= ui_px(ui, STACKS_FROM)) {
        struct gfx_rect side = ui_cut_right(&r, r.w / 3);
        gfx_rect(ui->list, ui_cut_left(&side, 1), ui->theme->line);
        struct model_words words = {.stack_id = stacks->stack_id,
                                    .stack_title = stacks->stack_title,
                                    .other_stack_id = stacks->other_stack_id,
                                    .other_title = stacks->other_title};
        views_stacks_draw(v, &words, side, &g->stack_scroll_px);
    }
    struct grid_layout l = lay_out(v, g->table, r.w - ui_px(ui, 10));
    draw_heads(v, g, ui_cut_top(&r, ui_px(ui, HEAD_H)), &l);
    if (!g->table->shown_count) {
        ui_label_center(ui, GFX_NORMAL, r,
                        g->table->row_count ? "No row matches the filter" : "Nothing in this range",
                        ui->theme->text_dim);
        return VIEWS_GRID_NONE;
    }
    uint32_t before = g->selected;
    enum views_grid_event event = draw_rows(v, g, r, &l);
    if (g->selected != before)
        g->stack_scroll_px = 0;
    return event;
}

void views_grid_filter(struct views *v, struct views_grid *g, struct gfx_rect *r)
{
    struct gfx_rect box = ui_cut_left(r, ui_px(&v->ui, 150));
    if (box.w < ui_px(&v->ui, 60)) /* no room to read what is typed */
        return;
    if (ui_edit(&v->ui, UI_ID(g->name, -3), box, &g->filter, "Filter rows") == UI_EDIT_CHANGED) {
        views_grid_refresh(g);
        g->scroll_px = 0;
    }
}

void views_grid_refresh(struct views_grid *g)
{
    model_table_arrange(g->table, g->filter.text);
}
