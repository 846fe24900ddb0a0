#include "app/app.h"

#include "app/export.h"
#include "app/keys.h"
#include "ui/edit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PATIENCE_MS =
        150, /* how long a window waits for the first file, so that a bad one shows none */
    HELD_FRAME_MS = 8,
    WAITING_MS = 60, /* between frames while only a progress figure changes */
};

bool app_open(struct app *app, const struct app_options *options, struct err *err)
{
    *app = (struct app){.options = *options};
    views_init(&app->views);
    app->views.ui.list = &app->list;
    app->views.keys = keys_help(&app->views.key_count);
    if (options->theme)
        app->views.ui.theme = options->theme;
    state_open(app);
    app->font_scale = options->scale;
    app->fonts = gfx_fonts_open(options->scale, err);
    if (!app->fonts)
        return false;
    app->views.ui.fonts = app->fonts;
    follow_start(app);
    for (int i = 0; i < options->path_count - (options->follow_path != NULL); i++)
        app_load(app, options->paths[i]);
    for (size_t i = 1; i < app->load_count; i++)
        app->loads[i]->is_quiet = true;
    for (size_t i = 0; i < app->load_count; i++) {
        load_wait(app->loads[i], options->offscreen ? 1 << 30 : PATIENCE_MS);
        if (atomic_load(&app->loads[i]->done) && !app->loads[i]->ok) {
            *err = app->loads[i]->err;
            return false;
        }
    }
    return true;
}

bool app_show(struct app *app, struct err *err)
{
    const struct app_options *o = &app->options;
    app->canvas = o->offscreen ? gfx_canvas_offscreen(o->width, o->height)
                               : gfx_canvas_window("whyprof", o->width, o->height, err);
    return app->canvas != NULL;
}

static void drop_doc(struct app *app)
{
    if (!app->doc)
        return;
    struct err err;
    if (!state_leave_doc(app, &err))
        snprintf(app->views.notice, sizeof app->views.notice, "%s", err.text);
    atomic_store(&app->doc->overview.cancel, true);
    if (app->overview_started)
        pthread_join(app->overview, NULL);
    app->overview_started = false;
    export_cut_stop(&app->cut);
    traces_leave(app);
    views_set_doc(&app->views, NULL);
    model_doc_close(app->doc);
    app->doc = NULL;
}

void app_close(struct app *app)
{
    drop_doc(app);
    views_release(&app->views);
    for (size_t i = 0; i < app->load_count; i++)
        load_free(app->loads[i]);
    free(app->loads);
    gfx_fonts_close(app->fonts);
    gfx_canvas_close(app->canvas);
    traces_release(app);
    follow_stop(app);
    gfx_list_release(&app->list);
    state_release(&app->state);
}

struct load *app_load(struct app *app, const char *path)
{
    struct load *l = load_start(path);
    mem_grow(&app->loads, &app->load_cap, app->load_count + 1, sizeof *app->loads);
    app->loads[app->load_count++] = l;
    if (!app->doc)
        app->views.loading = l->path;
    return l;
}

static void *run_overview(void *arg)
{
    model_overview_run(arg);
    gfx_wake();
    model_doc_read_rows(arg);
    gfx_wake();
    return NULL;
}

static void take_doc(struct app *app, struct load *l)
{
    if (app->doc && l->is_quiet) {
        traces_set_file(app, traces_add(app, l->path), l);
        model_doc_close(l->doc);
        return;
    }
    const char *path = l->is_followed ? app->follow.final : l->tab ? l->tab : l->path;
    struct follow_view view = follow_leave(app);
    drop_doc(app);
    app->doc = l->doc;
    views_set_doc(&app->views, app->doc);
    traces_enter(app, path);
    traces_set_file(app, app->trace_at, l);
    if (l->is_followed)
        follow_enter(app, view);
    else
        app->views.tab = 0;
    app->overview_started = !pthread_create(&app->overview, NULL, run_overview, app->doc);
    char title[512];
    snprintf(title, sizeof title, "%s - whyprof", model_basename(path));
    gfx_canvas_title(app->canvas, title);
}

/* A file that cannot be opened beside others is a notice; the only one ends the
 * program with its error. */
static void take_failure(struct app *app, struct load *l)
{
    snprintf(app->views.notice, sizeof app->views.notice, "%s", l->err.text);
    if (app->doc || app->views.profile_count || app->load_count > 1)
        return;
    app->failure = l->err;
    app->failed = app->quit = true;
}

/* A recording has no end of pictures. */
static void drop_followed(struct app *app)
{
    size_t kept = 0;
    for (size_t i = 0; i < app->load_count; i++) {
        struct load *l = app->loads[i];
        if (l->is_followed && l->taken)
            load_free(l);
        else
            app->loads[kept++] = l;
    }
    app->load_count = kept;
}

/* A conversion takes its time; beside another trace a notice says how far it is. */
static void tell_progress(struct app *app, const struct load *l)
{
    struct views *v = &app->views;
    unsigned permille = atomic_load(&l->foreign.permille);
    v->loading_permille = permille;
    if (permille && (app->doc || v->profile_count))
        snprintf(v->notice, sizeof v->notice, "converting %.900s: %u %%", model_basename(l->path),
                 permille / 10);
}

