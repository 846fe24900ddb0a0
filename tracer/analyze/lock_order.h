/* lock_order: which locks are taken while others are held, and who waits for whom at
 * the trace's end. Seen are contended locks, and all where every lock was recorded. */
#ifndef ANALYZE_LOCK_ORDER_H
#define ANALYZE_LOCK_ORDER_H

#include "analyze/range.h"
#include "base/arena.h"

/* A thread took or waited for `then` while it held `first`. */
struct analyze_lock_edge {
    uint64_t pid;
    uint64_t first, then; /* addresses */
    uint64_t count;
    uint64_t wait_ns;  /* waited for `then` meanwhile */
    uint32_t thread;   /* row of one that did */
    uint64_t stack_id; /* where it waited for, or let go of, `then` */
    bool inverted;     /* the other order is there too */
};

struct analyze_lock_edges {
    struct analyze_lock_edge *v; /* by pid, first, then */
    size_t count;
};

struct analyze_lock_edges analyze_lock_order(struct arena *a, const struct trace *t,
                                             struct analyze_range range);

/* A wait that never ended, for what another thread that waits holds. */
struct analyze_stuck {
    uint32_t thread;
    uint64_t row; /* of table lock_wait */
    uint64_t ts_ns;
    uint64_t lock;
    uint64_t kind;
    uint64_t stack_id;
    uint64_t tid, pid, holder_tid;
};

struct analyze_deadlock {
    struct analyze_stuck *v; /* the circle: each waits for the next, the last for the first */
    size_t count;            /* 0: none */
};

struct analyze_deadlock analyze_deadlock(struct arena *a, const struct trace *t);

/* "mutex the_lock": its kind and name, or its address. */
const char *analyze_lock_text(struct arena *a, const struct trace *t, uint64_t pid, uint64_t lock);

#endif
