/* signals: the ones that end a recording, taken from a descriptor so that no
 * handler runs: SIGINT, SIGQUIT, SIGTERM, SIGHUP. */
#ifndef SESSION_SIGNALS_H
#define SESSION_SIGNALS_H

#include "base/err.h"

#include <signal.h>

struct signals {
    int fd;       /* signalfd, non-blocking */
    sigset_t old; /* the mask before: what a traced program inherits */
};

bool signals_block(struct signals *s, struct err *err);
/* The next one that arrived, or 0. *by_kernel: from the terminal, whose whole
 * foreground process group got it. */
int signals_take(struct signals *s, bool *by_kernel);
void signals_release(struct signals *s);

#endif
