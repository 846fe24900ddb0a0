/* main: options, and the only place of the viewer that prints. */
#include "app/bench.h"
#include "app/script.h"
#include "base/opt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OK = 0,
    FAILED = 1,
    USAGE = 2
};

static int tell(const struct err *err, int status)
{
    fprintf(stderr, "whyprof: %s\n", err->text);
    if (err->hint[0])
        fprintf(stderr, "  %s\n", err->hint);
    return status;
}

static const char *screenshot, *script, *size, *scale = "1", *theme, *state, *follow;

static bool bench;
static uint64_t started_ns;

static const struct opt options[] = {
    {0, "screenshot", OPT_STR, &screenshot, "OUT.png",
     "write the picture there; no display is needed"},
    {0, "script", OPT_STR, &script, "STEPS",
     "do the steps of that file (key, click, drag, screenshot ...);\nno display is needed"},
    {0, "size", OPT_STR, &size, "WxH", "size of the window or picture (default 1440x900)"},
    {0, "scale", OPT_STR, &scale, "FACTOR",
     "size of text and everything else, 0.5 to 4 (default 1)"},
    {0, "theme", OPT_STR, &theme, "NAME",
     "dark (default) or light; dark-safe, light-safe for the colour-blind\n(T and Shift+T change "
     "them)"},
    {0, "state", OPT_STR, &state, "FILE",
     "keep the view of the trace there, not beside it (notes, what is in sight ...)"},
    {0, "follow", OPT_OPT_STR, &follow, "PICTURES",
     "show what is being recorded as it grows: the only recording, or the one\nwhose session or "
     "FILE is named; Space holds it and lets it go on"},
    {0, "bench", OPT_FLAG, &bench, NULL,
     "play a fixed walk and print frame times and memory as JSON;\nno display is needed"},
    {0}};

static const struct opt_command command = {
    .name = "whyprof view",
    .usage = "[OPTIONS] FILE...",
    .summary = "Shows traces (trace_*.out) on a timeline and profiles (*.prof) as flame graphs.",
    .opts = options,
    .more = "In the window, ? lists all keys.\n\n"
            "  whyprof view profiles/trace_20250101_120000.out\n"
            "  whyprof view trace.out cpu.prof\n"
            "  whyprof view --follow\n"
            "  whyprof view trace.out --screenshot trace.png --size 1920x1080\n"};

static bool read_options(struct app_options *o, struct err *err)
{
    char *end;
    o->size_given = size;
    o->state_path = state;
    if (follow && !follow[0])
        return err_set(err, "--follow is for `whyprof view`, which knows what is being recorded");
    o->follow_path = follow && follow[0] ? follow : NULL;
    if (!size)
        size = bench ? "1920x1080" : "1440x900";
    if (sscanf(size, "%dx%d", &o->width, &o->height) != 2 || o->width < 200 || o->height < 200 ||
        o->width > 16384 || o->height > 16384)
        return err_set(err, "--size needs WIDTHxHEIGHT such as 1920x1080, not '%s'", size);
    o->scale = strtod(scale, &end);
    if (*end || !(o->scale >= 0.5 && o->scale <= 4))
        return err_set(err, "--scale needs a number from 0.5 to 4, not '%s'", scale);
    o->theme = theme ? gfx_theme_named(theme) : NULL;
    if (theme && !o->theme)
        return err_set(err, "--theme is dark, light, dark-safe or light-safe, not '%s'", theme);
    o->offscreen = screenshot || script || bench;

    return true;
}

static bool run(struct app *app, struct err *err)
{
    if (!app_show(app, err))
        return false;
    if (bench)
        return bench_run(app, started_ns, err);
    if (!screenshot && !script)
        return app_run(app, err);
    if (script && !script_run(app, script, err))
        return false;
    app_settle(app);
    return !screenshot || gfx_canvas_save(app->canvas, screenshot, err);
}

int main(int argc, char **argv)
{
    struct err err = {0};
    started_ns = bench_now_ns();
    struct app_options o = {0};
    int files = opt_parse(&command, argc, argv, &err);
    if (files == OPT_HELP)
        return OK;
    if (files == OPT_BAD || !read_options(&o, &err))
        return tell(&err, USAGE);
    if (files < 1) {
        err_set(&err, "view: no file was named");
        err_hint(&err, "whyprof view FILE... ; whyprof run --trace -- PROGRAM makes one");
        return tell(&err, USAGE);
    }
    o.paths = argv + 1;
    o.path_count = files;
    struct app app;
    bool ok = app_open(&app, &o, &err) && run(&app, &err);
    struct err kept = {0};
    if (ok && !state_save(&app, &kept))
        tell(&kept, OK);
    app_close(&app);
    return ok ? OK : tell(&err, FAILED);
}
