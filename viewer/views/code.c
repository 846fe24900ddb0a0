/* code: the Source tab of a trace: the lines of the selected function by samples, waits
 * or both, of the range in sight or selected. */
#include "views/source.h"

#include "views/views.h"

#include <stdlib.h>

static void run(void *arg, const atomic_bool *cancel)
{
    struct views_code *c = arg;
    const struct views_question *q = &c->ask.asked;
    model_lines_from_trace(&c->next, c->ask.doc, q->range, q->thread,
                           (enum model_flame_kind)q->variant, cancel);
}

static void take(struct views_code *c)
{
    struct model_lines old = c->source.lines;
    c->source.lines = c->next;
    c->next = old;
    c->source.made = false; /* the function is looked for anew */
}

void views_code_stop(struct views_code *c)
{
    views_asked_stop(&c->ask);
    views_source_release(&c->source); /* its names are the trace's */
    c->next.count = 0;
}

void views_code_release(struct views_code *c)
{
    views_code_stop(c);
    model_lines_release(&c->next);
}

void views_code_open(struct views *v, const struct trace_frame *frame)
{
    struct views_source *s = &v->panel.code.source;
    views_function_select(v, frame->function);
    s->hint_file = frame->file[0] ? frame->file : NULL;
    s->hint_line = (int64_t)frame->line;
    s->made = false;
    s->scroll_px = -1;
    free(s->function); /* so that the line comes into sight */
    s->function = NULL;
    v->bottom = VIEWS_SOURCE;
}

static void draw_tools(struct views *v, struct gfx_rect r)
{
    static const char *const kinds[] = {"On CPU", "Waiting", "Both"};
    static const char *const scopes[] = {"All threads", "Selected"};
    struct ui *ui = &v->ui;
    struct views_code *c = &v->panel.code;
    r = ui_inset(r, ui_px(ui, 10), ui_px(ui, 4));
    v->flame.kind = (enum model_flame_kind)ui_choice(ui, UI_ID("code-kind", 0), &r, kinds, 3,
                                                     (int)v->flame.kind);
    ui_cut_left(&r, ui_px(ui, 8));
    v->only_thread = ui_choice(ui, UI_ID("code-scope", 0), &r, scopes, 2, v->only_thread) != 0;
    ui_cut_left(&r, ui_px(ui, 8));
    views_asked_tools(v, &c->ask, "code", &r);
}

static void draw(struct views *v, struct gfx_rect r)
{
    struct views_code *c = &v->panel.code;
    struct views_question q = views_question(v);
    q.variant = (int)v->flame.kind;
    if (!(v->only_thread && v->thread == MODEL_NO_THREAD) &&
        views_asked_update(v, &c->ask, q, run, c))
        take(c);
    draw_tools(v, ui_cut_top(&r, ui_px(&v->ui, 32)));
    if (views_asked_message(v, &c->ask, r))
        return;
    if (!v->function)
        ui_label_center(&v->ui, GFX_NORMAL, r,
                        "Click a function in a stack, in the flame graph or in the table first",
                        v->ui.theme->text_dim);
    else
        views_source_draw(
            v, &c->source, v->function, "nanoseconds", NULL,
            "its lines are not known: no debug information, or it was not seen in this "
            "range",
            r);
}

const struct view view_source = {"source", draw};
