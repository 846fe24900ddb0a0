/* model: the state machine from ordered events to rows of the trace file.
 *
 *     struct model *m = model_new(writer);
 *     model_event(m, &ev); model_record(m, words, n); ...   // in order of time
 *     model_finish(m, ...);                                  // open things end, symbols
 *     model_free(m);
 *
 * This header is private to convert/: one file for each kind of thing works on
 * the structs below. All times in them are raw (CLOCK_MONOTONIC ns); rows get
 * times since m->t0 through model_ts. Strings are writer ids. */
#ifndef CONVERT_MODEL_H
#define CONVERT_MODEL_H

#include "base/arena.h"
#include "base/map.h"
#include "base/progress.h"
#include "convert/event.h"
#include "trace/writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MODEL_NO_ROW = UINT32_MAX,
    MODEL_PENDING_SPANS = 32, /* state spans kept back for a late explanation */
    MODEL_PENDING_CALLS = 16, /* system calls kept back for their stack */
    MODEL_OPEN_WAITS = 4,     /* lock waits nested in one thread */
    MODEL_ENDED_THREADS = 64, /* ended threads that late events may still concern */
    MODEL_SYSCALL_ARGS = 6,
    MODEL_RECENT = 256,
};

/* One thread_state row, not written yet. */
struct span {
    uint64_t ts;
    uint64_t object;
    int32_t cpu; /* -1: not known */
    uint32_t waker_tid;
    uint32_t stack; /* writer's stack id */
    uint8_t state;  /* enum trace_state */
    uint8_t reason; /* enum trace_reason */
};

/* A syscall row, not written yet. */
struct call {
    uint64_t ts;
    uint64_t end_ts;
    uint64_t args[MODEL_SYSCALL_ARGS];
    int64_t ret;
    uint32_t nr;
    uint32_t stack;
    uint32_t object; /* name of the descriptor it works on, 0 = none or not known yet */
    bool unfinished;
};

/* A lock wait that has begun. */
struct wait {
    uint64_t ts;
    uint64_t lock;
    uint32_t holder_tid;
    uint32_t stack;
    uint8_t kind; /* enum trace_lock_kind */
};

struct region {
    uint64_t ts;
    uint64_t end_ts; /* 0 while open */
    uint64_t task;
    uint64_t function; /* the address of one of which this is a call, else 0 */
    uint32_t name;     /* where that is 0 */
};

struct thread {
    struct proc *proc;   /* NULL until its process is known */
    struct thread *next; /* in its process */
    uint32_t tid;
    uint32_t row; /* in table thread; MODEL_NO_ROW until it is needed */
    uint32_t name;
    uint32_t old_name; /* before the latest renaming */
    uint64_t start_ts;
    uint64_t end_ts;  /* valid when ended */
    uint64_t last_ts; /* latest thing known of it */
    uint64_t cpu_ns;
    bool ended;           /* it exited; late events still belong to it */
    bool closed;          /* its rows are complete */
    bool ours;            /* it has a tracer's name */
    bool told;            /* the agent announced it */
    bool scheduled;       /* kernel switch records were seen */
    bool woken_early;     /* now.state BLOCKED may have lasted no time, see state_switch_out */
    uint64_t waking_ts;   /* latest WAKING while it ran */
    uint32_t waking_tid;  /* who did that */
    uint64_t taken_ns;    /* from its stays on CPUs, not told yet */
    uint64_t snapshot_ts; /* its switch record of this time tells a standing state */
    bool named;           /* by the program or kernel, not inherited at fork */
    struct span now;      /* the current state, since now.ts */
    struct span *spans;   /* owned ring of MODEL_PENDING_SPANS, or NULL */
    unsigned span_head, span_count;
    struct call *calls; /* owned ring of MODEL_PENDING_CALLS, or NULL */
    unsigned call_head, call_count;
    struct call open_call; /* told by `pending` or SYSCALL_OPEN; ts 0 = none */
    struct wait waits[MODEL_OPEN_WAITS];
    unsigned wait_count;
    struct region *regions; /* owned, in order of begin; the outermost is the first */
    size_t region_count, region_cap;
    size_t region_depth; /* open ones */
};

/* An executable mapping of a process. */
struct mapping {
    uint64_t begin, end;
    uint64_t file_off;
    uint32_t module; /* symbols' module id */
    bool inherited;  /* by fork, and not told of this process */
};

/* What is known of one lock or condition. */
struct lock {
    uint64_t addr;
    uint64_t acquisitions;
    uint64_t contentions; /* as the agent counts them */
    uint64_t waits;       /* waits seen */
    uint64_t wait_ns;
    uint64_t max_wait_ns;
    uint64_t signal_ts; /* latest signal: who ended a wait */
    uint32_t signal_tid;
    uint32_t signal_stack;
    uint32_t first_stack; /* process's stack id of its first use, as the agent tells it */
    uint32_t seen_stack;  /* writer's stack id of the first event about it */
    uint8_t kind;
    struct lock *next; /* in its process, newest first */
};

