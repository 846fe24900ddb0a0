/* findings: what the detectors of why.h share. Each find_*.c adds what it sees; why.c
 * sorts them. */
#ifndef ANALYZE_FINDINGS_H
#define ANALYZE_FINDINGS_H

#include "analyze/calls.h"
#include "analyze/locks.h"
#include "analyze/why.h"
#include "base/fmt.h"

struct find {
    struct arena *arena;
    const struct trace *trace;
    const struct analyze_why *why;
    struct analyze_calls calls;
    struct analyze_locks locks;
    uint64_t threshold_ns;     /* a finding saves at least this */
    struct analyze_finding *v; /* in the arena */
    size_t count, cap;
};

/* A new finding, empty but for these. */
struct analyze_finding *find_add(struct find *f, enum analyze_finding_kind kind, uint64_t save_ns,
                                 struct analyze_place at);
void find_evidence(struct find *f, struct analyze_finding *finding, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
const char *find_printf(struct find *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "worker (12)", and "in serve, thread worker (12)". */
const char *find_thread(struct find *f, uint64_t tid);
const char *find_place(struct find *f, struct analyze_place at);
/* ns as text, in the arena. */
const char *find_ns(struct find *f, uint64_t ns);
const char *find_count(struct find *f, uint64_t n);
const char *find_share(struct find *f, uint64_t part, uint64_t whole);
/* The function that a thread ran most on the path, "" where not known. */
const char *find_hot_function(struct find *f, uint64_t tid);

void find_locks(struct find *f);      /* convoys, locks held across I/O, inverted priorities */
void find_lock_order(struct find *f); /* deadlocks and orders that allow them */
void find_wakeups(struct find *f);    /* herds, wakeups for nothing */
void find_cpu(struct find *f);        /* queueing, phases and threads that do not overlap */
void find_calls(struct find *f);      /* fsync, slow and tiny calls, polling, sleeps, faults */
void find_memory(struct find *f);     /* churn, growth */

#endif
