/* A new thread starts in a trampoline of ours, which gives it its slot; a thread-
 * specific key's destructor sees it end, however it ends (return, pthread_exit,
 * cancellation). Threads that lttng-ust creates are marked hidden for life. */
#include "tracepoints/hooks/thread.h"

#include "tracepoints/agent/callers.h"
#include "tracepoints/agent/counted.h"
#include "tracepoints/agent/options.h"
#include "tracepoints/agent/raw.h"
#include "tracepoints/agent/real.h"
#include "tracepoints/agent/stacks.h"
#include "tracepoints/agent/threads.h"
#include "tracepoints/agent/unwind.h"
#include "tracepoints/hooks/lock_table.h"
#include "tracepoints/provider/provider.h"

#include <limits.h>
#include <lttng/ust-thread.h>
#include <stdarg.h>
#include <string.h>

static pthread_key_t exit_key;
static bool exit_key_made;

/* Other keys' destructors may still lock and allocate: go again until the last round. */
static void on_exit_round(void *round)
{
    uintptr_t n = (uintptr_t)round;
    if (n < PTHREAD_DESTRUCTOR_ITERATIONS) {
        pthread_setspecific(exit_key, (void *)(n + 1));
        return;
    }
    if (!agent_enter())
        return;
    unwind_thread_exit();
    thread_leave();
    bool last = threads_only_hidden_left();
    agent_leave();
    if (last)
        exit(0); /* as glibc does when a program's last thread ends */
}

/* Where glibc keeps a thread's tid, which becomes 0 at its end. */
enum {
    TID_BEHIND_PTHREAD = 720
};
static bool tid_known; /* it is there */

void thread_hooks_init(void)
{
    tid_known = *(volatile int *)(pthread_self() + TID_BEHIND_PTHREAD) == raw_gettid();
    exit_key_made = !pthread_key_create(&exit_key, on_exit_round);
}

void thread_hooks_watch(void)
{
    if (exit_key_made)
        pthread_setspecific(exit_key, (void *)1);
}

/* What the target wanted to run. */
struct routine {
    void *(*start)(void *);
    int (*start_c11)(void *);
    void *arg;
};

/* The first thing a new thread does. Returns a copy: the slot of a hidden thread is
 * free again at once. */
static struct routine thread_entered(struct agent_thread *t)
{
    struct routine routine = {t->start, t->start_c11, t->start_arg};
    agent_tls.inside = 1;
    if (t->hidden) {
        thread_hide();
        thread_abandon(t);
        return routine;
    }
    lttng_ust_init_thread();
    thread_adopt(t, agent_now());
    thread_hooks_watch();
    agent_tls.inside = 0;
    return routine;
}

static void *trampoline(void *slot)
{
    struct routine routine = thread_entered(slot);
    return routine.start(routine.arg);
}

static int trampoline_c11(void *slot)
{
    struct routine routine = thread_entered(slot);
    return routine.start_c11(routine.arg);
}

/* Who began a thread. The stack is the creator's. */
static void count_thread(void)
{
    if (!options.keep || !agent_enter())
        return;
    struct agent_thread *t = thread_self();
    if (t)
        counted_add(WHYPROF_COUNT_THREAD, stack_here(t), 0);
    agent_leave();
}

static struct agent_thread *prepare(bool hidden, void *arg)
{
    struct agent_thread *t = thread_reserve();
    if (t) {
        t->hidden = hidden;
        t->start_arg = arg;
    }
    return t;
}

HOOK int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attr,
                        void *(*start)(void *), void *restrict arg)
{
    bool hidden = agent_tls.inside || agent_tls.hidden || caller_is_lttng(CALLER());
    struct agent_thread *t = prepare(hidden, arg);
    if (!t)
        return REAL(pthread_create)(thread, attr, start, arg);
    t->start = start;
    int result = REAL(pthread_create)(thread, attr, trampoline, t);
    if (result)
        thread_abandon(t);
    else if (!hidden)
        count_thread();
    return result;
}

HOOK int thrd_create(thrd_t *thread, thrd_start_t start, void *arg)
{
    struct agent_thread *t = prepare(agent_tls.inside || agent_tls.hidden, arg);
    if (!t)
        return REAL(thrd_create)(thread, start, arg);
    t->start_c11 = start;
    int result = REAL(thrd_create)(thread, trampoline_c11, t);
    if (result != thrd_success)
        thread_abandon(t);
    else
        count_thread();
    return result;
}

static uint32_t tid_of(pthread_t thread)
{
    return tid_known ? *(volatile uint32_t *)(thread + TID_BEHIND_PTHREAD) : 0;
}

#define JOIN_HOOK(name, type, params, args)                                                        \
    HOOK int name params                                                                           \
    {                                                                                              \
        struct lock_wait wait;                                                                     \
        const void *which = (const void *)thread;                                                  \
        if (!lock_wait_begin(&wait, which, WHYPROF_LOCK_JOIN, tid_of(thread), CALLER()))           \
            return REAL(name) args;                                                                \
        int result = real.name args;                                                               \
        lock_wait_end(&wait, result, false);                                                       \
        return result;                                                                             \
    }

JOIN_HOOK(pthread_join, pthread_t, (pthread_t thread, void **value), (thread, value))
JOIN_HOOK(pthread_timedjoin_np, pthread_t,
          (pthread_t thread, void **value, const struct timespec *until), (thread, value, until))
JOIN_HOOK(pthread_clockjoin_np, pthread_t,
          (pthread_t thread, void **value, clockid_t clock, const struct timespec *until),
          (thread, value, clock, until))
JOIN_HOOK(thrd_join, thrd_t, (thrd_t thread, int *value), (thread, value))

static void emit_name(uint32_t tid)
{
    char name[16];
    if (!lttng_ust_tracepoint_enabled(whyprof_sched, thread_name) || !agent_enter())
        return;
    thread_name_read(tid, name);
    lttng_ust_do_tracepoint(whyprof_sched, thread_name, tid, name);
    agent_leave();
}

/* Only the kernel knows which tid a pthread_t is: find the thread that got the name. */
struct named {
    char name[16];
};

static void emit_if_named(struct agent_thread *t, void *data)
{
    const struct named *wanted = data;
    char name[16];
    thread_name_read(t->tid, name);
    if (!strcmp(name, wanted->name))
        lttng_ust_tracepoint(whyprof_sched, thread_name, t->tid, name);
}

HOOK int pthread_setname_np(pthread_t thread, const char *name)
{
    struct named wanted = {0};
    int result = REAL(pthread_setname_np)(thread, name);
    if (result || !lttng_ust_tracepoint_enabled(whyprof_sched, thread_name))
        return result;
    if (thread == pthread_self()) {
        emit_name((uint32_t)raw_gettid());
    } else if (agent_enter()) {
        strncpy(wanted.name, name, sizeof wanted.name - 1);
        threads_each(emit_if_named, &wanted);
        agent_leave();
    }
    return result;
}

HOOK int prctl(int option, ...)
{
    va_list list;
    unsigned long args[4];
    va_start(list, option);
    for (int i = 0; i < 4; i++)
        args[i] = va_arg(list, unsigned long);
    va_end(list);
    int result = REAL(prctl)(option, args[0], args[1], args[2], args[3]);
    if (option == PR_SET_NAME && result == 0)
        emit_name((uint32_t)raw_gettid());
    return result;
}