struct live_alloc {
    uint64_t ts;
    uint64_t size;
    uint64_t weight; /* a double's bits */
    struct thread *thread;
    uint32_t stack;
    uint8_t kind;
};

enum {
    PROC_RECENT_STACKS = 256,
    PROC_RECENT_LOCKS = 64
};

struct recent_stack {
    uint64_t id;
    uint32_t stack;
};

/* One process image: from exec, fork or first sight to exec or exit. */
struct proc {
    uint32_t pid;
    uint32_t ppid;
    uint32_t name;
    uint32_t cmdline;
    int32_t exit_status; /* -1: not known */
    uint64_t start_ts;
    uint32_t index;        /* in m->procs */
    uint64_t end_ts;       /* valid when ended */
    uint64_t announced_ts; /* start_ts of its process_start; 0 = none came */
    bool announced;
    bool exited; /* the kernel said so; some of its threads may still be ending */
    bool ours;   /* it has our name: hidden unless the agent announces it */
    bool ended;
    bool kernel_calls;        /* the kernel's syscall records cover it */
    struct thread *threads;   /* all of them, newest first */
    struct mapping *mappings; /* owned, sorted, not overlapping */
    size_t mapping_count, mapping_cap;
    struct map64 stacks;                                   /* agent's stack id -> writer's */
    struct recent_stack recent_stacks[PROC_RECENT_STACKS]; /* by id, modulo: latest look-ups */
    struct lock *recent_locks[PROC_RECENT_LOCKS];          /* by address; likewise */
    struct map64 fds;                                      /* descriptor -> name */
    struct map64 locks; /* address -> struct lock *, in m->arena */
    struct lock *lock_list;
    struct map64 allocs;          /* address -> index into m->live */
    uint64_t heap_bytes;          /* of all in `allocs`, which is the heap in full mode */
    struct alloc_record *records; /* of full mode, not in order yet */
    size_t record_count, record_cap;
    uint64_t first_record; /* the earliest one's time */
    struct map64 tasks;    /* id -> struct task *, open ones, in m->arena */
};

struct stack_def {
    uint32_t stack; /* writer's id */
    uint32_t depth;
    size_t first; /* in m->stack_places */
};

struct task {
    uint64_t id, parent, ts;
    uint32_t name;
};

struct symbols;

struct model {
    struct trace_writer *w;
    struct symbols *symbols;
    const struct progress *progress;
    uint64_t t0;                             /* first event: the trace's time 0 */
    uint64_t last_ts;                        /* latest time seen */
    bool kernel_sched;                       /* kernel switch records were seen */
    bool kernel_calls;                       /* kernel syscall records were seen */
    bool agent;                              /* events of our own agent were seen */
    uint64_t lost;                           /* events and records lost, all sources */
    uint64_t seen[EVENT_KINDS];              /* events by kind */
    struct arena arena;                      /* processes, threads, locks */
    struct map64 proc_of_pid;                /* -> struct proc *, its latest image */
    struct map64 thread_of_tid;              /* -> struct thread *, the latest of that id */
    struct proc *recent_procs[MODEL_RECENT]; /* by pid, modulo: of the latest look-ups */
    struct thread *recent_threads[MODEL_RECENT];
    const char **hosts; /* names of several machines (hosts.h), owned as the arena's; or NULL */
    size_t host_count, host_cap;
    struct proc **procs;
    size_t proc_count, proc_cap;
    struct thread *ended[MODEL_ENDED_THREADS]; /* ring */
    unsigned ended_next;
    struct intern meta;    /* keys of table meta ... */
    uint32_t *meta_values; /* ... and their values by key id, as writer's strings */
    size_t meta_cap;
    struct map64 syscall_names; /* nr -> name: numbers that occur */
    struct live_alloc *live;    /* owned; free ones are chained by `size` */
    size_t live_count, live_cap;
    size_t live_free;       /* first free + 1, 0 = none */
    uint32_t resolved;      /* places whose names were looked up by stack_resolve */
    struct intern places;   /* code places of frames: struct place_key bytes */
    uint32_t *stack_places; /* frames of all stacks, as ids of places */
    size_t stack_place_count, stack_place_cap;
    struct stack_def *stack_defs;
    size_t stack_def_count, stack_def_cap;
    struct map64 stack_def_of; /* writer's stack id -> index into stack_defs */
};

