/* calls: system calls on the path of a scope, by name and file; with what tells
 * useless ones: how many bytes they moved, how often they found nothing. */
#ifndef ANALYZE_CALLS_H
#define ANALYZE_CALLS_H

#include "analyze/causes.h"

struct analyze_call_group {
    const char *name;
    const char *file;
    uint64_t count;   /* that touch the path */
    uint64_t path_ns; /* of them on the path, whatever they did there */
    uint64_t loop_ns; /* the same with the pauses between, where the next follows at once */
    struct analyze_instance longest; /* a row of thread_state: in the middle of it */
    uint64_t bytes;                  /* moved: the sum of positive results */
    uint64_t moves;                  /* calls with a positive result */
    uint64_t nothing;                /* that found nothing: EAGAIN, or a poll that returned 0 */
    struct analyze_place at;
    uint64_t stack_id;
};

struct analyze_calls {
    struct analyze_call_group *v; /* most path time first */
    size_t count;
};

struct analyze_calls analyze_calls(struct arena *a, const struct trace *t,
                                   struct analyze_range range, const struct analyze_causes *causes);

#endif
