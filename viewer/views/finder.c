/* finder: an overlay with a line to type into: finds a track by name (Ctrl+P), or
 * goes to a time (G). */
#include "views/views.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    WIDTH = 520,
    ROW_H = 26,
    MOST_ROWS = 12
};

struct entry {
    enum model_lane_kind kind;
    uint32_t owner;
    const char *name, *more;
};

void views_finder_open(struct views *v, enum views_finder_mode mode)
{
    if (!views_timeline_shown(v))
        return;
    v->finder = (struct views_finder){.mode = mode, .fresh = true};
    v->help_open = false;
    v->ui.again = true;
}

static void close_finder(struct views *v)
{
    v->finder.mode = VIEWS_FINDER_CLOSED;
    v->ui.again = true;
}

static bool is_match(const struct views *v, const char *name, const char *more)
{
    const char *text = v->finder.edit.text;
    return !text[0] || strcasestr(name, text) || strcasestr(more, text);
}

static void add(struct views *v, struct entry *list, int *count, enum model_lane_kind kind,
                uint32_t owner, const char *name, const char *more)
{
    if (*count < MOST_ROWS && is_match(v, name, more))
        list[(*count)++] = (struct entry){kind, owner, name, more};
}

static const char *lock_name(struct views *v, const struct model_cross_lock *l)
{
    struct trace_cursor c = trace_cursor(v->doc->trace, TRACE_LOCK_TABLE, 0);
    const char *name = trace_string(v->doc->trace, trace_get(&c, l->row, TRACE_LOCK_name));
    return name[0] ? name : arena_printf(&v->frame, "0x%" PRIx64, l->address);
}

static int list_tracks(struct views *v, struct entry *list)
{
    const struct model_doc *doc = v->doc;
    int count = 0;
    for (uint32_t i = 0; i < doc->process_count; i++)
        if (doc->processes[i].count)
            add(v, list, &count, MODEL_LANE_PROCESS, i, doc->processes[i].name,
                arena_printf(&v->frame, "process %u", doc->processes[i].pid));
    for (uint32_t i = 0; i < doc->thread_count; i++)
        add(v, list, &count, MODEL_LANE_STATE, i, doc->threads[i].name,
            arena_printf(&v->frame, "thread %u of %s", doc->threads[i].tid,
                         doc->processes[doc->threads[i].process].name));
    const struct model_cross_data *d = &v->tracks.cross.now;
    for (uint32_t i = 0; i < d->cpu_count; i++)
        add(v, list, &count, MODEL_LANE_CPU, i, arena_printf(&v->frame, "CPU %u", i), "CPU");
    for (size_t i = 0; i < d->lock_count; i++)
        add(v, list, &count, MODEL_LANE_LOCK, (uint32_t)i, lock_name(v, &d->locks[i]), "lock");
    for (size_t i = 0; v->lanes.rows_read && i < doc->counter_count; i++)
        add(v, list, &count, MODEL_LANE_COUNTER, (uint32_t)i, doc->counters[i].name, "counter");
    return count;
}

static void go(struct views *v, const struct entry *e)
{
    close_finder(v);
    if (e->kind == MODEL_LANE_STATE) {
        views_go_thread(v, e->owner);
        return;
    }
    v->lanes.counters_closed &= e->kind != MODEL_LANE_COUNTER;
    v->lanes.cpus_closed &= e->kind != MODEL_LANE_CPU;
    v->lanes.locks_closed &= e->kind != MODEL_LANE_LOCK;
    views_lanes_changed(v);
    v->nav.reveal_kind = e->kind;
    v->nav.reveal_owner = e->owner;
    v->nav.reveal = true;
    v->pick.set = false;
}

/* Up and Down move in the list; the line would not take them. */
static void move_choice(struct views *v)
{
    struct ui *ui = &v->ui;
    for (int i = 0; i < ui->typed_count; i++) {
        int key = ui->typed[i].key;
        v->finder.chosen += key == GFX_KEY_DOWN ? 1 : key == GFX_KEY_UP ? -1 : 0;
    }
    if (v->finder.chosen >= v->finder.count)
        v->finder.chosen = v->finder.count - 1;
    if (v->finder.chosen < 0)
        v->finder.chosen = 0;
}