/* -- life (model.c) */
struct model *model_new(struct trace_writer *w, const struct progress *progress);
void model_free(struct model *m);
/* Where there are several machines (hosts.h): the next one's name. */
void model_add_host(struct model *m, const char *name);
/* The first event's time: the trace's time 0. */
void model_begin(struct model *m, uint64_t ts);
void model_event(struct model *m, const struct event *ev);
void model_record(struct model *m, const uint64_t *words, uint32_t count);
/* Ends all that is open at the last time seen and writes the tables that need
 * the whole trace. False when progress asked to stop. */
bool model_finish(struct model *m);
/* The trace's length, after model_finish. */
uint64_t model_duration_ns(const struct model *m);
/* A row of table meta, written at the end; later wins. */
void model_set_meta(struct model *m, const char *key, const char *value);
void model_set_meta_u64(struct model *m, const char *key, uint64_t value);
/* The same where nobody has set the key. */
void model_default_meta(struct model *m, const char *key, const char *value);
void model_write_meta(struct model *m);
/* A loss of `count` events in [begin, end]; ids as in table lost. */
void model_lost(struct model *m, uint64_t begin, uint64_t end, uint32_t tid, int64_t cpu,
                uint64_t count, const char *source);

/* Time since the trace's start. Moves m->last_ts: every time that goes into the
 * file passes here. */
static inline uint64_t model_ts(struct model *m, uint64_t raw)
{
    if (raw > m->last_ts)
        m->last_ts = raw;
    return raw > m->t0 ? raw - m->t0 : 0;
}

