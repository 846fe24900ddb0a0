/* counted: what the process did so far by call stack: sampled allocations, waits, who held
 * locks, threads begun. Kept while options.keep says so, whether or not a session records,
 * so that a profile can be had at any moment; written out on request (snapshot.h). */
#ifndef WHYPROF_COUNTED_H
#define WHYPROF_COUNTED_H

#include "tracepoints/snapshot.h"

#include <stdbool.h>

/* What a sampled allocation adds when it is made, and takes back when it is freed. */
struct counted_alloc {
    uint32_t entry; /* 0: not counted */
    uint64_t count, bytes;
};

/* Each sample stands for `weight` allocations of its size. Under the guard, as the others. */
struct counted_alloc counted_alloc(uint32_t stack, uint64_t bytes, double weight);
void counted_add_alloc(const struct counted_alloc *a);
void counted_free(const struct counted_alloc *a);
void counted_add(enum whyprof_count_kind kind, uint32_t stack, uint64_t value);

/* From now on, as options.keep says. */
void counted_begin(void);
/* A fork child has its parent's memory, but not its waits. */
void counted_after_fork(void);
/* A file without a name that holds the snapshot, at its begin; -1: not possible. */
int counted_snapshot(void);

#endif
