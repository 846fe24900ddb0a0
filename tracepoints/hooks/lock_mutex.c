/* lock_mutex: pthread and C11 mutexes. The lock is tried first: that costs an
 * uncontended one nothing but a count. Only when it is taken by another do we look
 * at the clock and the stack, and then call the real function. */
#include "tracepoints/agent/options.h"
#include "tracepoints/agent/real.h"
#include "tracepoints/hooks/lock_table.h"
#include "tracepoints/provider/provider.h"

enum {
    KIND_MASK = 127,
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
    return agent_outside() && lttng_ust_tracepoint_enabled(whyprof_lock, stat);
}

/* A lock attempt that must go on by `call`, the real function. An errorcheck mutex
 * that we hold ourselves is an error, not a wait. */
#define LOCK_CONTENDED(m, call)                                                                    \
    do {                                                                                           \
        struct lock_wait wait;                                                                     \
        uint32_t owner = (uint32_t)(m)->__data.__owner;                                            \
        if (((m)->__data.__kind & 3) == PTHREAD_MUTEX_ERRORCHECK && agent_tls.thread &&            \
            owner == agent_tls.thread->tid)                                                        \
            return call;                                                                           \
        if (!lock_wait_begin(&wait, m, WHYPROF_LOCK_MUTEX, owner, CALLER()))                       \
            return call;                                                                           \
        int result = call;                                                                         \
        lock_wait_end(&wait, result, got(result));                                                 \
        return result;                                                                             \
    } while (0)

/* The part before that: pass through, or the try. */
#define LOCK_TRIED(m, pass)                                                                        \
    do {                                                                                           \
        if (!counting())                                                                           \
            return pass;                                                                           \
        int tried = real.pthread_mutex_trylock(m);                                                 \
        if (got(tried))                                                                            \
            lock_acquired(m, WHYPROF_LOCK_MUTEX, CALLER());                                        \
        if (tried != EBUSY)                                                                        \
            return tried;                                                                          \
    } while (0)

HOOK int pthread_mutex_lock(pthread_mutex_t *m)
{
    LOCK_TRIED(m, REAL(pthread_mutex_lock)(m));
    LOCK_CONTENDED(m, real.pthread_mutex_lock(m));
}

HOOK int pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *until)
{
    LOCK_TRIED(m, REAL(pthread_mutex_timedlock)(m, until));
    LOCK_CONTENDED(m, real.pthread_mutex_timedlock(m, until));
}

HOOK int pthread_mutex_clocklock(pthread_mutex_t *m, clockid_t clock, const struct timespec *until)
{
    /* An unknown clock is an error even where the lock is free. */
    if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME)
        return REAL(pthread_mutex_clocklock)(m, clock, until);
    LOCK_TRIED(m, REAL(pthread_mutex_clocklock)(m, clock, until));
    LOCK_CONTENDED(m, real.pthread_mutex_clocklock(m, clock, until));
}

HOOK int pthread_mutex_trylock(pthread_mutex_t *m)
{
    int result = REAL(pthread_mutex_trylock)(m);
    if (got(result) && counting())
        lock_acquired(m, WHYPROF_LOCK_MUTEX, CALLER());
    return result;
}

HOOK int pthread_mutex_unlock(pthread_mutex_t *m)
{
    if (likely(!may_have_waiters(m) && !options.locks_all) || !frees(m) || !counting() ||
        !lock_release_wanted(m, CALLER()))
        return REAL(pthread_mutex_unlock)(m);
    struct lock_release release;
    lock_release_begin(&release, m, WHYPROF_LOCK_MUTEX);
    int result = real.pthread_mutex_unlock(m);
    if (result == 0)
        lock_release_end(&release);
    return result;
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