static void draw_entry(struct views *v, const struct entry *e, int i, struct gfx_rect row)
{
    struct ui *ui = &v->ui;
    const struct gfx_theme *t = ui->theme;
    bool hover = ui_hover(ui, row);
    if (i == v->finder.chosen || hover)
        gfx_rect(ui->list, row,
                 i == v->finder.chosen ? gfx_mix(t->panel, t->accent, 60) : t->hover);
    if (ui_click(ui, UI_ID("finder", i), row))
        go(v, e);
    row = ui_inset(row, ui_px(ui, 10), 0);
    int w = ui_label_right(ui, GFX_SMALL, row, e->more, t->text_dim);
    ui_cut_right(&row, w + ui_px(ui, 10));
    ui_label(ui, GFX_NORMAL, row, e->name[0] ? e->name : "?", t->text);
}

static void draw_tracks(struct views *v, struct gfx_rect in, enum ui_edit_result result,
                        const struct entry *list, int count)
{
    struct ui *ui = &v->ui;
    if (!count)
        ui_label(ui, GFX_NORMAL, ui_inset(in, ui_px(ui, 10), 0), "no track has that name",
                 ui->theme->text_dim);
    for (int i = 0; i < count; i++)
        draw_entry(v, &list[i], i, ui_cut_top(&in, ui_px(ui, ROW_H)));
    if (result == UI_EDIT_CHANGED)
        v->finder.chosen = 0;
    if (result == UI_EDIT_ENTER && v->finder.chosen < count)
        go(v, &list[v->finder.chosen]);
}

static void draw_time(struct views *v, struct gfx_rect in, enum ui_edit_result result)
{
    struct ui *ui = &v->ui;
    struct err err;
    const char *hint = "1.5s    +20ms from the left edge    10ms 20ms shows that range";
    if (result == UI_EDIT_CHANGED)
        v->finder.problem[0] = '\0';
    if (result == UI_EDIT_ENTER) {
        if (views_go_text(v, v->finder.edit.text, &err))
            close_finder(v);
        else
            snprintf(v->finder.problem, sizeof v->finder.problem, "%.100s", err.text);
    }
    bool bad = v->finder.problem[0];
    ui_label(ui, GFX_SMALL, ui_inset(ui_cut_top(&in, ui_px(ui, ROW_H)), ui_px(ui, 10), 0),
             bad ? v->finder.problem : hint, bad ? ui->theme->warn : ui->theme->text_dim);
}

void views_finder_draw(struct views *v)
{
    struct ui *ui = &v->ui;
    struct views_finder *f = &v->finder;
    struct entry list[MOST_ROWS];
    if (f->mode == VIEWS_FINDER_CLOSED)
        return;
    bool tracks = f->mode == VIEWS_FINDER_TRACKS;
    if (tracks)
        move_choice(v);
    int count = tracks ? list_tracks(v, list) : 0, rows = count ? count : 1;
    struct gfx_rect all = ui->list->clips[0];
    int w = ui_px(ui, WIDTH) < all.w - 20 ? ui_px(ui, WIDTH) : all.w - 20;
    struct gfx_rect box = {(all.w - w) / 2, ui_px(ui, 70), w,
                           rows * ui_px(ui, ROW_H) + ui_px(ui, 52)};
    gfx_rect(ui->list, all, gfx_alpha(ui->theme->shade, 90));
    gfx_round(ui->list, box, ui_px(ui, 6), ui->theme->line);
    gfx_round(ui->list, ui_inset(box, 1, 1), ui_px(ui, 6), ui->theme->panel);
    struct gfx_rect in = ui_inset(box, ui_px(ui, 8), ui_px(ui, 8));
    uint64_t id = UI_ID("finder-line", f->mode);
    if (f->fresh)
        ui_focus(ui, id);
    f->fresh = false;
    enum ui_edit_result result =
        ui_edit(ui, id, ui_cut_top(&in, ui_px(ui, 28)), &f->edit,
                tracks ? "Find a track: thread, process, lock, counter" : "Go to a time");
    ui_cut_top(&in, ui_px(ui, 8));
    f->count = count;
    if (tracks)
        draw_tracks(v, in, result, list, count);
    else
        draw_time(v, in, result);
    if (result == UI_EDIT_ESCAPE || (ui->in.pressed && !gfx_inside(box, ui->in.x, ui->in.y)))
        close_finder(v);
}
