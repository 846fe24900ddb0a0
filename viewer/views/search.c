/* search: the field in the header, and below it what was found. */
#include "gfx/canvas.h"
#include "views/palette.h"
#include "views/views.h"

#include "base/fmt.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    FIELD_W = 270,
    LIST_W = 430,
    ROW_H = 22
};

static uint64_t field_id(void)
{
    return UI_ID("search", 0);
}

static void start(struct views *v)
{
    struct views_search *s = &v->search;
    struct err err = {0};
    s->problem[0] = '\0';
    s->placed = false;
    s->owed = 0;
    if (!model_search_start(&s->run, v->doc, s->edit.text, gfx_wake, &err))
        snprintf(s->problem, sizeof s->problem, "%.250s", err.text);
    views_lanes_changed(v); /* which also drops the ticks of the search before */
}

void views_search_set(struct views *v, const char *line)
{
    ui_edit_set(&v->search.edit, line);
    start(v);
}

void views_search_focus(struct views *v)
{
    if (!views_timeline_shown(v))
        return;
    ui_focus(&v->ui, field_id());
    v->search.edit.caret = strlen(v->search.edit.text);
}

void views_search_dim(struct views *v)
{
    if (!views_timeline_shown(v))
        return;
    if (!model_search_is_on(&v->search.run)) {
        v->search.dim = true;
        views_search_focus(v);
        return;
    }
    v->search.dim = !v->search.dim;
    views_lanes_changed(v);
}

/* The first step goes to the hit nearest after the window's begin, or the pick. */
static bool try_step(struct views *v, int step)
{
    struct views_search *s = &v->search;
    struct model_search_place place = s->place;
    if (!s->placed)
        place =
            (struct model_search_place){.lane = MODEL_LANE_KINDS, .begin_ns = v->window.begin_ns};
    bool found = model_search_step(&s->run, &place, step);
    if (!found && model_search_is_done(&s->run)) { /* around the end */
        place = (struct model_search_place){.lane = MODEL_LANE_KINDS,
                                            .begin_ns = step > 0 ? 0 : INT64_MAX};
        found = model_search_step(&s->run, &place, step);
    }
    if (!found)
        return false;
    s->placed = true;
    s->place = place;
    s->ordinal = model_search_ordinal(&s->run, &place);
    views_go(v, &place);
    return true;
}

/* Threads are hits too where nothing else is. */
static void next_thread(struct views *v, int step)
{
    struct views_search *s = &v->search;
    size_t count = s->run.thread_count, at = 0;
    if (!count) {
        snprintf(v->notice, sizeof v->notice, "nothing in the trace matches '%.200s'",
                 s->edit.text);
        return;
    }
    while (at < count && (int)s->run.threads[at] != v->thread)
        at++;
    if (at == count)
        at = step > 0 ? 0 : count - 1;
    else
        at = (at + (step > 0 ? 1 : count - 1)) % count;
    views_go_thread(v, s->run.threads[at]);
}

void views_search_step(struct views *v, int step)
{
    struct views_search *s = &v->search;
    if (!views_timeline_shown(v))
        return;
    if (!model_search_is_on(&s->run)) {
        views_search_focus(v);
        return;
    }
    s->owed = 0;
    if (try_step(v, step))
        return;
    if (model_search_is_done(&s->run))
        next_thread(v, step);
    else
        s->owed = step; /* taken as soon as there is a hit */
}

/* Enter goes on, with Shift back: the field itself does not tell them apart. */
static int entered(const struct ui *ui)
{
    int step = 0;
    for (int i = 0; i < ui->typed_count; i++)
        if (ui->typed[i].kind == GFX_EVENT_KEY && ui->typed[i].key == GFX_KEY_ENTER)
            step = ui->typed[i].mods & GFX_SHIFT ? -1 : 1;
    return step;
}

static void draw_count(struct views *v, struct gfx_rect r)
{
    struct views_search *s = &v->search;
    struct ui *ui = &v->ui;
    char at[FMT_MAX], all[FMT_MAX];
    uint64_t hits = atomic_load(&s->run.hits);
    const char *text, *more = model_search_is_done(&s->run) ? "" : " ...";
    if (s->problem[0])
        text = "?";
    else if (s->placed)
        text = arena_printf(&v->frame, "%s of %s%s", fmt_count(at, s->ordinal + 1),
                            fmt_count(all, hits), more);
    else
        text = arena_printf(&v->frame, "%s%s", fmt_count(all, hits), more);
    ui_label_right(ui, GFX_SMALL, ui_inset(r, ui_px(ui, 8), 0), text,
                   s->problem[0] ? ui->theme->warn : ui->theme->text_dim);
}

void views_search_field(struct views *v, struct gfx_rect *row)
{
    struct views_search *s = &v->search;
    struct ui *ui = &v->ui;
    if (!views_timeline_shown(v))
        return;
    int w = ui_px(ui, FIELD_W) < row->w / 2 ? ui_px(ui, FIELD_W) : row->w / 2;
    struct gfx_rect r = ui_cut_right(row, w);
    ui_cut_right(row, ui_px(ui, 8));
    s->field = r;
    int step = ui_has_focus(ui, field_id()) ? entered(ui) : 0;
    struct gfx_rect line = r;
    enum ui_edit_result result =
        ui_edit(ui, field_id(), line, &s->edit, "/ search names, state:lock dur>1ms");
    if (result == UI_EDIT_CHANGED)
        start(v);
    if (step)
        views_search_step(v, step);
    if (model_search_is_on(&s->run) || s->problem[0])
        draw_count(v, r);
    if (s->owed && try_step(v, s->owed))
        s->owed = 0;
    if (!model_search_is_done(&s->run))
        v->waiting = true;
}

