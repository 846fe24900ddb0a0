/* stats: what a range of time is made of: how long its threads were in each state,
 * exactly, and the lengths of the states, waits, calls and regions that begin in it.
 * Meant for a worker. */
#ifndef MODEL_STATS_H
#define MODEL_STATS_H

#include "model/doc.h"
#include "model/window.h"

#include <stdatomic.h>

enum {
    MODEL_STATS_SPANS = 262144, /* lengths kept of each kind, to find median and p99 */
    MODEL_STATS_CALLS = MODEL_STATES,
    MODEL_STATS_LOCKS,
    MODEL_STATS_REGIONS,
    MODEL_STATS_KINDS /* those, after the classes of states */
};

struct model_stats_row {
    uint64_t count;    /* that begin in the range */
    uint64_t total_ns; /* of them, whole */
    uint64_t min_ns, median_ns, p99_ns, max_ns;
    bool sampled; /* more than MODEL_STATS_SPANS: median and p99 are of every n-th */
};

struct model_stats {
    struct model_range range;
    uint32_t threads;          /* that were looked at */
    uint64_t ns[MODEL_STATES]; /* of all of them, inside the range: exact */
    struct model_stats_row rows[MODEL_STATS_KINDS];
};

/* `shown` picks threads by index (NULL: all). False when cancelled. */
bool model_stats_run(struct model_stats *s, const struct model_doc *doc, struct model_range range,
                     const bool *shown, const atomic_bool *cancel);

#endif
