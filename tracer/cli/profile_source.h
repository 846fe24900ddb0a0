/* profile_source: gives the profiles of one running program to /debug/pprof/. */
#ifndef CLI_PROFILE_SOURCE_H
#define CLI_PROFILE_SOURCE_H

#include "http/endpoints.h"

#include <stdatomic.h>
#include <sys/types.h>

struct profile_source {
    pid_t pid;
    atomic_flag cpu_busy, trace_busy; /* one at a time of each */
};

/* The source must outlive what is filled. */
void profile_source_endpoints(struct profile_source *s, struct endpoints *e);

#endif
