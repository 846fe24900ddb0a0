/* threads: what each thread did in a range of time. */
#ifndef ANALYZE_THREADS_H
#define ANALYZE_THREADS_H

#include "analyze/range.h"
#include "base/arena.h"

struct analyze_thread {
    uint32_t row; /* of table thread: the key of its partitions */
    uint64_t tid;
    uint64_t pid;
    const char *name; /* borrowed from the trace */
    uint64_t start_ns;
    uint64_t end_ns;
    uint64_t state_ns[TRACE_CLASSES]; /* exact; trace_class() numbers them */
    uint64_t blocked_ns;              /* sum of its classes */
    uint64_t samples;
    uint64_t sample_ns; /* CPU time that the samples stand for */
    uint64_t cpu_ns;    /* the kernel's count, over its whole life; 0: not known */
    uint64_t switches;  /* times it began to run */
    uint64_t preempted; /* times it was put aside while it could run */
    uint64_t syscalls;
};

struct analyze_threads {
    struct analyze_thread *v; /* those that lived in the range, most CPU time first */
    size_t count;
};

struct analyze_threads analyze_threads(struct arena *a, const struct trace *t,
                                       struct analyze_range range);

/* CPU time: what the states say, else the samples. */
uint64_t analyze_thread_cpu_ns(const struct analyze_thread *thread);
/* The class it was blocked in longest, or TRACE_CLASSES where it was not. */
unsigned analyze_thread_main_wait(const struct analyze_thread *thread);

#endif
