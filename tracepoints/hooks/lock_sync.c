/* lock_sync: where threads wait for an event rather than for a holder: condition
 * variables, semaphores, barriers, once. All waits are told; who ends one is known
 * where it calls signal, broadcast or post in this process. */
#include "tracepoints/agent/real.h"
#include "tracepoints/hooks/lock_mutex.h"
#include "tracepoints/hooks/lock_table.h"
#include "tracepoints/provider/provider.h"

/* A condition wait gives its mutex back inside libc: tell that hold here. */
static void mutex_given_back(pthread_mutex_t *m, uintptr_t caller)
{
    struct lock_release release;
    if (!lock_release_wanted(m, caller))
        return;
    lock_release_begin(&release, m, WHYPROF_LOCK_MUTEX);
    lock_release_end(&release);
}

#define COND_HOOK(name, params, args)                                                              \
    HOOK int name params                                                                           \
    {                                                                                              \
        struct lock_wait wait;                                                                     \
        if (!lock_recording() || !lock_wait_begin(&wait, cond, WHYPROF_LOCK_COND, 0, CALLER()))    \
            return REAL(name) args;                                                                \
        mutex_given_back(mutex, CALLER());                                                         \
        int result = real.name args;                                                               \
        lock_wait_end(&wait, result, result == 0);                                                 \
        lock_acquired(mutex, WHYPROF_LOCK_MUTEX, CALLER());                                        \
        return result;                                                                             \
    }

COND_HOOK(pthread_cond_wait, (pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex),
          (cond, mutex))
COND_HOOK(pthread_cond_timedwait,
          (pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
           const struct timespec *restrict until),
          (cond, mutex, until))
COND_HOOK(pthread_cond_clockwait,
          (pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex, clockid_t clock,
           const struct timespec *restrict until),
          (cond, mutex, clock, until))

HOOK int pthread_cond_signal(pthread_cond_t *cond)
{
    lock_signal(cond, WHYPROF_LOCK_COND, false, CALLER());
    return REAL(pthread_cond_signal)(cond);
}

HOOK int pthread_cond_broadcast(pthread_cond_t *cond)
{
    lock_signal(cond, WHYPROF_LOCK_COND, true, CALLER());
    return REAL(pthread_cond_broadcast)(cond);
}

static int c11_result(int result)
{
    return result == 0           ? thrd_success
           : result == ETIMEDOUT ? thrd_timedout
           : result == ENOMEM    ? thrd_nomem
                                 : thrd_error;
}

/* cnd_t and mtx_t are pthread's types by another name in glibc. */
HOOK int cnd_wait(cnd_t *cond, mtx_t *mutex)
{
    return c11_result(pthread_cond_wait((pthread_cond_t *)cond, (pthread_mutex_t *)mutex));
}

HOOK int cnd_timedwait(cnd_t *restrict cond, mtx_t *restrict mutex,
                       const struct timespec *restrict until)
{
    return c11_result(
        pthread_cond_timedwait((pthread_cond_t *)cond, (pthread_mutex_t *)mutex, until));
}

HOOK int cnd_signal(cnd_t *cond)
{
    return c11_result(pthread_cond_signal((pthread_cond_t *)cond));
}

HOOK int cnd_broadcast(cnd_t *cond)
{
    return c11_result(pthread_cond_broadcast((pthread_cond_t *)cond));
}

/* A semaphore's try takes nothing that the wait would not; it is a cancellation
 * point all the same, and leaves errno alone where it succeeds. */
static bool sem_tried(sem_t *sem, uintptr_t caller)
{
    int saved_errno = errno;
    if (!agent_outside() || !lock_recording())
        return false;
    pthread_testcancel();
    bool took = real.sem_trywait(sem) == 0;
    errno = saved_errno;
    if (took)
        lock_acquired(sem, WHYPROF_LOCK_SEM, caller);
    return took;
}

#define SEM_HOOK(name, params, args, valid)                                                        \
    HOOK int name params                                                                           \
    {                                                                                              \
        struct lock_wait wait;                                                                     \
        if ((valid) && sem_tried(sem, CALLER()))                                                   \
            return 0;                                                                              \
        if (!lock_wait_begin(&wait, sem, WHYPROF_LOCK_SEM, 0, CALLER()))                           \
            return REAL(name) args;                                                                \
        int result = real.name args;                                                               \
        lock_wait_end(&wait, result ? errno : 0, result == 0);                                     \
        return result;                                                                             \
    }

