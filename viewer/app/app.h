/* app: the running viewer: where it draws, what it has open, its input.
 *
 *     struct app app;
 *     if (!app_open(&app, &options, &err)) ...
 *     app_run(&app, &err);          // a window, until it is closed
 *     app_close(&app);
 *
 * Files are opened on threads of their own; app_frame takes what is ready. */
#ifndef APP_APP_H
#define APP_APP_H

#include "app/export.h"
#include "app/follow.h"
#include "app/load.h"
#include "app/state.h"
#include "app/traces.h"
#include "app/watch.h"
#include "views/views.h"

struct app_options {
    int width, height;
    double scale;                  /* of text and everything else; 1 = 96 dpi */
    const struct gfx_theme *theme; /* NULL: as it was kept, or dark */
    bool offscreen;                /* draw into memory: no display is needed */
    bool size_given;               /* it goes before what was kept */
    const char *state_path;        /* borrowed: the trace's state instead of beside it, or NULL */
    const char *follow_path;       /* borrowed: pictures of the last of paths (follow.h), or NULL */
    char **paths;                  /* borrowed */
    int path_count;
};

enum {
    APP_HELD_KEYS = 4
};

struct app {
    struct views views;
    struct gfx_list list;
    struct gfx_canvas *canvas;
    struct gfx_fonts *fonts;
    struct app_options options;
    double font_scale;   /* that fonts were drawn at */
    struct load **loads; /* owned: under way or done */
    size_t load_count, load_cap;
    struct model_doc *doc;    /* owned: what views show */
    struct app_trace *traces; /* owned: tabs */
    size_t trace_count, trace_cap, trace_at;
    struct arena trace_names; /* what views borrow */
    struct watch watch;       /* of the shown trace's file */
    struct follow follow;
    struct export_cut cut;
    pthread_t overview; /* runs model_overview_run on doc */
    bool overview_started;
    bool quit;
    struct state state;
    struct err failure; /* why the only file could not be opened */
    bool failed;
    int held[APP_HELD_KEYS]; /* keys that act while they are held, 0 = none */
    uint64_t held_since_ms, last_frame_ms;
};

/* Opens fonts and files; false with err when a first file is bad. The window
 * comes with app_show, so a bad file shows none. */
bool app_open(struct app *app, const struct app_options *options, struct err *err);
bool app_show(struct app *app, struct err *err);
void app_close(struct app *app);

/* Begins to open a file: a trace, or a profile to show beside it. */
struct load *app_load(struct app *app, const char *path);
/* One frame: takes what was loaded, draws. */
void app_frame(struct app *app);
/* Loading, reading or building goes on: the picture will change by itself. */
bool app_is_unsettled(const struct app *app);
/* Draws frames until the picture is final. */
void app_settle(struct app *app);
/* One event of the window, or made by a script. */
void app_event(struct app *app, const struct gfx_event *event);
/* The window's loop; false with err when the only file turned out bad. */
bool app_run(struct app *app, struct err *err);

#endif
