/* utilization: for each length of window the least that a thread, or all threads
 * together, ran in any window of that length within a range: how long a stall can
 * be at worst, and what is guaranteed over a second. Known for mutators as MMU
 * (Cheng and Blelloch, "A parallel, real-time garbage collector", 2001); Go's trace
 * tool draws it for goroutines.
 *
 * The search goes by branch and bound over where the window starts: running time is
 * never taken back, so over starts in [a, b] a window of w holds at least
 * R(a + w) - R(b), where R(t) is the running time until t. Each R costs one look at
 * the running totals of each thread, whatever the trace's size. */
#ifndef ANALYZE_UTILIZATION_H
#define ANALYZE_UTILIZATION_H

#include "analyze/range.h"
#include "base/arena.h"

struct analyze_utilization_point {
    uint64_t window_ns;
    double least;   /* threads running on average in the worst window; one thread: its share */
    double bound;   /* it is not below that; equal to least but for a thousandth, unless the
                       search had to stop early */
    uint64_t at_ns; /* where the worst window found starts */
};

struct analyze_utilization {
    struct analyze_utilization_point *v; /* shortest window first, the last is the range */
    size_t count;
    double mean;       /* over the whole range */
    uint64_t begin_ns; /* the range, for one thread cut to its life */
    uint64_t end_ns;
};

/* Of windows of these lengths, those longer than the range left out. */
struct analyze_utilization analyze_utilization_of(struct arena *a, const struct trace *t,
                                                  struct analyze_range range,
                                                  const uint64_t *windows_ns, size_t count);

/* At most `points` windows, evenly spaced on a logarithmic scale. */
struct analyze_utilization analyze_utilization(struct arena *a, const struct trace *t,
                                               struct analyze_range range, unsigned points);

#endif
