#include "app/state.h"

#include "app/app.h"
#include "base/file.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    VERSION = 1,
    NOTES_MAX = 10000
};

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
    if (cJSON_IsNumber(version) && version->valuedouble == VERSION)
        return json;
    snprintf(app->views.notice, sizeof app->views.notice,
             "%s is damaged or of another version: "
             "the saved view is left out",
             path);
    cJSON_Delete(json);
    return NULL;
}

/* A whole number in [least, most], or `otherwise`. */
static int64_t number(const cJSON *o, const char *key, int64_t least, int64_t most,
                      int64_t otherwise)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= (double)least) ||
        !(item->valuedouble <= (double)most))
        return otherwise;
    return (int64_t)item->valuedouble;
}

static const char *text(const cJSON *o, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

/* --- the person's ------------------------------------------------------------------ */

static cJSON *user_json(const struct app *app)
{
    cJSON *o = cJSON_CreateObject();
    int w = app->options.width, h = app->options.height;
    if (app->canvas)
        gfx_canvas_size(app->canvas, &w, &h);
    double density = app->canvas ? gfx_canvas_density(app->canvas) : 1;
    cJSON_AddNumberToObject(o, "version", VERSION);
    cJSON_AddStringToObject(o, "theme", app->views.ui.theme->name);
    cJSON_AddNumberToObject(o, "width", (int)(w / density));
    cJSON_AddNumberToObject(o, "height", (int)(h / density));
    cJSON_AddNumberToObject(o, "panel", app->views.panel_px);
    cJSON_AddNumberToObject(o, "names", app->views.names_px);
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
    const char *theme = text(json, "theme");
    if (!o->theme_given && theme[0] && strcmp(theme, app->views.ui.theme->name))
        views_toggle_theme(&app->views);
    if (!o->size_given) {
        o->width = (int)number(json, "width", 300, 16384, o->width);
        o->height = (int)number(json, "height", 300, 16384, o->height);
    }
    app->views.panel_px = (int)number(json, "panel", 0, 16384, 0);
    app->views.names_px = (int)number(json, "names", 0, 16384, 0);
    cJSON_Delete(json);
}

/* --- the trace's -------------------------------------------------------------------- */

static void add_range(cJSON *o, const char *begin, const char *end, int64_t begin_ns,
                      int64_t end_ns)
{
    cJSON_AddNumberToObject(o, begin, (double)begin_ns);
    cJSON_AddNumberToObject(o, end, (double)end_ns);
}

static void add_notes(cJSON *o, const struct model_notes *n)
{
    cJSON *list = cJSON_AddArrayToObject(o, "notes");
    for (size_t i = 0; i < n->count; i++) {
        cJSON *note = cJSON_CreateObject();
        add_range(note, "begin_ns", "end_ns", n->v[i].begin_ns, n->v[i].end_ns);
        cJSON_AddStringToObject(note, "text", n->v[i].text);
        cJSON_AddItemToArray(list, note);
    }
}

/* Folded processes and threads, by their ids. */
static void add_folds(cJSON *o, const struct views *v)
{
    cJSON *processes = cJSON_AddArrayToObject(o, "folded_processes");
    cJSON *threads = cJSON_AddArrayToObject(o, "folded_threads");
    if (!v->lanes.process_closed)
        return;
    for (uint32_t i = 0; i < v->doc->process_count; i++)
        if (v->lanes.process_closed[i])
            cJSON_AddItemToArray(processes, cJSON_CreateNumber(v->doc->processes[i].pid));
    for (uint32_t i = 0; i < v->doc->thread_count; i++)
        if (v->lanes.thread_closed[i])
            cJSON_AddItemToArray(threads, cJSON_CreateNumber(v->doc->threads[i].tid));
}

static cJSON *trace_json(const struct app *app)
{
    const struct views *v = &app->views;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "version", VERSION);
    add_range(o, "begin_ns", "end_ns", v->window.begin_ns, v->window.end_ns);
    add_range(o, "selected_begin_ns", "selected_end_ns", v->selection.begin_ns,
              v->selection.end_ns);
    cJSON_AddNumberToObject(o, "thread",
                            v->thread == MODEL_NO_THREAD ? 0 : v->doc->threads[v->thread].tid);
    cJSON_AddNumberToObject(o, "bottom", (int)v->bottom);
    cJSON_AddStringToObject(o, "find", v->find.text);
    cJSON_AddStringToObject(o, "search", v->search.edit.text);
    add_range(o, "marker_a_ns", "marker_b_ns", v->nav.marker_ns[0], v->nav.marker_ns[1]);
    add_folds(o, v);
    add_notes(o, &v->panel.notes.notes);
    return o;
}