#define MODEL_ROW(m, TABLE, key, ...)                                                              \
    trace_writer_row((m)->w, TRACE_##TABLE##_TABLE, (key),                                         \
                     (const uint64_t[TRACE_##TABLE##_COLUMNS]){__VA_ARGS__})

static inline uint32_t model_str(struct model *m, const char *s)
{
    return trace_writer_string(m->w, s);
}

static inline uint64_t model_f64(double d)
{
    union {
        double d;
        uint64_t bits;
    } u = {.d = d};
    return u.bits;
}

/* -- processes and threads (process.c) */
struct proc *proc_find(const struct model *m, uint32_t pid);
struct thread *thread_find(const struct model *m, uint32_t tid);
struct proc *proc_meet(struct model *m, uint32_t pid, uint64_t ts);
struct thread *thread_meet(struct model *m, uint32_t tid, uint32_t pid, uint64_t ts);

/* The pid's latest image, made at first sight. */
static inline struct proc *proc_get(struct model *m, uint32_t pid, uint64_t ts)
{
    struct proc *p = m->recent_procs[pid % MODEL_RECENT];
    return p && p->pid == pid ? p : proc_meet(m, pid, ts);
}

/* The thread, made at first sight; pid 0: not known. */
static inline struct thread *thread_get(struct model *m, uint32_t tid, uint32_t pid, uint64_t ts)
{
    struct thread *t = m->recent_threads[tid % MODEL_RECENT];
    if (!t || t->tid != tid || !t->proc)
        return thread_meet(m, tid, pid, ts);
    if (ts > t->last_ts)
        t->last_ts = ts;
    return t;
}

/* Its row, made when first asked for; MODEL_NO_ROW for a hidden thread. */
uint32_t thread_row(struct model *m, struct thread *t);
/* A tracer's helper thread, or one of our own image before exec: no rows. */
bool thread_hidden(const struct thread *t);
void process_start(struct model *m, const struct event *ev);
void process_of(struct model *m, const struct event *ev);
void process_exit(struct model *m, const struct event *ev);
/* Its parent has waited for it: without the kernel's word that is its end. */
void process_reaped(struct model *m, uint32_t pid, uint64_t ts);
void thread_start(struct model *m, const struct event *ev);
void thread_name(struct model *m, const struct event *ev);
void thread_exit(struct model *m, const struct event *ev);
void process_forked(struct model *m, uint64_t ts, uint32_t parent_tid, uint32_t tid, uint32_t pid,
                    const char *comm);
void process_execed(struct model *m, uint64_t ts, uint32_t tid, uint32_t pid, const char *comm);
void process_exited(struct model *m, uint64_t ts, uint32_t tid, uint32_t pid, bool last,
                    uint32_t code, uint64_t cpu_ns);
/* start_ts: of a thread that was there when recording began, with its state in
 * the next record; else 0. */
void thread_named(struct model *m, uint64_t ts, uint32_t tid, uint32_t pid, const char *comm,
                  uint64_t start_ts);
void process_finish(struct model *m);

/* -- thread states (state.c) */
void state_begin(struct thread *t, uint64_t ts, uint8_t state, int32_t cpu);
void state_switch_in(struct model *m, struct thread *t, uint64_t ts, int32_t cpu);
/* `word`: the SWITCH_OUT record's third. */
void state_switch_out(struct model *m, struct thread *t, uint64_t ts, uint64_t word, int32_t cpu);
void state_waking(struct model *m, struct thread *t, uint64_t ts, uint32_t waker_tid, int32_t cpu);
/* The agent saw the thread blocked in [begin, end): the whole truth where the
 * kernel tells nothing, else the explanation of its blocked spans. */
struct state_cause {
    uint8_t reason; /* enum trace_reason */
    uint64_t object;
    uint32_t stack;
    uint32_t waker_tid;
};
void state_blocked(struct model *m, struct thread *t, uint64_t begin, uint64_t end,
                   struct state_cause cause);
/* Writes all spans of a thread that ends at `end`. */
void state_close(struct model *m, struct thread *t, uint64_t end);

/* -- system calls and descriptors (syscall.c) */
void syscall_agent(struct model *m, const struct event *ev);
void syscall_pending(struct model *m, const struct event *ev);
void syscall_kernel(struct model *m, struct thread *t, uint64_t end_ts, const uint64_t *words,
                    uint32_t count, bool open);
void syscall_fd(struct model *m, const struct event *ev);
void syscall_fd_of(struct model *m, const struct event *ev);
void syscall_inherit_fds(struct proc *child, const struct proc *parent);
/* Writes what the thread holds back; open calls are unfinished at `end`. */
void syscall_close(struct model *m, struct thread *t, uint64_t end);
/* How a call's blocking is named: TRACE_REASON_SLEEP or _SYSCALL. */
uint8_t syscall_reason(uint32_t nr);
/* "futex"; NULL where the number is not known. */
const char *syscall_name(uint32_t nr);
/* meta "syscall.NR" = name for each number that occurs: thread_state's object. */
void syscall_finish(struct model *m);

/* -- locks (lock.c) */
void lock_wait_begin(struct model *m, const struct event *ev);
void lock_wait_end(struct model *m, const struct event *ev);
void lock_hold(struct model *m, const struct event *ev);
void lock_signal(struct model *m, const struct event *ev);
void lock_stat(struct model *m, const struct event *ev);
struct state_cause lock_cause(const struct wait *wait);
void lock_close(struct model *m, struct thread *t, uint64_t end);
/* Table lock of one process, names from the symbols. */
void lock_finish(struct model *m, struct proc *p);

/* -- allocations (alloc.c) */
void alloc_alloc(struct model *m, const struct event *ev);
void alloc_free(struct model *m, const struct event *ev);
void alloc_batch(struct model *m, const struct event *ev);
void alloc_stat(struct model *m, const struct event *ev);
/* Writes the process's live allocations as never freed. */
void alloc_finish(struct model *m, struct proc *p);

/* -- the program's own marks (user.c) */
void user_region_begin(struct model *m, const struct event *ev);
void user_region_end(struct model *m, const struct event *ev);
void user_task_begin(struct model *m, const struct event *ev);
void user_task_end(struct model *m, const struct event *ev);
void user_counter(struct model *m, const struct event *ev);
void user_message(struct model *m, const struct event *ev);
void user_close(struct model *m, struct thread *t, uint64_t end);
/* Ends the process's open tasks. */
void user_finish(struct model *m, struct proc *p);

/* -- stacks, mappings, symbols (stack.c) */
uint32_t stack_meet(struct model *m, struct proc *p, uint64_t id);
/* The writer's id of a process's stack id; 0 for 0. */
static inline uint32_t stack_get(struct model *m, struct proc *p, uint64_t id)
{
    const struct recent_stack *recent = &p->recent_stacks[id % PROC_RECENT_STACKS];
    return recent->id == id ? recent->stack : stack_meet(m, p, id);
}
void stack_define(struct model *m, const struct event *ev);
/* The writer's id of a stack told without an id, whose leaf is exact. */
uint32_t stack_of_frames(struct model *m, struct proc *p, const uint64_t *frames, uint32_t count);
void stack_module(struct model *m, const struct event *ev);
void stack_module_of(struct model *m, const struct event *ev);
/* A forked child's mappings are its parent's, until it tells itself. */
void stack_inherit_mappings(struct proc *child, const struct proc *parent);
/* Looks up the names of the places that came since the last call. */
void stack_resolve(struct model *m);
/* Resolves and writes all stacks. False when progress asked to stop. */
bool stack_finish(struct model *m);
/* The data symbol at an address of the process, or NULL; borrowed from m->symbols. */
/* The name of the function at addr, as a writer's string. */
uint32_t stack_function(struct model *m, const struct proc *p, uint64_t addr);
const char *stack_data_symbol(struct model *m, const struct proc *p, uint64_t addr);
/* The function that first used a lock: the innermost frame of the stack outside
 * of libc and the agent; NULL where there is none. */
const char *stack_site(struct model *m, uint32_t stack);

#endif
