#include "app/traces.h"

#include "app/app.h"
#include "app/state_doc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void tell_views(struct app *app)
{
    struct views *v = &app->views;
    v->trace_paths = arena_array(&app->trace_names, app->trace_count + 1, sizeof(char *));
    v->trace_files = arena_array(&app->trace_names, app->trace_count + 1, sizeof(char *));
    for (size_t i = 0; i < app->trace_count; i++) {
        v->trace_paths[i] = app->traces[i].path;
        v->trace_files[i] = app->traces[i].file ? app->traces[i].file : app->traces[i].path;
    }
    v->trace_count = app->trace_count;
    v->trace_at = app->trace_at;
}

size_t traces_add(struct app *app, const char *path)
{
    size_t i = 0;
    while (i < app->trace_count && strcmp(app->traces[i].path, path))
        i++;
    if (i == app->trace_count) {
        mem_grow(&app->traces, &app->trace_cap, i + 1, sizeof *app->traces);
        app->traces[app->trace_count++] = (struct app_trace){.path = strdup(path)};
    }
    tell_views(app);
    return i;
}

void traces_enter(struct app *app, const char *path)
{
    app->trace_at = traces_add(app, path);
    state_take_doc(app, app->traces[app->trace_at].left);
    tell_views(app);
    watch_start(&app->watch, path);
}

void traces_set_file(struct app *app, size_t trace, struct load *l)
{
    struct app_trace *t = &app->traces[trace];
    if (!l->file)
        return;
    free(t->file); /* its descriptor stays: somebody may read it still */
    t->file = l->file;
    l->file = NULL;
    tell_views(app);
}

void traces_leave(struct app *app)
{
    if (app->trace_at >= app->trace_count)
        return;
    struct app_trace *t = &app->traces[app->trace_at];
    cJSON_Delete(t->left);
    t->left = state_doc_json(&app->views);
}

static void ask(struct app *app, const struct app_trace *t)
{
    const char *path = follow_path(app, t->path);
    bool again = t == &app->traces[app->trace_at]; /* R: what is on disk now */
    struct load *l = app_load(app, t->file && !again ? t->file : path);
    l->is_followed = path != t->path;
    l->tab = strdup(t->path);
}

void traces_update(struct app *app)
{
    struct views *v = &app->views;
    if (watch_changed(&app->watch) && app->doc && !app->follow.path)
        snprintf(v->notice, sizeof v->notice, "%.900s has changed on disk: R reads it again",
                 model_basename(app->traces[app->trace_at].path));
    if (v->trace_asked >= 0 && (size_t)v->trace_asked < app->trace_count)
        ask(app, &app->traces[v->trace_asked]);
    v->trace_asked = -1;
}

void traces_release(struct app *app)
{
    watch_stop(&app->watch);
    for (size_t i = 0; i < app->trace_count; i++) {
        free(app->traces[i].path);
        free(app->traces[i].file);
        cJSON_Delete(app->traces[i].left);
    }
    free(app->traces);
    arena_release(&app->trace_names);
}