static void take_loads(struct app *app)
{
    const char *loading = NULL;
    app->views.loading_permille = 0;
    for (size_t i = 0; i < app->load_count; i++) {
        struct load *l = app->loads[i];
        if (l->taken)
            continue;
        if (!atomic_load(&l->done)) {
            loading = l->tab ? l->tab : l->path;
            tell_progress(app, l);
            continue;
        }
        if (l->is_followed && !follow_takes(app, l)) {
            model_doc_close(l->doc);
            l->taken = true;
            continue;
        }
        l->taken = true;
        app->views.loading = NULL;
        if (!l->ok)
            take_failure(app, l);
        else if (l->is_profile)
            views_add_profile(&app->views, l->path, &l->profile);
        else
            take_doc(app, l);
    }
    if (!loading && app->views.follow == VIEWS_FOLLOW_ON)
        loading = app->follow.final; /* no picture yet */
    app->views.loading = app->doc ? NULL : loading;
    drop_followed(app);
    /* Profiles that came before it was known that no trace comes. */
    if (!app->doc && !loading && app->views.profile_count && app->views.tab == 0)
        app->views.tab = 1;
}

static void update_scale(struct app *app)
{
    double scale = app->options.scale * gfx_canvas_density(app->canvas);
    struct err err;
    scale *= app->views.zoom_ui;
    app->views.ui.scale = scale;
    if (scale == app->font_scale)
        return;
    app->font_scale = scale;
    if (!gfx_fonts_scale(app->fonts, scale, &err)) {
        app->failure = err;
        app->failed = app->quit = true;
    }
}

void app_frame(struct app *app)
{
    int w, h;
    follow_update(app);
    traces_update(app);
    take_loads(app);
    update_scale(app);
    if (app->failed)
        return;
    gfx_canvas_size(app->canvas, &w, &h);
    views_draw(&app->views, w, h);
    gfx_canvas_cursor(app->canvas, app->views.ui.cursor);
    gfx_canvas_draw(app->canvas, &app->list, app->fonts);
    follow_look(app);
    export_asked(app);
    export_update(app);
    if (app->views.copy_asked)
        gfx_canvas_copy(app->canvas, app->views.copied);
    app->views.copy_asked = false;
    state_frame(app);
}

bool app_is_unsettled(const struct app *app)
{
    for (size_t i = 0; i < app->load_count; i++)
        if (!app->loads[i]->taken)
            return true;
    return app->views.busy || app->views.waiting || app->views.loading ||
           app->views.trace_asked >= 0;
}

void app_settle(struct app *app)
{
    do {
        app_frame(app);
        if (!app->views.busy)
            load_pause();
    } while (app_is_unsettled(app) && !app->failed);
}

static void read_pointer(struct ui_input *in, const struct gfx_event *e)
{
    in->x = e->x;
    in->y = e->y;
    if (e->kind == GFX_EVENT_MOVE)
        return;
    bool down = e->kind == GFX_EVENT_PRESS;
    if (e->button == 2)
        in->middle_down = down;
    if (e->button != 1)
        return;
    in->down = down;
    in->pressed = down;
    in->released = !down;
    in->double_click = down && e->clicks == 2;
    if (down) {
        in->press_x = e->x;
        in->press_y = e->y;
    }
}

void app_event(struct app *app, const struct gfx_event *e)
{
    struct ui_input *in = &app->views.ui.in;
    in->mods = e->mods;
    switch (e->kind) {
    case GFX_EVENT_QUIT:
        app->quit = true;
        break;
    case GFX_EVENT_KEY:
    case GFX_EVENT_TEXT:
        if (!ui_type(&app->views.ui, e))
            keys_press(app, e);
        break;
    case GFX_EVENT_KEY_UP:
    case GFX_EVENT_BLUR:
        keys_release(app, e);
        break;
    case GFX_EVENT_MOVE:
    case GFX_EVENT_PRESS:
    case GFX_EVENT_RELEASE:
        read_pointer(in, e);
        break;
    case GFX_EVENT_WHEEL:
        in->x = e->x;
        in->y = e->y;
        in->wheel += e->wheel;
        in->wheel_x += e->wheel_x;
        break;
    case GFX_EVENT_LEAVE:
        if (!in->down)
            in->x = in->y = -1;
        break;
    case GFX_EVENT_DROP:
        app_load(app, e->path);
        free(e->path);
        break;
    default:
        break;
    }
}

static bool is_held(const struct app *app)
{
    for (int i = 0; i < APP_HELD_KEYS; i++)
        if (app->held[i])
            return true;
    return false;
}

/* How long to sleep for the next event: for ever when nothing moves. */
static int patience(const struct app *app)
{
    if (app->views.busy)
        return 0;
    if (is_held(app))
        return HELD_FRAME_MS;
    bool converts = app->views.loading_permille;
    return app->views.waiting || app->views.loading || converts ? WAITING_MS : -1;
}

/* Takes all waiting motion into one frame, but at most one press, release or
 * wheel step: each gets a frame of its own. */
static void take_events(struct app *app)
{
    struct gfx_event e;
    int timeout = patience(app);
    while (!app->quit && gfx_canvas_event(app->canvas, timeout, &e)) {
        app_event(app, &e);
        if (e.kind == GFX_EVENT_PRESS || e.kind == GFX_EVENT_RELEASE || e.kind == GFX_EVENT_WHEEL)
            return;
        timeout = 0;
    }
}

bool app_run(struct app *app, struct err *err)
{
    while (!app->quit) {
        app_frame(app);
        take_events(app);
        keys_hold(app, gfx_now_ms());
    }
    if (app->failed)
        *err = app->failure;
    return !app->failed;
}
