#include "views/callers.h"

#include "views/views.h"

#include "base/fmt.h"

#include <stdlib.h>
#include <string.h>

enum {
    BESIDE = 900, /* a panel at least this wide has the list beside the graph */
    WIDTH = 300,
    LINE_H = 18
};

void views_callers_release(struct views_callers *c)
{
    free(c->up);
    free(c->down);
    *c = (struct views_callers){0};
}

static void add(struct views_caller **v, size_t *count, size_t *cap, uint32_t name, uint64_t weight)
{
    for (size_t i = 0; i < *count; i++)
        if ((*v)[i].name == name) {
            (*v)[i].weight += weight;
            return;
        }
    mem_grow(v, cap, *count + 1, sizeof **v);
    (*v)[(*count)++] = (struct views_caller){name, weight};
}

static int heavier(const void *a, const void *b)
{
    const struct views_caller *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return x->name < y->name ? -1 : x->name > y->name;
}

static bool below_itself(const struct model_flame *f, uint32_t node)
{
    for (uint32_t n = f->nodes[node].parent; n; n = f->nodes[n].parent)
        if (f->nodes[n].name == f->nodes[node].name)
            return true;
    return false;
}

static void make(struct views_callers *c, const struct model_flame *f, const char *function)
{
    c->up_count = c->down_count = 0;
    c->total = 0;
    c->scroll_px = 0;
    for (uint32_t i = 1; i < f->count; i++) {
        const struct model_flame_node *n = &f->nodes[i];
        if (strcmp(model_flame_name(f, i), function) || below_itself(f, i))
            continue;
        c->total += n->total;
        if (n->parent)
            add(&c->up, &c->up_count, &c->up_cap, f->nodes[n->parent].name, n->total);
        for (uint32_t child = n->child; child; child = f->nodes[child].sibling)
            add(&c->down, &c->down_count, &c->down_cap, f->nodes[child].name,
                f->nodes[child].total);
    }
    if (c->up_count)
        qsort(c->up, c->up_count, sizeof *c->up, heavier);
    if (c->down_count)
        qsort(c->down, c->down_count, sizeof *c->down, heavier);
    c->made = true;
}

static void draw_rows(struct views *v, struct views_flame *f, const char *title,
                      const struct views_caller *rows, size_t count, struct gfx_rect *in)
{
    struct ui *ui = &v->ui;
    char weight[48];
    ui_label(ui, GFX_SMALL, ui_cut_top(in, ui_px(ui, LINE_H)), title, ui->theme->text_dim);
    for (size_t i = 0; i < count; i++) {
        struct gfx_rect row = ui_cut_top(in, ui_px(ui, LINE_H));
        const char *name = intern_get(&f->tree.names, rows[i].name);
        bool hover = ui_hover(ui, row);
        if (hover) {
            gfx_rect(ui->list, row, ui->theme->raised);
            ui->cursor = GFX_CURSOR_HAND;
        }
        if (name[0] != '[' && ui_click(ui, UI_ID(title, i), row))
            views_function_pick(v, name);
        ui_label_right(ui, GFX_SMALL, ui_cut_left(&row, ui_px(ui, 64)),
                       views_weight(weight, f->unit, rows[i].weight), ui->theme->text);
        ui_cut_left(&row, ui_px(ui, 8));
        ui_label(ui, GFX_SMALL, row, name, ui->theme->text);
    }
    if (!count)
        ui_label(ui, GFX_SMALL, ui_cut_top(in, ui_px(ui, LINE_H)), "        nobody",
                 ui->theme->text_dim);
}

void views_callers_draw(struct views *v, struct views_flame *f, struct gfx_rect *r)
{
    struct ui *ui = &v->ui;
    struct views_callers *c = &f->beside;
    char weight[48], share[FMT_MAX];
    if (!v->function || r->w < ui_px(ui, BESIDE))
        return;
    if (!c->made || c->serial != v->function_serial)
        make(c, &f->tree, v->function);
    c->serial = v->function_serial;
    if (!c->total)
        return;
    struct gfx_rect side = ui_cut_right(r, ui_px(ui, WIDTH));
    ui_cut_left(&side, ui_px(ui, 8));
    gfx_clip_push(ui->list, side);
    struct gfx_rect in = {side.x, side.y - c->scroll_px, side.w - ui_px(ui, 12), 1 << 20};
    ui_label(ui, GFX_BOLD, ui_cut_top(&in, ui_px(ui, LINE_H)), v->function, ui->theme->text);
    ui_label(ui, GFX_SMALL, ui_cut_top(&in, ui_px(ui, LINE_H)),
             arena_printf(&v->frame, "%s, %s of all", views_weight(weight, f->unit, c->total),
                          fmt_share(share, c->total, f->tree.nodes[0].total)),
             ui->theme->text_dim);
    draw_rows(v, f, "Callers", c->up, c->up_count, &in);
    draw_rows(v, f, "Callees", c->down, c->down_count, &in);
    ui_scroll(ui, UI_ID("callers-list", 0), side, in.y + c->scroll_px - side.y, &c->scroll_px);
    gfx_clip_pop(ui->list);
}
