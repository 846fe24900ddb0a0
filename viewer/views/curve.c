/* curve: the utilisation curve: how little a thread, or all, ran in the worst window
 * of each length. */
#include "views/panel.h"
#include "views/views.h"

#include "base/fmt.h"
#include "model/ticks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    POINTS = 60,
    MARGIN_L = 56,
    MARGIN_B = 22
};

static void run(void *arg, const atomic_bool *cancel)
{
    struct views_curve *c = arg;
    struct analyze_range range = {.begin_ns = (uint64_t)c->asked.begin_ns,
                                  .end_ns = (uint64_t)c->asked.end_ns,
                                  .cancel = cancel};
    if (c->asked_thread != MODEL_NO_THREAD)
        range.thread = c->doc->threads[c->asked_thread].key + 1;
    arena_clear(&c->next_arena);
    c->next = analyze_utilization(&c->next_arena, c->doc->trace, range, POINTS);
}

static void take(struct views_curve *c)
{
    struct arena old = c->arena;
    c->arena = c->next_arena;
    c->next_arena = old;
    c->curve = c->next;
    c->made = c->asked;
    c->made_thread = c->asked_thread;
    c->is_made = true;
}

static bool is(struct model_range a, int thread, struct model_range b, int other)
{
    return a.begin_ns == b.begin_ns && a.end_ns == b.end_ns && thread == other;
}

static void update(struct views *v, struct views_curve *c)
{
    struct model_range range = views_range(v);
    int thread = v->only_thread ? v->thread : MODEL_NO_THREAD;
    /* A click shows the window it is about; the curve stays what it was then. */
    if (c->is_made && c->held && is(range, thread, c->held_for, c->made_thread))
        return;
    c->held = false;
    if (model_work_is_started(&c->work)) {
        if (model_work_done(&c->work))
            take(c);
        else if (!is(range, thread, c->asked, c->asked_thread))
            model_work_cancel(&c->work);
    }
    if (!model_work_is_started(&c->work) &&
        (!c->is_made || !is(range, thread, c->made, c->made_thread))) {
        c->asked = range;
        c->asked_thread = thread;
        c->doc = v->doc;
        model_work_start(&c->work, run, c, gfx_wake);
    }
    if (model_work_is_started(&c->work))
        v->waiting = true;
}

void views_curve_stop(struct views_curve *c)
{
    model_work_stop(&c->work);
    c->is_made = c->held = false;
}

void views_curve_release(struct views_curve *c)
{
    views_curve_stop(c);
    arena_release(&c->arena);
    arena_release(&c->next_arena);
}

struct plot {
    struct gfx_rect r;
    double from, to; /* log10 of the windows shown */
    double most;     /* threads at the top */
};

static struct plot plot_of(const struct views_curve *c, struct gfx_rect r)
{
    const struct analyze_utilization *u = &c->curve;
    struct plot p = {.r = r, .most = 1};
    p.from = log10((double)u->v[0].window_ns);
    p.to = log10((double)u->v[u->count - 1].window_ns);
    p.to = p.to > p.from ? p.to : p.from + 1;
    for (size_t i = 0; i < u->count; i++)
        p.most = u->v[i].least > p.most ? ceil(u->v[i].least) : p.most;
    return p;
}

static int x_of(const struct plot *p, double window_ns)
{
    return p->r.x + (int)((log10(window_ns) - p->from) / (p->to - p->from) * (p->r.w - 1));
}

static int y_of(const struct plot *p, double threads)
{
    return p->r.y + p->r.h - 1 - (int)(threads / p->most * (p->r.h - 1) + 0.5);
}

static void level_text(char *buf, size_t bytes, const struct views_curve *c, double threads)
{
    if (c->made_thread != MODEL_NO_THREAD)
        snprintf(buf, bytes, "%.3g %%", threads * 100);
    else
        snprintf(buf, bytes, "%.3g", threads);
}

