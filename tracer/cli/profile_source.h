/* profile_source: gives the profiles of one running program to /debug/pprof/. */
#ifndef CLI_PROFILE_SOURCE_H
#define CLI_PROFILE_SOURCE_H

#include "http/endpoints.h"

#include <stdatomic.h>
#include <sys/types.h>

/* One recording at a time of each kind. */
enum profile_source_state {
    SOURCE_IDLE,
    SOURCE_RECORDING,
    SOURCE_ENDING /* it was answered, what it needed is being put away */
};

struct profile_source {
    pid_t pid;
    atomic_int cpu, trace; /* enum profile_source_state */
};

/* The source must outlive what is filled. */
void profile_source_endpoints(struct profile_source *s, struct endpoints *e);

#endif
