#include "tracepoints/hooks/lock_table.h"

#include "tracepoints/agent/counted.h"
#include "tracepoints/agent/options.h"
#include "tracepoints/agent/raw.h"
#include "tracepoints/agent/stacks.h"
#include "tracepoints/provider/provider.h"

#include <string.h>

enum {
    LOCKS = 1 << 15,
    LOCK_PROBES = 32,
    WAITERS = 4096,
    WAITER_PROBES = 8
};

/* A lock of the process. Entries are never removed: a lock destroyed and another
 * made at its place share one. */
struct lock_entry {
    _Atomic uintptr_t lock;
    _Atomic uint32_t stack; /* of its first use */
    uint8_t kind;
    _Atomic uint32_t contended;                 /* 1: somebody waited for it at least once */
    _Atomic uint64_t acquisitions, contentions; /* folded from threads */
    uint64_t sum_acquisitions, sum_contentions; /* lock_stats_emit's */
    uint64_t told; /* sum_acquisitions + sum_contentions last emitted */
};

/* The waiter table's key: the lock's address and how many wait, in one word so that
 * both change together. Addresses of user space have 47 bits. */
#define WAITER_KEY(lock, count) ((uint64_t)(uintptr_t)(lock) << 16 | (count))
#define WAITER_LOCK(key)        ((key) >> 16)
#define WAITER_COUNT(key)       ((key)&0xffff)

struct lock_waiter {
    _Atomic uint64_t key;
    _Atomic uint64_t first_ts; /* when the first of those waiting now began */
    _Atomic uint64_t ended_by; /* tid << 32 | stack id of the last to unlock or signal */
};

static struct lock_entry *_Atomic locks;
static struct lock_waiter waiters[WAITERS];
static _Atomic uint32_t waiting; /* threads in the waiter table */

bool lock_recording(void)
{
    return lttng_ust_tracepoint_enabled(whyprof_lock, stat) ||
           lttng_ust_tracepoint_enabled(whyprof_lock, wait_end) || options.keep & KEEP_LOCKS;
}

static struct lock_entry *table(void)
{
    struct lock_entry *t = atomic_load_explicit(&locks, memory_order_acquire);
    if (likely(t != NULL))
        return t;
    struct lock_entry *fresh = raw_map(LOCKS * sizeof *fresh);
    return fresh && atomic_compare_exchange_strong(&locks, &t, fresh) ? fresh : t;
}

/* Index + 1 of the lock's entry, made if need be; 0: full. */
static uint32_t entry_find(struct agent_thread *t, const void *lock, uint8_t kind)
{
    struct lock_entry *all = table();
    uint64_t hash = (uintptr_t)lock * 0x9e3779b97f4a7c15u >> 40;
    for (unsigned i = 0; all && i < LOCK_PROBES; i++) {
        struct lock_entry *e = &all[(hash + i) % LOCKS];
        uintptr_t at = atomic_load_explicit(&e->lock, memory_order_acquire);
        if (!at && atomic_compare_exchange_strong(&e->lock, &at, (uintptr_t)lock)) {
            e->kind = kind;
            e->stack = stack_here(t);
            return (uint32_t)(e - all) + 1;
        }
        if (at == (uintptr_t)lock)
            return (uint32_t)(e - all) + 1;
    }
    return 0;
}

static void use_fold(struct lock_use *u)
{
    struct lock_entry *all = table();
    if (!u->lock || !all)
        return;
    atomic_fetch_add_explicit(&all[u->entry].acquisitions, u->acquisitions, memory_order_relaxed);
    atomic_fetch_add_explicit(&all[u->entry].contentions, u->contentions, memory_order_relaxed);
    memset(u, 0, sizeof *u);
}

static struct lock_use *claim(const void *lock, uint8_t kind)
{
    struct agent_thread *t = thread_self();
    if (!t)
        return NULL;
    struct lock_use *u = lock_use_slot(t, lock);
    if (u->lock == (uintptr_t)lock)
        return u;
    uint32_t entry = entry_find(t, lock, kind);
    if (!entry)
        return NULL;
    use_fold(u);
    u->entry = entry - 1;
    u->lock = (uintptr_t)lock;
    atomic_thread_fence(memory_order_seq_cst); /* against heat(): one of us sees the other */
    u->hot = table()[u->entry].contended || options.locks_all;
    return u;
}

struct lock_use *lock_use_claim(const void *lock, uint8_t kind, uintptr_t caller)
{
    if (!lock_recording() || caller_is_lttng(caller) || !agent_enter())
        return NULL;
    struct lock_use *u = claim(lock, kind);
    agent_leave();
    return u;
}

void lock_uses_fold(struct agent_thread *t)
{
    for (unsigned i = 0; i < THREAD_LOCKS; i++)
        use_fold(&t->locks[i]);
}

