/* The lock is tried first: that costs an uncontended one nothing but a count. Only
 * when it is taken by another do we look at the clock and the stack, and then call
 * the real function.
 *
 * A mutex of the default kind, which nearly all are, is locked and unlocked right here: the
 * same words, with the same values, as glibc's own functions leave behind, so that both can
 * be mixed. That is what keeps recording, and the agent without a recording, at the price of
 * neither. */
#include "tracepoints/hooks/lock_mutex.h"

#include "tracepoints/agent/options.h"
#include "tracepoints/agent/raw.h"
#include "tracepoints/agent/real.h"
#include "tracepoints/hooks/lock_table.h"
#include "tracepoints/provider/provider.h"

#include <linux/futex.h>

enum {
    ROBUST = 16,
    PRIO_INHERIT = 32,
    PRIO_PROTECT = 64
};

/* glibc's futex word: 2 where a normal mutex may have waiters, a flag for those
 * whose word is the owner's tid. */
static bool may_have_waiters(const pthread_mutex_t *m)
{
    unsigned word = (unsigned)m->__data.__lock;
    if (m->__data.__kind & (ROBUST | PRIO_INHERIT))
        return word & 0x80000000u;
    if (m->__data.__kind & PRIO_PROTECT)
        return (word & 0x7ffff) > 1;
    return word > 1;
}

/* The last of a recursive mutex's unlocks is the one that frees it. */
static bool frees(const pthread_mutex_t *m)
{
    return (m->__data.__kind & 3) != PTHREAD_MUTEX_RECURSIVE || m->__data.__count <= 1;
}

static bool got(int result)
{
    return result == 0 || result == EOWNERDEAD;
}

static bool counting(void)
{
    return agent_outside() && (lttng_ust_tracepoint_enabled(whyprof_lock, stat) ||
                               unlikely(options.keep & KEEP_LOCKS));
}

/* The kind that is locked here: PTHREAD_MUTEX_DEFAULT, private, not elided; an
 * impossible one where glibc's mutexes are not as we know them. */
static int plain_kind = -1;

/* One of them through the real functions, looking at what they leave. */
void lock_mutex_init(void)
{
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    volatile struct __pthread_mutex_s *in = &m.__data;
    int tid = raw_gettid();
    if (real.pthread_mutex_lock(&m))
        return;
    bool known = in->__lock == 1 && in->__owner == tid && in->__nusers == 1 && in->__count == 0 &&
                 in->__kind == PTHREAD_MUTEX_DEFAULT;
    if (real.pthread_mutex_unlock(&m))
        return;
    known = known && in->__lock == 0 && in->__owner == 0 && in->__nusers == 0;
    plain_kind = known ? PTHREAD_MUTEX_DEFAULT : -1;
}

/* False: taken by somebody. */
static inline bool plain_try(pthread_mutex_t *m, const struct agent_thread *t)
{
    int unlocked = 0;
    if (!__atomic_compare_exchange_n(&m->__data.__lock, &unlocked, 1, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED))
        return false;
    m->__data.__owner = (int)t->tid;
    m->__data.__nusers++;
    return true;
}

