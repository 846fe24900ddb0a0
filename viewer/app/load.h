/* load: opens one file on a thread of its own. What it is (trace or profile) is
 * told by its content, not its name. */
#ifndef APP_LOAD_H
#define APP_LOAD_H

#include "app/foreign.h"
#include "model/doc.h"
#include "profile/profile.h"

#include <pthread.h>
#include <stdatomic.h>

struct load {
    char *path; /* owned */
    char *tab;  /* owned: the path that names its tab, where that is another; or NULL */
    char *file; /* owned until taken: the trace that was made of a foreign file, or NULL */
    struct foreign foreign;
    pthread_t thread;
    atomic_bool done; /* the fields below may be read */
    bool is_followed; /* a picture of what is being recorded (follow.h) */
    bool is_quiet;    /* beside another trace it becomes a tab, not what is shown */
    bool taken;       /* the app has its result */
    bool ok;
    struct model_doc *doc; /* a trace: belongs to who takes it */
    bool is_profile;
    struct profile profile;
    struct err err;
};

/* Starts; gfx_wake is called when it is done. */
struct load *load_start(const char *path);
/* Waits at most `ms` for it; true when done. */
bool load_wait(struct load *l, int ms);
/* Sleeps a millisecond. */
void load_pause(void);
/* Waits, and frees what was not taken. */
void load_free(struct load *l);

#endif
