#include "app/export.h"

#include "app/app.h"
#include "base/file.h"
#include "gfx/svg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool write_text(const struct strbuf *text, const char *path, struct err *err)
{
    struct file_out out;
    if (!file_out_open(&out, path, err))
        return false;
    file_out_write(&out, strbuf_str(text), text->len);
    return file_out_commit(&out, err);
}

bool export_svg(struct app *app, const char *path, struct err *err)
{
    struct strbuf text = {0};
    gfx_svg(&app->list, app->fonts, &text);
    bool ok = write_text(&text, path, err);
    strbuf_release(&text);
    return ok;
}

bool export_csv(struct app *app, const char *path, struct err *err)
{
    const struct views_grid *g = views_grid_in_sight(&app->views);
    struct strbuf text = {0};
    if (!g)
        return err_set(err, "no table is in sight: open Top, Events, Locks or another one first");
    model_table_csv(g->table, &text);
    bool ok = write_text(&text, path, err);
    strbuf_release(&text);
    return ok;
}

/* --- the selection as a trace ---------------------------------------------------------- */

/* By row of table thread; NULL where none is hidden. */
static bool *shown_threads(const struct views *v)
{
    bool all = true;
    bool *shown = calloc((size_t)v->doc->thread_count + 1, sizeof *shown);
    if (!shown)
        abort();
    for (uint32_t i = 0; i < v->doc->thread_count; i++) {
        shown[v->doc->threads[i].key] = model_lanes_shows(&v->lanes, i);
        all &= model_lanes_shows(&v->lanes, i);
    }
    if (!all)
        return shown;
    free(shown);
    return NULL;
}

static bool go_on(void *data, const char *phase, uint64_t done, uint64_t total)
{
    const struct export_cut *c = data;
    (void)phase;
    (void)done;
    (void)total;
    return !atomic_load(c->cancel);
}

static void run_cut(void *arg, const atomic_bool *cancel)
{
    struct export_cut *c = arg;
    const struct progress progress = {go_on, c};
    c->cancel = cancel;
    c->cut.progress = &progress;
    c->ok = trace_cut(c->trace, &c->cut, c->path, NULL, &c->err);
}

static bool begin_cut(struct app *app, const char *path, struct err *err)
{
    const struct views *v = &app->views;
    struct export_cut *c = &app->cut;
    if (!v->doc || !model_range_ns(views_range(v)))
        return err_set(err, "no trace is open");
    if (model_work_is_started(&c->work))
        return err_set(err, "%s is still being written", c->path);
    struct model_range range = views_range(v);
    *c = (struct export_cut){.trace = v->doc->trace, .threads = shown_threads(v)};
    c->cut = (struct trace_cut){.begin_ns = (uint64_t)range.begin_ns,
                                .end_ns = (uint64_t)range.end_ns,
                                .threads = c->threads};
    if (range.end_ns > v->doc->duration_ns)
        c->cut.end_ns = (uint64_t)v->doc->duration_ns;
    snprintf(c->path, sizeof c->path, "%s", path);
    model_work_start(&c->work, run_cut, c, gfx_wake);
    return true;
}

/* True when it has ended. */
static bool end_cut(struct export_cut *c)
{
    if (!model_work_done(&c->work))
        return false;
    free(c->threads);
    c->threads = NULL;
    return true;
}

void export_cut_stop(struct export_cut *c)
{
    model_work_stop(&c->work);
    free(c->threads);
    c->threads = NULL;
}

void export_update(struct app *app)
{
    struct export_cut *c = &app->cut;
    struct views *v = &app->views;
    if (end_cut(c))
        snprintf(v->notice, sizeof v->notice, "%s%.900s", c->ok ? "wrote " : "",
                 c->ok ? c->path : c->err.text);
    else if (model_work_is_started(&c->work))
        v->waiting = true;
}

bool export_trace_part(struct app *app, const char *path, struct err *err)
{
    struct export_cut *c = &app->cut;
    if (!begin_cut(app, path, err))
        return false;
    while (!end_cut(c))
        load_pause();
    if (!c->ok)
        *err = c->err;
    return c->ok;
}

/* --- what keys ask for ------------------------------------------------------------------ */

/* "trace.out" becomes "trace_1.png", or the next number that is free. */
static void new_name(struct app *app, const char *ending, char *buf, size_t bytes)
{
    struct views *v = &app->views;
    const char *path = v->tab > 0 ? v->profiles[v->tab - 1].path
                       : v->doc   ? v->trace_paths[v->trace_at]
                                  : "view";
    const struct views_grid *g = views_grid_in_sight(v);
    bool table = !strcmp(ending, "csv") && g;
    char stem[200];
    snprintf(stem, sizeof stem, "%s", model_basename(path));
    char *dot = strchr(stem, '.');
    if (dot && dot > stem)
        *dot = '\0';
    for (int i = 1; i < 10000; i++) {
        snprintf(buf, bytes, "%s_%s%s%d.%s", stem, table ? g->name : "", table ? "_" : "", i,
                 ending);
        if (access(buf, F_OK))
            return;
    }
}

void export_asked(struct app *app)
{
    static const char *const endings[] = {"", "png", "svg", "csv", "out"};
    struct views *v = &app->views;
    struct err err = {0};
    char path[256];
    enum views_export what = v->export;
    v->export = VIEWS_EXPORT_NONE;
    if (what == VIEWS_EXPORT_NONE)
        return;
    new_name(app, endings[what], path, sizeof path);
    bool ok = what == VIEWS_EXPORT_PNG     ? gfx_canvas_save(app->canvas, path, &err)
              : what == VIEWS_EXPORT_SVG   ? export_svg(app, path, &err)
              : what == VIEWS_EXPORT_TRACE ? begin_cut(app, path, &err)
                                           : export_csv(app, path, &err);
    if (ok && what == VIEWS_EXPORT_TRACE)
        snprintf(v->notice, sizeof v->notice, "writing %s ...", path);
    else if (ok)
        snprintf(v->notice, sizeof v->notice, "wrote %s", path);
    else
        snprintf(v->notice, sizeof v->notice, "%s", err.text);
    v->busy = true; /* one more frame, with the notice */
}
