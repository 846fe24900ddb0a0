#include "views/palette.h"
#include "views/views.h"

#include "base/fmt.h"
#include "model/ticks.h"

#include <stdio.h>

enum {
    LINE_H = 19,
    STRIP_H = 26,
    SENTENCES = 3, /* that are shown, below the answer */
    MIX_W = 190,
    ROWS_H = 110, /* that the table needs before there is room for more */
    NAME_W = 150
};

static void run(void *arg, const atomic_bool *cancel)
{
    struct views_difference *d = arg;
    model_difference_make(&d->next, d->before, d->after, cancel);
}

static void take(struct views_difference *d)
{
    struct model_difference old = d->now;
    d->now = d->next;
    d->next = old;
    d->grid.selected = UINT32_MAX;
}

void views_difference_stop(struct views_difference *d)
{
    views_asked_stop(&d->ask);
}

void views_difference_release(struct views_difference *d)
{
    views_difference_stop(d);
    model_difference_release(&d->now);
    model_difference_release(&d->next);
}

void views_difference_open(struct views *v)
{
    if (!views_timeline_shown(v))
        return;
    if (v->trace_count > 1)
        v->bottom = VIEWS_COMPARE;
    else
        snprintf(v->notice, sizeof v->notice,
                 "open another trace to compare with: drop its file on the window");
}

/* The tab before is "before": as in `whyprof compare BEFORE AFTER`. */
static void update(struct views *v)
{
    struct views_difference *d = &v->panel.difference;
    if (d->other >= v->trace_count || d->other == v->trace_at)
        d->other = v->trace_at ? v->trace_at - 1 : 1;
    struct views_question q = {.thread = MODEL_NO_THREAD, .variant = (int)d->other};
    bool first = v->trace_at < d->other;
    if (!model_work_is_started(&d->ask.work)) {
        d->before = v->trace_files[first ? v->trace_at : d->other];
        d->after = v->trace_files[first ? d->other : v->trace_at];
    }
    if (views_asked_update(v, &d->ask, q, run, d))
        take(d);
    d->grid.name = "difference";
    struct model_table *table = &d->now.tables[d->matter];
    if (d->grid.table != table) {
        d->grid.table = table;
        d->grid.selected = UINT32_MAX;
    }
    if (table->columns && (!table->shown_count || d->grid.filter.text[0]))
        views_grid_refresh(&d->grid);
}

/* With which of the other tabs. */
static void choose_other(struct views *v, struct gfx_rect *r)
{
    struct views_difference *d = &v->panel.difference;
    if (v->trace_count < 3)
        return;
    const char **names = arena_array(&v->frame, v->trace_count, sizeof *names);
    int *tabs = arena_array(&v->frame, v->trace_count, sizeof *tabs);
    int count = 0, chosen = 0;
    for (size_t i = 0; i < v->trace_count; i++) {
        if (i == v->trace_at)
            continue;
        if (i == d->other)
            chosen = count;
        tabs[count] = (int)i;
        names[count++] = model_basename(v->trace_paths[i]);
    }
    ui_cut_left(r, ui_px(&v->ui, 10));
    d->other =
        (size_t)tabs[ui_choice(&v->ui, UI_ID("difference-with", 0), r, names, count, chosen)];
}

static void draw_tools(struct views *v, struct gfx_rect r)
{
    static const char *const matters[COMPARE_MATTERS] = {[COMPARE_CPU] = "CPU samples",
                                                         [COMPARE_WAITS] = "Waits",
                                                         [COMPARE_LOCKS] = "Locks",
                                                         [COMPARE_SYSCALLS] = "System calls",
                                                         [COMPARE_RUN_QUEUE] = "Run queue"};
    struct views_difference *d = &v->panel.difference;
    r = ui_inset(r, ui_px(&v->ui, 10), ui_px(&v->ui, 4));
    d->matter = ui_choice(&v->ui, UI_ID("difference", 0), &r, matters, COMPARE_MATTERS, d->matter);
    choose_other(v, &r);
    ui_cut_left(&r, ui_px(&v->ui, 10));
    if (d->ask.is_made && d->now.ok)
        views_grid_filter(v, &d->grid, &r);
    views_asked_tools(v, &d->ask, "difference-ask", &r);
}

static void draw_words(struct views *v, struct gfx_rect *r)
{
    struct ui *ui = &v->ui;
    const struct compare_traces *c = &v->panel.difference.now.result;
    int line = ui_px(ui, LINE_H);
    ui_label(ui, GFX_BOLD, ui_inset(ui_cut_top(r, line), ui_px(ui, 12), 0), c->answer,
             ui->theme->text);
    /* The first one is in the answer. */
    for (int i = 1; i < SENTENCES && c->sentences[i] && r->h > 8 * line; i++)
        ui_label(ui, GFX_NORMAL, ui_inset(ui_cut_top(r, line), ui_px(ui, 12), 0), c->sentences[i],
                 ui->theme->text_dim);
}

