/* export: what is on screen as files: the picture, the table in sight, the selection as a
 * trace of its own. */
#ifndef APP_EXPORT_H
#define APP_EXPORT_H

#include "model/work.h"
#include "trace/cut.h"

struct app;

/* A trace being cut out by a worker. */
struct export_cut {
    struct model_work work;
    const struct trace *trace; /* borrowed: until export_cut_stop */
    struct trace_cut cut;
    bool *threads; /* owned */
    char path[512];
    const atomic_bool *cancel;
    struct err err;
    bool ok;
};

bool export_svg(struct app *app, const char *path, struct err *err);
/* False with err where no table is in sight. */
bool export_csv(struct app *app, const char *path, struct err *err);
/* The selection, or what is in sight, of the threads that are shown; waits for its end. */
bool export_trace_part(struct app *app, const char *path, struct err *err);
/* The trace is about to be closed: what is being cut is dropped. */
void export_cut_stop(struct export_cut *c);
/* Once a frame: takes the end of a cut, with a notice. */
void export_update(struct app *app);
/* Does what a key asked for, under a new name in the working directory; a notice
 * tells which, or why not. */
void export_asked(struct app *app);

#endif
