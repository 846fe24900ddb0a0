#include "views/calls.h"

#include "views/palette.h"
#include "views/views.h"

#include "base/fmt.h"

#include <math.h>
#include <string.h>

enum {
    MOST = 60, /* functions shown */
    BOX_H = 38,
    BOX_LEAST = 80,
    BOX_MOST = 260,
    LABEL_H = 14
};

void views_calls_release(struct views_calls *c)
{
    model_calls_release(&c->calls);
    views_graph_release(&c->graph);
    c->made = false;
}

static const char *name_of(const struct views_flame *f, size_t node)
{
    return intern_get(&f->tree.names, f->calls.calls.nodes[node].name);
}

static const char *short_name(const struct views_flame *f, size_t node)
{
    return model_short_function(name_of(f, node));
}

static double share_of(const struct views_flame *f, uint64_t weight)
{
    uint64_t all = f->tree.nodes[0].total;
    return all ? (double)weight / (double)all : 0;
}

/* "12 ms of 30 ms": alone, of with callees. */
static const char *weights_of(struct views *v, const struct views_flame *f, size_t node)
{
    const struct model_call_node *n = &f->calls.calls.nodes[node];
    char self[48], total[48];
    if (n->self == n->total)
        return arena_strdup(&v->frame, views_weight(self, f->unit, n->self));
    return arena_printf(&v->frame, "%s of %s", views_weight(self, f->unit, n->self),
                        views_weight(total, f->unit, n->total));
}

/* A function is the larger the more it does itself. */
static void size_box(struct views *v, struct views_flame *f, size_t i)
{
    double grow = 1 + 0.6 * sqrt(share_of(f, f->calls.calls.nodes[i].self));
    double w = views_graph_text_width(v, short_name(f, i), weights_of(v, f, i));
    w = w < BOX_LEAST ? BOX_LEAST : w > BOX_MOST ? BOX_MOST : w;
    views_graph_box(&f->calls.graph, i, w * grow, BOX_H * grow);
}

static void make(struct views *v, struct views_flame *f, bool sideways)
{
    struct views_calls *c = &f->calls;
    char text[48];
    model_calls_from_flame(&c->calls, &f->tree, MOST);
    views_graph_begin(&c->graph, c->calls.node_count, c->calls.edge_count, sideways);
    for (size_t i = 0; i < c->calls.node_count; i++)
        size_box(v, f, i);
    for (size_t e = 0; e < c->calls.edge_count; e++) {
        const struct model_call_edge *edge = &c->calls.edges[e];
        int width = ui_text_width(&v->ui, GFX_SMALL, views_weight(text, f->unit, edge->weight));
        c->graph.layout.edges[e] =
            (struct layout_edge){.src = edge->src,
                                 .dest = edge->dest,
                                 .weight = 1 + 100 * share_of(f, edge->weight),
                                 .label_width = sideways ? LABEL_H : width / v->ui.scale + 6};
    }
    views_graph_end(&c->graph);
    c->sideways = sideways;
    c->made = true;
}

static void tip_node(struct views *v, const struct views_flame *f, size_t i)
{
    const struct model_call_node *n = &f->calls.calls.nodes[i];
    struct model_words w = {.title = name_of(f, i), .class = MODEL_CLASSES};
    char self[48], total[48], share[FMT_MAX], of[FMT_MAX];
    uint64_t all = f->tree.nodes[0].total;
    model_words_fact(&w, "Itself",
                     arena_printf(&v->frame, "%s  %s", views_weight(self, f->unit, n->self),
                                  fmt_share(share, n->self, all)));
    model_words_fact(&w, "With callees",
                     arena_printf(&v->frame, "%s  %s", views_weight(total, f->unit, n->total),
                                  fmt_share(of, n->total, all)));
    model_words_fact(&w, "Module", intern_get(&f->tree.names, n->module));
    model_words_fact(&w, "", "click: callers, source; double click: sandwich");
    views_tip(v, &w, 0);
}

static void pick(struct views *v, struct views_flame *f, size_t i)
{
    views_function_select(v, name_of(f, i));
    if (v->tab > 0)
        views_flame_focus(f, name_of(f, i));
}

/* The more time goes through it the redder. */
static gfx_color heat(const struct gfx_theme *t, double share)
{
    gfx_color hot = t->is_dark ? 0xd2564aff : 0xf08a7cff;
    return gfx_mix(t->raised, hot, (unsigned)(255 * fmin(sqrt(share), 1)));
}

static bool is_selected(const struct views *v, const struct views_flame *f, size_t node)
{
    return v->function && !strcmp(v->function, name_of(f, node));
}

