/* capture_remote: profiles of a program that serves /debug/pprof/ (Go's net/http/pprof,
 * or ours), by URL. */
#ifndef CLI_CAPTURE_REMOTE_H
#define CLI_CAPTURE_REMOTE_H

#include "base/err.h"

#include <stdint.h>

/* Fetches each kind (bits by place in capture_kinds) into dir and prints its path.
 * `seconds`: how long the CPU is sampled; `delta`: so long for the others too, which
 * then tell what came in that time. */
bool capture_remote(const char *url, unsigned kinds, uint64_t seconds, bool delta, const char *dir,
                    struct err *err);

#endif
