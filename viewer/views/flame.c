/* flame: flame graph (icicle by default) and the panel tab that keeps one for
 * the visible range. */
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
    model_flame_job_release(&f->job);
    free(f->boxes.items);
    free(f->top.rows);
    *f = (struct views_flame){0};
}

const char *views_weight(char buf[48], const char *unit, uint64_t weight)
{
    if (!strcmp(unit, "nanoseconds"))
        fmt_ns(buf, weight);
    else if (!strcmp(unit, "bytes"))
        fmt_bytes(buf, weight);
    else if (!unit[0] || !strcmp(unit, "count"))
        fmt_count(buf, weight);
    else
        snprintf(buf, 48, "%llu %.20s", (unsigned long long)weight, unit);
    return buf;
}

static void start(struct views *v, struct model_range range, enum model_flame_kind kind, int thread)
{
    struct views_flame *f = &v->flame;
    model_flame_job_release(&f->job);
    model_flame_clear(&f->next);
    f->range = range;
    f->kind = kind;
    f->thread = thread;
    model_flame_job_init(&f->job, v->doc, kind, range, thread);
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
    f->top_made = false;
}

void views_flame_update(struct views *v)
{
    struct views_flame *f = &v->flame;
    struct model_range range = views_range(v);
    int thread = v->only_thread ? v->thread : MODEL_NO_THREAD;
    bool same = f->made && f->range.begin_ns == range.begin_ns && f->range.end_ns == range.end_ns &&
                f->job.kind == f->kind && f->thread == thread;
    if (!same)
        start(v, range, f->kind, thread);
    if (f->working && model_flame_job_step(&f->job, &f->next, SLICE_ROWS))
        finish(f);
    if (f->working)
        v->busy = true;
}

static void tip_node(struct views *v, const struct views_flame *f, uint32_t node)
{
    const struct model_flame_node *n = &f->tree.nodes[node];
    struct model_words w = {.title = model_flame_name(&f->tree, node), .class = MODEL_CLASSES};
    char total[48], self[48], share[FMT_MAX], of[FMT_MAX];
    uint64_t all = f->tree.nodes[0].total;
    model_words_fact(&w, "With callees",
                     arena_printf(&v->frame, "%s  %s", views_weight(total, f->unit, n->total),
                                  fmt_share(share, n->total, all)));
    model_words_fact(&w, "Itself",
                     arena_printf(&v->frame, "%s  %s", views_weight(self, f->unit, n->self),
                                  fmt_share(share, n->self, all)));
    if (f->zoom)
        model_words_fact(
            &w, "Of the zoomed",
            arena_strdup(&v->frame, fmt_share(of, n->total, f->tree.nodes[f->zoom].total)));
    const char *module = intern_get(&f->tree.names, n->module);
    const char *source = intern_get(&f->tree.names, n->source);
    if (module[0])
        model_words_fact(&w, "Module", module);
    if (source[0])
        model_words_fact(&w, "Source", source);
    views_tip(v, &w, 0);
}

static gfx_color box_color(const struct gfx_theme *t, const struct model_flame *f, uint32_t node)
{
    const struct model_flame_node *n = &f->nodes[node];
    if (n->wait != MODEL_CLASSES)
        return palette_span(t, n->wait);
    if (!node)
        return t->is_dark ? 0x8b97a8ff : 0xb6c0ccff;
    return palette_flame(t, intern_get(&f->names, n->module), intern_get(&f->names, n->name));
}

static void draw_box(struct views *v, const struct views_flame *f, const struct model_flame_box *b,
                     struct gfx_rect box)
{
    struct ui *ui = &v->ui;
    const struct gfx_theme *t = ui->theme;
    const struct model_flame_node *n = &f->tree.nodes[b->node];
    bool above = n->depth < f->tree.nodes[f->zoom].depth, hover = ui_hover(ui, box);
    gfx_color color = box_color(t, &f->tree, b->node), text = palette_flame_text();
    if (n->wait != MODEL_CLASSES)
        text = palette_span_text(t, n->wait);
    if (above) {
        color = t->hover;
        text = t->text;
    } else if (hover) {
        color = gfx_mix(color, 0xffffffff, t->is_dark ? 90 : 130);
        text = palette_flame_text();
    }
    struct gfx_rect face = {box.x, box.y, box.w > 2 ? box.w - 1 : box.w, box.h - 1};
    gfx_rect(ui->list, face, color);
    int pad = ui_px(ui, 4);
    if (face.w > ui_px(ui, 24))
        ui_label(ui, GFX_SMALL, ui_inset(face, pad, 0), model_flame_name(&f->tree, b->node), text);
}

