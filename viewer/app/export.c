#include "app/export.h"

#include "base/file.h"
#include "gfx/svg.h"

#include <stdio.h>
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

/* "trace.out" becomes "trace_1.png", or the next number that is free. */
static void new_name(struct app *app, const char *ending, char *buf, size_t bytes)
{
    struct views *v = &app->views;
    const char *path = v->tab > 0 ? v->profiles[v->tab - 1].path
                       : v->doc   ? trace_path(v->doc->trace)
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
    static const char *const endings[] = {"", "png", "svg", "csv"};
    struct views *v = &app->views;
    struct err err = {0};
    char path[256];
    enum views_export what = v->export;
    v->export = VIEWS_EXPORT_NONE;
    if (what == VIEWS_EXPORT_NONE)
        return;
    new_name(app, endings[what], path, sizeof path);
    bool ok = what == VIEWS_EXPORT_PNG   ? gfx_canvas_save(app->canvas, path, &err)
              : what == VIEWS_EXPORT_SVG ? export_svg(app, path, &err)
                                         : export_csv(app, path, &err);
    if (ok)
        snprintf(v->notice, sizeof v->notice, "wrote %s", path);
    else
        snprintf(v->notice, sizeof v->notice, "%s", err.text);
    v->busy = true; /* one more frame, with the notice */
}
