/* targets: which running processes a command is about: "1234", "redis-server", all
 * that run the agent, or the only one. */
#ifndef CLI_TARGETS_H
#define CLI_TARGETS_H

#include "base/err.h"

#include <stddef.h>
#include <sys/types.h>

enum {
    TARGETS_MAX = 1024
};

struct targets {
    pid_t pids[TARGETS_MAX];
    size_t count;
    char text[128]; /* what people call them */
};

/* `word`: a pid or a name, NULL: the only process that runs the agent. `all`: every
 * one that does, also none. Processes of that name without the agent are chosen where
 * none has it. */
bool targets_choose(struct targets *t, const char *word, bool all, struct err *err);

#endif
