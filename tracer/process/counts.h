/* counts: what the agent in a process counted so far by call stack (tracepoints/snapshot.h),
 * and the profiles that are made of it, at any moment and without a recording.
 *
 *     struct process_counts now;
 *     struct profile p;
 *     if (process_counts_read(&now, pid, &err) &&
 *         process_counts_profile(&p, pid, PROCESS_HEAP, &now, NULL, &err)) ...
 *     process_counts_release(&now); */
#ifndef PROCESS_COUNTS_H
#define PROCESS_COUNTS_H

#include "base/map.h"
#include "profile/profile.h"

#include <sys/types.h>

struct whyprof_snapshot;
struct whyprof_snapshot_count;

enum process_kind {
    PROCESS_HEAP,
    PROCESS_ALLOCS, /* the same; another default */
    PROCESS_BLOCK,
    PROCESS_MUTEX,
    PROCESS_THREADCREATE,
    PROCESS_KINDS
};

struct process_counts {
    char *data; /* owned: the snapshot as it came */
    size_t bytes;
    const struct whyprof_snapshot *head; /* in data, as the others */
    const struct whyprof_snapshot_count *counts;
    struct map64 stack_at; /* id -> offset in data of its whyprof_snapshot_stack */
    int64_t unix_ns;       /* when it was taken */
};

/* False with err where the process does not run the agent, or it has none to give. */
bool process_counts_read(struct process_counts *c, pid_t pid, struct err *err);
/* The same from bytes that were read before, which are c's from then on. */
bool process_counts_parse(struct process_counts *c, char *data, size_t bytes, struct err *err);
void process_counts_release(struct process_counts *c);

/* Its stacks. */
uint64_t process_counts_records(const struct process_counts *c, enum process_kind kind);
/* Whether a thread is the agent's or lttng-ust's. */
bool process_counts_is_hidden(const struct process_counts *c, pid_t tid);
/* Since when that kind is counted, CLOCK_MONOTONIC; 0: it is not. */
uint64_t process_counts_since_ns(const struct process_counts *c, enum process_kind kind);
/* When it was taken, by the same clock. */
uint64_t process_counts_now_ns(const struct process_counts *c);
/* "heap", and what `default_sample_type` says: "" for the last. */
const char *process_kind_name(enum process_kind kind);
const char *process_kind_default(enum process_kind kind);

/* All until now; or, with before, what came since then (of memory in use: by how much it
 * grew, which may be less than nothing). *p is released by the caller, also on failure. */
bool process_counts_profile(struct profile *p, pid_t pid, enum process_kind kind,
                            const struct process_counts *now, const struct process_counts *before,
                            struct err *err);

#endif
