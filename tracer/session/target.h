/* target: the program to be traced: can the agent be loaded into it, and starting
 * it so that it begins only when everything records. */
#ifndef SESSION_TARGET_H
#define SESSION_TARGET_H

#include "base/err.h"

#include <limits.h>
#include <signal.h>
#include <sys/types.h>

enum target_kind {
    TARGET_DYNAMIC,    /* the agent can be loaded */
    TARGET_STATIC,     /* no dynamic loader: nothing can be preloaded */
    TARGET_PRIVILEGED, /* setuid, setgid or file capabilities: the loader ignores LD_PRELOAD */
    TARGET_OTHER_ABI,  /* another word size or machine than the agent's */
    TARGET_MISSING,    /* not found, or not to be executed: exec will say why */
};

/* Finds `program` as execvp would (path gets it) and looks at its header; of a
 * script, at its interpreter. */
enum target_kind target_inspect(const char *program, char path[PATH_MAX]);
/* "is statically linked", ... */
const char *target_kind_text(enum target_kind kind);

struct target {
    pid_t pid;     /* our child */
    int go_fd;     /* its start waits for this pipe, -1 once released */
    int status_fd; /* tells errno when exec failed */
};

/* The environment the agent is told by; NULLs leave a variable as it is. */
struct target_env {
    const char *agent_path;    /* put before LD_PRELOAD */
    const char *recorder_name; /* WHYPROF_RECORDER */
    const char *options;       /* added to WHYPROF_OPTIONS */
};

/* Changes this process's own environment so. */
bool target_set_env(const struct target_env *env, struct err *err);

/* Forks the child that will become argv[0]; it waits. Its signals are blocked as
 * in `mask`. background: in a session of its own, standard input from /dev/null. */
bool target_fork(struct target *t, char *const *argv, const struct target_env *env,
                 const sigset_t *mask, bool background, struct err *err);
/* Lets it run, with more_options ("" for none) added. False with err when exec
 * failed; *exit_code is then what a shell would return: 127 or 126. */
bool target_release(struct target *t, const char *more_options, int *exit_code, struct err *err);
/* Ends a child that was not released. */
void target_cancel(struct target *t);

#endif
