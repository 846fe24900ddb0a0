/* lock_table: what the hooks know of the target's locks.
 *
 *   uses     per thread: which locks it took how often; plain counters in a
 *            direct-mapped cache, folded into the table of all locks
 *   locks    per process: totals and the stack of the first use
 *   waiters  which locks somebody waits for now, so that an unlock knows whether to
 *            tell; and what the one who ends a wait leaves for the waiter
 *
 * All in memory of ours, without locks. A full table drops counts, never blocks. */
#ifndef WHYPROF_LOCK_TABLE_H
#define WHYPROF_LOCK_TABLE_H

#include "tracepoints/agent/callers.h"
#include "tracepoints/agent/options.h"
#include "tracepoints/agent/threads.h"
#include "tracepoints/agent/ticks.h"
#include "tracepoints/events.h"

/* The calling thread's record of this lock, claimed if need be; NULL when the lock
 * is not counted (agent off, no session, no room). */
struct lock_use *lock_use_claim(const void *lock, uint8_t kind, uintptr_t caller);
/* True while a session wants lock totals, or waits are counted without one. */
bool lock_recording(void);

static inline struct lock_use *lock_use_slot(struct agent_thread *t, const void *lock)
{
    uintptr_t at = (uintptr_t)lock;
    return &t->locks[(at >> 4 ^ at >> 11) % THREAD_LOCKS];
}

static inline struct lock_use *lock_use(const void *lock, uint8_t kind, uintptr_t caller)
{
    struct agent_thread *t = agent_tls.thread;
    if (unlikely(!t))
        return lock_use_claim(lock, kind, caller);
    struct lock_use *u = lock_use_slot(t, lock);
    return likely(u->lock == (uintptr_t)lock) ? u : lock_use_claim(lock, kind, caller);
}

/* Takes the time, which is when a hold began if somebody comes to wait for it. A lock that is
 * taken and given every few hundred ns is held no longer than that, and looking at the clock
 * would be half its price: then most are left out, and such a hold counts from its first
 * waiter on. */
enum {
    LOCK_QUICK_TICKS = 1024,
    LOCK_QUICK_RUN = 16,
    LOCK_UNTIMED_RUN = 1000
};
static inline void lock_use_time(struct lock_use *u)
{
    if (likely(u->untimed)) {
        u->untimed--;
        return;
    }
    uint64_t now = ticks_now();
    u->quick = now - u->acquired_at < LOCK_QUICK_TICKS ? u->quick + 1 : 0;
    u->acquired_at = now;
    if (u->quick == LOCK_QUICK_RUN && !options.locks_all) {
        u->quick = 0;
        u->untimed = LOCK_UNTIMED_RUN;
        u->acquired_at = 0;
    }
}

/* Counts an acquisition. */
static inline void lock_acquired(const void *lock, uint8_t kind, uintptr_t caller)
{
    struct lock_use *u = lock_use(lock, kind, caller);
    if (unlikely(!u))
        return;
    u->acquisitions++;
    if (unlikely(u->hot))
        lock_use_time(u);
}

/* A time that glibc's timed functions refuse, some before they look at the lock. */
static inline bool lock_time_valid(const struct timespec *until)
{
    return until->tv_nsec >= 0 && until->tv_nsec < 1000000000;
}

/* A thread's counts into the table (at its exit). */
void lock_uses_fold(struct agent_thread *t);
/* Emits whyprof_lock:stat of the locks whose totals changed; grown_only: of those that
 * grew by half since they were told. One thread at a time. */
void lock_stats_emit(bool grown_only);
/* In a fork child: nobody waits, nothing was counted. */
void locks_after_fork(void);

/* A wait in progress, on the waiter's stack. */
struct lock_wait {
    const void *lock;
    uint64_t begin_ts;
    struct lock_waiter *entry; /* in the waiter table, NULL: no room */
    struct lock_waiter *outer; /* the wait that a signal handler interrupted */
    uint32_t holder_tid;
    uint32_t stack;
    uint8_t kind;
};

/* Emits wait_begin and enters the waiter table. False: not recorded, and end must
 * not be called. Does not hold the guard afterwards. caller: CALLER() of the hook;
 * lttng-ust takes locks of its own on the target's threads (in destructors), and a
 * tracepoint below them would take them again. */
bool lock_wait_begin(struct lock_wait *w, const void *lock, uint8_t kind, uint32_t holder_tid,
                     uintptr_t caller);
/* Emits wait_end; acquired: the lock is ours now. Keeps errno. */
void lock_wait_end(struct lock_wait *w, int result, bool acquired);

/* Somebody ends waits for a lock: begun before its unlock or signal, emitted after. */
struct lock_release {
    const void *lock;
    uint64_t begin_ts;
    uint32_t stack;
    uint8_t kind;
    bool contended; /* somebody waited */
    bool pending;   /* there is something to emit */
};

/* Must this unlock be told? Two loads where nobody waits for anything. */
bool lock_release_wanted(const void *lock, uintptr_t caller);
/* Captures the releaser's stack and leaves it for the waiters. */
void lock_release_begin(struct lock_release *r, const void *lock, uint8_t kind);
/* Emits `hold`. */
void lock_release_end(struct lock_release *r);
/* Emits `signal`, and leaves who signalled for the waiters. */
void lock_signal(const void *lock, uint8_t kind, bool all, uintptr_t caller);

/* For a thread that was cancelled in a wait. */
void lock_waiter_leave(struct lock_waiter *entry);

#endif
