#include "views/why.h"

#include "views/palette.h"
#include "views/views.h"

#include "base/fmt.h"
#include "model/ticks.h"

#include <inttypes.h>

enum {
    LINE_H = 19,
    FINDING_H = 42,
    STACK_FRAMES = 64
};

static void run(void *arg, const atomic_bool *cancel)
{
    struct views_why *w = arg;
    const struct views_asked *a = &w->ask;
    struct analyze_question q = {
        .range = {.begin_ns = (uint64_t)(a->asked.range.begin_ns > 0 ? a->asked.range.begin_ns : 0),
                  .end_ns = (uint64_t)a->asked.range.end_ns,
                  .cancel = cancel,
                  .permille = &w->ask.permille}};
    if (a->asked.thread != MODEL_NO_THREAD)
        q.thread_row = a->doc->threads[a->asked.thread].key + 1;
    arena_clear(&w->next_arena);
    w->next_ok = analyze_why(&w->next_arena, a->doc->trace, &q, &w->next, &w->next_err);
}

static void take(struct views_why *w)
{
    struct arena old = w->arena;
    w->arena = w->next_arena;
    w->next_arena = old;
    w->why = w->next;
    w->ok = w->next_ok;
    w->err = w->next_err;
    w->selected = 0;
    w->list_scroll_px = w->scroll_px = 0;
}

void views_why_stop(struct views_why *w)
{
    views_asked_stop(&w->ask);
}

void views_why_release(struct views_why *w)
{
    views_why_stop(w);
    arena_release(&w->arena);
    arena_release(&w->next_arena);
}

static const struct analyze_finding *selected(const struct views_why *w)
{
    return w->ok && w->selected < w->why.finding_count ? &w->why.findings[w->selected] : NULL;
}

/* --- where it leads ---------------------------------------------------------------- */

/* To the longest wait that a finding is about, else to its thread. The answer stays. */
static void go(struct views *v, const struct analyze_finding *x, bool zoom)
{
    struct views_why *w = &v->panel.why;
    views_asked_hold(v, &w->ask);
    if (x->longest.dur_ns) {
        views_go_instance(v, &x->longest, zoom);
        return;
    }
    const struct model_thread *th = model_doc_thread(v->doc, x->at.tid, w->ask.made.range.begin_ns);
    if (th)
        views_go_thread(v, (uint32_t)(th - v->doc->threads));
}

/* The lock that the longest wait was for, 0 where it is about none. */
static uint64_t lock_of(const struct views *v, const struct analyze_finding *x)
{
    struct trace_cursor c =
        trace_cursor(v->doc->trace, TRACE_THREAD_STATE_TABLE, x->longest.thread);
    if (!x->longest.dur_ns || x->longest.row >= c.total_rows ||
        trace_get(&c, x->longest.row, TRACE_THREAD_STATE_reason) != TRACE_REASON_LOCK)
        return 0;
    return trace_get(&c, x->longest.row, TRACE_THREAD_STATE_object);
}

/* --- the answer and its findings ----------------------------------------------------- */

static void draw_share(struct views *v, const struct analyze_finding *x, struct gfx_rect r)
{
    const struct gfx_theme *t = v->ui.theme;
    uint64_t whole = v->panel.why.why.causes.length_ns;
    gfx_rect(v->ui.list, r, t->hover);
    r.w = whole ? (int)((double)r.w * (double)x->save_ns / (double)whole) : 0;
    gfx_rect(v->ui.list, r, t->accent);
}

static void draw_finding(struct views *v, size_t i, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct views_why *w = &v->panel.why;
    const struct analyze_finding *x = &w->why.findings[i];
    char save[FMT_MAX], share[FMT_MAX];
    bool hover = ui_hover(ui, r);
    if (i == w->selected || hover)
        gfx_rect(ui->list, r,
                 i == w->selected ? gfx_mix(ui->theme->panel, ui->theme->accent, 60)
                                  : ui->theme->raised);
    if (hover)
        ui->cursor = GFX_CURSOR_HAND;
    if (ui_click(ui, UI_ID("why-finding", i), r)) {
        w->selected = i;
        w->scroll_px = 0;
        ui->again = true;
        go(v, x, false);
    } else if (hover && ui->in.double_click) {
        go(v, x, true);
    }
    r = ui_inset(r, ui_px(ui, 8), ui_px(ui, 2));
    draw_share(v, x, ui_cut_bottom(&r, ui_px(ui, 3)));
    struct gfx_rect head = ui_cut_top(&r, r.h / 2);
    const char *saved = x->save_ns
                            ? arena_printf(&v->frame, "%s  %s", fmt_ns(save, x->save_ns),
                                           fmt_share(share, x->save_ns, w->why.causes.length_ns))
                            : "";
    int used = ui_label_right(ui, GFX_BOLD, head, saved, ui->theme->text);
    ui_cut_right(&head, used + ui_px(ui, 10));
    ui_label(ui, GFX_BOLD, head,
             arena_printf(&v->frame, "%zu  %s", i + 1, analyze_finding_title(x->kind)),
             ui->theme->text);
    ui_label(ui, GFX_SMALL, r, x->answer, ui->theme->text_dim);
}

