/* scope: what a question is about: the program, a thread, the instances of a region, a
 * task; as pieces of threads' time. */
#ifndef ANALYZE_SCOPE_H
#define ANALYZE_SCOPE_H

#include "analyze/range.h"
#include "base/arena.h"
#include "base/err.h"

struct analyze_piece {
    uint32_t thread; /* its row */
    uint64_t begin_ns;
    uint64_t end_ns;
};

enum analyze_scope_kind {
    ANALYZE_SCOPE_PROGRAM, /* one piece: the thread that the program's course depends on */
    ANALYZE_SCOPE_THREAD,
    ANALYZE_SCOPE_REGION,
    ANALYZE_SCOPE_TASK
};

struct analyze_scope {
    enum analyze_scope_kind kind;
    struct analyze_range range; /* its `thread` is not used */
    struct analyze_piece *v; /* in the arena; those of a thread do not overlap; last ends first */
    size_t count;
    uint64_t instances; /* of a region or task */
    uint64_t length_ns; /* sum of the pieces, and for a task the time without any thread */
    uint64_t absent_ns; /* of a task: that time */
    const char *title;  /* "thread worker (12)", "3 x region handle" */
};

/* What was asked for; of the members at most one is set. */
struct analyze_question {
    struct analyze_range range;
    const char *thread;  /* a tid or a name */
    uint32_t thread_row; /* the same as its row + 1, for who knows it; 0: not set */
    const char *region;  /* a region's name */
    uint64_t worst;      /* only so many of its instances, the longest; 0: all */
    const char *task;    /* a task's number or name */
};

/* False with err where there is no such thing in the trace. */
bool analyze_scope_find(struct arena *a, const struct trace *t,
                        const struct analyze_question *question, struct analyze_scope *scope,
                        struct err *err);

/* The row of a thread by tid or name (the one that lived longest of equals). */
bool analyze_thread_find(const struct trace *t, const char *text, uint32_t *row, struct err *err);

#endif
