/* histogram: percentiles of durations in constant memory. Each power of two is
 * cut into 64 equal buckets, so that an answer is within 0.8 % of the exact one
 * (the scheme of Tene's HdrHistogram). */
#ifndef ANALYZE_HISTOGRAM_H
#define ANALYZE_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_SUB_BITS = 6,
    HISTOGRAM_BUCKETS = (64 - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS
};

struct histogram {
    uint64_t count;
    uint64_t max;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t value);
/* The value that `share` (0 to 1) of all do not exceed; 0 for an empty one. */
uint64_t histogram_at(const struct histogram *h, double share);

#endif