static void draw_scales(struct views *v, const struct views_curve *c, const struct plot *p)
{
    struct ui *ui = &v->ui;
    char text[FMT_MAX];
    for (int i = 0; i <= 4; i++) {
        int y = y_of(p, p->most * i / 4);
        gfx_rect(ui->list, (struct gfx_rect){p->r.x, y, p->r.w, 1}, ui->theme->grid);
        level_text(text, sizeof text, c, p->most * i / 4);
        struct gfx_rect cell = {p->r.x - ui_px(ui, MARGIN_L), y - ui_px(ui, 8),
                                ui_px(ui, MARGIN_L - 8), ui_px(ui, 16)};
        if (p->r.h > ui_px(ui, 70) || i % 4 == 0)
            ui_label_right(ui, GFX_SMALL, cell, text, ui->theme->text_dim);
    }
    for (int power = (int)ceil(p->from - 1e-9); power <= (int)p->to; power++) {
        int x = x_of(p, pow(10, power));
        gfx_rect(ui->list, (struct gfx_rect){x, p->r.y, 1, p->r.h}, ui->theme->grid);
        struct gfx_rect cell = {x - ui_px(ui, 30), p->r.y + p->r.h + ui_px(ui, 3), ui_px(ui, 60),
                                ui_px(ui, 16)};
        ui_label_center(ui, GFX_SMALL, cell,
                        model_time_exact((char[MODEL_TIME_MAX]){0}, (int64_t)pow(10, power)),
                        ui->theme->text_dim);
    }
}

static void draw_area(struct views *v, const struct views_curve *c, const struct plot *p)
{
    const struct analyze_utilization *u = &c->curve;
    struct gfx_part *parts = arena_array(&v->frame, (size_t)p->r.w + 1, sizeof *parts);
    gfx_color color = gfx_mix(v->ui.theme->panel, v->ui.theme->accent, 60);
    int floor_y = p->r.y + p->r.h;
    size_t at = 0;
    for (int i = 0; i < p->r.w; i++) {
        while (at + 2 < u->count && x_of(p, (double)u->v[at + 1].window_ns) <= p->r.x + i)
            at++;
        const struct analyze_utilization_point *from = &u->v[at];
        const struct analyze_utilization_point *to = &u->v[at + 1 < u->count ? at + 1 : at];
        int x0 = x_of(p, (double)from->window_ns), x1 = x_of(p, (double)to->window_ns);
        int y0 = y_of(p, from->least), y1 = y_of(p, to->least);
        int y = x1 > x0 ? y0 + (y1 - y0) * (p->r.x + i - x0) / (x1 - x0) : y0;
        parts[i] = (struct gfx_part){.color = color, .h = (uint16_t)(floor_y - y), .last = 1};
    }
    if (p->r.w > 0)
        gfx_columns(v->ui.list, p->r, parts, (size_t)p->r.w);
}

static void draw_line(struct views *v, const struct views_curve *c, const struct plot *p)
{
    const struct analyze_utilization *u = &c->curve;
    draw_area(v, c, p);
    for (size_t i = 0; i + 1 < u->count; i++) {
        int x0 = x_of(p, (double)u->v[i].window_ns), x1 = x_of(p, (double)u->v[i + 1].window_ns);
        int y0 = y_of(p, u->v[i].least), y1 = y_of(p, u->v[i + 1].least);
        gfx_line(v->ui.list, x0, y0, x1, y1, v->ui.theme->accent);
        gfx_line(v->ui.list, x0, y0 + 1, x1, y1 + 1, v->ui.theme->accent);
    }
}

static const struct analyze_utilization_point *point_at(const struct views_curve *c,
                                                        const struct plot *p, int x)
{
    const struct analyze_utilization *u = &c->curve;
    size_t best = 0;
    for (size_t i = 1; i < u->count; i++) {
        int away = abs(x_of(p, (double)u->v[i].window_ns) - x);
        if (away < abs(x_of(p, (double)u->v[best].window_ns) - x))
            best = i;
    }
    return &u->v[best];
}

