/* syscalls: the system calls of a range, by name or by what they were about. */
#ifndef ANALYZE_SYSCALLS_H
#define ANALYZE_SYSCALLS_H

#include "analyze/range.h"
#include "base/arena.h"

struct analyze_syscall {
    const char *name; /* of the call; by object: of the one that took most time */
    uint64_t count;
    uint64_t total_ns; /* as far as it lies in the range */
    uint64_t p50_ns;   /* of whole calls; within 0.8 % */
    uint64_t p99_ns;
    uint64_t max_ns;
    uint64_t errors;                 /* calls that returned an error */
    uint64_t unfinished;             /* still in the call when the trace ended */
    const char *error;               /* the most frequent one ("EAGAIN"), or "" */
    const char *caller;              /* the function that spent most time in it, or "" */
    const char *object;              /* the file or peer that took most of it, or "" */
    struct analyze_instance longest; /* a row of table syscall */
    uint64_t stack_id;               /* where most of the time was spent, 0: not known */
};

struct analyze_syscalls {
    struct analyze_syscall *v; /* longest total first */
    size_t count;
    uint64_t calls; /* of all */
    uint64_t total_ns;
};

/* The same for each file or peer instead of each call; calls without one are left
 * out, and those of the objects past the first ANALYZE_OBJECTS are one group. */
enum {
    ANALYZE_OBJECTS = 2000
};
struct analyze_syscalls analyze_syscall_objects(struct arena *a, const struct trace *t,
                                                struct analyze_range range);

struct analyze_syscalls analyze_syscalls(struct arena *a, const struct trace *t,
                                         struct analyze_range range);

#endif