static uint64_t most_running(const struct model_difference *d)
{
    uint64_t most = 1;
    for (int b = 0; b < MODEL_SIDE_BUCKETS; b++) {
        most = d->before.running_ns[b] > most ? d->before.running_ns[b] : most;
        most = d->after.running_ns[b] > most ? d->after.running_ns[b] : most;
    }
    return most;
}

/* What all threads did, as one bar. */
static void draw_mix(struct views *v, const struct model_side *side, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    uint64_t all = 0, before = 0;
    struct model_words tip = {.title = "All threads", .class = MODEL_CLASSES};
    for (int c = 0; c < MODEL_STATES; c++)
        all += side->states_ns[c];
    for (int c = 0; c < MODEL_STATES && all; c++) {
        int x0 = (int)((double)before / (double)all * r.w);
        before += side->states_ns[c];
        int x1 = (int)((double)before / (double)all * r.w);
        if (x1 > x0)
            gfx_rect(ui->list, (struct gfx_rect){r.x + x0, r.y, x1 - x0, r.h},
                     palette_span(ui->theme, (enum model_class)c));
        char ns[FMT_MAX], share[FMT_MAX];
        if (side->states_ns[c])
            model_words_fact(&tip, model_class_name((enum model_class)c),
                             arena_printf(&v->frame, "%s  %s", fmt_ns(ns, side->states_ns[c]),
                                          fmt_share(share, side->states_ns[c], all)));
    }
    if (ui_hover(ui, r))
        views_tip(v, &tip, 0);
}

static void draw_running(struct views *v, const struct model_side *side, struct gfx_rect r)
{
    const struct model_difference *d = &v->panel.difference.now;
    uint64_t most = most_running(d);
    int64_t shown_ns = d->bucket_ns * MODEL_SIDE_BUCKETS;
    gfx_color color = palette_span(v->ui.theme, MODEL_RUNNING);
    int lived = (int)((double)side->duration_ns / (double)shown_ns * r.w);
    gfx_rect(v->ui.list, (struct gfx_rect){r.x, r.y, lived, r.h}, v->ui.theme->raised);
    for (int x = 0; x < lived; x++) {
        int from = (int)((int64_t)x * MODEL_SIDE_BUCKETS / r.w);
        int to = (int)((int64_t)(x + 1) * MODEL_SIDE_BUCKETS / r.w);
        uint64_t ns = 0;
        for (int b = from; b < to || b == from; b++)
            ns = side->running_ns[b] > ns ? side->running_ns[b] : ns;
        int h = (int)((double)ns / (double)most * r.h + 0.999);
        gfx_rect(v->ui.list, (struct gfx_rect){r.x + x, r.y + r.h - h, 1, h}, color);
    }
}

/* A trace's name, what its threads did, and how many ran when: both on one time axis. */
static void draw_side(struct views *v, const char *path, const struct model_side *side,
                      struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    char length[FMT_MAX];
    r = ui_inset(r, ui_px(ui, 12), ui_px(ui, 2));
    struct gfx_rect name = ui_cut_left(&r, ui_px(ui, NAME_W));
    ui_label(ui, GFX_SMALL, ui_cut_top(&name, name.h / 2), model_basename(path), ui->theme->text);
    ui_label(ui, GFX_SMALL, name, fmt_ns(length, (uint64_t)side->duration_ns), ui->theme->text_dim);
    draw_mix(v, side, ui_inset(ui_cut_left(&r, ui_px(ui, MIX_W)), 0, ui_px(ui, 3)));
    ui_cut_left(&r, ui_px(ui, 12));
    draw_running(v, side, r);
}

static void draw_sides(struct views *v, struct gfx_rect *r)
{
    const struct views_difference *d = &v->panel.difference;
    bool first = v->trace_at < d->other;
    int h = ui_px(&v->ui, STRIP_H);
    draw_side(v, v->trace_paths[first ? v->trace_at : d->other], &d->now.before, ui_cut_top(r, h));
    draw_side(v, v->trace_paths[first ? d->other : v->trace_at], &d->now.after, ui_cut_top(r, h));
    ui_cut_top(r, ui_px(&v->ui, 4));
}

static void draw(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct views_difference *d = &v->panel.difference;
    update(v);
    draw_tools(v, ui_cut_top(&r, ui_px(ui, 32)));
    if (!d->ask.is_made) {
        ui_label_center(ui, GFX_NORMAL, r, d->ask.stopped ? "Stopped" : "Reading both traces ...",
                        ui->theme->text_dim);
        return;
    }
    if (!d->now.ok) {
        ui_label_center(ui, GFX_NORMAL, r, d->now.err.text, ui->theme->warn);
        return;
    }
    draw_words(v, &r);
    if (r.h > ui_px(ui, 2 * STRIP_H + ROWS_H))
        draw_sides(v, &r);
    views_grid_draw(v, &d->grid, r);
}

const struct view view_difference = {"difference", draw};