/* After the exchange the mutex may be gone: the kernel wakes by address alone. */
static inline void plain_unlock(pthread_mutex_t *m)
{
    m->__data.__owner = 0;
    m->__data.__nusers--;
    if (unlikely(__atomic_exchange_n(&m->__data.__lock, 0, __ATOMIC_RELEASE) > 1))
        raw_call3(SYS_futex, &m->__data.__lock, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
}

/* A lock attempt that must go on by `call`, the real function. An errorcheck mutex
 * that we hold ourselves is an error, not a wait. */
#define LOCK_CONTENDED(m, call, caller)                                                            \
    do {                                                                                           \
        struct lock_wait wait;                                                                     \
        uint32_t owner = (uint32_t)(m)->__data.__owner;                                            \
        if (((m)->__data.__kind & 3) == PTHREAD_MUTEX_ERRORCHECK && agent_tls.thread &&            \
            owner == agent_tls.thread->tid)                                                        \
            return call;                                                                           \
        if (!lock_wait_begin(&wait, m, WHYPROF_LOCK_MUTEX, owner, caller))                         \
            return call;                                                                           \
        int result = call;                                                                         \
        lock_wait_end(&wait, result, got(result));                                                 \
        return result;                                                                             \
    } while (0)

/* The part before that: pass through, or the try. */
#define LOCK_TRIED(m, pass, caller)                                                                \
    do {                                                                                           \
        if (!counting())                                                                           \
            return pass;                                                                           \
        int tried = real.pthread_mutex_trylock(m);                                                 \
        if (got(tried))                                                                            \
            lock_acquired(m, WHYPROF_LOCK_MUTEX, caller);                                          \
        if (tried != EBUSY)                                                                        \
            return tried;                                                                          \
    } while (0)

/* Apart, so that the short way needs no frame of its own. */
__attribute__((noinline)) static int lock_long(pthread_mutex_t *m, uintptr_t caller)
{
    LOCK_TRIED(m, REAL(pthread_mutex_lock)(m), caller);
    LOCK_CONTENDED(m, real.pthread_mutex_lock(m), caller);
}

__attribute__((noinline)) static int locked_first(pthread_mutex_t *m, uintptr_t caller)
{
    lock_acquired(m, WHYPROF_LOCK_MUTEX, caller);
    return 0;
}

__attribute__((noinline)) static int locked_hot(struct lock_use *u)
{
    lock_use_time(u);
    return 0;
}

HOOK int pthread_mutex_lock(pthread_mutex_t *m)
{
    struct agent_thread *t = agent_tls.thread;
    if (unlikely(!t || m->__data.__kind != plain_kind || !plain_try(m, t)))
        return lock_long(m, CALLER());
    if (likely(!counting())) /* the real function would have done no more */
        return 0;
    struct lock_use *u = lock_use_slot(t, m);
    if (unlikely(u->lock != (uintptr_t)m))
        return locked_first(m, CALLER());
    u->acquisitions++;
    return unlikely(u->hot) ? locked_hot(u) : 0;
}

HOOK int pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *until)
{
    LOCK_TRIED(m, REAL(pthread_mutex_timedlock)(m, until), CALLER());
    LOCK_CONTENDED(m, real.pthread_mutex_timedlock(m, until), CALLER());
}

HOOK int pthread_mutex_clocklock(pthread_mutex_t *m, clockid_t clock, const struct timespec *until)
{
    /* An unknown clock is an error even where the lock is free. */
    if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME)
        return REAL(pthread_mutex_clocklock)(m, clock, until);
    LOCK_TRIED(m, REAL(pthread_mutex_clocklock)(m, clock, until), CALLER());
    LOCK_CONTENDED(m, real.pthread_mutex_clocklock(m, clock, until), CALLER());
}

HOOK int pthread_mutex_trylock(pthread_mutex_t *m)
{
    int result = REAL(pthread_mutex_trylock)(m);
    if (got(result) && counting())
        lock_acquired(m, WHYPROF_LOCK_MUTEX, CALLER());
    return result;
}

__attribute__((noinline)) static int unlock_long(pthread_mutex_t *m, uintptr_t caller)
{
    if ((!may_have_waiters(m) && !options.locks_all) || !frees(m) || !counting() ||
        !lock_release_wanted(m, caller))
        return REAL(pthread_mutex_unlock)(m);
    struct lock_release release;
    lock_release_begin(&release, m, WHYPROF_LOCK_MUTEX);
    int result = real.pthread_mutex_unlock(m);
    if (result == 0)
        lock_release_end(&release);
    return result;
}

/* Whether it may have waiters is asked before whether anything records: the word is
 * at hand anyhow, and where it is 1 nothing is to be told. */
HOOK int pthread_mutex_unlock(pthread_mutex_t *m)
{
    if (unlikely(m->__data.__kind != plain_kind || m->__data.__lock != 1 || options.locks_all))
        return unlock_long(m, CALLER());
    plain_unlock(m);
    return 0;
}

/* C11's mtx_t is a pthread mutex by another name in glibc, and its results are
 * those of pthread mapped to thrd_*. */
static int c11_result(int result)
{
    switch (result) {
    case 0:
        return thrd_success;
    case EBUSY:
        return thrd_busy;
    case ETIMEDOUT:
        return thrd_timedout;
    case ENOMEM:
        return thrd_nomem;
    default:
        return thrd_error;
    }
}

HOOK int mtx_lock(mtx_t *m)
{
    return c11_result(pthread_mutex_lock((pthread_mutex_t *)m));
}

HOOK int mtx_timedlock(mtx_t *restrict m, const struct timespec *restrict until)
{
    return c11_result(pthread_mutex_timedlock((pthread_mutex_t *)m, until));
}

HOOK int mtx_trylock(mtx_t *m)
{
    return c11_result(pthread_mutex_trylock((pthread_mutex_t *)m));
}

HOOK int mtx_unlock(mtx_t *m)
{
    return c11_result(pthread_mutex_unlock((pthread_mutex_t *)m));
}
