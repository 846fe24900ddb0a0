/* sandwich: who calls a function, above; the function; whom it calls, below. */
#include "views/views.h"

#include "base/fmt.h"

#include <stdlib.h>
#include <string.h>

void views_flame_focus(struct views_flame *f, const char *function)
{
    char *copy = function ? strdup(function) : NULL; /* may be f->function itself */
    free(f->function);
    f->function = copy;
    f->sandwich_made = false;
    f->callers.scroll_px = f->callees.scroll_px = 0;
}

void views_callers(struct views *v)
{
    struct views_flame *f = v->tab > 0 ? &v->profiles[v->tab - 1].flame : &v->flame;
    uint32_t node = f->hover ? f->hover : f->zoom;
    if (v->tab == 0 && v->bottom != VIEWS_FLAME && v->bottom != VIEWS_TOP)
        return;
    if (f->function)
        views_flame_focus(f, NULL);
    else if (node && node < f->tree.count)
        views_flame_focus(f, model_flame_name(&f->tree, node));
    if (v->tab == 0)
        v->bottom = VIEWS_FLAME;
}

static void make(struct views_flame *f)
{
    f->function_found = model_flame_callers(&f->callers.tree, &f->tree, f->function);
    if (f->function_found)
        model_flame_callees(&f->callees.tree, &f->tree, f->function);
    f->sandwich_made = true;
}

static void draw_half(struct views *v, struct views_flame *f, struct views_half *half, bool callers,
                      struct gfx_rect r)
{
    struct views_boxes b = {.name = callers ? "callers" : "callees",
                            .tree = &half->tree,
                            .boxes = &half->boxes,
                            .flipped = callers,
                            .scroll_px = &half->scroll_px};
    views_boxes_draw(v, f, &b, r);
    if (b.clicked != UINT32_MAX && b.clicked && half->tree.nodes[b.clicked].wait == MODEL_CLASSES) {
        views_flame_focus(f, model_flame_name(&half->tree, b.clicked));
        views_function_pick(v, f->function);
        v->ui.again = true;
    }
}

static void draw_heading(struct views *v, const char *text, struct gfx_rect r)
{
    gfx_rect(v->ui.list, r, v->ui.theme->raised);
    ui_label(&v->ui, GFX_SMALL, ui_inset(r, ui_px(&v->ui, 6), 0), text, v->ui.theme->text_dim);
}

void views_sandwich_draw(struct views *v, struct views_flame *f, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    if (!f->sandwich_made)
        make(f);
    if (!f->function_found) {
        ui_label_center(ui, GFX_NORMAL, r,
                        arena_printf(&v->frame, "%s was not seen in this range", f->function),
                        ui->theme->text_dim);
        return;
    }
    char share[FMT_MAX], weight[48];
    uint64_t total = f->callees.tree.nodes[0].total;
    int line = ui_px(ui, 18);
    draw_heading(v,
                 arena_printf(&v->frame, "Callers of %s   (%s, %s of all)   click a frame to go on",
                              f->function, views_weight(weight, f->unit, total),
                              fmt_share(share, total, f->tree.nodes[0].total)),
                 ui_cut_top(&r, line));
    /* Callers grow upwards from the function, callees downwards. */
    int up = (int)(f->callers.tree.deepest + 1) * line, down = (int)f->callees.tree.deepest * line;
    int top = r.h * 2 / 5;
    top = up < top ? up : r.h - line - down > top ? r.h - line - down : top;
    top = up < top ? up : top;
    draw_half(v, f, &f->callers, true, ui_cut_top(&r, top));
    draw_heading(v, "Callees", ui_cut_top(&r, line));
    draw_half(v, f, &f->callees, false, r);
}
