/* timeline_cross: lanes of CPUs (which thread ran) and of contended locks (who held
 * it, and below who waited). */
#include "views/palette.h"
#include "views/tracks.h"
#include "views/views.h"

#include "base/fmt.h"
#include "model/ticks.h"

#include <inttypes.h>
#include <stdio.h>

bool views_lane_is_cross(const struct model_lane *lane)
{
    return lane->kind == MODEL_LANE_CPU || lane->kind == MODEL_LANE_LOCK;
}

static const struct model_spans_item *item_of(struct views *v, const struct model_lane *lane,
                                              const struct model_span *span)
{
    const struct model_cross_list *list = model_lanes_cross(&v->lanes, lane);
    const struct model_spans_item *item =
        list && span->row < list->count ? &list->items[span->row] : NULL;
    return item && item->thread != (uint32_t)MODEL_CROSS_NOBODY ? item : NULL;
}

static const char *thread_name(struct views *v, uint32_t thread)
{
    const struct model_thread *th = &v->doc->threads[thread];
    return arena_printf(&v->frame, "%s %u", th->name[0] ? th->name : "thread", th->tid);
}

const char *views_cross_label(struct views *v, const struct model_lane *lane,
                              const struct model_span *span)
{
    const struct model_spans_item *item = item_of(v, lane, span);
    return item ? thread_name(v, item->thread) : "";
}

static const char *lock_name(struct views *v, uint32_t lock)
{
    const struct model_cross_lock *l = &v->tracks.cross.now.locks[lock];
    struct trace_cursor c = trace_cursor(v->doc->trace, TRACE_LOCK_TABLE, 0);
    const char *name = trace_string(v->doc->trace, trace_get(&c, l->row, TRACE_LOCK_name));
    return name[0] ? name : arena_printf(&v->frame, "0x%" PRIx64, l->address);
}

static struct model_words words_of(struct views *v, const struct model_lane *lane,
                                   const struct model_spans_item *item)
{
    char buf[MODEL_TIME_MAX];
    struct model_words w = {.title = thread_name(v, item->thread), .class = item->class};
    if (lane->kind == MODEL_LANE_CPU)
        model_words_fact(&w, "Ran on", arena_printf(&v->frame, "CPU %u", lane->owner));
    else
        model_words_fact(&w, lane->depth ? "Waited for" : "Held", lock_name(v, lane->owner));
    if (item->class == MODEL_HELD_CONTENDED)
        model_words_fact(&w, "", "while others waited for it");
    model_words_fact(&w, "Duration",
                     arena_strdup(&v->frame, model_time_exact(buf, item->end_ns - item->begin_ns)));
    model_words_fact(&w, "Start", arena_strdup(&v->frame, model_time_exact(buf, item->begin_ns)));
    return w;
}

/* A click picks what the thread's own lane has there: its state, its wait. */
static void hover_own(struct views *v, const struct model_lane *lane,
                      const struct model_spans_item *item)
{
    struct views_pick pick = {.set = true,
                              .lane = MODEL_LANE_STATE,
                              .thread = item->thread,
                              .row = item->row,
                              .begin_ns = item->begin_ns,
                              .end_ns = item->end_ns};
    if (lane->kind == MODEL_LANE_LOCK && lane->depth)
        pick.lane = MODEL_LANE_LOCKS;
    if (lane->kind == MODEL_LANE_LOCK && !lane->depth) {
        const struct model_thread *th = &v->doc->threads[item->thread];
        struct trace_cursor c = trace_cursor(v->doc->trace, TRACE_THREAD_STATE_TABLE, th->key);
        pick.row = c.total_rows ? trace_row_at(&c, (uint64_t)item->begin_ns) : 0;
        pick.set = c.total_rows > 0;
    }
    v->hover = pick;
}

void views_cross_hover(struct views *v, const struct model_lane *lane,
                       const struct model_span *span)
{
    const struct model_spans_item *item = item_of(v, lane, span);
    if (!item)
        return;
    struct model_words words = words_of(v, lane, item);
    hover_own(v, lane, item);
    views_tip(v, &words, 0);
}

void views_cross_share(struct views *v, const struct model_lane *lane,
                       const struct model_totals *totals, int64_t column_ns,
                       struct model_words *words)
{
    char share[FMT_MAX], ns[FMT_MAX];
    uint64_t sum = 0;
    for (int c = 0; c < MODEL_CLASSES; c++)
        sum += totals->ns[c];
    *words = (struct model_words){.class = MODEL_CLASSES};
    words->title = lane->kind == MODEL_LANE_CPU ? arena_printf(&v->frame, "CPU %u", lane->owner)
                                                : lock_name(v, lane->owner);
    model_words_fact(words,
                     lane->kind == MODEL_LANE_CPU ? "Busy"
                     : lane->depth                ? "Waited for"
                                                  : "Held",
                     arena_printf(&v->frame, "%s of %s",
                                  fmt_share(share, sum, (uint64_t)(column_ns > 0 ? column_ns : 1)),
                                  fmt_ns(ns, (uint64_t)column_ns)));
    model_words_fact(words, "", "zoom in to see who");
}

static void draw_lock_name(struct views *v, const struct model_lane *lane, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    const struct model_cross_lock *l = &v->tracks.cross.now.locks[lane->owner];
    char wait[FMT_MAX];
    ui_cut_right(&r, ui_px(ui, 10));
    if (lane->depth) {
        bool last = lane->depth + 1 == l->lane_count;
        if (lane->depth == 1)
            ui_label_right(ui, GFX_SMALL, r, "waiting", ui->theme->text_dim);
        else if (last && l->more_waiters)
            ui_label_right(ui, GFX_SMALL, r, "and more", ui->theme->text_dim);
        return;
    }
    ui_cut_left(&r, ui_px(ui, 32));
    const char *text = arena_printf(&v->frame, "waited %s", fmt_ns(wait, l->wait_ns));
    int w = ui_label_right(ui, GFX_SMALL, r, text, ui->theme->warn);
    ui_cut_right(&r, w + ui_px(ui, 8));
    ui_label(ui, GFX_NORMAL, r, lock_name(v, lane->owner), ui->theme->text);
}

void views_cross_name(struct views *v, const struct model_lane *lane, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    if (lane->kind == MODEL_LANE_LOCK) {
        draw_lock_name(v, lane, r);
        return;
    }
    ui_cut_left(&r, ui_px(ui, 32));
    ui_label(ui, GFX_NORMAL, r, arena_printf(&v->frame, "CPU %u", lane->owner), ui->theme->text);
}
