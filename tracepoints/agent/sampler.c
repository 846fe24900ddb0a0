#include "tracepoints/agent/sampler.h"

#include "tracepoints/agent/options.h"
#include "tracepoints/agent/raw.h"
#include "tracepoints/agent/real.h"
#include "tracepoints/agent/stacks.h"
#include "tracepoints/agent/threads.h"
#include "tracepoints/agent/unwind.h"
#include "tracepoints/provider/provider.h"

#include <stdio.h>
#include <string.h>

enum {
    RING = 2048
};

/* Vyukov's bounded queue: a slot whose sequence equals the position is free, one
 * more and it is full. Producers are signal handlers of any thread. */
struct sample {
    _Atomic uint64_t sequence;
    uint64_t ts, weight_ns;
    uint32_t tid, count;
    uintptr_t pcs[AGENT_STACK_MAX + 1];
};

static struct {
    struct sample *ring;
    _Atomic uint64_t tail; /* next to write */
    uint64_t head;         /* next to read, the helper's */
    _Atomic uint64_t dropped;
    _Atomic uint64_t period_ns; /* of the armed timers, 0: off */
    atomic_bool installed;      /* our handler is SIGPROF's action */
    atomic_bool yielded;        /* the target uses SIGPROF */
    atomic_flag running;        /* somebody is in sampler_run */
} sampler = {.running = ATOMIC_FLAG_INIT};

static struct sample *ring_claim(uint64_t *position)
{
    uint64_t at = atomic_load_explicit(&sampler.tail, memory_order_relaxed);
    for (;;) {
        struct sample *s = &sampler.ring[at % RING];
        int64_t lag =
            (int64_t)(atomic_load_explicit(&s->sequence, memory_order_acquire) - (at / RING * 2));
        if (lag < 0)
            return NULL; /* full: the helper has not read it yet */
        if (lag == 0 && atomic_compare_exchange_weak(&sampler.tail, &at, at + 1)) {
            *position = at;
            return s;
        }
        if (lag > 0)
            at = atomic_load_explicit(&sampler.tail, memory_order_relaxed);
    }
}

static void on_tick(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    struct agent_thread *t = agent_tls.thread;
    uint64_t period_ns = atomic_load_explicit(&sampler.period_ns, memory_order_relaxed);
    if (!t || !period_ns || info->si_code != SI_TIMER)
        return;
    int saved_errno = errno;
    uint64_t position;
    struct sample *s = ring_claim(&position);
    if (s) {
        s->ts = agent_now();
        s->tid = t->tid;
        s->weight_ns = period_ns * (1 + (uint64_t)info->si_overrun);
        s->count = (uint32_t)unwind_context(context, s->pcs, AGENT_STACK_MAX + 1);
        atomic_store_explicit(&s->sequence, position / RING * 2 + 1, memory_order_release);
    } else {
        atomic_fetch_add(&sampler.dropped, 1);
    }
    errno = saved_errno;
}

static unsigned drain(void)
{
    unsigned count = 0;
    for (;; count++, sampler.head++) {
        struct sample *s = &sampler.ring[sampler.head % RING];
        uint64_t full = sampler.head / RING * 2 + 1;
        if (atomic_load_explicit(&s->sequence, memory_order_acquire) != full)
            return count;
        uint32_t stack = stack_intern(s->pcs, s->count, true);
        lttng_ust_tracepoint(whyprof_sample, cpu, s->tid, s->ts, s->weight_ns, stack);
        atomic_store_explicit(&s->sequence, full + 1, memory_order_release);
    }
}

static void timer_drop(struct agent_thread *t)
{
    int timer = t->timer;
    t->timer = 0;
    if (timer)
        raw_call1(SYS_timer_delete, timer - 1);
}

static void timer_arm(struct agent_thread *t, uint64_t period_ns)
{
    if (!t->timer) {
        struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF};
        event._sigev_un._tid = (int)t->tid;
        clockid_t clock = (clockid_t)((~t->tid << 3) | 6); /* its CPU clock */
        int timer;
        if (raw_call3(SYS_timer_create, clock, &event, &timer) < 0)
            return;
        t->timer = timer + 1;
    }
    struct itimerspec spec;
    spec.it_interval.tv_sec = spec.it_value.tv_sec = (time_t)(period_ns / 1000000000u);
    spec.it_interval.tv_nsec = spec.it_value.tv_nsec = (long)(period_ns % 1000000000u);
    raw_call4(SYS_timer_settime, t->timer - 1, 0, &spec, NULL);
}

