/* state: what a person set up, kept for the next time as JSON: beside the trace what
 * belongs to it (TRACE.view.json: what is in sight, notes, folds, the search), in the
 * user's configuration folder what belongs to the person (theme, sizes).
 *
 * Written on quit, and only what changed. Runs without a window keep nothing unless
 * --state names the file; then only that one is read and written. A file that is
 * damaged is left out with a notice and replaced only when something changed. */
#ifndef APP_STATE_H
#define APP_STATE_H

#include "base/err.h"

#include <stdbool.h>

struct app;
struct cJSON;

struct state_file {
    char *path;  /* owned; NULL: nothing is kept */
    char *saved; /* owned: the text that would have been written when it was read */
};

struct state {
    struct state_file user, trace;
    bool opened; /* `saved` of trace waits for the first picture */
};

/* Reads the user's file, before there is a window. */
void state_open(struct app *app);
/* Takes the state of the trace that was just opened: `left` (as state_doc_json made it
 * when this trace was left before; borrowed), or what was kept in the file. */
void state_take_doc(struct app *app, const struct cJSON *left);
/* After each frame: what is in sight settles with the first one. */
void state_frame(struct app *app);
/* Writes the state of the trace, which is about to be closed. */
bool state_leave_doc(struct app *app, struct err *err);
/* Writes what changed; false with err where a file could not be written. */
bool state_save(struct app *app, struct err *err);
void state_release(struct state *s);

#endif
