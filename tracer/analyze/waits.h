/* waits: what blocked threads were waiting for. Locks come from the lock events,
 * which know the holder; everything else from the scheduler's blocked spans. Waits
 * of one kind in one function are one group: a pool's idle workers, say. */
#ifndef ANALYZE_WAITS_H
#define ANALYZE_WAITS_H

#include "analyze/locks.h"
#include "analyze/range.h"
#include "base/arena.h"

struct analyze_wait {
    enum trace_reason reason;
    const char *what;    /* "mutex 0x7f30", "3 x cond", "epoll_wait", "page fault" */
    const char *object;  /* the file or peer waited for longest, or "" */
    const char *waiter;  /* the function that waited, or "" */
    const char *holder;  /* of a lock: the function that held it, or "" */
    uint64_t holder_tid; /* of a lock: who held it; else who ended the wait longest, or 0 */
    uint64_t count;
    uint64_t total_ns; /* as far as it lies in the range */
    uint64_t max_ns;
};

struct analyze_waits {
    struct analyze_wait *v; /* longest total first */
    size_t count;
    uint64_t total_ns;
};

struct analyze_waits analyze_waits(struct arena *a, const struct trace *t,
                                   struct analyze_range range, const struct analyze_locks *locks);

/* "page fault" for TRACE_REASON_PAGE_FAULT and so on: for people. */
const char *analyze_reason_text(enum trace_reason reason);

#endif
