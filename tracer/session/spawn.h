/* spawn: helper processes of ours (session daemon, kernel collector), started
 * so that they inherit nothing by accident: default signals, no descriptors but
 * those given, no preloaded libraries, a process group of their own (a Ctrl-C on
 * the terminal is for the traced program, not for them). */
#ifndef SESSION_SPAWN_H
#define SESSION_SPAWN_H

#include "base/err.h"

#include <sys/types.h>

enum {
    SPAWN_FD = 3
};

struct spawn {
    const char *const *argv; /* argv[0] is looked up in PATH unless it has a '/' */
    int keep_fd;             /* the child has it as SPAWN_FD; -1: none */
    int stdout_fd;           /* becomes its stdout; -1: /dev/null */
    int stderr_fd;           /* becomes its stderr; -1: /dev/null */
    const char *env;         /* set in its environment to "1"; NULL: nothing */
};

/* The pid, or -1 with err (errno keeps why exec failed). */
pid_t spawn_helper(const struct spawn *s, struct err *err);
/* waitpid that retries EINTR; the status word, or -1. */
int spawn_wait(pid_t pid);
/* Waits at most timeout_ms for our child to end, then kills it. */
void spawn_end(pid_t pid, int timeout_ms);

#endif
