/* traces: the traces that are tabs. One of them is open, the others are paths with
 * what was set up; a trace opens in constant time, so going to another is opening
 * it. */
#ifndef APP_TRACES_H
#define APP_TRACES_H

#include <stddef.h>

struct app;
struct load;
struct cJSON;

struct app_trace {
    char *path;         /* owned */
    char *file;         /* owned: the trace that was made of a foreign file, or NULL */
    struct cJSON *left; /* owned: its state (state_doc.h) when it was left; NULL: not yet seen */
};

/* The trace at `path` is what is shown from now on (app->doc), with the state that it was
 * left with. */
void traces_enter(struct app *app, const char *path);
/* Takes the trace that a load has made, if it is a foreign file's. */
void traces_set_file(struct app *app, size_t trace, struct load *l);
/* The shown one is about to be closed. */
void traces_leave(struct app *app);
/* A tab more. */
size_t traces_add(struct app *app, const char *path);
/* Once a frame: goes to the tab, or reads again, what was asked for. */
void traces_update(struct app *app);
void traces_release(struct app *app);

#endif
