#include "views/waitfor.h"

#include "views/palette.h"
#include "views/views.h"

#include "base/fmt.h"
#include "model/ticks.h"

enum {
    BOX_LEAST = 90,
    BOX_MOST = 230,
    BOX_H = 40
};

static void run(void *arg, const atomic_bool *cancel)
{
    struct views_waitfor *w = arg;
    model_waitfor_at(&w->next, w->ask.doc, w->ask.asked.range.begin_ns, w->ask.asked.variant != 0,
                     cancel);
}

static const char *second_line(struct views *v, const struct model_waitfor_node *n)
{
    char ns[FMT_MAX];
    int64_t since = v->panel.waitfor.now.ns - n->begin_ns;
    switch (n->kind) {
    case MODEL_WAITFOR_THREAD:
        return arena_printf(&v->frame, "%s, for %s", model_class_name(n->class),
                            fmt_ns(ns, (uint64_t)(since > 0 ? since : 0)));
    case MODEL_WAITFOR_LOCK:
        return arena_printf(&v->frame, "%s, %u %s", n->class == MODEL_COND ? "condition" : "lock",
                            n->count, n->count == 1 ? "waits" : "wait");
    case MODEL_WAITFOR_CALL:
        return model_class_name(n->class);
    default:
        return "wait for the same";
    }
}

static double width_of(struct views *v, const struct model_waitfor_node *n)
{
    double w = views_graph_text_width(v, n->title, second_line(v, n));
    return w < BOX_LEAST ? BOX_LEAST : w > BOX_MOST ? BOX_MOST : w;
}

static void take(struct views *v, struct views_waitfor *w)
{
    struct model_waitfor old = w->now;
    w->now = w->next;
    w->next = old;
    const struct model_waitfor *g = &w->now;
    views_graph_begin(&w->graph, g->node_count, g->edge_count, true);
    for (size_t i = 0; i < g->node_count; i++)
        views_graph_box(&w->graph, i, width_of(v, &g->nodes[i]), BOX_H);
    for (size_t e = 0; e < g->edge_count; e++)
        w->graph.layout.edges[e] =
            (struct layout_edge){.src = g->edges[e].src,
                                 .dest = g->edges[e].dest,
                                 .weight = g->edges[e].kind == MODEL_WAITFOR_ENDED ? 1 : 4};
    views_graph_end(&w->graph);
    while (w->graph.first + 1 < g->node_count && !g->nodes[w->graph.first].in_circle)
        w->graph.first++;
}

void views_waitfor_stop(struct views_waitfor *w)
{
    views_asked_stop(&w->ask);
    w->graph.made = false;
    w->ns = 0;
}

void views_waitfor_release(struct views_waitfor *w)
{
    views_asked_stop(&w->ask);
    views_graph_release(&w->graph);
    model_waitfor_release(&w->now);
    model_waitfor_release(&w->next);
}

void views_waitfor_open(struct views *v)
{
    struct views_waitfor *w = &v->panel.waitfor;
    if (!views_timeline_shown(v))
        return;
    v->bottom = VIEWS_WAITFOR;
    if (v->hover_ns >= 0)
        w->ns = v->hover_ns;
    else if (v->nav.marker_ns[0] >= 0)
        w->ns = v->nav.marker_ns[0];
}

void views_waitfor_click(struct views *v, int64_t ns)
{
    v->panel.waitfor.ns = ns;
}

void views_waitfor_mark(struct views *v, struct gfx_rect r)
{
    int x = model_px_from_ns(&v->window, v->panel.waitfor.ns);
    if (v->bottom == VIEWS_WAITFOR && x >= 0 && x < r.w)
        gfx_rect(v->ui.list, (struct gfx_rect){r.x + x, r.y, ui_px(&v->ui, 2), r.h},
                 v->ui.theme->accent);
}

/* --- the picture --------------------------------------------------------------------- */

static void tip(struct views *v, const struct model_waitfor_node *n)
{
    struct model_words w = {.title = n->title, .class = MODEL_CLASSES};
    if (n->kind == MODEL_WAITFOR_THREAD) {
        model_describe_row(&w, v->doc, n->thread, TRACE_THREAD_STATE_TABLE, n->row, &v->frame);
        w.title = n->title;
    } else {
        model_words_fact(&w, "", second_line(v, n));
    }
    if (n->in_circle)
        model_words_fact(&w, "Deadlock", "waits for itself, through the others in red");
    views_tip(v, &w, n->kind == MODEL_WAITFOR_THREAD ? 6 : 0);
}

/* A thread's span is picked on the timeline, a lock's row shown. */
static void go(struct views *v, const struct model_waitfor_node *n)
{
    const struct model_thread *th = &v->doc->threads[n->thread];
    struct analyze_instance at = {.thread = th->key,
                                  .row = n->row,
                                  .ts_ns = (uint64_t)n->begin_ns,
                                  .dur_ns = (uint64_t)(n->end_ns - n->begin_ns)};
    if (n->kind == MODEL_WAITFOR_LOCK)
        views_go_lock(v, n->address);
    else if (n->kind == MODEL_WAITFOR_THREAD && n->end_ns > n->begin_ns)
        views_go_instance(v, &at, false);
    else
        views_go_thread(v, n->thread);
}

