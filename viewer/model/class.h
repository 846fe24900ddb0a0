/* class: what a span is painted as. One small enum covers every kind of row, so
 * that totals of a pixel column are one array and a theme is one table. */
#ifndef MODEL_CLASS_H
#define MODEL_CLASS_H

#include "trace/format.h"

#include <stdbool.h>

enum model_class {
    /* Thread states, in the order they are stacked in a column, bottom up. */
    MODEL_RUNNING,
    MODEL_RUNNABLE,
    MODEL_PREEMPTED, /* runnable too, but it lost its CPU instead of waking up */
    MODEL_LOCK,
    MODEL_COND,
    MODEL_JOIN,
    MODEL_IO,
    MODEL_PAGE_FAULT,
    MODEL_SYSCALL,
    MODEL_SLEEP,
    MODEL_BLOCKED, /* for a reason that is not known */
    MODEL_UNKNOWN,
    MODEL_STATES,
    /* System calls by family. */
    MODEL_CALL_IO = MODEL_STATES,
    MODEL_CALL_POLL,
    MODEL_CALL_SYNC,
    MODEL_CALL_MEMORY,
    MODEL_CALL_FILE,
    MODEL_CALL_OTHER,
    /* Locks. */
    MODEL_HELD,
    MODEL_HELD_CONTENDED,
    /* Regions and the like: one of a few colours by name. */
    MODEL_NAMED,
    MODEL_NAMED_LAST = MODEL_NAMED + 5,
    MODEL_CLASSES
};

enum {
    MODEL_NAMED_COUNT = MODEL_NAMED_LAST - MODEL_NAMED + 1
};

enum model_class model_class_from_state(enum trace_state state, enum trace_reason reason);
/* Of a class of the file's running totals (trace_class). */
enum model_class model_class_from_total(unsigned total);
enum model_class model_class_from_syscall(const char *name);
enum model_class model_class_from_name(const char *name);

/* "running", "blocked: lock" ... */
const char *model_class_name(enum model_class c);
/* The thread waits for something but a CPU. */
bool model_class_is_blocked(enum model_class c);

#endif
