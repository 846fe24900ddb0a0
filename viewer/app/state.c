#include "app/state.h"

#include "app/app.h"
#include "app/state_doc.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *join(const char *a, const char *b)
{
    size_t len = strlen(a), more = strlen(b) + 1;
    char *out = mem_realloc(NULL, len + more, 1);
    memcpy(out, a, len);
    memcpy(out + len, b, more);
    return out;
}

static char *user_path(void)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (config && config[0] == '/')
        return join(config, "/whyprof/view.json");
    return home && home[0] ? join(home, "/.config/whyprof/view.json") : NULL;
}

/* NULL where there is none or it is no use; the latter is told in a notice. */
static cJSON *read_json(struct app *app, const char *path)
{
    struct err err = {0};
    char *text;
    size_t bytes;
    if (!path || access(path, F_OK))
        return NULL;
    cJSON *json = NULL;
    bool ok = file_read(path, &text, &bytes, &err);
    if (ok) {
        json = cJSON_Parse(text);
        free(text);
    }
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(json, "version");
    if (cJSON_IsNumber(version) && version->valuedouble == STATE_VERSION)
        return json;
    snprintf(app->views.notice, sizeof app->views.notice,
             "%s is damaged or of another version: "
             "the saved view is left out",
             path);
    cJSON_Delete(json);
    return NULL;
}

/* --- the person's ------------------------------------------------------------------ */

static cJSON *user_json(const struct app *app)
{
    cJSON *o = cJSON_CreateObject();
    int w = app->options.width, h = app->options.height;
    if (app->canvas)
        gfx_canvas_size(app->canvas, &w, &h);
    double density = app->canvas ? gfx_canvas_density(app->canvas) : 1;
    cJSON_AddNumberToObject(o, "version", STATE_VERSION);
    cJSON_AddStringToObject(o, "theme", app->views.ui.theme->name);
    cJSON_AddNumberToObject(o, "width", (int)(w / density));
    cJSON_AddNumberToObject(o, "height", (int)(h / density));
    cJSON_AddNumberToObject(o, "panel", app->views.panel_px);
    cJSON_AddNumberToObject(o, "names", app->views.names_px);
    cJSON_AddNumberToObject(o, "zoom_percent", (int)(app->views.zoom_ui * 100 + 0.5));
    return o;
}

void state_open(struct app *app)
{
    struct app_options *o = &app->options;
    if (o->offscreen)
        return;
    app->state.user.path = user_path();
    cJSON *json = read_json(app, app->state.user.path);
    if (!json)
        return;
    const char *theme = state_text(json, "theme");
    if (!o->theme && gfx_theme_named(theme))
        app->views.ui.theme = gfx_theme_named(theme);
    if (!o->size_given) {
        o->width = (int)state_number(json, "width", 300, 16384, o->width);
        o->height = (int)state_number(json, "height", 300, 16384, o->height);
    }
    app->views.panel_px = (int)state_number(json, "panel", 0, 16384, 0);
    app->views.names_px = (int)state_number(json, "names", 0, 16384, 0);
    app->views.zoom_ui = (double)state_number(json, "zoom_percent", 50, 400, 100) / 100;
    cJSON_Delete(json);
}

void state_take_doc(struct app *app, const struct cJSON *left)
{
    const char *path = app->traces[app->trace_at].path, *given = app->options.state_path;
    struct state_file *f = &app->state.trace;
    if (left)
        state_doc_apply(&app->views, left);
    if (app->options.offscreen && !given)
        return;
    free(f->path);
    f->path = given ? join(given, "") : join(path, ".view.json");
    app->state.opened = true;
    cJSON *json = left ? NULL : read_json(app, f->path);
    if (json)
        state_doc_apply(&app->views, json);
    cJSON_Delete(json);
}

/* --- writing ------------------------------------------------------------------------- */

static void remember(struct state_file *f, cJSON *json)
{
    free(f->saved);
    f->saved = cJSON_Print(json);
    cJSON_Delete(json);
}

void state_frame(struct app *app)
{
    if (app->state.user.path && !app->state.user.saved)
        remember(&app->state.user, user_json(app));
    if (!app->state.opened || !app->views.doc || app->views.window.width_px < 2)
        return;
    app->state.opened = false;
    remember(&app->state.trace, state_doc_json(&app->views));
}

static bool write_json(const char *path, const char *json, struct err *err)
{
    struct file_out out;
    if (!file_out_open(&out, path, err))
        return false;
    file_out_write(&out, json, strlen(json));
    file_out_write(&out, "\n", 1);
    return file_out_commit(&out, err);
}

static bool save(struct state_file *f, cJSON *json, bool make_folder, struct err *err)
{
    char *now = cJSON_Print(json);
    bool ok = true;
    cJSON_Delete(json);
    if (now && f->saved && strcmp(now, f->saved)) {
        char *folder = join(f->path, "");
        folder[strrchr(f->path, '/') ? strrchr(f->path, '/') - f->path : 0] = '\0';
        if (make_folder && folder[0])
            ok = file_make_dirs(folder, err);
        ok = ok && write_json(f->path, now, err);
        free(folder);
    }
    free(f->saved);
    f->saved = ok ? now : NULL;
    if (!ok)
        free(now);
    return ok || err_wrap(err, "keeping the view's state");
}

bool state_leave_doc(struct app *app, struct err *err)
{
    struct state_file *f = &app->state.trace;
    bool ok = !f->path || !f->saved || !app->views.doc ||
              save(f, state_doc_json(&app->views), false, err);
    free(f->saved);
    f->saved = NULL;
    app->state.opened = false;
    return ok;
}

bool state_save(struct app *app, struct err *err)
{
    struct state_file *f = &app->state.user;
    bool ok = state_leave_doc(app, err);
    if (ok && f->path && f->saved)
        ok = save(f, user_json(app), true, err);
    return ok;
}

void state_release(struct state *s)
{
    free(s->user.path);
    free(s->user.saved);
    free(s->trace.path);
    free(s->trace.saved);
    *s = (struct state){0};
}
