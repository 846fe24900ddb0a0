#include "views/asked.h"

#include "views/views.h"

struct views_question views_question(const struct views *v)
{
    return (struct views_question){.range = views_range(v),
                                   .thread = v->only_thread ? v->thread : MODEL_NO_THREAD};
}

static bool same(const struct views_question *a, const struct views_question *b)
{
    return a->range.begin_ns == b->range.begin_ns && a->range.end_ns == b->range.end_ns &&
           a->thread == b->thread && a->variant == b->variant;
}

static bool is_held(const struct views *v, struct views_asked *a)
{
    a->held = a->held && a->is_made && a->held_for.begin_ns == v->selection.begin_ns &&
              a->held_for.end_ns == v->selection.end_ns && a->held_scope == v->only_thread;
    return a->held;
}

bool views_asked_update(struct views *v, struct views_asked *a, struct views_question q,
                        model_work_run *run, void *arg)
{
    bool fresh = false;
    if (is_held(v, a))
        return false;
    a->stopped = a->stopped && same(&q, &a->asked);
    if (model_work_is_started(&a->work)) {
        fresh = model_work_done(&a->work);
        if (!fresh && !same(&q, &a->asked))
            model_work_cancel(&a->work);
    }
    if (fresh) {
        a->made = a->asked;
        a->is_made = true;
    } else if (!model_work_is_started(&a->work) && !a->stopped && !v->ui.in.down &&
               (!a->is_made || !same(&q, &a->made))) {
        a->asked = q;
        a->doc = v->doc;
        atomic_store(&a->permille, 0);
        model_work_start(&a->work, run, arg, gfx_wake);
    }
    if (model_work_is_started(&a->work))
        v->waiting = true;
    if (fresh)
        v->ui.again = true; /* the question may have changed meanwhile */
    return fresh;
}

void views_asked_hold(const struct views *v, struct views_asked *a)
{
    a->held = a->is_made;
    a->held_for = v->selection;
    a->held_scope = v->only_thread;
}

static bool button(struct views *v, const char *name, uint64_t n, const char *text, bool on,
                   struct gfx_rect *r)
{
    struct gfx_rect at = ui_cut_right(r, ui_button_width(&v->ui, text));
    ui_cut_right(r, ui_px(&v->ui, 8));
    bool clicked = ui_button(&v->ui, UI_ID(name, n), at, text, on);
    v->ui.again |= clicked;
    return clicked;
}

void views_asked_tools(struct views *v, struct views_asked *a, const char *name, struct gfx_rect *r)
{
    struct ui *ui = &v->ui;
    if (a->held && button(v, name, 100, "Range held  x", true, r))
        a->held = false;
    bool works = model_work_is_started(&a->work);
    if (a->stopped && !works && button(v, name, 101, "Go on", false, r))
        a->stopped = false;
    if (!works)
        return;
    if (!a->stopped && button(v, name, 102, "Stop", false, r)) {
        model_work_cancel(&a->work);
        a->stopped = true;
    }
    unsigned permille = atomic_load(&a->permille);
    const char *text = a->stopped ? "Stopping ..."
                       : permille ? arena_printf(&v->frame, "Reading ... %u %%", permille / 10)
                                  : "Reading ...";
    int w = ui_label_right(ui, GFX_SMALL, *r, text, ui->theme->text_dim);
    ui_cut_right(r, w + ui_px(ui, 8));
}

bool views_asked_message(struct views *v, const struct views_asked *a, struct gfx_rect r)
{
    bool no_thread = v->only_thread && v->thread == MODEL_NO_THREAD;
    if (a->is_made && !no_thread)
        return false;
    ui_label_center(&v->ui, GFX_NORMAL, r,
                    no_thread    ? "No thread is selected: click one's name, or press Up or Down"
                    : a->stopped ? "Stopped"
                                 : "Reading ...",
                    v->ui.theme->text_dim);
    return true;
}

void views_asked_stop(struct views_asked *a)
{
    model_work_stop(&a->work);
    a->is_made = a->held = a->stopped = false;
}
