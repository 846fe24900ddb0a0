/* follow: a recording under way. Whoever records leaves pictures of it, complete trace
 * files that replace each other under one name, and at its end the trace itself under
 * its own. Each new picture is shown as the one before was left, and moves on with the
 * end of what was recorded, until a person looks at something: then it stays, until it
 * is let go on. */
#ifndef APP_FOLLOW_H
#define APP_FOLLOW_H

#include "app/load.h"
#include "app/watch.h"
#include "views/views.h"

struct app;

struct follow {
    const char *path;  /* borrowed: of the pictures; NULL: nothing is followed */
    const char *final; /* borrowed: of the trace that there will be, which names the tab */
    struct watch pictures, end;
    bool loading;             /* a picture is being opened */
    bool behind;              /* there is a newer one than that */
    struct model_range shown; /* what was put in sight last */
    int width_px;             /* of the window then */
    bool held;                /* as of the last frame */
};

/* Begins where options ask for it; before app_open loads files. */
void follow_start(struct app *app);
/* Once a frame, before what was loaded is taken. */
void follow_update(struct app *app);
/* Around the exchange of the document for the next picture's, or for the whole. */
struct follow_view {
    bool at_end, whole;
    struct views_nav nav; /* undo and redo go on */
};
struct follow_view follow_leave(struct app *app);
void follow_enter(struct app *app, struct follow_view view);
/* A picture was opened: is it to be shown? Not one that was replaced meanwhile, nor
 * while a person looks at what there is. */
bool follow_takes(struct app *app, const struct load *l);
/* After each frame: whoever moves, selects or picks wants it to stay. */
void follow_look(struct app *app);
/* The path that the followed tab is loaded from now, for others the path itself. */
const char *follow_path(const struct app *app, const char *tab_path);
void follow_stop(struct app *app);

#endif