/* The scope's time by what it was spent on in the end. */
static void draw_account(struct views *v, struct gfx_rect *r)
{
    struct ui *ui = &v->ui;
    const struct analyze_causes *c = &v->panel.why.why.causes;
    char ns[FMT_MAX], share[FMT_MAX];
    struct gfx_rect bar = ui_cut_top(r, ui_px(ui, 10));
    ui_cut_top(r, ui_px(ui, 4));
    double done = 0;
    for (unsigned i = 0; i < TRACE_CLASSES; i++) {
        if (!c->class_ns[i] || !c->length_ns)
            continue;
        gfx_color color = palette_span(ui->theme, model_class_from_total(i));
        int from = (int)(done / (double)c->length_ns * bar.w);
        done += (double)c->class_ns[i];
        int to = (int)(done / (double)c->length_ns * bar.w);
        gfx_rect(ui->list, (struct gfx_rect){bar.x + from, bar.y, to - from, bar.h}, color);
        struct gfx_rect row = ui_cut_top(r, ui_px(ui, LINE_H));
        struct gfx_rect chip = ui_cut_left(&row, ui_px(ui, 18));
        int side = ui_px(ui, 11);
        gfx_rect(ui->list, (struct gfx_rect){chip.x, chip.y + (chip.h - side) / 2, side, side},
                 color);
        ui_label(ui, GFX_NORMAL, ui_cut_left(&row, ui_px(ui, 150)),
                 model_class_name(model_class_from_total(i)), ui->theme->text);
        ui_label_right(ui, GFX_NORMAL, ui_cut_left(&row, ui_px(ui, 80)), fmt_ns(ns, c->class_ns[i]),
                       ui->theme->text);
        ui_label_right(ui, GFX_NORMAL, ui_cut_left(&row, ui_px(ui, 70)),
                       fmt_share(share, c->class_ns[i], c->length_ns), ui->theme->text_dim);
    }
}

/* A column that scrolls: begin gives the rectangle to draw in, far taller than what is
 * seen; end is told how far it was used. */
static struct gfx_rect column_begin(struct ui *ui, struct gfx_rect r, int scroll_px)
{
    gfx_clip_push(ui->list, r);
    struct gfx_rect in = ui_inset(r, ui_px(ui, 14), ui_px(ui, 8));
    in.y -= scroll_px;
    in.h = 1 << 20;
    return in;
}

static void column_end(struct ui *ui, const char *name, struct gfx_rect r, struct gfx_rect rest,
                       int *scroll_px)
{
    int content = rest.y + *scroll_px - r.y + ui_px(ui, 12);
    ui_scroll(ui, UI_ID(name, 0), r, content, scroll_px);
    gfx_clip_pop(ui->list);
}

static void draw_answer(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct views_why *w = &v->panel.why;
    struct gfx_rect in = column_begin(ui, r, w->list_scroll_px);
    ui_wrap(ui, GFX_BOLD, &in, w->why.answer, ui->theme->text);
    ui_cut_top(&in, ui_px(ui, 8));
    for (size_t i = 0; i < w->why.finding_count; i++) {
        struct gfx_rect row = ui_cut_top(&in, ui_px(ui, FINDING_H));
        row.x -= ui_px(ui, 8);
        row.w += ui_px(ui, 16);
        draw_finding(v, i, row);
    }
    ui_cut_top(&in, ui_px(ui, 10));
    ui_label(ui, GFX_BOLD, ui_cut_top(&in, ui_px(ui, 22)), "Where the time went", ui->theme->text);
    ui_wrap(ui, GFX_SMALL, &in,
            arena_printf(&v->frame, "of %s; waits followed to what was at their end",
                         w->why.scope.title),
            ui->theme->text_dim);
    ui_cut_top(&in, ui_px(ui, 4));
    draw_account(v, &in);
    column_end(ui, "why-list", r, in, &w->list_scroll_px);
}

