/* causes: the time of a scope by what it was spent on in the end (path.h), and by each
 * wait on the way there. A cause is what threads waited for: a lock, a condition, a
 * join, a system call on a file, a sleep in a function. */
#ifndef ANALYZE_CAUSES_H
#define ANALYZE_CAUSES_H

#include "analyze/scope.h"
#include "analyze/site.h"

enum {
    ANALYZE_WAKE_NS = 100000 /* queueing for longer is queueing behind others */
};

/* A thread with a function: where something happened. */
struct analyze_place {
    uint64_t tid;         /* 0: not known */
    const char *function; /* "" where not known */
};

struct analyze_cause {
    enum trace_reason reason;
    const char *what; /* "mutex the_lock", "fsync", "sleep" */
    const char *file; /* the file or peer of a system call, or "" */
    const char *call; /* the system call's name, or "" */
    uint64_t pid;
    uint64_t object;    /* a lock's address, else 0 */
    uint64_t lock_kind; /* of a lock */
    uint64_t path_ns;   /* of the scope spent in such waits, whatever was behind them */
    uint64_t self_ns;   /* of that, where nothing further was behind: the end of the chain */
    uint64_t waits;     /* that the path went through */
    uint64_t idle_ns;   /* of self_ns: for something outside the trace (a request, input) */
    uint64_t wake_ns;   /* after waits for a lock, on the path on the way to a CPU: what a CPU
                           that sleeps needs, ANALYZE_WAKE_NS each at most */
    /* what was at the end of the chains through it */
    uint64_t end_running_ns;
    uint64_t end_runnable_ns;
    uint64_t end_blocked_ns; /* asleep, in the disk, outside: also the self_ns */
    uint64_t end_cut_ns;     /* a circle */
    struct analyze_place waiter;
    struct analyze_place holder; /* who ended the waits, where it was at the chain's end */
    const char *holder_call;     /* what the chains' blocked ends were in: "fsync", or "" */
    const char *holder_file;
    uint64_t stack_id;               /* where it waited longest */
    struct analyze_instance longest; /* a row of thread_state */
};

struct analyze_part {
    const char *function;
    uint64_t tid;
    uint64_t ns;
};

/* Where the path was: by call stack, thread and class. */
struct analyze_path_stack {
    uint64_t stack_id;
    uint64_t tid;
    uint32_t thread; /* its row */
    unsigned class;  /* trace_class(): running by samples, blocked what was at a chain's end */
    uint64_t ns;
};

struct analyze_causes {
    struct analyze_cause *v; /* most path time first */
    size_t count;
    uint64_t length_ns;               /* the scope's, = the sum of class_ns */
    uint64_t class_ns[TRACE_CLASSES]; /* by what it was spent on in the end */
    uint64_t idle_ns;                 /* of the blocked: waiting for what is outside */
    uint64_t cut_ns;                  /* chains that are circles */
    struct analyze_part *threads;     /* time on the path of each thread, most first */
    size_t thread_count;
    struct analyze_part *functions; /* running: by function and thread, most first, by samples */
    size_t function_count;
    uint64_t samples;
    uint64_t sample_ns;
    struct analyze_path_stack *stacks; /* most time first */
    size_t stack_count;
    struct analyze_piece *pieces; /* which thread the path was in: by thread and time */
    size_t piece_count;
};

struct analyze_causes analyze_causes(struct arena *a, const struct trace *t,
                                     const struct analyze_scope *scope);

/* The time of [begin, end) of a thread that is on the path. O(log pieces). */
uint64_t analyze_on_path_ns(const struct analyze_causes *causes, uint32_t thread, uint64_t begin_ns,
                            uint64_t end_ns);

/* Whether a blocked system call waits for what is outside: requests, input, timers. */
bool analyze_call_is_idle(const char *name);

#endif
