/* timeline_names: the column of track names beside the lanes. */
#include "views/palette.h"
#include "views/views.h"

#include "base/fmt.h"

#include <stdio.h>

static bool fold_mark(struct views *v, uint64_t id, struct gfx_rect r, bool open)
{
    struct ui *ui = &v->ui;
    bool hover = ui_hover(ui, r);
    ui_fold_mark(ui, r, open, hover ? ui->theme->text : ui->theme->text_dim);
    if (hover)
        ui->cursor = GFX_CURSOR_HAND;
    return ui_click(ui, id, r);
}

/* Folding takes effect with the next frame: lanes are being walked now. */
static void fold(struct views *v, bool *closed)
{
    *closed = !*closed;
    v->lanes_scale = 0;
    v->ui.again = true;
}

static void draw_process(struct views *v, const struct model_lane *lane, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const struct model_process *p = &v->doc->processes[lane->owner];
    bool *closed = &v->lanes.process_closed[lane->owner];
    char text[64];
    ui_cut_left(&r, ui_px(ui, 2));
    if (fold_mark(v, UI_ID("fold-process", lane->owner), ui_cut_left(&r, ui_px(ui, 18)), !*closed))
        fold(v, closed);
    uint32_t shown = 0;
    for (uint32_t i = p->first; i < p->first + p->count; i++)
        shown += model_lanes_shows(&v->lanes, i);
    if (shown < p->count)
        snprintf(text, sizeof text, "%u of %u threads", shown, p->count);
    else
        snprintf(text, sizeof text, "%u %s", p->count, p->count == 1 ? "thread" : "threads");
    ui_cut_right(&r, ui_px(ui, 10));
    int w = ui_label_right(ui, GFX_SMALL, r, text, ui->theme->text_dim);
    ui_cut_right(&r, w + ui_px(ui, 8));
    w = ui_label(ui, GFX_BOLD, r, p->name[0] ? p->name : "process", ui->theme->text);
    ui_cut_left(&r, w + ui_px(ui, 7));
    snprintf(text, sizeof text, "%u", p->pid);
    ui_label(ui, GFX_SMALL, r, text, ui->theme->text_dim);
    if (ui_hover(ui, r) && p->cmdline[0]) {
        struct model_words words = {.title = p->cmdline, .class = MODEL_CLASSES};
        views_tip(v, &words, 0);
    }
}

/* A bar of the thread's life: running, waiting for a CPU, blocked; and its CPU
 * share as a number. */
static void draw_share(struct views *v, uint32_t thread, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const struct model_overview *o = &v->doc->overview;
    if (!atomic_load(&o->done))
        return;
    const uint64_t *ns = o->thread_ns + (size_t)thread * MODEL_STATES;
    uint64_t whole = 0, before = 0;
    char text[FMT_MAX];
    for (int c = 0; c < MODEL_STATES; c++)
        whole += ns[c];
    if (!whole)
        return;
    struct gfx_rect number = ui_cut_left(&r, ui_px(ui, 48));
    ui_cut_right(&number, ui_px(ui, 6));
    snprintf(text, sizeof text, "%.0f %%", 100.0 * (double)ns[MODEL_RUNNING] / (double)whole);
    ui_label_right(ui, GFX_SMALL, number, text, ui->theme->text_dim);
    int h = ui_px(ui, 6);
    struct gfx_rect bar = {r.x, r.y + (r.h - h) / 2, r.w, h};
    for (int c = 0; c < MODEL_STATES; c++) {
        int x0 = (int)(before * (uint64_t)bar.w / whole);
        before += ns[c];
        int x1 = (int)(before * (uint64_t)bar.w / whole);
        if (x1 > x0)
            gfx_rect(ui->list, (struct gfx_rect){bar.x + x0, bar.y, x1 - x0, bar.h},
                     palette_span(ui->theme, (enum model_class)c));
    }
}

static void tip_thread(struct views *v, uint32_t thread)
{
    const struct model_thread *th = &v->doc->threads[thread];
    const struct model_overview *o = &v->doc->overview;
    struct model_totals totals = {0};
    struct model_words words;
    if (atomic_load(&o->done))
        for (int c = 0; c < MODEL_STATES; c++)
            totals.ns[c] = o->thread_ns[(size_t)thread * MODEL_STATES + (size_t)c];
    model_describe_totals(&words, &totals, th->start_ns, th->end_ns, &v->frame);
    char life[FMT_MAX];
    fmt_ns(life, (uint64_t)(th->end_ns > th->start_ns ? th->end_ns - th->start_ns : 0));
    words.title =
        arena_printf(&v->frame, "%s, thread %u: %s", th->name[0] ? th->name : "?", th->tid, life);
    views_tip(v, &words, 0);
}

/* In place of the share while the pointer is on the name. */
static void draw_thread_buttons(struct views *v, uint32_t thread, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    bool pinned = v->lanes.pinned[thread];
    int w = r.w / 2 - ui_px(ui, 2);
    r = ui_inset(r, 0, ui_px(ui, 2));
    if (ui_button(ui, UI_ID("pin", thread), ui_cut_left(&r, w), pinned ? "Unpin" : "Pin", pinned)) {
        v->thread = (int)thread;
        views_pin(v);
    }
    ui_cut_left(&r, ui_px(ui, 4));
    if (ui_button(ui, UI_ID("hide", thread), ui_cut_left(&r, w), "Hide", false)) {
        v->thread = (int)thread;
        views_hide(v);
    }
}

