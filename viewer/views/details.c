/* details: facts and stacks of the picked span; with none picked, what the
 * selected range is about and what the colours mean. */
#include "views/palette.h"
#include "views/views.h"

#include "base/fmt.h"
#include "model/ticks.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    STACK_FRAMES = 256,
    LINE_H = 19
};

static void draw_chip(struct views *v, struct gfx_rect *row, enum model_class c)
{
    struct ui *ui = &v->ui;
    struct gfx_rect chip = ui_cut_left(row, ui_px(ui, 18));
    int side = ui_px(ui, 11);
    gfx_rect(ui->list, (struct gfx_rect){chip.x, chip.y + (chip.h - side) / 2, side, side},
             palette_span(ui->theme, c));
}

static void follow(struct views *v, const struct model_fact *f)
{
    const struct views_pick *p = &v->pick;
    struct trace_cursor c =
        trace_cursor(v->doc->trace, TRACE_SYSCALL_TABLE, v->doc->threads[p->thread].key);
    if (f->link == MODEL_LINK_THREAD)
        views_go_thread_at(v, f->to, f->to_ns);
    if (f->link == MODEL_LINK_LOCK)
        views_go_lock(v, f->to);
    if (f->link == MODEL_LINK_CALL && f->to < c.total_rows) {
        int64_t begin = (int64_t)trace_get(&c, f->to, TRACE_SYSCALL_ts);
        int64_t end = begin + (int64_t)trace_get(&c, f->to, TRACE_SYSCALL_dur);
        views_go(v,
                 &(struct model_search_place){MODEL_LANE_SYSCALLS, p->thread, f->to, begin, end});
    }
    v->ui.again = true;
}

static void draw_facts(struct views *v, const struct model_words *w, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct gfx_rect box = r;
    int content = ui_px(ui, 40) + (int)w->fact_count * ui_px(ui, LINE_H);
    ui_scroll(ui, UI_ID("facts", 0), box, content, &v->facts_scroll_px);
    gfx_clip_push(ui->list, box);
    r = ui_inset(r, ui_px(ui, 14), ui_px(ui, 8));
    r.y -= v->facts_scroll_px;
    r.h = content;
    struct gfx_rect head = ui_cut_top(&r, ui_px(ui, 24));
    if (w->class != MODEL_CLASSES)
        draw_chip(v, &head, w->class);
    ui_label(ui, GFX_TITLE, head, w->title, ui->theme->text);
    for (size_t i = 0; i < w->fact_count; i++) {
        struct gfx_rect row = ui_cut_top(&r, ui_px(ui, LINE_H));
        ui_label(ui, GFX_NORMAL, ui_cut_left(&row, ui_px(ui, 92)), w->facts[i].label,
                 ui->theme->text_dim);
        if (!w->facts[i].link)
            ui_label(ui, GFX_NORMAL, row, w->facts[i].text, ui->theme->text);
        else if (ui_link(ui, UI_ID("fact", i), &row, w->facts[i].text))
            follow(v, &w->facts[i]);
    }
    gfx_clip_pop(ui->list);
}

/* One frame: its number, function, source, module. */
static void draw_frame_line(struct views *v, const struct trace_frame *f, size_t number,
                            struct gfx_rect row)
{
    struct ui *ui = &v->ui;
    const struct gfx_theme *t = ui->theme;
    char name[1024], text[1024];
    struct gfx_rect whole = row;
    snprintf(text, sizeof text, "%zu", number);
    ui_label_right(ui, GFX_SMALL, ui_cut_left(&row, ui_px(ui, 22)), text, t->text_dim);
    ui_cut_left(&row, ui_px(ui, 10));
    struct gfx_rect module = ui_cut_right(&row, row.w / 5);
    struct gfx_rect source = ui_cut_right(&row, row.w * 2 / 5);
    model_frame_name(f, name, sizeof name);
    ui_label(ui, GFX_NORMAL, ui_inset(row, 0, 0), name, f->function[0] ? t->text : t->text_dim);
    if (f->file[0])
        snprintf(text, sizeof text, "%s:%" PRIu64, model_basename(f->file), f->line);
    else
        snprintf(text, sizeof text, "%s", f->inlined ? "inlined" : "");
    ui_cut_left(&source, ui_px(ui, 12));
    ui_label(ui, GFX_SMALL, source, text, t->text_dim);
    ui_cut_left(&module, ui_px(ui, 12));
    ui_label(ui, GFX_SMALL, module, model_basename(f->module), t->text_dim);
    if (f->function[0] && ui_click(ui, UI_ID("frame", number) ^ (uintptr_t)row.y, whole))
        views_code_open(v, f);
    if (!ui_hover(ui, whole))
        return;
    if (f->function[0])
        ui->cursor = GFX_CURSOR_HAND;
    struct model_words tip = {.title = arena_strdup(&v->frame, name), .class = MODEL_CLASSES};
    if (f->file[0])
        model_words_fact(&tip, "Source", arena_printf(&v->frame, "%s:%" PRIu64, f->file, f->line));
    if (f->module[0])
        model_words_fact(&tip, "Module", f->module);
    model_words_fact(&tip, "Address", arena_printf(&v->frame, "0x%" PRIx64, f->address));
    if (f->inlined)
        model_words_fact(&tip, "", "inlined");
    if (f->function[0])
        model_words_fact(&tip, "", "click: its source lines");
    views_tip(v, &tip, 0);
}

