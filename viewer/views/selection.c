#include "views/selection.h"

#include "gfx/canvas.h"
#include "views/palette.h"
#include "views/views.h"

#include "base/fmt.h"
#include "model/ticks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_H = 19,
    NAME_W = 130,
    NUMBER_W = 84,
    NUMBERS = 8
};

void views_selection_release(struct views_selection *s)
{
    model_work_stop(&s->work);
    free(s->shown);
    memset(s, 0, sizeof *s);
}

static void run(void *arg, const atomic_bool *cancel)
{
    struct views_selection *s = arg;
    model_stats_run(&s->next, s->doc, s->asked_range, s->shown, cancel);
}

/* The selected thread, or all that are shown. */
static void choose(const struct views *v, bool *shown)
{
    for (uint32_t i = 0; i < v->doc->thread_count; i++)
        shown[i] =
            v->thread == MODEL_NO_THREAD ? model_lanes_shows(&v->lanes, i) : v->thread == (int)i;
}

static void update(struct views *v)
{
    struct views_selection *s = &v->chosen;
    if (model_work_done(&s->work)) {
        s->now = s->next;
        s->made = true;
    }
    uint32_t count = v->doc->thread_count;
    bool *shown = arena_array(&v->frame, count + 1, sizeof *shown);
    choose(v, shown);
    uint64_t hash = gfx_hash(count, shown, count);
    struct model_range range = v->selection;
    if (s->doc == v->doc && s->asked_shown == hash && s->asked_range.begin_ns == range.begin_ns &&
        s->asked_range.end_ns == range.end_ns)
        return;
    /* Not while it still changes, nor before the one under way has noticed. */
    if (v->ui.in.down || model_work_is_started(&s->work)) {
        model_work_cancel(&s->work);
        s->made = false;
        v->waiting |= model_work_is_started(&s->work);
        return;
    }
    s->doc = v->doc;
    s->asked_range = range;
    s->asked_shown = hash;
    s->made = false;
    s->shown = mem_realloc(s->shown, count + 1, sizeof *s->shown);
    memcpy(s->shown, shown, count);
    model_work_start(&s->work, run, s, gfx_wake);
}

static void draw_bar(struct views *v, const struct model_stats *s, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    uint64_t whole = 0, before = 0;
    for (int c = 0; c < MODEL_STATES; c++)
        whole += s->ns[c];
    for (int c = 0; c < MODEL_STATES && whole; c++) {
        int x0 = (int)((double)before / (double)whole * r.w);
        before += s->ns[c];
        int x1 = (int)((double)before / (double)whole * r.w);
        gfx_rect(ui->list, (struct gfx_rect){r.x + x0, r.y, x1 - x0, r.h},
                 palette_span(ui->theme, (enum model_class)c));
    }
}

static const char *scope(struct views *v, const struct model_stats *s)
{
    if (v->thread == MODEL_NO_THREAD)
        return arena_printf(&v->frame, "%u %s", s->threads, s->threads == 1 ? "thread" : "threads");
    const struct model_thread *th = &v->doc->threads[v->thread];
    return arena_printf(&v->frame, "%s %u", th->name, th->tid);
}

static void draw_numbers(struct views *v, struct gfx_rect *r, const char *const *texts,
                         gfx_color color)
{
    struct ui *ui = &v->ui;
    for (int i = 0; i < NUMBERS; i++) {
        struct gfx_rect cell = ui_cut_left(r, ui_px(ui, NUMBER_W));
        ui_cut_right(&cell, ui_px(ui, 8));
        ui_label_right(ui, GFX_SMALL, cell, texts[i], color);
    }
}

static const char *length(struct views *v, uint64_t ns)
{
    char buf[FMT_MAX];
    return arena_strdup(&v->frame, fmt_ns(buf, ns));
}