static void draw_node(struct views *v, struct views_flame *f, size_t i, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const struct gfx_theme *t = ui->theme;
    const struct model_call_node *n = &f->calls.calls.nodes[i];
    struct gfx_rect box = views_graph_rect(&f->calls.graph, i, r);
    bool hover = ui_hover(ui, gfx_intersect(box, r)), on = is_selected(v, f, i);
    bool found = !v->find.text[0] || strcasestr(name_of(f, i), v->find.text);
    gfx_color fill =
        n->wait != MODEL_CLASSES ? palette_span(t, n->wait) : heat(t, share_of(f, n->total));
    fill = found ? fill : t->panel;
    gfx_color text = gfx_contrast(fill, t->text) >= 4.5      ? t->text
                     : gfx_contrast(fill, 0x0b1017ff) >= 4.5 ? 0x0b1017ff
                                                             : 0xffffffff;
    int edge = ui_px(ui, on ? 3 : 1);
    gfx_round(ui->list, box, ui_px(ui, 3), on || hover ? t->accent : t->text_dim);
    gfx_round(ui->list, ui_inset(box, edge, edge), ui_px(ui, 3), fill);
    views_graph_text(v, &f->calls.graph, box, short_name(f, i), weights_of(v, f, i), text);
    if (!hover)
        return;
    ui->cursor = GFX_CURSOR_HAND;
    tip_node(v, f, i);
    if (ui->in.double_click)
        views_flame_focus(f, name_of(f, i));
    else if (ui->in.released && !ui_dragged(ui) && ui_is_active(ui, UI_ID("calls", 0)))
        pick(v, f, i);
}

static void tip_edge(struct views *v, const struct views_flame *f, const struct model_call_edge *e)
{
    struct model_words w = {.class = MODEL_CLASSES};
    char weight[48], share[FMT_MAX];
    w.title = arena_printf(&v->frame, "%s  calls  %s", name_of(f, e->src), name_of(f, e->dest));
    model_words_fact(&w, "Through it",
                     arena_printf(&v->frame, "%s  %s", views_weight(weight, f->unit, e->weight),
                                  fmt_share(share, e->weight, f->tree.nodes[0].total)));
    if (e->skips)
        model_words_fact(&w, "", "some through functions that are left out");
    model_words_fact(&w, "", "click goes to the far end");
    views_tip(v, &w, 0);
}

/* The end that is further from the pointer comes to the middle. */
static void go_far(struct views *v, struct views_flame *f, const struct model_call_edge *e,
                   struct gfx_rect r)
{
    struct gfx_rect a = views_graph_rect(&f->calls.graph, e->src, r);
    struct gfx_rect b = views_graph_rect(&f->calls.graph, e->dest, r);
    double to_a = hypot(a.x + a.w / 2 - v->ui.in.x, a.y + a.h / 2 - v->ui.in.y);
    double to_b = hypot(b.x + b.w / 2 - v->ui.in.x, b.y + b.h / 2 - v->ui.in.y);
    uint32_t far = to_a > to_b ? e->src : e->dest;
    pick(v, f, far);
    views_graph_center(&f->calls.graph, far, r);
}

static bool over_box(const struct views *v, const struct views_flame *f, struct gfx_rect r)
{
    for (size_t i = 0; i < f->calls.calls.node_count; i++)
        if (ui_hover(&v->ui, gfx_intersect(views_graph_rect(&f->calls.graph, i, r), r)))
            return true;
    return false;
}

static void draw_edge(struct views *v, struct views_flame *f, size_t i, bool boxed,
                      struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const struct model_call_edge *e = &f->calls.calls.edges[i];
    bool on = is_selected(v, f, e->src) || is_selected(v, f, e->dest);
    char text[48];
    struct views_graph_look look = {
        .color = on ? ui->theme->accent
                    : gfx_mix(ui->theme->text_dim, heat(ui->theme, share_of(f, e->weight)), 120),
        .thick_px = ui_px(ui, 1 + 5 * share_of(f, e->weight)),
        .dashed = e->skips};
    bool hover = views_graph_edge(v, &f->calls.graph, i, &look, r) && !boxed;
    views_graph_label(v, &f->calls.graph, i, views_weight(text, f->unit, e->weight),
                      ui->theme->text_dim, r);
    if (!hover)
        return;
    ui->cursor = GFX_CURSOR_HAND;
    tip_edge(v, f, e);
    if (ui->in.released && !ui_dragged(ui) && ui_is_active(ui, UI_ID("calls", 0)))
        go_far(v, f, e, r);
}

static void draw_foot(struct views *v, const struct views_flame *f, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    if (!f->calls.calls.left_out)
        return;
    const char *text =
        arena_printf(&v->frame, "%zu lighter functions are left out", f->calls.calls.left_out);
    struct gfx_rect row = ui_cut_bottom(&r, ui_px(ui, 20));
    row = ui_cut_right(&row, ui_text_width(ui, GFX_SMALL, text) + ui_px(ui, 12));
    gfx_rect(ui->list, row, v->tab > 0 ? ui->theme->back : ui->theme->panel);
    ui_label_center(ui, GFX_SMALL, row, text, ui->theme->text_dim);
}

void views_calls_draw(struct views *v, struct views_flame *f, struct gfx_rect r)
{
    struct views_calls *c = &f->calls;
    bool sideways = r.w > 3 * r.h;
    if (!c->made || c->sideways != sideways)
        make(v, f, sideways);
    gfx_clip_push(v->ui.list, r);
    views_graph_input(v, &c->graph, "calls", r);
    bool boxed = over_box(v, f, r);
    for (size_t e = 0; e < c->calls.edge_count; e++)
        draw_edge(v, f, e, boxed, r);
    for (size_t i = 0; i < c->calls.node_count; i++)
        draw_node(v, f, i, r);
    draw_foot(v, f, r);
    gfx_clip_pop(v->ui.list);
}
