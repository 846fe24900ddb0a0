/* go_read: the bytes of a Go execution trace: batches of events of each P (the runtime's
 * processor), strings and stacks in between.
 *
 *     struct go_trace t;
 *     if (!go_open(&t, data, bytes, &err)) ...       // finds batches, strings, stacks
 *     while (go_next(&t, &event, &err)) ...          // all Ps' events in causal order
 *     go_release(&t);
 *
 * Clocks of CPUs need not agree. So an event that starts or wakes a goroutine carries the
 * goroutine's sequence number, and waits in its batch until that is reached; among events
 * that need not wait, the earliest is next (as Go's own internal/trace merges them). */
#ifndef IMPORT_GO_READ_H
#define IMPORT_GO_READ_H

#include "base/err.h"
#include "base/map.h"

#include <stdint.h>

enum go_type {
    GO_BATCH = 1,
    GO_FREQUENCY = 2,
    GO_STACK = 3,
    GO_GOMAXPROCS = 4,
    GO_PROC_START = 5,
    GO_PROC_STOP = 6,
    GO_GC_START = 7,
    GO_GC_DONE = 8,
    GO_STW_START = 9,
    GO_STW_DONE = 10,
    GO_SWEEP_START = 11,
    GO_SWEEP_DONE = 12,
    GO_CREATE = 13,
    GO_START = 14,
    GO_END = 15,
    GO_STOP = 16,
    GO_SCHED = 17,
    GO_PREEMPT = 18,
    GO_SLEEP = 19,
    GO_BLOCK = 20,
    GO_UNBLOCK = 21,
    GO_BLOCK_SEND = 22,
    GO_BLOCK_RECV = 23,
    GO_BLOCK_SELECT = 24,
    GO_BLOCK_SYNC = 25,
    GO_BLOCK_COND = 26,
    GO_BLOCK_NET = 27,
    GO_SYSCALL = 28,
    GO_SYS_EXIT = 29,
    GO_SYS_BLOCK = 30,
    GO_WAITING = 31,
    GO_IN_SYSCALL = 32,
    GO_HEAP_ALLOC = 33,
    GO_HEAP_GOAL = 34,
    GO_TIMER_GOROUTINE = 35,
    GO_FUTILE_WAKEUP = 36,
    GO_STRING = 37,
    GO_START_LOCAL = 38,
    GO_UNBLOCK_LOCAL = 39,
    GO_SYS_EXIT_LOCAL = 40,
    GO_START_LABEL = 41,
    GO_BLOCK_GC = 42,
    GO_ASSIST_START = 43,
    GO_ASSIST_DONE = 44,
    GO_TASK_CREATE = 45,
    GO_TASK_END = 46,
    GO_REGION = 47,
    GO_LOG = 48,
    GO_CPU_SAMPLE = 49,
    GO_TYPES
};

enum {
    GO_ARGS = 4
};

struct go_event {
    enum go_type type;
    uint64_t ticks;
    uint64_t p;             /* whose batch it is in */
    uint64_t g;             /* the goroutine running there, 0: none; else what it is about */
    uint64_t args[GO_ARGS]; /* without time and stack; missing ones are 0 */
    uint64_t stack;         /* 0: none */
    const char *text;       /* of GO_LOG, borrowed, text_bytes long */
    uint64_t text_bytes;
    uint64_t off; /* of the event in the file */
};

struct go_text {
    const char *p; /* borrowed from the file */
    uint64_t bytes;
};

struct go_stack {
    uint64_t off; /* of its frames: pc, function, file, line, as variable-length numbers */
    uint64_t depth;
};

struct go_frame {
    uint64_t pc, line;
    struct go_text function, file;
};

struct go_batch {
    uint64_t p, ticks, off, end;
};

/* One P's events: where it is in its batches. */
struct go_cursor {
    uint64_t p;
    size_t *batches; /* owned: numbers of its batches, in order */
    size_t count, cap, next;
    uint64_t off, end, ticks; /* in the current batch */
    uint64_t g;               /* running */
    struct go_event front;
    bool has_front;
};

struct go_goroutine {
    uint64_t seq;
    enum {
        GO_DEAD,
        GO_RUNNABLE,
        GO_RUNNING,
        GO_IS_WAITING
    } status;
};

struct go_trace {
    const uint8_t *data; /* borrowed */
    uint64_t bytes;
    unsigned version;     /* 1019 for go 1.19 */
    uint64_t ticks_per_s; /* at least 1 */
    uint64_t first_ticks;
    struct go_batch *batches; /* owned */
    size_t batch_count, batch_cap;
    struct map64 strings; /* id -> index into texts */
    struct go_text *texts;
    size_t text_count, text_cap;
    struct map64 stacks; /* id -> index into stack_list */
    struct go_stack *stack_list;
    size_t stack_count, stack_cap;
    struct go_cursor *cursors; /* owned: by P */
    size_t cursor_count, cursor_cap;
    struct map64 goroutines; /* id -> index into gs */
    struct go_goroutine *gs;
    size_t g_count, g_cap;
    uint64_t gc_seq;
};

bool go_open(struct go_trace *t, const void *data, uint64_t bytes, struct err *err);
/* False at the end, or with err set on damage (err->text is "" at the end). */
bool go_next(struct go_trace *t, struct go_event *ev, struct err *err);
void go_release(struct go_trace *t);

/* ns since the first event. */
uint64_t go_ns(const struct go_trace *t, uint64_t ticks);
struct go_text go_string(const struct go_trace *t, uint64_t id);
/* NULL for 0 or an unknown one. */
const struct go_stack *go_stack(const struct go_trace *t, uint64_t id);
/* Reads a stack's next frame; *off begins with go_stack.off. */
bool go_frame(const struct go_trace *t, uint64_t *off, struct go_frame *frame);

#endif
