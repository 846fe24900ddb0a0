/* latency: how long threads queued for a CPU after they were woken or preempted, and
 * who wakes whom. */
#ifndef ANALYZE_LATENCY_H
#define ANALYZE_LATENCY_H

#include "analyze/range.h"
#include "base/arena.h"

/* Spans of queueing of one kind; percentiles are of whole spans, within 0.8 %. */
struct analyze_queueing {
    uint64_t count;
    uint64_t total_ns; /* as far as it lies in the range */
    uint64_t p50_ns, p99_ns, max_ns;
    struct analyze_instance longest; /* a row of thread_state */
};

struct analyze_latency_row {
    uint64_t tid, pid;
    const char *name;
    struct analyze_queueing woken;     /* from the wake-up to running */
    struct analyze_queueing preempted; /* from losing the CPU to having one again */
};

struct analyze_latency {
    struct analyze_latency_row *v; /* most queueing first; threads that never did are left out */
    size_t count;
    struct analyze_latency_row all;
};

struct analyze_latency analyze_latency(struct arena *a, const struct trace *t,
                                       struct analyze_range range);

struct analyze_wakeup_pair {
    uint64_t waker_tid; /* 0: an interrupt, or not known */
    uint64_t wakee_tid;
    uint64_t count;
    uint64_t first_ns, last_ns;
};

struct analyze_wakeups {
    struct analyze_wakeup_pair *v; /* most first */
    size_t count;
    uint64_t total;
};

/* A range's thread: as the one who wakes or who is woken. */
struct analyze_wakeups analyze_wakeups(struct arena *a, const struct trace *t,
                                       struct analyze_range range);

#endif