/* --- a finding's evidence ----------------------------------------------------------- */

static void draw_part(struct views *v, const char *title, const char *text, struct gfx_rect *in)
{
    struct ui *ui = &v->ui;
    if (!text || !text[0])
        return;
    ui_cut_top(in, ui_px(ui, 8));
    ui_label(ui, GFX_BOLD, ui_cut_top(in, ui_px(ui, 20)), title, ui->theme->text);
    ui_wrap(ui, GFX_NORMAL, in, text, ui->theme->text);
}

static void draw_evidence(struct views *v, const struct analyze_finding *x, struct gfx_rect *in)
{
    struct ui *ui = &v->ui;
    for (int i = 0; x->evidence[i]; i++) {
        int dot = ui_px(ui, 4), y = in->y + ui_px(ui, 8);
        gfx_rect(ui->list, (struct gfx_rect){in->x + ui_px(ui, 3), y, dot, dot},
                 ui->theme->text_dim);
        struct gfx_rect text = *in;
        ui_cut_left(&text, ui_px(ui, 14));
        ui_wrap(ui, GFX_NORMAL, &text, x->evidence[i], ui->theme->text);
        in->h -= text.y - in->y;
        in->y = text.y;
    }
}

static void draw_links(struct views *v, const struct analyze_finding *x, struct gfx_rect row)
{
    struct ui *ui = &v->ui;
    char ns[FMT_MAX];
    uint64_t lock = lock_of(v, x);
    const struct model_thread *th =
        model_doc_thread(v->doc, x->at.tid, v->panel.why.ask.made.range.begin_ns);
    if (x->longest.dur_ns &&
        ui_link(ui, UI_ID("why-longest", 0), &row,
                arena_printf(&v->frame, "Longest wait, %s", fmt_ns(ns, x->longest.dur_ns))))
        go(v, x, true);
    if (x->at.tid && th &&
        ui_link(ui, UI_ID("why-thread", 0), &row,
                arena_printf(&v->frame, "Thread %s", th->name[0] ? th->name : "?"))) {
        views_asked_hold(v, &v->panel.why.ask);
        views_go_thread(v, (uint32_t)(th - v->doc->threads));
    }
    if (lock && ui_link(ui, UI_ID("why-lock", 0), &row, "Lock")) {
        views_asked_hold(v, &v->panel.why.ask);
        views_go_lock(v, lock);
    }
    if (x->sql && x->sql[0] && ui_link(ui, UI_ID("why-sql", 0), &row, "Copy the SQL"))
        views_copy(v, x->sql);
}

static void draw_selected(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct views_why *w = &v->panel.why;
    const struct analyze_finding *x = selected(w);
    struct gfx_rect in = column_begin(ui, r, w->scroll_px);
    ui_label(ui, GFX_TITLE, ui_cut_top(&in, ui_px(ui, 24)), analyze_finding_title(x->kind),
             ui->theme->text);
    ui_wrap(ui, GFX_NORMAL, &in, x->answer, ui->theme->text);
    ui_cut_top(&in, ui_px(ui, 4));
    draw_links(v, x, ui_cut_top(&in, ui_px(ui, 22)));
    ui_cut_top(&in, ui_px(ui, 4));
    draw_evidence(v, x, &in);
    draw_part(v, "What to do", x->advice, &in);
    if (x->stack_id) {
        ui_cut_top(&in, ui_px(ui, 8));
        views_stack_draw(v, "Where", x->stack_id, &in);
    }
    draw_part(v, "To see it: whyprof query", x->sql, &in);
    column_end(ui, "why-one", r, in, &w->scroll_px);
}

