/* tables: what the bottom panel lists about a range of time: the events of a
 * thread, locks, system calls, memory, and latencies with their histogram. The
 * numbers come from tracer/analyze. Meant for a worker: nothing here is shared. */
#ifndef MODEL_TABLES_H
#define MODEL_TABLES_H

#include "model/table.h"

enum model_table_kind {
    MODEL_TABLE_EVENTS,
    MODEL_TABLE_LOCKS,
    MODEL_TABLE_SYSCALLS,
    MODEL_TABLE_ALLOCS,
    MODEL_TABLE_LATENCY,
    MODEL_TABLE_KINDS
};

/* query.variant of MODEL_TABLE_EVENTS. */
enum {
    MODEL_EVENTS_STATES,
    MODEL_EVENTS_CALLS,
    MODEL_EVENTS_LOCKS,
    MODEL_EVENTS_REGIONS
};

/* query.variant of MODEL_TABLE_SYSCALLS. */
enum {
    MODEL_SYSCALLS_BY_CALL,
    MODEL_SYSCALLS_BY_OBJECT
};

/* query.variant of MODEL_TABLE_ALLOCS. */
enum {
    MODEL_ALLOCS_ALL,
    MODEL_ALLOCS_LIVE /* not freed before the range's end: where a leak would be */
};

/* query.variant of MODEL_TABLE_LATENCY. */
enum {
    MODEL_LATENCY_RUN_QUEUE, /* ready to run, without a CPU */
    MODEL_LATENCY_CALLS,
    MODEL_LATENCY_LOCKS
};

struct model_table_query {
    enum model_table_kind kind;
    int variant;
    int thread; /* index into doc->threads, or MODEL_NO_THREAD: all */
    int64_t begin_ns, end_ns;
    uint64_t least_ns, most_ns; /* latency: which instances to list; most 0: all */
};

enum {
    MODEL_EVENTS_MAX = 20000,   /* rows listed of a thread's events */
    MODEL_INSTANCES_MAX = 2000, /* latencies listed, the worst of those asked for */
    MODEL_LATENCY_PARTS = 4,    /* buckets to a power of two */
    MODEL_LATENCY_BUCKETS = 64 * MODEL_LATENCY_PARTS
};

/* All instances of the range by duration, whatever part of them is listed. */
struct model_latency {
    uint64_t buckets[MODEL_LATENCY_BUCKETS];
    uint64_t count, sum_ns, max_ns;
    uint64_t p50_ns, p99_ns; /* within 0.8 % */
};

unsigned model_latency_bucket(uint64_t ns);
/* The shortest duration that falls into a bucket. */
uint64_t model_latency_begin(unsigned bucket);

/* Fills the table, arranged by its first order; latency may be NULL for the other
 * kinds. With *cancel set meanwhile it returns soon and the table means nothing. */
void model_table_make(struct model_table *t, struct model_latency *latency,
                      const struct model_doc *doc, const struct model_table_query *q,
                      const atomic_bool *cancel);

#endif
