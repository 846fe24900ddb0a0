/* why: where a scope's time went, why, and what fixing it could save at most.
 *
 *     struct analyze_why why;
 *     if (analyze_why(&arena, t, &question, &why, &err))
 *         puts(why.answer);
 *
 * A finding's saving is the scope's time that the path (path.h) spent in what it is
 * about: with those waits gone, and everything else as it was, no more than that can go.
 * No finding is told below ANALYZE_FINDING_SHARE of the scope. */
#ifndef ANALYZE_WHY_H
#define ANALYZE_WHY_H

#include "analyze/causes.h"
#include "analyze/concurrency.h"

enum {
    ANALYZE_FINDING_SHARE = 5, /* percent of the scope */
    ANALYZE_EVIDENCE = 6
};

enum analyze_finding_kind {
    ANALYZE_DEADLOCK,
    ANALYZE_LOCK_CONVOY,
    ANALYZE_LOCK_IO,
    ANALYZE_PRIORITY_INVERSION,
    ANALYZE_LOCK_ORDER,
    ANALYZE_HERD,
    ANALYZE_FUTILE_WAKEUPS,
    ANALYZE_SPINNING,
    ANALYZE_BUSY_POLL,
    ANALYZE_OVERSUBSCRIBED,
    ANALYZE_CPU_TAKEN,
    ANALYZE_MIGRATIONS,
    ANALYZE_SERIAL_PHASE,
    ANALYZE_FALSE_PARALLELISM,
    ANALYZE_FSYNC,
    ANALYZE_SLOW_CALL,
    ANALYZE_TINY_IO,
    ANALYZE_ALLOC_CHURN,
    ANALYZE_HEAP_GROWTH,
    ANALYZE_PAGE_FAULTS,
    ANALYZE_SLEEP,
    ANALYZE_SLEEP_POLL,
    ANALYZE_FINDING_KINDS
};

struct analyze_finding {
    enum analyze_finding_kind kind;
    uint64_t save_ns;                           /* at most; 0: costs memory, not time */
    uint64_t save_bytes;                        /* at most, of memory */
    struct analyze_place at;                    /* the thread and function to look at */
    const char *object;                         /* the lock, file or call, or "" */
    const char *answer;                         /* one sentence, without the share */
    const char *evidence[ANALYZE_EVIDENCE + 1]; /* lines; NULL ends them */
    const char *advice;
    uint64_t queueing_ns; /* of save_ns: somebody queued for a CPU */
    const char *sql;
    uint64_t stack_id;               /* where, 0: none */
    struct analyze_instance longest; /* a row of thread_state; unset where dur_ns is 0 */
};

struct analyze_why {
    struct analyze_scope scope;
    uint64_t wall_ns;                 /* of the range */
    const char *answer;               /* the first line */
    struct analyze_finding *findings; /* most to save first */
    size_t finding_count;
    uint64_t account_ns;             /* the sum of the account: threads' time in the scope */
    uint64_t account[TRACE_CLASSES]; /* by what those threads did themselves */
    struct analyze_causes causes;    /* the same time followed to the ends of its chains */
    struct analyze_concurrency concurrency;
};

bool analyze_why(struct arena *a, const struct trace *t, const struct analyze_question *question,
                 struct analyze_why *why, struct err *err);

/* "lock_convoy", and "convoy on a lock". */
const char *analyze_finding_name(enum analyze_finding_kind kind);
const char *analyze_finding_title(enum analyze_finding_kind kind);

#endif