static void read_notes(const cJSON *json, struct model_notes *n, int64_t duration_ns)
{
    const cJSON *note;
    cJSON_ArrayForEach(note, cJSON_GetObjectItemCaseSensitive(json, "notes"))
    {
        int64_t begin = number(note, "begin_ns", 0, duration_ns, -1);
        int64_t end = number(note, "end_ns", 0, duration_ns, begin);
        if (begin >= 0 && n->count < NOTES_MAX)
            model_notes_add(n, begin, end, text(note, "text"));
    }
}

static bool has_number(const cJSON *list, uint32_t n)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_IsNumber(item) && item->valuedouble == n)
            return true;
    }
    return false;
}

static void read_folds(const cJSON *json, struct views *v)
{
    const cJSON *processes = cJSON_GetObjectItemCaseSensitive(json, "folded_processes");
    const cJSON *threads = cJSON_GetObjectItemCaseSensitive(json, "folded_threads");
    if (!cJSON_GetArraySize(processes) && !cJSON_GetArraySize(threads))
        return;
    model_lanes_build(&v->lanes, v->doc);
    for (uint32_t i = 0; i < v->doc->process_count; i++)
        v->lanes.process_closed[i] = has_number(processes, v->doc->processes[i].pid);
    for (uint32_t i = 0; i < v->doc->thread_count; i++)
        v->lanes.thread_closed[i] = has_number(threads, v->doc->threads[i].tid);
}

static void apply(struct views *v, const cJSON *json)
{
    int64_t last = v->doc->duration_ns;
    int64_t begin = number(json, "begin_ns", 0, last, 0), end = number(json, "end_ns", 0, last, 0);
    if (end > begin)
        model_window_show(&v->window, begin, end);
    begin = number(json, "selected_begin_ns", 0, last, 0);
    end = number(json, "selected_end_ns", 0, last, 0);
    if (end > begin)
        views_select_range(v, begin, end);
    int64_t tid = number(json, "thread", 1, INT32_MAX, 0);
    for (uint32_t i = 0; tid && i < v->doc->thread_count; i++)
        if (v->doc->threads[i].tid == tid)
            v->thread = (int)i;
    v->bottom = (enum views_bottom)number(json, "bottom", 0, VIEWS_BOTTOMS - 1, 0);
    v->nav.marker_ns[0] = number(json, "marker_a_ns", 0, last, -1);
    v->nav.marker_ns[1] = number(json, "marker_b_ns", 0, last, -1);
    ui_edit_set(&v->find, text(json, "find"));
    ui_edit_set(&v->search.edit, text(json, "search"));
    read_folds(json, v);
    read_notes(json, &v->panel.notes.notes, last);
}

void state_take_doc(struct app *app)
{
    const char *path = trace_path(app->doc->trace), *given = app->options.state_path;
    struct state_file *f = &app->state.trace;
    if (app->options.offscreen && !given)
        return;
    free(f->path);
    f->path = given ? join(given, "") : join(path, ".view.json");
    app->state.opened = true;
    cJSON *json = read_json(app, f->path);
    if (!json)
        return;
    apply(&app->views, json);
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
    remember(&app->state.trace, trace_json(app));
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
    bool ok = !f->path || !f->saved || !app->views.doc || save(f, trace_json(app), false, err);
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
