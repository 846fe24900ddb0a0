/* locks: who waited for which lock, condition or thread, how long, and who held it. */
#ifndef ANALYZE_LOCKS_H
#define ANALYZE_LOCKS_H

#include "analyze/range.h"
#include "base/arena.h"

struct analyze_lock {
    uint64_t pid;
    uint64_t lock; /* address in that process */
    enum trace_lock_kind kind;
    const char *name;                /* given by the program, or "" */
    uint64_t waits;                  /* contended waits in the range */
    uint64_t wait_ns;                /* their sum, as far as it lies in the range */
    uint64_t max_wait_ns;            /* the longest one, whole */
    struct analyze_instance longest; /* that one: a row of table lock_wait */
    uint64_t stack_id;               /* where most time was waited, 0: not known */
    uint64_t holder_stack_id;        /* where it was held meanwhile, 0: not known */
    const char *waiter;              /* the function that waited longest in all, or "" */
    const char *holder;  /* the function that held it (for a condition: signalled), or "" */
    uint64_t holder_tid; /* the thread that made others wait longest, or 0 */
    uint64_t waiters;    /* threads that waited */
    uint64_t hold_ns;    /* held while somebody waited */
    uint64_t max_hold_ns;
    uint64_t acquisitions; /* over the whole trace, uncontended too; 0: not counted */
    uint64_t contentions;  /* over the whole trace */
};

struct analyze_locks {
    struct analyze_lock *v; /* longest wait first, never contended ones last */
    size_t count;
    uint64_t wait_ns; /* of all */
    uint64_t waits;
};

/* Strings are borrowed from the arena and the trace. */
struct analyze_locks analyze_locks(struct arena *a, const struct trace *t,
                                   struct analyze_range range);

#endif