static void draw_node(struct views *v, size_t i, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const struct gfx_theme *t = ui->theme;
    struct views_waitfor *w = &v->panel.waitfor;
    const struct model_waitfor_node *n = &w->now.nodes[i];
    struct gfx_rect box = views_graph_rect(&w->graph, i, r);
    bool thread = n->kind == MODEL_WAITFOR_THREAD || n->kind == MODEL_WAITFOR_THREADS;
    gfx_color fill = thread ? palette_span(t, n->class) : t->raised;
    gfx_color text = thread ? palette_span_text(t, n->class) : t->text;
    bool hover = ui_hover(ui, gfx_intersect(box, r)),
         picked = v->thread == (int)n->thread && thread;
    int edge = ui_px(ui, n->in_circle || picked || hover ? 3 : 1);
    gfx_color border = n->in_circle ? t->warn : picked || hover ? t->accent : t->text_dim;
    gfx_round(ui->list, box, ui_px(ui, thread ? 3 : 8), border);
    gfx_round(ui->list, ui_inset(box, edge, edge), ui_px(ui, thread ? 3 : 8), fill);
    views_graph_text(v, &w->graph, box, n->title, second_line(v, n), text);
    if (!hover)
        return;
    ui->cursor = GFX_CURSOR_HAND;
    tip(v, n);
    if (ui->in.released && !ui_dragged(ui) && ui_is_active(ui, UI_ID("waitfor", 0)))
        go(v, n);
}

static void draw_edge(struct views *v, size_t e, struct gfx_rect r)
{
    static const char *const says[] = {"waits for", "is held by", "was ended later by"};
    const struct gfx_theme *t = v->ui.theme;
    struct views_waitfor *w = &v->panel.waitfor;
    const struct model_waitfor_edge *edge = &w->now.edges[e];
    struct views_graph_look look = {.color = edge->in_circle                    ? t->warn
                                             : edge->kind == MODEL_WAITFOR_HELD ? t->text
                                             : edge->kind == MODEL_WAITFOR_WAITS
                                                 ? palette_span(t, MODEL_LOCK)
                                                 : t->text_dim,
                                    .thick_px = ui_px(&v->ui, edge->in_circle ? 3 : 2),
                                    .dashed = edge->kind == MODEL_WAITFOR_ENDED};
    if (views_graph_edge(v, &w->graph, e, &look, r)) {
        struct model_words words = {
            .title = arena_printf(&v->frame, "%s  %s  %s", w->now.nodes[edge->src].title,
                                  says[edge->kind], w->now.nodes[edge->dest].title),
            .class = MODEL_CLASSES};
        views_tip(v, &words, 0);
    }
}

static void draw_graph(struct views *v, struct gfx_rect r)
{
    struct views_waitfor *w = &v->panel.waitfor;
    gfx_clip_push(v->ui.list, r);
    views_graph_input(v, &w->graph, "waitfor", r);
    for (size_t e = 0; e < w->now.edge_count; e++)
        draw_edge(v, e, r);
    for (size_t i = 0; i < w->now.node_count; i++)
        draw_node(v, i, r);
    gfx_clip_pop(v->ui.list);
}

/* --- the tab ------------------------------------------------------------------------ */

static const char *summary(struct views *v)
{
    const struct model_waitfor *g = &v->panel.waitfor.now;
    char at[MODEL_TIME_MAX];
    const char *circle =
        g->circle ? arena_printf(&v->frame, ", %u in a circle: deadlock", g->circle) : "";
    return arena_printf(&v->frame, "at %s: %u of %u threads blocked%s", model_time_exact(at, g->ns),
                        g->blocked, g->alive, circle);
}

static void draw_tools(struct views *v, struct gfx_rect r)
{
    static const char *const what[] = {"Who waits for whom", "All threads"};
    struct ui *ui = &v->ui;
    struct views_waitfor *w = &v->panel.waitfor;
    r = ui_inset(r, ui_px(ui, 10), ui_px(ui, 4));
    w->all = ui_choice(ui, UI_ID("waitfor-all", 0), &r, what, 2, w->all) != 0;
    ui_cut_left(&r, ui_px(ui, 8));
    if (ui_button(ui, UI_ID("waitfor-fit", 0), ui_cut_left(&r, ui_button_width(ui, "Fit")), "Fit",
                  false))
        w->graph.fit = true;
    views_asked_tools(v, &w->ask, "waitfor", &r);
    if (w->ask.is_made && !model_work_is_started(&w->ask.work))
        ui_label_right(ui, GFX_SMALL, r, summary(v),
                       w->now.circle ? ui->theme->warn : ui->theme->text_dim);
}

static void draw(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct views_waitfor *w = &v->panel.waitfor;
    if (!w->ns) /* no moment was chosen yet */
        w->ns = v->pick.set ? v->pick.begin_ns + (v->pick.end_ns - v->pick.begin_ns) / 2
                            : v->window.begin_ns + (v->window.end_ns - v->window.begin_ns) / 2;
    struct views_question q = {.range = {w->ns, w->ns + 1}, .variant = w->all};
    if (views_asked_update(v, &w->ask, q, run, w))
        take(v, w);
    draw_tools(v, ui_cut_top(&r, ui_px(ui, 32)));
    if (w->graph.made && w->now.node_count) {
        draw_graph(v, r);
        return;
    }
    ui_label_center(ui, GFX_NORMAL, r,
                    !w->graph.made ? "Reading ..."
                                   : "Nobody waits for another thread at this moment: click "
                                     "another one on the timeline",
                    ui->theme->text_dim);
}

const struct view view_waitfor = {"wait-for", draw};