void views_flame_draw(struct views *v, struct views_flame *f, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    if (!f->tree.count || !f->tree.nodes[0].total) {
        ui_label_center(ui, GFX_NORMAL, r, f->working ? "Reading ..." : "Nothing was recorded here",
                        ui->theme->text_dim);
        return;
    }
    int row_h = ui_px(ui, ROW_H), bar = ui_px(ui, 10);
    model_flame_layout(&f->tree, f->zoom, r.w - bar, &f->boxes);
    int content = (int)f->boxes.rows * row_h;
    ui_scroll(ui, UI_ID("flame", (uintptr_t)f), r, content, &f->scroll_px);
    gfx_clip_push(ui->list, r);
    for (size_t i = 0; i < f->boxes.count; i++) {
        const struct model_flame_box *b = &f->boxes.items[i];
        int row = f->flipped ? (int)(f->boxes.rows - 1 - b->row) : (int)b->row;
        int y = r.y + row * row_h - f->scroll_px;
        if (f->flipped && content < r.h)
            y += r.h - content;
        if (y + row_h <= r.y || y >= r.y + r.h)
            continue;
        struct gfx_rect box = {r.x + b->x0, y, b->x1 - b->x0, row_h};
        draw_box(v, f, b, box);
        if (ui_hover(ui, box)) {
            tip_node(v, f, b->node);
            ui->cursor = GFX_CURSOR_HAND;
        }
        if (ui_click(ui, UI_ID("box", b->node) ^ (uintptr_t)f, box)) {
            f->zoom = b->node;
            ui->again = true;
        }
    }
    gfx_clip_pop(ui->list);
}

/* What the graph is about, and its switches. */
static void draw_tools(struct views *v, struct gfx_rect r)
{
    static const char *const kinds[] = {"On CPU", "Waiting"};
    static const char *const scopes[] = {"All threads", "Selected thread"};
    static const char *const ways[] = {"Icicle", "Flame"};
    struct ui *ui = &v->ui;
    struct views_flame *f = &v->flame;
    r = ui_inset(r, ui_px(ui, 10), ui_px(ui, 4));
    f->kind = (enum model_flame_kind)ui_choice(ui, UI_ID("kind", 0), &r, kinds, 2, (int)f->kind);
    ui_cut_left(&r, ui_px(ui, 12));
    v->only_thread = ui_choice(ui, UI_ID("scope", 0), &r, scopes, 2, v->only_thread) != 0;
    ui_cut_left(&r, ui_px(ui, 12));
    if (v->bottom == VIEWS_FLAME)
        f->flipped = ui_choice(ui, UI_ID("way", 0), &r, ways, 2, f->flipped) != 0;
    if (f->zoom && v->bottom == VIEWS_FLAME) {
        ui_cut_left(&r, ui_px(ui, 12));
        if (ui_button(ui, UI_ID("zoom-out", 0), ui_cut_left(&r, ui_button_width(ui, "Zoom out")),
                      "Zoom out", false)) {
            f->zoom = 0;
            ui->again = true;
        }
    }
    char weight[48], count[FMT_MAX], text[256];
    uint64_t total = f->tree.count ? f->tree.nodes[0].total : 0;
    snprintf(text, sizeof text, "%s %s in %s %s, %s", views_weight(weight, f->unit, total),
             f->kind == MODEL_FLAME_CPU ? "of CPU time" : "of waiting",
             fmt_count(count, f->tree.samples), f->kind == MODEL_FLAME_CPU ? "samples" : "waits",
             model_range_ns(v->selection) ? "selected range" : "visible range");
    ui_cut_left(&r, ui_px(ui, 16));
    ui_label_right(ui, GFX_SMALL, r, text, ui->theme->text_dim);
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
    draw_tools(v, ui_cut_top(&r, ui_px(&v->ui, 32)));
    views_top_draw(v, &v->flame, r);
}

const struct view view_flame = {"flame", draw};
const struct view view_top = {"top", draw_top_tab};