static void draw_row(struct views *v, const struct model_stats *s, int kind, struct gfx_rect row)
{
    static const char *const names[] = {"system calls", "lock waits", "regions"};
    struct ui *ui = &v->ui;
    const struct model_stats_row *n = &s->rows[kind];
    char share[FMT_MAX], count[FMT_MAX];
    uint64_t whole = (uint64_t)model_range_ns(s->range) * s->threads;
    bool state = kind < MODEL_STATES;
    struct gfx_rect name = ui_cut_left(&row, ui_px(ui, NAME_W));
    struct gfx_rect chip = ui_cut_left(&name, ui_px(ui, 18));
    int side = ui_px(ui, 11);
    if (state)
        gfx_rect(ui->list, (struct gfx_rect){chip.x, chip.y + (chip.h - side) / 2, side, side},
                 palette_span(ui->theme, (enum model_class)kind));
    ui_label(ui, GFX_NORMAL, name,
             state ? model_class_name((enum model_class)kind) : names[kind - MODEL_STATES],
             ui->theme->text);
    const char *none = "-";
    const char *texts[NUMBERS] = {
        state ? fmt_share(share, s->ns[kind], whole) : "",
        length(v, state ? s->ns[kind] : n->total_ns),
        fmt_count(count, n->count),
        n->count ? length(v, n->total_ns / n->count) : none,
        n->count ? arena_printf(&v->frame, "%s%s", n->sampled ? "~" : "", length(v, n->median_ns))
                 : none,
        n->count ? arena_printf(&v->frame, "%s%s", n->sampled ? "~" : "", length(v, n->p99_ns))
                 : none,
        n->count ? length(v, n->min_ns) : none,
        n->count ? length(v, n->max_ns) : none,
    };
    draw_numbers(v, &row, texts, ui->theme->text);
}

static void draw_table(struct views *v, const struct model_stats *s, struct gfx_rect r)
{
    static const char *const heads[NUMBERS] = {"share",  "time", "begun", "mean",
                                               "median", "p99",  "min",   "max"};
    struct ui *ui = &v->ui;
    struct gfx_rect head = ui_cut_top(&r, ui_px(ui, LINE_H));
    ui_cut_left(&head, ui_px(ui, NAME_W));
    draw_numbers(v, &head, heads, ui->theme->text_dim);
    struct gfx_rect box = r;
    int h = ui_px(ui, LINE_H), y = r.y - v->chosen.scroll_px, rows = 0;
    gfx_clip_push(ui->list, box);
    for (int kind = 0; kind < MODEL_STATS_KINDS; kind++) {
        bool state = kind < MODEL_STATES;
        if (s->rows[kind].count || (state && s->ns[kind]))
            draw_row(v, s, kind, (struct gfx_rect){r.x, y + rows++ * h, r.w, h});
    }
    ui_scroll(ui, UI_ID("selection", 0), box, rows * h, &v->chosen.scroll_px);
    gfx_clip_pop(ui->list);
}

void views_selection_draw(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct views_selection *s = &v->chosen;
    char from[MODEL_TIME_MAX], to[MODEL_TIME_MAX], len[MODEL_TIME_MAX];
    update(v);
    r = ui_inset(r, ui_px(ui, 14), ui_px(ui, 8));
    struct gfx_rect head = ui_cut_top(&r, ui_px(ui, 24));
    const char *title =
        arena_printf(&v->frame, "%s selected", model_time_exact(len, model_range_ns(v->selection)));
    int w = ui_label(ui, GFX_TITLE, head, title, ui->theme->text);
    ui_cut_left(&head, w + ui_px(ui, 16));
    if (!s->made) {
        v->waiting |= model_work_is_started(&s->work);
        ui_label(ui, GFX_SMALL, head, "adding up ...", ui->theme->text_dim);
        return;
    }
    ui_label(ui, GFX_SMALL, head,
             arena_printf(&v->frame, "%s to %s    %s    F zooms to it",
                          model_time_exact(from, v->selection.begin_ns),
                          model_time_exact(to, v->selection.end_ns), scope(v, &s->now)),
             ui->theme->text_dim);
    draw_bar(v, &s->now, ui_cut_top(&r, ui_px(ui, 10)));
    ui_cut_top(&r, ui_px(ui, 6));
    draw_table(v, &s->now, r);
}