static void add_thread(struct agent_thread *t, void *data)
{
    struct lock_entry *all = data;
    for (unsigned i = 0; i < THREAD_LOCKS; i++) {
        const struct lock_use *u = &t->locks[i];
        if (!u->lock)
            continue;
        all[u->entry].sum_acquisitions += u->acquisitions;
        all[u->entry].sum_contentions += u->contentions;
    }
}

/* Threads go on counting meanwhile: a sum may miss their last operations, and the
 * next one has them. */
void lock_stats_emit(bool grown_only)
{
    struct lock_entry *all = atomic_load(&locks);
    if (!all || !lttng_ust_tracepoint_enabled(whyprof_lock, stat))
        return;
    for (unsigned i = 0; i < LOCKS; i++) {
        if (!all[i].lock) /* most are not, and their pages were never touched */
            continue;
        all[i].sum_acquisitions = all[i].acquisitions;
        all[i].sum_contentions = all[i].contentions;
    }
    threads_each(add_thread, all);
    for (unsigned i = 0; i < LOCKS; i++) {
        struct lock_entry *e = &all[i];
        uint64_t total = e->sum_acquisitions + e->sum_contentions;
        if (total == e->told || (grown_only && total < e->told + (e->told + 1) / 2))
            continue;
        e->told = total;
        lttng_ust_do_tracepoint(whyprof_lock, stat, e->lock, e->kind, e->sum_acquisitions,
                                e->sum_contentions, e->stack);
    }
}

static void forget_uses(struct agent_thread *t, void *data)
{
    (void)data;
    t->waiting = NULL;
    memset(t->locks, 0, sizeof t->locks);
}

void locks_after_fork(void)
{
    struct lock_entry *all = atomic_load(&locks);
    threads_each(forget_uses, NULL);
    memset(waiters, 0, sizeof waiters);
    waiting = 0;
    if (all)
        raw_call3(SYS_madvise, all, LOCKS * sizeof *all, MADV_DONTNEED);
}

static unsigned waiter_hash(const void *lock)
{
    return (unsigned)((uintptr_t)lock * 0x9e3779b97f4a7c15u >> 48);
}

static struct lock_waiter *waiter_find(const void *lock)
{
    for (unsigned i = 0; i < WAITER_PROBES; i++) {
        struct lock_waiter *w = &waiters[(waiter_hash(lock) + i) % WAITERS];
        uint64_t key = atomic_load_explicit(&w->key, memory_order_acquire);
        if (WAITER_LOCK(key) == (uintptr_t)lock)
            return WAITER_COUNT(key) ? w : NULL;
    }
    return NULL;
}

/* Joins the lock's entry, or takes one that nobody is in. Two that come first at
 * once may take two entries; a releaser then tells one of them. */
static struct lock_waiter *waiter_join(const void *lock, uint64_t now)
{
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < WAITER_PROBES; i++) {
            struct lock_waiter *w = &waiters[(waiter_hash(lock) + i) % WAITERS];
            uint64_t key = atomic_load_explicit(&w->key, memory_order_acquire);
            while (WAITER_LOCK(key) == (uintptr_t)lock || (pass && !WAITER_COUNT(key))) {
                uint64_t count = WAITER_LOCK(key) == (uintptr_t)lock ? WAITER_COUNT(key) : 0;
                if (!atomic_compare_exchange_weak(&w->key, &key, WAITER_KEY(lock, count + 1)))
                    continue;
                if (!count) {
                    w->first_ts = now;
                    w->ended_by = 0;
                }
                return w;
            }
        }
    }
    return NULL;
}

void lock_waiter_leave(struct lock_waiter *entry)
{
    atomic_fetch_sub(&entry->key, 1);
    atomic_fetch_sub(&waiting, 1);
}

static bool waits_any(void)
{
    return atomic_load_explicit(&waiting, memory_order_relaxed);
}

bool lock_release_wanted(const void *lock, uintptr_t caller)
{
    return (options.locks_all || (waits_any() && waiter_find(lock))) && !caller_is_lttng(caller);
}

static void heat_use(struct agent_thread *t, void *lock)
{
    struct lock_use *u = lock_use_slot(t, lock);
    if (u->lock == (uintptr_t)lock)
        u->hot = 1;
}

/* From now on every thread takes the time of its acquisitions of this lock. */
static void heat(const void *lock, uint32_t entry)
{
    if (table()[entry].contended)
        return;
    table()[entry].contended = 1;
    atomic_thread_fence(memory_order_seq_cst);
    threads_each(heat_use, (void *)(uintptr_t)lock);
}