SEM_HOOK(sem_wait, (sem_t * sem), (sem), true)
SEM_HOOK(sem_timedwait, (sem_t *restrict sem, const struct timespec *restrict until), (sem, until),
         lock_time_valid(until))

HOOK int sem_clockwait(sem_t *restrict sem, clockid_t clock, const struct timespec *restrict until)
{
    struct lock_wait wait;
    if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME)
        return REAL(sem_clockwait)(sem, clock, until);
    if (lock_time_valid(until) && sem_tried(sem, CALLER()))
        return 0;
    if (!lock_wait_begin(&wait, sem, WHYPROF_LOCK_SEM, 0, CALLER()))
        return REAL(sem_clockwait)(sem, clock, until);
    int result = real.sem_clockwait(sem, clock, until);
    lock_wait_end(&wait, result ? errno : 0, result == 0);
    return result;
}

HOOK int sem_post(sem_t *sem)
{
    lock_signal(sem, WHYPROF_LOCK_SEM, false, CALLER());
    return REAL(sem_post)(sem);
}

/* The begin of glibc's barrier: how many ever came, where the round began, how many meet. */
struct barrier_words {
    volatile unsigned in, round, count;
};
static atomic_bool barrier_known;

static bool comes_last(const pthread_barrier_t *barrier)
{
    const struct barrier_words *b = (const struct barrier_words *)(const void *)barrier;
    return barrier_known && b->in - b->round + 1 == b->count;
}

/* Who comes last ends the others' waits. */
HOOK int pthread_barrier_wait(pthread_barrier_t *barrier)
{
    struct lock_wait wait;
    if (!lock_wait_begin(&wait, barrier, WHYPROF_LOCK_BARRIER, 0, CALLER()))
        return REAL(pthread_barrier_wait)(barrier);
    if (comes_last(barrier))
        lock_signal(barrier, WHYPROF_LOCK_BARRIER, true, CALLER());
    int result = real.pthread_barrier_wait(barrier);
    lock_wait_end(&wait, 0, true);
    return result;
}

/* One of them through the real function, looking at what it leaves. */
void lock_sync_init(void)
{
    pthread_barrier_t barrier;
    const struct barrier_words *b = (const struct barrier_words *)(const void *)&barrier;
    if (pthread_barrier_init(&barrier, NULL, 3))
        return;
    barrier_known = b->in == 0 && b->round == 0 && b->count == 3;
    pthread_barrier_destroy(&barrier);
}

/* While a thread runs a once's routine, it is the one that others wait for. */
static void once_routine(void)
{
    struct agent_thread *t = agent_tls.thread;
    uintptr_t outer = t->once;
    t->once = t->once_next;
    t->once_routine();
    t->once = outer;
}

/* Left by an exception or by cancellation: then another thread runs it anew. */
static void forget_run(struct agent_thread *t, void *once)
{
    if (t->once == (uintptr_t)once)
        t->once = 0;
}

static int run_noted(pthread_once_t *once, void (*routine)(void))
{
    threads_each(forget_run, once);
    agent_tls.thread->once_next = (uintptr_t)once;
    agent_tls.thread->once_routine = routine;
    return REAL(pthread_once)(once, once_routine);
}

struct once_search {
    const void *once;
    uint32_t tid;
};

static void look_for_runner(struct agent_thread *t, void *data)
{
    struct once_search *search = data;
    if (t->once == (uintptr_t)search->once)
        search->tid = t->tid;
}

/* glibc's once word: bit 1 is "done", bit 0 "in progress". Only a once that another
 * thread is in the middle of is a wait; running the routine is the caller's own work. */
HOOK int pthread_once(pthread_once_t *once, void (*routine)(void))
{
    struct lock_wait wait;
    int word = *(volatile int *)once & 3;
    if (word == 0 && lock_recording() && agent_tls.thread && agent_outside())
        return run_noted(once, routine);
    struct once_search search = {once, 0};
    if (word == 1 && lock_recording())
        threads_each(look_for_runner, &search);
    if (word != 1 || !lock_wait_begin(&wait, once, WHYPROF_LOCK_ONCE, search.tid, CALLER()))
        return REAL(pthread_once)(once, routine);
    int result = real.pthread_once(once, routine);
    lock_wait_end(&wait, result, true);
    return result;
}

HOOK void call_once(once_flag *once, void (*routine)(void))
{
    pthread_once((pthread_once_t *)once, routine);
}