static void draw_thread(struct views *v, const struct model_lane *lane, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const struct gfx_theme *t = ui->theme;
    const struct model_thread *th = &v->doc->threads[lane->owner];
    bool chosen = v->thread == (int)lane->owner, *closed = &v->lanes.thread_closed[lane->owner];
    bool folds =
        th->lock_waits || (v->lanes.rows_read && th->regions.depths) || th->syscalls || th->samples;
    struct gfx_rect whole = r;
    char tid[32];
    if (chosen)
        gfx_rect(ui->list, r, gfx_mix(t->panel, t->accent, 44));
    if (chosen)
        gfx_rect(ui->list, (struct gfx_rect){r.x, r.y, ui_px(ui, 3), r.h}, t->accent);
    ui_cut_left(&r, ui_px(ui, 14));
    struct gfx_rect mark = ui_cut_left(&r, ui_px(ui, 18));
    if (folds && fold_mark(v, UI_ID("fold-thread", lane->owner), mark, !*closed))
        fold(v, closed);
    ui_cut_right(&r, ui_px(ui, 10));
    struct gfx_rect right = ui_cut_right(&r, ui_px(ui, 94));
    if (ui_hover(ui, whole))
        draw_thread_buttons(v, lane->owner, right);
    else
        draw_share(v, lane->owner, right);
    snprintf(tid, sizeof tid, "%u", th->tid);
    int tid_w = ui_text_width(ui, GFX_SMALL, tid) + ui_px(ui, 6);
    struct gfx_rect name = r;
    name.w = r.w > tid_w ? r.w - tid_w : 0;
    int w = ui_label(ui, GFX_NORMAL, name, th->name[0] ? th->name : "?", t->text);
    ui_cut_left(&r, w + ui_px(ui, 6));
    ui_label(ui, GFX_SMALL, r, tid, t->text_dim);
    if (ui_hover(ui, whole) && !ui_hover(ui, mark) && !ui_hover(ui, right))
        tip_thread(v, lane->owner);
    if (ui_click(ui, UI_ID("thread", lane->owner), whole))
        v->thread = chosen ? MODEL_NO_THREAD : (int)lane->owner;
}

static void draw_counter(struct views *v, const struct model_lane *lane, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const struct model_counter *c = &v->doc->counters[lane->owner];
    char text[64];
    ui_cut_left(&r, ui_px(ui, 32));
    ui_cut_right(&r, ui_px(ui, 10));
    struct gfx_rect top = ui_cut_top(&r, r.h / 2);
    ui_label(ui, GFX_NORMAL, top, c->name, ui->theme->text);
    char low[FMT_MAX], high[FMT_MAX];
    snprintf(text, sizeof text, "%s to %s", model_counter_text(c, c->min, low),
             model_counter_text(c, c->max, high));
    ui_label(ui, GFX_SMALL, r, text, ui->theme->text_dim);
}

static void draw_group(struct views *v, const struct model_lane *lane, struct gfx_rect r,
                       const char *name, bool *closed)
{
    struct ui *ui = &v->ui;
    gfx_rect(ui->list, r, ui->theme->raised);
    ui_cut_left(&r, ui_px(ui, 2));
    struct gfx_rect mark = ui_cut_left(&r, ui_px(ui, 18));
    if (closed && fold_mark(v, UI_ID("fold-group", lane->kind), mark, !*closed))
        fold(v, closed);
    ui_label(ui, GFX_BOLD, r, name, ui->theme->text);
}

void views_name_draw(struct views *v, struct model_lane *lane, struct gfx_rect r)
{
    static const char *const names[MODEL_LANE_KINDS] = {
        [MODEL_LANE_LOCKS] = "lock waits",
        [MODEL_LANE_SYSCALLS] = "system calls",
        [MODEL_LANE_SAMPLES] = "samples",
        [MODEL_LANE_STACK] = "blocked in",
    };
    struct ui *ui = &v->ui;
    switch (lane->kind) {
    case MODEL_LANE_PROCESS:
        gfx_rect(ui->list, r, ui->theme->raised);
        draw_process(v, lane, r);
        break;
    case MODEL_LANE_COUNTERS:
        draw_group(v, lane, r, "Counters", &v->lanes.counters_closed);
        break;
    case MODEL_LANE_CPUS:
        draw_group(v, lane, r, "CPUs", &v->lanes.cpus_closed);
        break;
    case MODEL_LANE_LOCKING:
        draw_group(v, lane, r, "Contended locks", &v->lanes.locks_closed);
        break;
    case MODEL_LANE_PINNED:
        draw_group(v, lane, r, "Pinned", NULL);
        break;
    case MODEL_LANE_CPU:
    case MODEL_LANE_LOCK:
        views_cross_name(v, lane, r);
        break;
    case MODEL_LANE_STATE:
        draw_thread(v, lane, r);
        break;
    case MODEL_LANE_COUNTER:
        draw_counter(v, lane, r);
        break;
    default:
        ui_cut_right(&r, ui_px(ui, 10));
        if (lane->kind != MODEL_LANE_REGION || lane->depth == 0)
            ui_label_right(ui, GFX_SMALL, r, names[lane->kind] ? names[lane->kind] : "regions",
                           ui->theme->text_dim);
    }
}
