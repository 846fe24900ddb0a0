/* allocs: where memory was allocated, estimated from sampled allocations. Each
 * row of table alloc stands for `weight` allocations of its size; estimates are
 * sums of those, so they are unbiased and get better with more samples. */
#ifndef ANALYZE_ALLOCS_H
#define ANALYZE_ALLOCS_H

#include "analyze/range.h"
#include "base/arena.h"

struct analyze_alloc_site {
    const char *function; /* the one that wanted the memory: no wrapper of malloc */
    const char *caller;   /* where most of its bytes were asked for from, or "" */
    uint64_t samples;     /* rows that the estimates rest on */
    double count;         /* allocations in the range */
    double bytes;
    double live_count; /* of these, not freed before the range's end */
    double live_bytes;
    double peak_bytes;            /* the most of them that lived at one time in the range */
    uint64_t stack_id;            /* that asked for most bytes, 0: not known */
    struct analyze_instance live; /* the oldest one still alive (dur_ns: its age at the range's
                                     end), a row of table alloc */
};

struct analyze_allocs {
    struct analyze_alloc_site *v; /* most bytes first */
    size_t count;
    uint64_t samples; /* of all */
    double total_count;
    double total_bytes;
    double live_count;
    double live_bytes;
    double peak_bytes;
    uint64_t peak_ts; /* when that was */
};

struct analyze_allocs analyze_allocs(struct arena *a, const struct trace *t,
                                     struct analyze_range range);

#endif