static const char *const kind_names[MODEL_SEARCH_KINDS] = {
    [MODEL_SEARCH_CALL] = "system call", [MODEL_SEARCH_FILE] = "file or peer",
    [MODEL_SEARCH_REGION] = "region",    [MODEL_SEARCH_FUNCTION] = "function",
    [MODEL_SEARCH_LOCK] = "lock",        [MODEL_SEARCH_THREAD] = "thread",
};

static void draw_name(struct views *v, const struct model_search_name *n, int i,
                      struct gfx_rect row)
{
    struct ui *ui = &v->ui;
    char count[FMT_MAX];
    bool hover = ui_hover(ui, row);
    if (hover) {
        gfx_rect(ui->list, row, ui->theme->hover);
        ui->cursor = GFX_CURSOR_HAND;
    }
    if (ui_click(ui, UI_ID("search-name", i), row)) {
        if (n->kind == MODEL_SEARCH_THREAD)
            views_go_thread(v, n->thread);
        else
            views_search_set(v, arena_printf(&v->frame, "\"%s\"", n->name));
        ui->again = true;
    }
    row = ui_inset(row, ui_px(ui, 10), 0);
    const char *text = n->kind == MODEL_SEARCH_THREAD ? "" : fmt_count(count, n->count);
    ui_label_right(ui, GFX_SMALL, ui_cut_right(&row, ui_px(ui, 80)), text, ui->theme->text);
    ui_cut_right(&row, ui_px(ui, 8));
    int w = ui_label_right(ui, GFX_SMALL, row, kind_names[n->kind], ui->theme->text_dim);
    ui_cut_right(&row, w + ui_px(ui, 8));
    ui_label(ui, GFX_NORMAL, row, n->name, ui->theme->text);
}

static size_t list_names(struct views *v, struct model_search_name *names)
{
    const struct model_search *run = &v->search.run;
    size_t count = 0;
    for (size_t i = 0; i < run->thread_count && count < 3; i++) {
        const struct model_thread *th = &v->doc->threads[run->threads[i]];
        names[count++] =
            (struct model_search_name){.kind = MODEL_SEARCH_THREAD,
                                       .name = arena_printf(&v->frame, "%s %u", th->name, th->tid),
                                       .thread = run->threads[i]};
    }
    for (size_t i = 0; model_search_is_done(run) && i < run->name_count; i++)
        if (count < MODEL_SEARCH_NAMES)
            names[count++] = run->names[i];
    return count;
}

static const char *summary(struct views *v)
{
    const struct views_search *s = &v->search;
    char hits[FMT_MAX];
    if (s->problem[0])
        return s->problem;
    if (!model_search_is_on(&s->run))
        return "names, \"whole name\", state:blocked reason:lock dur>1ms thread:NAME cpu:0";
    fmt_count(hits, atomic_load(&s->run.hits));
    if (!model_search_is_done(&s->run))
        return arena_printf(&v->frame, "%s found, %u %% searched", hits,
                            atomic_load(&s->run.permille) / 10);
    if (!s->run.hits && !s->run.thread_count)
        return "nothing matches";
    return arena_printf(&v->frame, "%s found   Enter: next   Shift+Enter: before   Esc, H: %s",
                        hits, s->dim ? "show all" : "dim the rest");
}

void views_search_list(struct views *v)
{
    struct views_search *s = &v->search;
    struct ui *ui = &v->ui;
    struct model_search_name names[MODEL_SEARCH_NAMES];
    if (!views_timeline_shown(v) || !ui_has_focus(ui, field_id())) {
        ui->cover = (struct gfx_rect){0};
        return;
    }
    size_t count = list_names(v, names);
    int w = ui_px(ui, LIST_W), row_h = ui_px(ui, ROW_H);
    struct gfx_rect box = {s->field.x + s->field.w - w, s->field.y + s->field.h + ui_px(ui, 3), w,
                           row_h * (int)(count + 1) + ui_px(ui, 12)};
    box.x = box.x < 4 ? 4 : box.x;
    ui->cover = box;
    ui->over = true;
    gfx_round(ui->list, box, ui_px(ui, 5), ui->theme->line);
    gfx_round(ui->list, ui_inset(box, 1, 1), ui_px(ui, 5), ui->theme->panel);
    struct gfx_rect in = ui_inset(box, ui_px(ui, 2), ui_px(ui, 6));
    ui_label(ui, GFX_SMALL, ui_inset(ui_cut_top(&in, row_h), ui_px(ui, 10), 0), summary(v),
             s->problem[0] ? ui->theme->warn : ui->theme->text_dim);
    for (size_t i = 0; i < count; i++)
        draw_name(v, &names[i], (int)i, ui_cut_top(&in, row_h));
    ui->over = false;
}