void views_stack_draw(struct views *v, const char *title, uint64_t stack_id, struct gfx_rect *r)
{
    struct ui *ui = &v->ui;
    struct trace_frame frames[STACK_FRAMES];
    if (!stack_id)
        return;
    size_t depth = trace_stack(v->doc->trace, stack_id, frames, STACK_FRAMES);
    size_t shown = depth < STACK_FRAMES ? depth : STACK_FRAMES;
    if (!shown)
        return;
    ui_label(ui, GFX_BOLD, ui_cut_top(r, ui_px(ui, 22)), title, ui->theme->text);
    for (size_t i = 0; i < shown; i++) {
        struct gfx_rect row = {r->x, r->y, r->w, ui_px(ui, LINE_H)};
        r->y += row.h;
        draw_frame_line(v, &frames[i], i, row);
    }
    r->y += ui_px(ui, 8);
}

void views_stacks_draw(struct views *v, const struct model_words *w, struct gfx_rect r,
                       int *scroll_px)
{
    struct ui *ui = &v->ui;
    struct gfx_rect box = r;
    r = ui_inset(r, ui_px(ui, 14), ui_px(ui, 8));
    if (!w->stack_id && !w->other_stack_id) {
        ui_label(ui, GFX_NORMAL, ui_cut_top(&r, ui_px(ui, 24)), "No call stack was taken here",
                 ui->theme->text_dim);
        return;
    }
    gfx_clip_push(ui->list, box);
    int top = r.y;
    r.y -= *scroll_px;
    r.h = 1 << 20;
    views_stack_draw(v, w->stack_title, w->stack_id, &r);
    views_stack_draw(v, w->other_title, w->other_stack_id, &r);
    int content = r.y + *scroll_px - top + ui_px(ui, 12);
    ui_scroll(ui, UI_ID("stack", (uintptr_t)scroll_px), box, content, scroll_px);
    gfx_clip_pop(ui->list);
}

static void draw_legend(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    int column = ui_px(ui, 150), x = r.x;
    r = ui_inset(r, ui_px(ui, 14), ui_px(ui, 8));
    x = r.x;
    ui_label(ui, GFX_BOLD, ui_cut_top(&r, ui_px(ui, 24)), "What the colours mean", ui->theme->text);
    for (int c = 0; c < MODEL_STATES; c++) {
        struct gfx_rect cell = {x, r.y, column, ui_px(ui, LINE_H)};
        draw_chip(v, &cell, (enum model_class)c);
        ui_label(ui, GFX_NORMAL, cell, model_class_name((enum model_class)c), ui->theme->text);
        x += column;
        if (x + column > r.x + r.w) {
            x = r.x;
            ui_cut_top(&r, ui_px(ui, LINE_H));
        }
    }
}

static void draw_hint(struct views *v, struct gfx_rect r)
{
    static const char *const lines[][2] = {
        {"Click", "a span: its cause, stack and who ended it"},
        {"Drag", "over the timeline: a range; F zooms to it"},
        {"W S A D", "zoom and pan, as Ctrl + wheel does"},
        {"Y", "why: where the time went, and what to do"},
        {"?", "lists every key"},
    };
    struct ui *ui = &v->ui;
    r = ui_inset(r, ui_px(ui, 14), ui_px(ui, 8));
    ui_label(ui, GFX_BOLD, ui_cut_top(&r, ui_px(ui, 24)), "Nothing is picked", ui->theme->text);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct gfx_rect row = ui_cut_top(&r, ui_px(ui, LINE_H));
        ui_label(ui, GFX_NORMAL, ui_cut_left(&row, ui_px(ui, 74)), lines[i][0], ui->theme->accent);
        ui_label(ui, GFX_NORMAL, row, lines[i][1], ui->theme->text_dim);
    }
}

static void draw(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    if (!v->pick.set && model_range_ns(v->selection)) {
        views_selection_draw(v, r);
        return;
    }
    struct gfx_rect left = ui_cut_left(&r, r.w * 2 / 5);
    gfx_rect(ui->list, ui_cut_left(&r, 1), ui->theme->line);
    if (!v->pick.set) {
        draw_hint(v, left);
        draw_legend(v, r);
        return;
    }
    struct model_words words;
    model_describe_row(&words, v->doc, v->pick.thread, model_lane_table(v->pick.lane), v->pick.row,
                       &v->frame);
    draw_facts(v, &words, left);
    views_stacks_draw(v, &words, r, &v->details_scroll_px);
}

const struct view view_details = {"details", draw};