/* Without a finding: whom and what the time went through. */
static void draw_parts(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct views_why *w = &v->panel.why;
    const struct analyze_causes *c = &w->why.causes;
    char ns[FMT_MAX], share[FMT_MAX];
    struct gfx_rect in = column_begin(ui, r, w->scroll_px);
    ui_label(ui, GFX_BOLD, ui_cut_top(&in, ui_px(ui, 24)), "Running, by function", ui->theme->text);
    for (size_t i = 0; i < c->function_count; i++) {
        const struct analyze_part *p = &c->functions[i];
        struct gfx_rect row = ui_cut_top(&in, ui_px(ui, LINE_H));
        ui_label_right(ui, GFX_NORMAL, ui_cut_left(&row, ui_px(ui, 80)), fmt_ns(ns, p->ns),
                       ui->theme->text);
        ui_label_right(ui, GFX_NORMAL, ui_cut_left(&row, ui_px(ui, 70)),
                       fmt_share(share, p->ns, c->length_ns), ui->theme->text_dim);
        ui_cut_left(&row, ui_px(ui, 14));
        const char *name = p->function[0] ? p->function : "[no stack]";
        if (ui_link(ui, UI_ID("why-function", i), &row, name))
            views_function_select(v, name);
    }
    if (!c->function_count)
        ui_label(ui, GFX_NORMAL, ui_cut_top(&in, ui_px(ui, LINE_H)), "No CPU sample was taken here",
                 ui->theme->text_dim);
    column_end(ui, "why-parts", r, in, &w->scroll_px);
}

/* --- the tab ------------------------------------------------------------------------ */

const char *views_why_text(struct views *v)
{
    const struct views_why *w = &v->panel.why;
    char ns[FMT_MAX], share[FMT_MAX];
    struct strbuf sb = {0};
    if (!w->ask.is_made || !w->ok)
        return NULL;
    strbuf_printf(&sb, "%s\n", w->why.answer);
    for (size_t i = 0; i < w->why.finding_count; i++) {
        const struct analyze_finding *x = &w->why.findings[i];
        strbuf_printf(&sb, "\n%zu. %s", i + 1, analyze_finding_title(x->kind));
        if (x->save_ns)
            strbuf_printf(&sb, ", at most %s to save (%s)", fmt_ns(ns, x->save_ns),
                          fmt_share(share, x->save_ns, w->why.causes.length_ns));
        strbuf_printf(&sb, "\n   %s\n", x->answer);
        for (int k = 0; x->evidence[k]; k++)
            strbuf_printf(&sb, "   - %s\n", x->evidence[k]);
        if (x->advice && x->advice[0])
            strbuf_printf(&sb, "   What to do: %s\n", x->advice);
        if (x->sql && x->sql[0])
            strbuf_printf(&sb, "   To see it: %s\n", x->sql);
    }
    const char *text = arena_strdup(&v->frame, strbuf_str(&sb));
    strbuf_release(&sb);
    return text;
}

static void draw_tools(struct views *v, struct gfx_rect r)
{
    static const char *const scopes[] = {"The program", "Selected"};
    struct ui *ui = &v->ui;
    struct views_why *w = &v->panel.why;
    char length[FMT_MAX];
    r = ui_inset(r, ui_px(ui, 10), ui_px(ui, 4));
    v->only_thread = ui_choice(ui, UI_ID("why-scope", 0), &r, scopes, 2, v->only_thread) != 0;
    ui_cut_left(&r, ui_px(ui, 8));
    struct gfx_rect copy = ui_cut_left(&r, ui_button_width(ui, "Copy"));
    if (w->ask.is_made && w->ok && ui_button(ui, UI_ID("why-copy", 0), copy, "Copy", false))
        views_copy(v, views_why_text(v));
    ui_cut_left(&r, ui_px(ui, 8));
    views_asked_tools(v, &w->ask, "why", &r);
    if (!w->ask.is_made || model_work_is_started(&w->ask.work))
        return;
    ui_label_right(ui, GFX_SMALL, r,
                   arena_printf(&v->frame, "%s of the %s range",
                                fmt_ns(length, (uint64_t)model_range_ns(w->ask.made.range)),
                                model_range_ns(v->selection) ? "selected" : "visible"),
                   ui->theme->text_dim);
}

static void draw(struct views *v, struct gfx_rect r)
{
    struct ui *ui = &v->ui;
    struct views_why *w = &v->panel.why;
    if (!(v->only_thread && v->thread == MODEL_NO_THREAD) &&
        views_asked_update(v, &w->ask, views_question(v), run, w))
        take(w);
    draw_tools(v, ui_cut_top(&r, ui_px(ui, 32)));
    if (views_asked_message(v, &w->ask, r))
        return;
    if (!w->ok) {
        ui_label_center(ui, GFX_NORMAL, r, w->err.text, ui->theme->text_dim);
        return;
    }
    struct gfx_rect left = ui_cut_left(&r, r.w * 9 / 20);
    gfx_rect(ui->list, ui_cut_left(&r, 1), ui->theme->line);
    draw_answer(v, left);
    if (selected(w))
        draw_selected(v, r);
    else
        draw_parts(v, r);
}

const struct view view_why = {"why", draw};
