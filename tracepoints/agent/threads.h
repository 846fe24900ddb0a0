/* threads: one slot per thread of the target, in memory of our own. A slot is
 * written by its thread; the helper reads it. Slots are reused after a thread's
 * exit; their totals are folded into `threads_past` first. */
#ifndef WHYPROF_THREADS_H
#define WHYPROF_THREADS_H

#include "tracepoints/agent/agent.h"
#include "tracepoints/agent/unwind.h"

/* A lock this thread used; a direct-mapped cache over the table in lock_table.h. */
struct lock_use {
    uintptr_t lock;        /* 0: empty */
    uint32_t entry;        /* index in the table of all locks */
    uint8_t hot;           /* 1: somebody waited for it: take the time of its acquisitions */
    uint8_t quick;         /* of the latest, how many came that soon after one another */
    uint16_t untimed;      /* acquisitions to come whose time is not taken */
    uint64_t acquisitions; /* not yet folded into the table */
    uint64_t contentions;
    uint64_t acquired_at; /* ticks (ticks.h) of the last acquisition while hot, else 0 */
};
enum {
    THREAD_LOCKS = 128
};

struct lock_waiter;
struct alloc_ring;
struct recall;

struct alloc_totals {
    uint64_t allocs, frees, alloc_bytes;
    int64_t live_bytes; /* usable bytes got less those given back by this thread */
};

enum {
    CALL_ARGS_MAX = 6
};

struct agent_thread {
    _Atomic uint32_t state; /* enum thread_state */
    _Atomic uint32_t tid;
    uint32_t hidden; /* of lttng-ust's or ours */
    int timer;       /* kernel id of its CPU timer + 1, 0: none */
    uint64_t start_ts;
    void *(*start)(void *); /* the target's start routine until it runs */
    int (*start_c11)(void *);
    void *start_arg;

    /* The call in progress, for the helper: call_begin is stored last and cleared
     * at the return, so equal values before and after a copy make it whole. */
    _Atomic uint64_t call_begin;
    _Atomic uint64_t call_told;     /* call_begin of the one announced as pending */
    struct unwind_start call_start; /* where its stack begins */
    uint32_t call_nr;
    uint32_t call_argc;
    uint64_t call_args[CALL_ARGS_MAX];

    _Atomic uintptr_t once; /* the pthread_once_t whose routine it runs, 0: none */
    uintptr_t once_next;    /* the one that it is about to ask for, and its routine */
    void (*once_routine)(void);

    struct lock_waiter *waiting; /* entry of the waiter table it is counted in, or NULL */

    int64_t alloc_countdown; /* bytes until the next sample */
    uint64_t random;         /* state of its generator, 0: not seeded */
    struct alloc_totals alloc;

    struct recall *recall; /* its latest stacks, from some number of them on; stays with the slot */
    uint32_t captures;     /* until then */

    struct alloc_ring *ring; /* full mode's records, mapped at the first; stays with the slot */

    struct lock_use locks[THREAD_LOCKS];
    uintptr_t pcs[AGENT_STACK_MAX + 8]; /* scratch for its stacks, used under the guard */
};

enum thread_state {
    THREAD_FREE,
    THREAD_STARTING, /* owned by the creator until the new thread adopts it */
    THREAD_LIVE
};

/* Totals of threads that are gone; guarded by nothing but atomic adds. */
struct alloc_past {
    _Atomic uint64_t allocs, frees, alloc_bytes;
    _Atomic int64_t live_bytes;
};
extern struct alloc_past threads_past;

/* A fresh slot in state STARTING; NULL when there are too many threads. */
struct agent_thread *thread_reserve(void);
void thread_abandon(struct agent_thread *t);
/* Makes t the calling thread's slot and emits thread_start. Under the guard. */
void thread_adopt(struct agent_thread *t, uint64_t start_ts);
/* The calling thread's slot; registers threads that we did not see start. Under
 * the guard; NULL for hidden threads and when there is no room. */
struct agent_thread *thread_self(void);
/* Emits thread_exit, stops the timer, folds the totals, frees the slot. */
void thread_leave(void);
/* In a fork child: only the calling thread is left. */
void threads_after_fork(void);
/* The calling thread is one of ours or lttng-ust's from now on. */
void thread_hide(void);
/* After thread_leave: is no other thread of the target left? glibc ends a program
 * with its last thread, but counts our hidden ones too. */
bool threads_only_hidden_left(void);
/* The threads that are hidden, 0 where there are no more. */
void threads_hidden(uint32_t *tids, size_t max);
/* Threads of the target alive now. */
uint32_t threads_live(void);

/* Calls visit for each live, visible thread. */
void threads_each(void (*visit)(struct agent_thread *t, void *data), void *data);

/* CPU time of a thread of this process, 0 where it is gone. */
uint64_t thread_cpu_ns(uint32_t tid);
void thread_name_read(uint32_t tid, char name[16]);

#endif