bool lock_wait_begin(struct lock_wait *w, const void *lock, uint8_t kind, uint32_t holder_tid,
                     uintptr_t caller)
{
    if (!lock_recording() || caller_is_lttng(caller) || !agent_enter())
        return false;
    struct agent_thread *t = thread_self();
    if (!t) {
        agent_leave();
        return false;
    }
    *w = (struct lock_wait){.lock = lock, .kind = kind, .holder_tid = holder_tid};
    w->begin_ts = agent_now();
    struct lock_waiter *entry = waiter_join(lock, w->begin_ts);
    w->outer = t->waiting;
    if (entry) {
        w->entry = entry;
        t->waiting = w->entry;
        atomic_fetch_add(&waiting, 1);
    }
    struct lock_use *u = claim(lock, kind);
    if (u)
        heat(lock, u->entry);
    w->stack = stack_here(t);
    lttng_ust_tracepoint(whyprof_lock, wait_begin, (uint64_t)(uintptr_t)lock, kind, holder_tid,
                         w->stack);
    agent_leave();
    return true;
}

static void count_contention(const struct lock_wait *w, bool acquired)
{
    struct lock_use *u = claim(w->lock, w->kind);
    if (!u)
        return;
    u->contentions++;
    if (acquired) {
        u->acquisitions++;
        u->acquired_at = ticks_now();
        u->quick = 0;
        u->untimed = 0;
    }
}

static bool has_holder(uint8_t kind)
{
    return kind == WHYPROF_LOCK_MUTEX || kind == WHYPROF_LOCK_RWLOCK_READ ||
           kind == WHYPROF_LOCK_RWLOCK_WRITE || kind == WHYPROF_LOCK_SPIN;
}

/* The waiter's stack, and that of the unlock it waited for. */
static void count_wait(const struct lock_wait *w, uint32_t unlock_stack)
{
    uint64_t ns = agent_now() - w->begin_ts;
    counted_add(WHYPROF_COUNT_BLOCK, w->stack, ns);
    if (has_holder(w->kind))
        counted_add(WHYPROF_COUNT_MUTEX, unlock_stack, ns);
}

void lock_wait_end(struct lock_wait *w, int result, bool acquired)
{
    struct agent_thread *t = agent_tls.thread;
    uint64_t ended_by = 0;
    if (w->entry) {
        ended_by = w->entry->ended_by;
        lock_waiter_leave(w->entry);
    }
    if (t)
        t->waiting = w->outer;
    if (!agent_enter())
        return;
    /* Not one that another waiter's end left there, nor the last to come to a barrier. */
    if (!(result == 0 || acquired) || (t && ended_by >> 32 == t->tid))
        ended_by = 0;
    uint32_t holder = ended_by ? (uint32_t)(ended_by >> 32) : w->holder_tid;
    lttng_ust_tracepoint(whyprof_lock, wait_end, (uint64_t)(uintptr_t)w->lock, w->kind, w->begin_ts,
                         result, holder, (uint32_t)ended_by);
    if (options.keep & KEEP_LOCKS)
        count_wait(w, (uint32_t)ended_by);
    count_contention(w, acquired);
    agent_leave();
}

/* The holder's stack is captured before the unlock, so that the waiter finds it
 * when it wakes; the event waits until the lock is free. */
void lock_release_begin(struct lock_release *r, const void *lock, uint8_t kind)
{
    r->pending = false;
    if (!agent_enter())
        return;
    struct agent_thread *t = thread_self();
    struct lock_waiter *w = t ? waiter_find(lock) : NULL;
    if (w || (t && options.locks_all)) {
        struct lock_use *u = claim(lock, kind);
        *r = (struct lock_release){.lock = lock, .kind = kind, .contended = w, .pending = true};
        r->stack = stack_here(t);
        /* Not hot until now: it held the lock at least since the first waiter came. */
        r->begin_ts = u && u->acquired_at ? ticks_to_ns(u->acquired_at) : w ? w->first_ts : 0;
    }
    if (w)
        w->ended_by = (uint64_t)t->tid << 32 | r->stack;
    agent_leave();
}

void lock_release_end(struct lock_release *r)
{
    if (!r->pending || !agent_enter())
        return;
    lttng_ust_tracepoint(whyprof_lock, hold, (uint64_t)(uintptr_t)r->lock, r->kind, r->contended,
                         r->begin_ts, r->stack);
    agent_leave();
}

void lock_signal(const void *lock, uint8_t kind, bool all, uintptr_t caller)
{
    if (!waits_any() || caller_is_lttng(caller) || !agent_enter())
        return;
    struct agent_thread *t = thread_self();
    struct lock_waiter *w = t ? waiter_find(lock) : NULL;
    if (w) {
        uint32_t stack = stack_here(t);
        w->ended_by = (uint64_t)t->tid << 32 | stack;
        lttng_ust_tracepoint(whyprof_lock, signal, (uint64_t)(uintptr_t)lock, kind, all, stack);
    }
    agent_leave();
}