static void match_timer(struct agent_thread *t, void *period_ns)
{
    if (*(uint64_t *)period_ns)
        timer_arm(t, *(uint64_t *)period_ns);
    else
        timer_drop(t);
}

/* Our handler stays once installed: a tick still under way would otherwise meet
 * the default action, which ends the process. */
static bool install(void)
{
    struct sigaction now, ours = {.sa_sigaction = on_tick};
    if (sampler.installed)
        return true;
    if (real.sigaction(SIGPROF, NULL, &now) || now.sa_handler != SIG_DFL) {
        sampler.yielded = true;
        return false;
    }
    if (!sampler.ring && !(sampler.ring = raw_map(RING * sizeof *sampler.ring)))
        return false;
    sigemptyset(&ours.sa_mask);
    ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    sampler.installed = !real.sigaction(SIGPROF, &ours, NULL);
    return sampler.installed;
}

static uint64_t wanted_period_ns(void)
{
    uint32_t hz = options.cpu_hz;
    if (!hz || sampler.yielded || !lttng_ust_tracepoint_enabled(whyprof_sample, cpu))
        return 0;
    return 1000000000u / hz;
}

static unsigned run(void)
{
    uint64_t wanted = wanted_period_ns();
    if (wanted && !install())
        wanted = 0;
    if (wanted != sampler.period_ns) {
        sampler.period_ns = wanted;
        threads_each(match_timer, &wanted);
    }
    unsigned count = sampler.ring ? drain() : 0;
    if (sampler.dropped) {
        uint64_t lost = atomic_exchange(&sampler.dropped, 0);
        lttng_ust_tracepoint(whyprof_sample, lost, lost);
    }
    return count;
}

unsigned sampler_run(void)
{
    if (atomic_flag_test_and_set_explicit(&sampler.running, memory_order_acquire))
        return 0;
    unsigned count = run();
    atomic_flag_clear_explicit(&sampler.running, memory_order_release);
    return count;
}

void sampler_thread_begin(struct agent_thread *t)
{
    uint64_t period_ns = atomic_load(&sampler.period_ns);
    if (period_ns)
        timer_arm(t, period_ns);
}

void sampler_thread_end(struct agent_thread *t)
{
    timer_drop(t);
}

/* The parent's unread samples are the parent's to tell. */
void sampler_after_fork(void)
{
    sampler.period_ns = 0;
    sampler.dropped = 0;
    if (sampler.ring)
        raw_call3(SYS_madvise, sampler.ring, RING * sizeof *sampler.ring, MADV_DONTNEED);
    sampler.head = 0;
    sampler.tail = 0;
    atomic_flag_clear(&sampler.running);
}

bool sampler_sigaction(const struct sigaction *act, struct sigaction *old)
{
    if (!sampler.installed)
        return false;
    if (act && act->sa_handler != SIG_DFL) {
        sampler.yielded = true;
        sampler.installed = false;
        sampler.period_ns = 0;
        uint64_t none = 0;
        threads_each(match_timer, &none);
        real.sigaction(SIGPROF, act, NULL);
    }
    if (old)
        memset(old, 0, sizeof *old); /* SIG_DFL, as far as the target knows */
    return true;
}

bool sampler_owns_signal(void)
{
    return sampler.installed;
}

/* The kernel looks at CPU timers at its ticks, whose rate the coarse clock's
 * resolution tells. */
static uint32_t tick_hz(void)
{
    struct timespec tick;
    if (raw_call2(SYS_clock_getres, CLOCK_MONOTONIC_COARSE, &tick) < 0 || tick.tv_nsec <= 0)
        return 0;
    return (uint32_t)((1000000000 + tick.tv_nsec / 2) / tick.tv_nsec);
}

const char *sampler_mechanism(void)
{
    static char text[80];
    uint32_t hz = options.cpu_hz, tick = tick_hz();
    if (sampler.yielded)
        return "off (the program uses SIGPROF)";
    if (!hz)
        return "off";
    if (!tick || hz <= tick)
        return "agent(timer)";
    snprintf(text, sizeof text, "agent(timer, %u Hz: the kernel's tick, not %u)", tick, hz);
    return text;
}
