/* difference: two traces side by side: what changed in waits, locks, system calls,
 * queueing for a CPU and CPU samples, in words and as tables, and how both ran. The
 * numbers come from tracer/analyze. Meant for a worker: nothing here is shared. */
#ifndef MODEL_DIFFERENCE_H
#define MODEL_DIFFERENCE_H

#include "analyze/compare_traces.h"
#include "model/table.h"

enum {
    MODEL_SIDE_BUCKETS = 512
};

/* One trace as a whole. */
struct model_side {
    int64_t duration_ns;
    uint64_t states_ns[MODEL_STATES]; /* of all threads */
    /* Running time of all threads in equal parts of the longer trace's time. */
    uint64_t running_ns[MODEL_SIDE_BUCKETS];
};

struct model_difference {
    struct arena arena;
    struct compare_traces result;
    struct model_side before, after;
    int64_t bucket_ns;
    struct model_table tables[COMPARE_MATTERS];
    struct err err; /* why there is none */
    bool ok;
};

/* Opens both files anew. With *cancel set meanwhile it returns soon and means nothing. */
void model_difference_make(struct model_difference *d, const char *before_path,
                           const char *after_path, const atomic_bool *cancel);
void model_difference_release(struct model_difference *d);

#endif
