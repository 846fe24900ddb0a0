/* reduce: what a trace says about one matter (CPU time, lock waits, live memory),
 * added up by call stack and thread. The rows of a trace become as many groups as
 * there are places: memory does not grow with its length.
 *
 *     struct arena a = {0};
 *     struct reduced r = reduce_trace(&a, t, REDUCE_BLOCK, (struct reduce_range){0, end_ns});
 *     for (size_t i = 0; i < r.count; i++)
 *         trace_stack(t, r.v[i].stack_id, ...), r.v[i].values[1]
 *     arena_release(&a); */
#ifndef PROFILE_REDUCE_H
#define PROFILE_REDUCE_H

#include "base/arena.h"
#include "base/err.h"
#include "trace/reader.h"

enum reduce_kind {
    REDUCE_CPU,        /* samples, ns */
    REDUCE_OFFCPU,     /* blocked: times, ns */
    REDUCE_BLOCK,      /* waits for locks, conditions, join: times, ns; the waiter's stack */
    REDUCE_MUTEX,      /* waits for locks: times, ns; the stack of the holder's unlock */
    REDUCE_SYSCALL,    /* calls, ns */
    REDUCE_SCHED,      /* waiting for a CPU: times, ns; where the thread goes on */
    REDUCE_HEAP,       /* allocated objects, bytes, and of these alive at the end */
    REDUCE_ALLOCS,     /* the same; another default */
    REDUCE_THREADS,    /* threads alive at the end, where they are */
    REDUCE_GOROUTINES, /* the same under Go's name */
    REDUCE_KINDS
};

enum {
    REDUCE_VALUES = 4,
    REDUCE_CALL_SHIFT = 8
};

struct reduce_range {
    uint64_t begin_ns;
    uint64_t end_ns; /* not included */
};

/* What a group's `detail` is. */
enum reduce_detail {
    REDUCE_DETAIL_NONE,
    REDUCE_DETAIL_CLASS, /* time class */
    REDUCE_DETAIL_STATE, /* time class, and from bit REDUCE_CALL_SHIFT on the string id of the
                            system call that a thread without a stack is in; a label, too */
    REDUCE_DETAIL_CALL,  /* string id of the system call, where there is no stack */
    REDUCE_DETAIL_SIZE   /* of an allocation */
};

struct reduce_group {
    uint32_t thread;   /* row of table thread, UINT32_MAX: not by thread */
    uint64_t stack_id; /* 0: none was recorded */
    uint64_t detail;
    int64_t values[REDUCE_VALUES];
    double weights[REDUCE_VALUES]; /* heap: values before rounding */
};

struct reduced {
    struct reduce_group *v; /* in order of first occurrence by thread */
    size_t count;
    uint64_t rows; /* of the trace that were added up */
};

struct reduce_value_type {
    const char *type;
    const char *unit;
};

/* What a kind's profile looks like, by the conventions of Go's runtime/pprof. */
struct reduce_info {
    const char *name;                              /* as --kind has it */
    struct reduce_value_type types[REDUCE_VALUES]; /* type NULL ends them */
    const char *default_type;                      /* shown first; "": the last */
    struct reduce_value_type period_type;
    int64_t period; /* 0: told by the trace */
    enum reduce_detail detail;
};

extern const struct reduce_info reduce_kinds[REDUCE_KINDS];

/* False with err, which lists those that there are. */
bool reduce_kind_find(const char *name, enum reduce_kind *kind, struct err *err);

struct reduced reduce_trace(struct arena *a, const struct trace *t, enum reduce_kind kind,
                            struct reduce_range range);

#endif
