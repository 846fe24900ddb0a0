/* lock_rwlock: pthread read-write locks and spinlocks, tried first like mutexes.
 * The holder is known where a writer holds; readers are not recorded by glibc. */
#include "tracepoints/agent/real.h"
#include "tracepoints/hooks/lock_table.h"
#include "tracepoints/provider/provider.h"

static bool counting(void)
{
    return agent_outside() && lock_recording();
}

/* `valid`: the real function looks at the time before it looks at the lock. */
#define RWLOCK_HOOK(name, kind, try, params, args, valid)                                          \
    HOOK int name params                                                                           \
    {                                                                                              \
        struct lock_wait wait;                                                                     \
        if (!counting() || !(valid))                                                               \
            return REAL(name) args;                                                                \
        int result = real.try(lock);                                                               \
        if (result == 0)                                                                           \
            lock_acquired(lock, kind, CALLER());                                                   \
        if (result != EBUSY)                                                                       \
            return result;                                                                         \
        uint32_t writer = (uint32_t)lock->__data.__cur_writer;                                     \
        if (!lock_wait_begin(&wait, lock, kind, writer, CALLER()))                                 \
            return real.name args;                                                                 \
        result = real.name args;                                                                   \
        lock_wait_end(&wait, result, result == 0);                                                 \
        return result;                                                                             \
    }

#define READ_HOOK(name, params, args, valid)                                                       \
    RWLOCK_HOOK(name, WHYPROF_LOCK_RWLOCK_READ, pthread_rwlock_tryrdlock, params, args, valid)
#define WRITE_HOOK(name, params, args, valid)                                                      \
    RWLOCK_HOOK(name, WHYPROF_LOCK_RWLOCK_WRITE, pthread_rwlock_trywrlock, params, args, valid)

READ_HOOK(pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock), true)
READ_HOOK(pthread_rwlock_timedrdlock,
          (pthread_rwlock_t *restrict lock, const struct timespec *restrict until), (lock, until),
          lock_time_valid(until))
WRITE_HOOK(pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock), true)
WRITE_HOOK(pthread_rwlock_timedwrlock,
           (pthread_rwlock_t *restrict lock, const struct timespec *restrict until), (lock, until),
           lock_time_valid(until))

/* The clock variants refuse unknown clocks and bad times before they look at the
 * lock, so they are not tried first: only their waits are told, with a try that
 * takes nothing. */
#define RWLOCK_CLOCK_HOOK(name, kind)                                                              \
    HOOK int name(pthread_rwlock_t *restrict lock, clockid_t clock,                                \
                  const struct timespec *restrict until)                                           \
    {                                                                                              \
        struct lock_wait wait;                                                                     \
        uint32_t writer = (uint32_t)lock->__data.__cur_writer;                                     \
        if (!counting() || !lock_wait_begin(&wait, lock, kind, writer, CALLER()))                  \
            return REAL(name)(lock, clock, until);                                                 \
        int result = real.name(lock, clock, until);                                                \
        lock_wait_end(&wait, result, result == 0);                                                 \
        return result;                                                                             \
    }

RWLOCK_CLOCK_HOOK(pthread_rwlock_clockrdlock, WHYPROF_LOCK_RWLOCK_READ)
RWLOCK_CLOCK_HOOK(pthread_rwlock_clockwrlock, WHYPROF_LOCK_RWLOCK_WRITE)

HOOK int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock)
{
    int result = REAL(pthread_rwlock_tryrdlock)(lock);
    if (result == 0 && counting())
        lock_acquired(lock, WHYPROF_LOCK_RWLOCK_READ, CALLER());
    return result;
}

HOOK int pthread_rwlock_trywrlock(pthread_rwlock_t *lock)
{
    int result = REAL(pthread_rwlock_trywrlock)(lock);
    if (result == 0 && counting())
        lock_acquired(lock, WHYPROF_LOCK_RWLOCK_WRITE, CALLER());
    return result;
}

HOOK int pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
    if (likely(!lock_release_wanted(lock, CALLER())) || !counting())
        return REAL(pthread_rwlock_unlock)(lock);
    struct lock_release release;
    lock_release_begin(&release, lock,
                       lock->__data.__cur_writer ? WHYPROF_LOCK_RWLOCK_WRITE
                                                 : WHYPROF_LOCK_RWLOCK_READ);
    int result = real.pthread_rwlock_unlock(lock);
    if (result == 0)
        lock_release_end(&release);
    return result;
}

/* glibc does not say who holds a spinlock. */
HOOK int pthread_spin_lock(pthread_spinlock_t *lock)
{
    const void *at = (const void *)(uintptr_t)lock;
    struct lock_wait wait;
    if (!counting())
        return REAL(pthread_spin_lock)(lock);
    int result = real.pthread_spin_trylock(lock);
    if (result == 0)
        lock_acquired(at, WHYPROF_LOCK_SPIN, CALLER());
    if (result != EBUSY)
        return result;
    if (!lock_wait_begin(&wait, at, WHYPROF_LOCK_SPIN, 0, CALLER()))
        return real.pthread_spin_lock(lock);
    result = real.pthread_spin_lock(lock);
    lock_wait_end(&wait, result, result == 0);
    return result;
}

HOOK int pthread_spin_trylock(pthread_spinlock_t *lock)
{
    int result = REAL(pthread_spin_trylock)(lock);
    if (result == 0 && counting())
        lock_acquired((const void *)(uintptr_t)lock, WHYPROF_LOCK_SPIN, CALLER());
    return result;
}

HOOK int pthread_spin_unlock(pthread_spinlock_t *lock)
{
    const void *at = (const void *)(uintptr_t)lock;
    if (likely(!lock_release_wanted(at, CALLER())) || !counting())
        return REAL(pthread_spin_unlock)(lock);
    struct lock_release release;
    lock_release_begin(&release, at, WHYPROF_LOCK_SPIN);
    int result = real.pthread_spin_unlock(lock);
    lock_release_end(&release);
    return result;
}
