#include "app/follow.h"

#include "app/app.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_on(const struct app *app)
{
    return app->views.follow == VIEWS_FOLLOW_ON || app->views.follow == VIEWS_FOLLOW_PAUSED;
}

/* The followed trace is what is shown, or nothing is shown yet. */
static bool in_sight(const struct app *app)
{
    return !app->doc || !strcmp(app->traces[app->trace_at].path, app->follow.final);
}

void follow_start(struct app *app)
{
    struct follow *f = &app->follow;
    const struct app_options *o = &app->options;
    if (!o->follow_path)
        return;
    f->path = o->follow_path;
    f->final = o->paths[o->path_count - 1];
    watch_start(&f->pictures, f->path);
    if (strcmp(f->path, f->final))
        watch_start(&f->end, f->final);
    app->views.follow = VIEWS_FOLLOW_ON;
    app->views.loading = f->final;
    f->behind = !access(f->path, F_OK);
    /* It ended before it could be watched. */
    if (!f->behind && !access(f->final, F_OK))
        atomic_store(&f->end.changed, true);
}

static void end(struct app *app)
{
    struct follow *f = &app->follow;
    app->views.follow = VIEWS_FOLLOW_ENDED;
    f->behind = false;
    snprintf(app->views.notice, sizeof app->views.notice,
             "the recording has ended: this is all of it");
    if (in_sight(app))
        app_load(app, f->final)->is_followed = true;
}

void follow_update(struct app *app)
{
    struct follow *f = &app->follow;
    if (!is_on(app))
        return;
    if (watch_changed(&f->pictures))
        f->behind = true;
    if (watch_changed(&f->end)) {
        end(app);
        return;
    }
    if (!f->behind || f->loading || !in_sight(app) ||
        (app->doc && app->views.follow == VIEWS_FOLLOW_PAUSED))
        return;
    f->behind = false;
    f->loading = true;
    app_load(app, f->path)->is_followed = true;
}

struct follow_view follow_leave(struct app *app)
{
    const struct model_window *w = &app->views.window;
    bool at_end =
        app->doc && app->views.follow != VIEWS_FOLLOW_PAUSED && w->end_ns >= app->doc->duration_ns;
    bool whole = !app->doc || (at_end && !w->begin_ns);
    return (struct follow_view){.at_end = at_end, .whole = whole, .nav = app->views.nav};
}

void follow_enter(struct app *app, struct follow_view view)
{
    struct follow *f = &app->follow;
    struct model_window *w = &app->views.window;
    int64_t span = w->end_ns - w->begin_ns, last = app->doc->duration_ns;
    struct views_nav *nav = &app->views.nav;
    memcpy(nav->history, view.nav.history, sizeof nav->history);
    nav->count = view.nav.count;
    nav->at = view.nav.at;
    if (view.whole)
        model_window_show(w, 0, last);
    else if (view.at_end)
        model_window_show(w, last - span, last);
    f->shown = (struct model_range){w->begin_ns, w->end_ns};
    f->width_px = w->width_px;
    bool moved_on = view.whole || view.at_end;
    nav->now = moved_on ? f->shown : view.nav.now;
    nav->width_px = w->width_px;
    nav->changed_ms = view.nav.changed_ms;
}

bool follow_takes(struct app *app, const struct load *l)
{
    follow_look(app); /* since the last frame */
    app->follow.loading = false;
    if (app->views.follow == VIEWS_FOLLOW_ENDED)
        return true; /* its failure is to be told, too */
    bool takes = l->ok && (!app->doc || app->views.follow != VIEWS_FOLLOW_PAUSED);
    app->follow.behind |= l->ok && !takes;
    return takes;
}

void follow_look(struct app *app)
{
    struct follow *f = &app->follow;
    struct views *v = &app->views;
    const struct model_window *w = &v->window;
    bool let_go = f->held && v->follow == VIEWS_FOLLOW_ON;
    f->held = v->follow == VIEWS_FOLLOW_PAUSED;
    if (v->follow != VIEWS_FOLLOW_ON || !v->doc || !in_sight(app))
        return;
    bool moved = w->begin_ns != f->shown.begin_ns || w->end_ns != f->shown.end_ns;
    if (moved && w->width_px == f->width_px && !let_go)
        v->follow = VIEWS_FOLLOW_PAUSED;
    if (model_range_ns(v->selection) || v->pick.set)
        v->follow = VIEWS_FOLLOW_PAUSED;
    if (v->follow == VIEWS_FOLLOW_PAUSED)
        v->ui.again = v->busy = true; /* the header says so */
    f->shown = (struct model_range){w->begin_ns, w->end_ns};
    f->width_px = w->width_px;
}

const char *follow_path(const struct app *app, const char *tab_path)
{
    return is_on(app) && !strcmp(tab_path, app->follow.final) ? app->follow.path : tab_path;
}

void follow_stop(struct app *app)
{
    watch_stop(&app->follow.pictures);
    watch_stop(&app->follow.end);
}
