/* flame: flame graph (icicle by default), with search; the panel tab that keeps one
 * for the visible range. */
#include "views/palette.h"
#include "views/views.h"

#include "base/fmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROW_H = 18,
    SLICE_ROWS = 60000, /* rows of work a frame: a few ms */
};

void views_flame_release(struct views_flame *f)
{
    model_flame_release(&f->tree);
    model_flame_release(&f->next);
    model_flame_release(&f->callers.tree);
    model_flame_release(&f->callees.tree);
    views_calls_release(&f->calls);
    views_callers_release(&f->beside);
    model_flame_job_release(&f->job);
    model_table_release(&f->top_table);
    free(f->boxes.items);
    free(f->callers.boxes.items);
    free(f->callees.boxes.items);
    free(f->match);
    free(f->function);
    *f = (struct views_flame){0};
}

uint64_t views_unit_ns(const char *unit)
{
    static const struct {
        const char *unit;
        uint64_t ns;
    } units[] = {{"nanoseconds", 1},
                 {"microseconds", 1000},
                 {"milliseconds", 1000000},
                 {"seconds", 1000000000}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (!strcmp(unit, units[i].unit))
            return units[i].ns;
    return 0;
}

const char *views_weight(char buf[48], const char *unit, uint64_t weight)
{
    uint64_t ns = views_unit_ns(unit);
    if (ns)
        fmt_ns(buf, weight > UINT64_MAX / ns ? UINT64_MAX : weight * ns);
    else if (!strcmp(unit, "bytes"))
        fmt_bytes(buf, weight);
    else if (!unit[0] || !strcmp(unit, "count"))
        fmt_count(buf, weight);
    else
        snprintf(buf, 48, "%llu %.20s", (unsigned long long)weight, unit);
    return buf;
}

static void start(struct views *v, struct model_range range, int thread)
{
    struct views_flame *f = &v->flame;
    model_flame_job_release(&f->job);
    model_flame_clear(&f->next);
    f->range = range;
    f->thread = thread;
    model_flame_job_init(&f->job, v->doc, f->kind, range, thread);
    f->job.in_time_order = f->in_time_order;
    f->working = true;
    f->made = true;
}

/* The same stack of names in the new tree, so that a zoom survives a pan. */
static uint32_t same_node(const struct model_flame *from, uint32_t node,
                          const struct model_flame *to)
{
    uint32_t path[MODEL_FLAME_DEPTH + 2];
    int depth = 0;
    for (uint32_t n = node; n && depth < MODEL_FLAME_DEPTH; n = from->nodes[n].parent)
        path[depth++] = n;
    uint32_t at = 0;
    while (depth-- > 0) {
        uint32_t child = to->nodes[at].child;
        const char *name = model_flame_name(from, path[depth]);
        while (child && strcmp(model_flame_name(to, child), name))
            child = to->nodes[child].sibling;
        if (!child)
            return at;
        at = child;
    }
    return at;
}

static void finish(struct views_flame *f)
{
    uint32_t zoom = f->tree.count ? same_node(&f->tree, f->zoom, &f->next) : 0;
    struct model_flame old = f->tree;
    f->tree = f->next;
    f->next = old;
    f->zoom = zoom;
    f->working = false;
    f->top_made = f->match_made = f->sandwich_made = f->calls.made = f->beside.made = false;
}

void views_flame_update(struct views *v)
{
    struct views_flame *f = &v->flame;
    struct model_range range = views_range(v);
    int thread = v->only_thread ? v->thread : MODEL_NO_THREAD;
    bool same = f->made && f->range.begin_ns == range.begin_ns && f->range.end_ns == range.end_ns &&
                f->job.kind == f->kind && f->job.in_time_order == f->in_time_order &&
                f->thread == thread;
    if (!same)
        start(v, range, thread);
    if (f->working && model_flame_job_step(&f->job, &f->next, SLICE_ROWS))
        finish(f);
    if (f->working)
        v->busy = true;
}

/* Of a difference: how the weight was before, and by how much it changed. */
static void tip_change(struct views *v, const struct views_flame *f, const struct model_flame *tree,
                       const struct model_flame_node *n, struct model_words *w)
{
    char other[48], change[48], share[FMT_MAX];
    uint64_t now = tree->by_before ? n->before : n->total;
    uint64_t was = tree->by_before ? n->total : n->before;
    uint64_t away = now > was ? now - was : was - now;
    model_words_fact(w, tree->by_before ? "Now" : "Before",
                     arena_strdup(&v->frame, views_weight(other, f->unit, n->before)));
    model_words_fact(w, "Change",
                     arena_printf(&v->frame, "%s%s  %s", now < was ? "-" : "+",
                                  views_weight(change, f->unit, away),
                                  was ? fmt_share(share, away, was) : "new"));
}

static void tip_node(struct views *v, const struct views_flame *f, const struct views_boxes *b,
                     uint32_t node)
{
    const struct model_flame *tree = b->tree;
    const struct model_flame_node *n = &tree->nodes[node];
    struct model_words w = {.title = model_flame_name(tree, node), .class = MODEL_CLASSES};
    char total[48], self[48], share[FMT_MAX], of[FMT_MAX];
    uint64_t all = f->tree.nodes[0].total;
    model_words_fact(&w, b->tree == &f->callers.tree ? "Through it" : "With callees",
                     arena_printf(&v->frame, "%s  %s", views_weight(total, f->unit, n->total),
                                  fmt_share(share, n->total, all)));
    if (b->tree != &f->callers.tree)
        model_words_fact(&w, "Itself",
                         arena_printf(&v->frame, "%s  %s", views_weight(self, f->unit, n->self),
                                      fmt_share(share, n->self, all)));
    if (tree->is_diff)
        tip_change(v, f, tree, n, &w);
    if (b->zoom)
        model_words_fact(
            &w, "Of the zoomed",
            arena_strdup(&v->frame, fmt_share(of, n->total, tree->nodes[b->zoom].total)));
    model_words_fact(&w, "Module", intern_get(&tree->names, n->module));
    model_words_fact(&w, "Source", intern_get(&tree->names, n->source));
    views_tip(v, &w, 0);
}

/* Red has grown, blue has shrunk, the more the deeper; grey is as it was. */
static gfx_color change_color(const struct gfx_theme *t, const struct model_flame_node *n,
                              bool by_before)
{
    static const gfx_color grown = 0xff7a66ff, shrunk = 0x74b2ffff;
    gfx_color same = t->is_dark ? 0xaab4c2ff : 0xd3dae3ff;
    uint64_t most = n->total > n->before ? n->total : n->before;
    uint64_t away = n->total > n->before ? n->total - n->before : n->before - n->total;
    unsigned share = most ? (unsigned)((double)away / (double)most * 255) : 0;
    return gfx_mix(same, (n->total > n->before) != by_before ? grown : shrunk, share);
}

static gfx_color box_color(const struct gfx_theme *t, const struct model_flame *f, uint32_t node)
{
    const struct model_flame_node *n = &f->nodes[node];
    if (f->is_diff)
        return change_color(t, n, f->by_before);
    if (n->wait != MODEL_CLASSES)
        return palette_span(t, n->wait);
    if (!node)
        return t->is_dark ? 0x8b97a8ff : 0xb6c0ccff;
    return palette_flame(t, intern_get(&f->names, n->module), intern_get(&f->names, n->name));
}

static void draw_box(struct views *v, const struct views_boxes *b, uint32_t node,
                     struct gfx_rect box)
{
    struct ui *ui = &v->ui;
    const struct gfx_theme *t = ui->theme;
    const struct model_flame_node *n = &b->tree->nodes[node];
    bool above = n->depth < b->tree->nodes[b->zoom].depth;
    gfx_color color = box_color(t, b->tree, node), text = palette_flame_text();
    if (n->wait != MODEL_CLASSES && !b->tree->is_diff)
        text = palette_span_text(t, n->wait);
    if (above || (b->match && !b->match[node])) {
        color = t->hover;
        text = t->text;
    }
    if (ui_hover(ui, box) && !above) {
        color = gfx_mix(color, 0xffffffff, t->is_dark ? 90 : 130);
        text = palette_flame_text();
    }
    struct gfx_rect face = {box.x, box.y, box.w > 2 ? box.w - 1 : box.w, box.h - 1};
    gfx_rect(ui->list, face, color);
    if (v->function && face.w > 3 && !strcmp(v->function, model_flame_name(b->tree, node)))
        gfx_frame(ui->list, face, ui_px(ui, 2), t->text);
    if (face.w <= ui_px(ui, 24))
        return;
    if (gfx_contrast(color | 0xff, text) < 4.5)
        text = gfx_contrast(color | 0xff, 0xffffffff) > 4.5 ? 0xffffffff : 0x000000ff;
    struct gfx_rect in = ui_inset(face, ui_px(ui, 4), 0);
    const char *name = model_flame_name(b->tree, node), *brief = model_short_function(name);
    bool long_name = brief != name && ui_text_width(ui, GFX_SMALL, name) > in.w;
    ui_label(ui, GFX_SMALL, in, long_name ? brief : name, text);
}

static void point_at(struct views *v, const struct views_flame *f, struct views_boxes *b,
                     uint32_t node, struct gfx_rect box)
{
    struct ui *ui = &v->ui;
    if (ui_hover(ui, box)) {
        tip_node(v, f, b, node);
        ui->cursor = GFX_CURSOR_HAND;
        b->hover = node;
        b->opened = ui->in.double_click;
    }
    if (ui_click(ui, UI_ID(b->name, node) ^ (uintptr_t)f, box))
        b->clicked = node;
}

void views_boxes_draw(struct views *v, struct views_flame *f, struct views_boxes *b,
                      struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    int row_h = ui_px(ui, ROW_H), bar = ui_px(ui, 10);
    b->hover = b->clicked = UINT32_MAX;
    model_flame_layout(b->tree, b->zoom, r.w - bar, b->boxes);
    int content = (int)b->boxes->rows * row_h;
    ui_scroll(ui, UI_ID(b->name, (uintptr_t)f), r, content, b->scroll_px);
    gfx_clip_push(ui->list, r);
    for (size_t i = 0; i < b->boxes->count; i++) {
        const struct model_flame_box *item = &b->boxes->items[i];
        int row = b->flipped ? (int)(b->boxes->rows - 1 - item->row) : (int)item->row;
        int y = r.y + row * row_h - *b->scroll_px;
        if (b->flipped && content < r.h)
            y += r.h - content;
        if (y + row_h <= r.y || y >= r.y + r.h)
            continue;
        struct gfx_rect box = {r.x + item->x0, y, item->x1 - item->x0, row_h};
        draw_box(v, b, item->node, box);
        point_at(v, f, b, item->node, box);
    }
    gfx_clip_pop(ui->list);
}

/* Which nodes the search finds, once for each tree and text. */
static const bool *matches(struct views *v, struct views_flame *f)
{
    if (strcmp(v->found, v->find.text)) {
        snprintf(v->found, sizeof v->found, "%s", v->find.text);
        v->flame.match_made = false;
        for (size_t i = 0; i < v->profile_count; i++)
            v->profiles[i].flame.match_made = false;
    }
    if (!v->find.text[0] || !f->tree.count)
        return NULL;
    if (!f->match_made) {
        mem_grow(&f->match, &f->match_cap, f->tree.count, sizeof *f->match);
        f->matched = model_flame_match(&f->tree, v->find.text, f->match);
    }
    f->match_made = true;
    return f->match;
}

/* A profile shows callers and source of it below, a trace's panel beside the graph. */
static void focus(struct views *v, struct views_flame *f, const char *function)
{
    views_function_pick(v, function);
    if (v->tab > 0)
        views_flame_focus(f, function);
    if (v->tab > 0 && v->profiles[v->tab - 1].below == 0)
        v->profiles[v->tab - 1].below = 1;
    v->ui.again = true;
}

void views_flame_graph_draw(struct views *v, struct views_flame *f, struct gfx_rect r)
{
    if (!f->tree.count || !f->tree.nodes[0].total) {
        ui_label_center(&v->ui, GFX_NORMAL, r,
                        f->working ? "Reading ..." : "Nothing was recorded here",
                        v->ui.theme->text_dim);
        return;
    }
    if (f->as_calls) {
        matches(v, f); /* for the share that is told */
        views_calls_draw(v, f, r);
        return;
    }
    if (v->tab == 0)
        views_callers_draw(v, f, &r);
    struct views_boxes b = {.name = "box",
                            .tree = &f->tree,
                            .boxes = &f->boxes,
                            .zoom = f->zoom,
                            .flipped = f->flipped,
                            .scroll_px = &f->scroll_px,
                            .match = matches(v, f)};
    views_boxes_draw(v, f, &b, r);
    f->hover = b.hover == UINT32_MAX ? 0 : b.hover;
    if (b.opened && b.hover != UINT32_MAX) {
        f->zoom = b.hover;
        v->ui.again = true;
    } else if (b.clicked && b.clicked != UINT32_MAX &&
               f->tree.nodes[b.clicked].wait == MODEL_CLASSES) {
        focus(v, f, model_flame_name(&f->tree, b.clicked));
    }
}

void views_flame_draw(struct views *v, struct views_flame *f, struct gfx_rect r)
{
    if (f->function && f->tree.count && f->tree.nodes[0].total)
        views_sandwich_draw(v, f, r);
    else
        views_flame_graph_draw(v, f, r);
}

void views_flame_tools(struct views *v, struct views_flame *f, struct gfx_rect *r)
{
    static const char *const ways[] = {"Icicle", "Flame", "Calls"};
    struct ui *ui = &v->ui;
    int way = ui_choice(ui, UI_ID("way", 0), r, ways, 3, f->as_calls ? 2 : f->flipped);
    f->as_calls = way == 2;
    if (f->as_calls && ui_button(ui, UI_ID("calls-fit", 0),
                                 ui_cut_left(r, ui_button_width(ui, "Fit")), "Fit", false))
        f->calls.graph.fit = true;
    f->flipped = way == 2 ? f->flipped : way == 1;
    ui_cut_left(r, ui_px(ui, 8));
    struct gfx_rect box = ui_cut_left(r, ui_px(ui, 120));
    if (box.w >= ui_px(ui, 60)) /* else there is no room to read what is typed */
        ui_edit(ui, UI_ID("find", 0), box, &v->find, "Find frames");
    ui_cut_left(r, ui_px(ui, 8));
    bool sandwich = f->function && v->tab == 0;
    const char *back = sandwich ? "Back" : "Zoom out";
    if (!f->zoom && !sandwich)
        return;
    if (ui_button(ui, UI_ID("zoom-out", 0), ui_cut_left(r, ui_button_width(ui, back)), back,
                  false)) {
        f->zoom = 0;
        if (sandwich)
            views_flame_focus(f, NULL);
        ui->again = true;
    }
    ui_cut_left(r, ui_px(ui, 8));
}

static const char *summary(struct views *v, struct views_flame *f)
{
    static const char *const what[] = {"on CPU", "waiting", "on CPU and waiting"};
    char weight[48], count[48], share[FMT_MAX];
    uint64_t total = f->tree.count ? f->tree.nodes[0].total : 0;
    if (v->find.text[0] && matches(v, f) && !f->function)
        return arena_printf(&v->frame, "%s found: %s of %s", fmt_share(share, f->matched, total),
                            views_weight(count, f->unit, f->matched),
                            views_weight(weight, f->unit, total));
    return arena_printf(&v->frame, "%s %s, %s", views_weight(weight, f->unit, total), what[f->kind],
                        model_range_ns(v->selection) ? "selected" : "visible");
}

/* What the graph is about, and its switches. */
static void draw_tools(struct views *v, struct gfx_rect r)
{
    static const char *const kinds[] = {"On CPU", "Waiting", "Both"};
    static const char *const scopes[] = {"All threads", "Selected"};
    static const char *const orders[] = {"Heavy", "In time"};
    struct ui *ui = &v->ui;
    struct views_flame *f = &v->flame;
    r = ui_inset(r, ui_px(ui, 10), ui_px(ui, 4));
    f->kind = (enum model_flame_kind)ui_choice(ui, UI_ID("kind", 0), &r, kinds, 3, (int)f->kind);
    ui_cut_left(&r, ui_px(ui, 8));
    v->only_thread = ui_choice(ui, UI_ID("scope", 0), &r, scopes, 2, v->only_thread) != 0;
    ui_cut_left(&r, ui_px(ui, 8));
    if (v->bottom == VIEWS_FLAME) {
        f->in_time_order = ui_choice(ui, UI_ID("order", 0), &r, orders, 2, f->in_time_order) != 0;
        ui_cut_left(&r, ui_px(ui, 8));
        views_flame_tools(v, f, &r);
    } else {
        views_grid_filter(v, &f->top, &r);
        ui_cut_left(&r, ui_px(ui, 8));
    }
    ui_label_right(ui, GFX_SMALL, r, summary(v, f), ui->theme->text_dim);
}

static void draw(struct views *v, struct gfx_rect r)
{
    views_flame_update(v);
    draw_tools(v, ui_cut_top(&r, ui_px(&v->ui, 32)));
    views_flame_draw(v, &v->flame, ui_inset(r, ui_px(&v->ui, 10), ui_px(&v->ui, 2)));
}

static void draw_top_tab(struct views *v, struct gfx_rect r)
{
    views_flame_update(v);
    views_top_update(&v->flame);
    draw_tools(v, ui_cut_top(&r, ui_px(&v->ui, 32)));
    views_top_draw(v, &v->flame, r);
}

const struct view view_flame = {"flame", draw};
const struct view view_top = {"top", draw_top_tab};
