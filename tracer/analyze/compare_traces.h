/* compare_traces: two traces side by side: what threads ran, what they waited for, locks,
 * system calls, queueing for a CPU, and in words what changed most.
 *
 * Rows are matched by what is the same from run to run: names of functions, calls, files
 * and threads; addresses and ids are not. */
#ifndef ANALYZE_COMPARE_TRACES_H
#define ANALYZE_COMPARE_TRACES_H

#include "analyze/range.h"
#include "base/arena.h"

enum compare_matter {
    COMPARE_CPU,       /* functions by the CPU samples in them */
    COMPARE_WAITS,     /* what blocked threads waited for */
    COMPARE_LOCKS,     /* waits for each lock */
    COMPARE_SYSCALLS,  /* all calls, blocked or not */
    COMPARE_RUN_QUEUE, /* threads that could run and had no CPU */
    COMPARE_MATTERS
};

enum {
    COMPARE_SENTENCES = 5,
    COMPARE_SENTENCE_SHARE = 2 /* percent of the longer trace: less is not worth a sentence */
};

/* What one side has of a row. */
struct compare_measure {
    uint64_t count;
    uint64_t total_ns;
    uint64_t p50_ns; /* 0 where the matter has no percentiles; of several merged: the worst */
    uint64_t p99_ns;
    uint64_t max_ns;
};

struct compare_row {
    const char *name;
    struct compare_measure before, after;
    bool idle; /* waits for what is outside, such as requests: a change of it is no finding */
};

struct compare_rows {
    struct compare_row *v; /* largest change of total_ns first */
    size_t count;
};

struct compare_traces {
    uint64_t before_ns, after_ns; /* the traces' durations */
    struct compare_rows matters[COMPARE_MATTERS];
    const char *answer;                           /* one sentence */
    const char *sentences[COMPARE_SENTENCES + 1]; /* what changed most, NULL ends them */
};

/* Strings are of the arena. */
void compare_traces(struct arena *a, const struct trace *before, const struct trace *after,
                    struct compare_traces *out);

/* The same; once another thread sets *cancel, it returns soon with a result that means
 * nothing. */
void compare_traces_until(struct arena *a, const struct trace *before, const struct trace *after,
                          const atomic_bool *cancel, struct compare_traces *out);

/* "waits", and "Waits by reason and function": for tables. */
const char *compare_matter_key(enum compare_matter matter);
const char *compare_matter_title(enum compare_matter matter);

#endif
