/* serve_profiles: /debug/pprof/ of a running program, for `whyprof http` and, beside the
 * program, for `whyprof run` with ENABLE_PPROF=true. */
#ifndef CLI_SERVE_PROFILES_H
#define CLI_SERVE_PROFILES_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

struct serve_options {
    pid_t pid;
    const char *listen; /* "127.0.0.1:8080" */
    const char *token;  /* or NULL */
    double seconds_max; /* 0: an hour */
    bool beside;        /* in the background: signals are the program's, not ours */
    int ready_fd;       /* >= 0: gets a struct serve_ready once it listens, or cannot */
};

struct serve_ready {
    bool ok;
    char url[128];
    char token[64]; /* "" where none is wanted */
    struct err err;
};

/* Serves until the program ends, or a signal. False with err where it could not begin. */
bool serve_profiles(const struct serve_options *o, struct err *err);
/* The same in a process of its own; the caller goes on, and may become another program. Tells
 * on stderr where, or why not: no reason for the program not to run. */
void serve_profiles_beside(const struct serve_options *o);

/* ENABLE_PPROF=true (1, yes, on) in the environment. */
bool serve_wanted(void);
/* $PPROF_ADDR, else 127.0.0.1:8080. */
const char *serve_address(void);

#endif