static void tip_point(struct views *v, const struct views_curve *c,
                      const struct analyze_utilization_point *at)
{
    char window[FMT_MAX], level[32], start[MODEL_TIME_MAX];
    struct model_words w = {.class = MODEL_CLASSES};
    level_text(level, sizeof level, c, at->least);
    w.title = arena_printf(&v->frame, "any %s", fmt_ns(window, at->window_ns));
    model_words_fact(&w, "At least",
                     arena_printf(&v->frame,
                                  c->made_thread == MODEL_NO_THREAD ? "%s threads run on average"
                                                                    : "%s of it the thread runs",
                                  level));
    if (at->least - at->bound > 0.002) {
        level_text(level, sizeof level, c, at->bound);
        model_words_fact(&w, "",
                         arena_printf(&v->frame, "(not searched to the end: from %s)", level));
    }
    model_words_fact(&w, "Worst at",
                     arena_strdup(&v->frame, model_time_exact(start, (int64_t)at->at_ns)));
    model_words_fact(&w, "", "click shows that window");
    views_tip(v, &w, 0);
}

static void point(struct views *v, struct views_curve *c, const struct plot *p)
{
    struct ui *ui = &v->ui;
    if (!ui_hover(ui, p->r))
        return;
    const struct analyze_utilization_point *at = point_at(c, p, ui->in.x);
    int x = x_of(p, (double)at->window_ns), y = y_of(p, at->least), side = ui_px(ui, 7);
    gfx_rect(ui->list, (struct gfx_rect){x, p->r.y, 1, p->r.h}, ui->theme->text_dim);
    gfx_rect(ui->list, (struct gfx_rect){x - side / 2, y - side / 2, side, side}, ui->theme->text);
    tip_point(v, c, at);
    ui->cursor = GFX_CURSOR_HAND;
    if (!ui_click(ui, UI_ID("curve", 0), p->r))
        return;
    int64_t begin = (int64_t)at->at_ns, length = (int64_t)at->window_ns;
    views_select_range(v, begin, begin + length);
    model_window_show(&v->window, begin - length / 2, begin + length + length / 2);
    c->held = true;
    c->held_for = v->selection;
    ui->again = true;
}

static void draw_tools(struct views *v, const struct views_curve *c, struct gfx_rect r)
{
    static const char *const scopes[] = {"All threads", "Selected"};
    struct ui *ui = &v->ui;
    char level[32];
    r = ui_inset(r, ui_px(ui, 10), ui_px(ui, 4));
    v->only_thread = ui_choice(ui, UI_ID("scope", 100), &r, scopes, 2, v->only_thread) != 0;
    ui_cut_left(&r, ui_px(ui, 12));
    if (model_work_is_started(&c->work)) {
        ui_label_right(ui, GFX_SMALL, r, "Reading ...", ui->theme->text_dim);
        return;
    }
    level_text(level, sizeof level, c, c->curve.mean);
    ui_label_right(ui, GFX_SMALL, r,
                   arena_printf(&v->frame,
                                c->made_thread == MODEL_NO_THREAD
                                    ? "the least running in any window of each length; %s "
                                      "threads run on average"
                                    : "the least it runs in any window of each length; %s in all",
                                level),
                   ui->theme->text_dim);
}

static void draw(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct views_curve *c = &v->panel.curve;
    bool no_thread = v->only_thread && v->thread == MODEL_NO_THREAD;
    if (!no_thread)
        update(v, c);
    draw_tools(v, c, ui_cut_top(&r, ui_px(ui, 32)));
    if (no_thread || !c->is_made || !c->curve.count) {
        ui_label_center(ui, GFX_NORMAL, r,
                        no_thread ? "No thread is selected: click one's name, or press Up or Down"
                        : c->is_made ? "No thread lived in this range"
                                     : "Reading ...",
                        ui->theme->text_dim);
        return;
    }
    r = ui_inset(r, ui_px(ui, 14), ui_px(ui, 8));
    ui_cut_left(&r, ui_px(ui, MARGIN_L - 14));
    ui_cut_bottom(&r, ui_px(ui, MARGIN_B));
    struct plot p = plot_of(c, r);
    draw_scales(v, c, &p);
    draw_line(v, c, &p);
    point(v, c, &p);
}

const struct view view_curve = {"utilisation", draw};
