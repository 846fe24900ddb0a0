/* runtime: the private folder of this user's recordings (state files, sockets)
 * and, for all but root, the home of a session daemon of our own.
 *
 * root:    /run/whyprof, and the machine's session daemon in /var/run/lttng,
 *          which is the only one that liblttng-ctl lets root talk to.
 * others:  $XDG_RUNTIME_DIR/whyprof where that folder is really the user's, else
 *          /tmp/whyprof-UID; session daemon with LTTNG_HOME there. Sockets live
 *          below it, so the path must be short (sun_path has 108 bytes). */
#ifndef SESSION_RUNTIME_H
#define SESSION_RUNTIME_H

#include "base/err.h"

#include <sys/types.h>

enum {
    RUNTIME_DIR_MAX = 64
};

struct runtime {
    uid_t uid;
    char dir[RUNTIME_DIR_MAX];             /* mode 0700, ours */
    char lttng_home[RUNTIME_DIR_MAX];      /* "" for root */
    char daemon_dir[RUNTIME_DIR_MAX + 16]; /* where the session daemon keeps its pid and sockets */
};

/* Finds or makes the folder, and sets LTTNG_HOME in this process's environment,
 * which liblttng-ctl and everything started from here then follow. Refuses a
 * folder that another user owns or can enter. */
bool runtime_init(struct runtime *rt, struct err *err);

#endif
