/* concurrency: how many threads of the trace ran at once, who ran alone, and who had
 * the CPU while others queued for it. One pass over all spans in order of time. */
#ifndef ANALYZE_CONCURRENCY_H
#define ANALYZE_CONCURRENCY_H

#include "analyze/causes.h"

enum {
    ANALYZE_CONCURRENCY_MAX = 64, /* so many at once or more are one class */
    ANALYZE_COLD_NS = 20000       /* a run on another CPU than before finds cold caches for
                                     about so long */
};

struct analyze_concurrency {
    uint64_t running_ns[ANALYZE_CONCURRENCY_MAX + 1]; /* time with so many threads running */
    struct analyze_part *alone; /* time in which that thread alone wanted to run, most
                                   first */
    size_t alone_count;
    uint64_t phase_ns;    /* of the first of `alone`, in stretches of a twentieth of the range
                             or more in which no other thread wanted to run */
    uint64_t excess_ns;   /* queueing that could not but be: more wanted to run than CPUs */
    uint64_t parallel_ns; /* time with two or more that ran or wanted to */
    uint64_t busy_ns;     /* time with one or more */
    uint64_t cpu_ns;      /* CPU time of all */
    uint64_t runnable_ns; /* queueing time of all */
    struct analyze_part *culprits; /* of queueing on the path: who had that CPU; tid 0: a
                                      program that is not in the trace, or nobody */
    size_t culprit_count;
    uint64_t migrations;        /* times a thread ran on another CPU than before */
    uint64_t cold_ns;           /* running on the path, in the first ANALYZE_COLD_NS after those */
    struct analyze_part *moved; /* of cold_ns: by thread, most first */
    size_t moved_count;
    uint64_t runs;    /* times a thread began to run */
    uint64_t cpus;    /* CPUs that threads of the trace ran on */
    uint64_t workers; /* threads that ran or wanted to for a twentieth of the busy
                                  time or more */
};

struct analyze_concurrency analyze_concurrency(struct arena *a, const struct trace *t,
                                               struct analyze_range range,
                                               const struct analyze_causes *causes);

#endif
