/* capture_remote: profiles of a program that serves /debug/pprof/ (Go's net/http/pprof,
 * or ours), by URL. */
#ifndef CLI_CAPTURE_REMOTE_H
#define CLI_CAPTURE_REMOTE_H

#include "base/err.h"

#include <stdint.h>

struct capture_url {
    const char *url;  /* http://host:port, with or without /debug/pprof/ */
    unsigned kinds;   /* bits by place in capture_kinds */
    bool trace;       /* an execution trace instead */
    bool delta;       /* the seconds are for the others than cpu too: what came in that time */
    uint64_t seconds; /* how long the CPU is sampled; 0: the server's choice */
    const char *dir;
    const char *exact; /* the file to write, or NULL: a name of its own in dir */
};

/* Fetches each into its file and prints its path. */
bool capture_remote(const struct capture_url *u, struct err *err);

#endif
