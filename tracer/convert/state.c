/* Thread states. Where the kernel's switch records exist they make the spans
 * and the agent explains them; else the agent's blocking calls and waits are
 * all there is, and a thread that is not blocked counts as running. */
#include "convert/model.h"

#include "tracepoints/events.h"

#include <stdlib.h>

/* Bits of the kernel's task state (include/linux/sched.h, stable since 4.14). */
enum {
    TASK_INTERRUPTIBLE = 1,
    TASK_UNINTERRUPTIBLE = 2,
    TASK_DEAD_BITS = 0x10 | 0x20 | 0x80
};
enum {
    SWITCH_PREEMPTED = 1 << 16
};
/* What was taken from the stays on a CPU is told when it has come to that much, so that
 * kernels that account for each interrupt do not double the number of spans. */
enum {
    TAKEN_LEAST_NS = 1000
};
/* A WAKING this shortly before the switch that puts its thread to sleep has met
 * it on the way there. */
enum {
    EARLY_WAKING_NS = 100000
};

static struct span *span_at(struct thread *t, unsigned i)
{
    return &t->spans[(t->span_head + i) % MODEL_PENDING_SPANS];
}

/* Wakes by a tracer's helper threads read as unknown. */
static uint32_t visible_waker(const struct model *m, uint32_t tid)
{
    const struct thread *t = tid ? thread_find(m, tid) : NULL;
    return t && thread_hidden(t) ? 0 : tid;
}

static void write_span(struct model *m, struct thread *t, const struct span *s)
{
    uint32_t row = thread_row(m, t);
    if (row == MODEL_NO_ROW)
        return;
    MODEL_ROW(
        m, THREAD_STATE, row, [TRACE_THREAD_STATE_ts] = model_ts(m, s->ts),
        [TRACE_THREAD_STATE_state] = s->state, [TRACE_THREAD_STATE_cpu] = (uint64_t)(int64_t)s->cpu,
        [TRACE_THREAD_STATE_reason] = s->reason, [TRACE_THREAD_STATE_object] = s->object,
        [TRACE_THREAD_STATE_waker_tid] = visible_waker(m, s->waker_tid),
        [TRACE_THREAD_STATE_stack_id] = s->stack);
}

static void write_oldest(struct model *m, struct thread *t)
{
    write_span(m, t, span_at(t, 0));
    t->span_head = (t->span_head + 1) % MODEL_PENDING_SPANS;
    t->span_count--;
}

/* Ends the current span at ts; an empty one leaves no trace. */
static void keep_now(struct model *m, struct thread *t, uint64_t ts)
{
    if (ts <= t->now.ts)
        return;
    if (!t->spans)
        t->spans = mem_realloc(NULL, MODEL_PENDING_SPANS, sizeof *t->spans);
    if (t->span_count == MODEL_PENDING_SPANS)
        write_oldest(m, t);
    *span_at(t, t->span_count++) = t->now;
}

/* Begins a state at ts (not before the current one's begin). */
static struct span *next_state(struct model *m, struct thread *t, uint64_t ts, uint8_t state)
{
    if (ts < t->now.ts)
        ts = t->now.ts;
    keep_now(m, t, ts);
    t->now = (struct span){.ts = ts, .cpu = -1, .state = state};
    return &t->now;
}

/* The state of a thread just begun, or of one whose first record tells what it
 * did until then. */
void state_begin(struct thread *t, uint64_t ts, uint8_t state, int32_t cpu)
{
    if (t->now.state == TRACE_UNKNOWN && ts >= t->now.ts) {
        t->now.state = state;
        t->now.cpu = cpu;
    }
}

static bool kernel_speaks(struct model *m, struct thread *t)
{
    m->kernel_sched = true;
    t->scheduled = true;
    return !t->closed && !t->ended;
}

void state_switch_in(struct model *m, struct thread *t, uint64_t ts, int32_t cpu)
{
    if (!kernel_speaks(m, t))
        return;
    if (t->now.state != TRACE_UNKNOWN && ts == t->snapshot_ts)
        return; /* told again at the begin of a chunk of files */
    if (t->now.state == TRACE_UNKNOWN)
        t->now.state = ts == t->snapshot_ts ? TRACE_RUNNING : TRACE_RUNNABLE;
    if (t->woken_early) { /* before it slept: a voluntary switch all the same, and a sleep of 1 ns
                           */
        t->woken_early = false;
        t->now.waker_tid = t->waking_tid;
        if (ts > t->now.ts + 1)
            next_state(m, t, t->now.ts + 1, TRACE_RUNNABLE);
    }
    if (t->now.state != TRACE_RUNNING || t->now.cpu != cpu)
        next_state(m, t, ts, TRACE_RUNNING)->cpu = cpu;
}

/* Why the thread that leaves the CPU sleeps. */
static void explain_sleep(const struct thread *t, struct span *s, uint64_t word)
{
    uint32_t call = (uint32_t)(word >> 32); /* number + 1 */
    if (word & TASK_UNINTERRUPTIBLE) {
        s->reason = call ? TRACE_REASON_IO : TRACE_REASON_PAGE_FAULT;
        s->object = call ? call - 1 : 0;
        return;
    }
    if (t->wait_count) {
        struct state_cause cause = lock_cause(&t->waits[t->wait_count - 1]);
        s->reason = cause.reason;
        s->object = cause.object;
        s->stack = cause.stack;
        return;
    }
    s->reason = call && word & TASK_INTERRUPTIBLE ? syscall_reason(call - 1) : TRACE_REASON_UNKNOWN;
    s->object = call ? call - 1 : 0;
}

/* The part of a running span that ends at ts in which it did not run. At least 1 ns of it
 * remains: each switch is a span. */
static void cut_taken(struct model *m, struct thread *t, uint64_t ts, uint64_t word, int32_t cpu)
{
    t->taken_ns += WHYPROF_KERNEL_TAKEN_NS(word);
    if (t->now.state != TRACE_RUNNING || t->taken_ns < TAKEN_LEAST_NS || ts < t->now.ts + 2)
        return;
    uint64_t ns = ts - t->now.ts - 1;
    if (ns > t->taken_ns)
        ns = t->taken_ns;
    t->taken_ns -= ns;
    struct span *s = next_state(m, t, ts - ns, TRACE_RUNNABLE);
    s->reason = TRACE_REASON_STOLEN;
    s->cpu = cpu;
}

void state_switch_out(struct model *m, struct thread *t, uint64_t ts, uint64_t word, int32_t cpu)
{
    if (!kernel_speaks(m, t))
        return;
    if (word & TASK_DEAD_BITS) {
        cut_taken(m, t, ts, word, cpu);
        return;
    }
    if (t->now.state != TRACE_UNKNOWN && ts == t->snapshot_ts)
        return;
    bool preempted = word & SWITCH_PREEMPTED;
    bool runnable = preempted || !(word & 0xffff);
    uint8_t state = runnable ? TRACE_RUNNABLE : TRACE_BLOCKED;
    if (t->now.state == TRACE_UNKNOWN) {
        t->now.state = ts == t->snapshot_ts ? state : TRACE_RUNNING;
        t->now.cpu = ts == t->snapshot_ts ? -1 : cpu;
    }
    bool early = t->now.state == TRACE_RUNNING && t->waking_ts >= t->now.ts && t->waking_ts &&
                 ts - t->waking_ts < EARLY_WAKING_NS;
    bool ran = t->now.state == TRACE_RUNNING;
    cut_taken(m, t, ts, word, cpu);
    struct span *s = t->now.state == state && !ran ? &t->now : next_state(m, t, ts, state);
    if (preempted)
        s->reason = TRACE_REASON_PREEMPTED;
    else if (!runnable)
        explain_sleep(t, s, word);
    /* Woken already, it seems; a further WAKING would tell that it did sleep. */
    t->woken_early = early && !runnable;
}

void state_waking(struct model *m, struct thread *t, uint64_t ts, uint32_t waker_tid, int32_t cpu)
{
    bool live = kernel_speaks(m, t);
    if (!thread_hidden(t) && visible_waker(m, waker_tid) == waker_tid)
        MODEL_ROW(m, WAKEUP,
                  0, [TRACE_WAKEUP_ts] = model_ts(m, ts), [TRACE_WAKEUP_waker_tid] = waker_tid,
                  [TRACE_WAKEUP_wakee_tid] = t->tid, [TRACE_WAKEUP_cpu] = (uint64_t)(int64_t)cpu);
    if (!live)
        return;
    if (t->now.state == TRACE_UNKNOWN) {
        t->now.state = TRACE_BLOCKED;
        t->now.reason = TRACE_REASON_UNKNOWN;
    }
    t->woken_early = false;
    if (t->now.state == TRACE_RUNNING) {
        t->waking_ts = ts;
        t->waking_tid = waker_tid;
    }
    if (t->now.state != TRACE_BLOCKED)
        return;
    t->now.waker_tid = waker_tid;
    next_state(m, t, ts, TRACE_RUNNABLE);
}

/* Gives a blocked span what the agent knows; the kernel's word on faults and
 * disk waits stays. */
static void explain_span(struct span *s, const struct state_cause *cause)
{
    if (s->state != TRACE_BLOCKED)
        return;
    if (!s->stack)
        s->stack = cause->stack;
    if (!s->waker_tid)
        s->waker_tid = cause->waker_tid;
    bool vague = s->reason == TRACE_REASON_NONE || s->reason == TRACE_REASON_UNKNOWN ||
                 s->reason == TRACE_REASON_SYSCALL;
    if (vague && cause->reason != TRACE_REASON_SYSCALL) {
        s->reason = cause->reason;
        s->object = cause->object;
    } else if (s->reason == TRACE_REASON_UNKNOWN) {
        s->reason = cause->reason;
        s->object = cause->object;
    }
}

static void explain_spans(struct thread *t, uint64_t begin, uint64_t end,
                          const struct state_cause *cause)
{
    for (unsigned i = t->span_count; i-- > 0;) {
        struct span *s = span_at(t, i);
        uint64_t s_end = i + 1 < t->span_count ? span_at(t, i + 1)->ts : t->now.ts;
        if (s_end <= begin)
            return;
        if (s->ts < end)
            explain_span(s, cause);
    }
}

/* Without the kernel's word a thread that is not blocked counts as running, where our agent
 * tells of all calls that block. Other tracers' events say nothing of that. */
static uint8_t when_not_blocked(const struct model *m)
{
    return m->agent ? TRACE_RUNNING : TRACE_UNKNOWN;
}

void state_blocked(struct model *m, struct thread *t, uint64_t begin, uint64_t end,
                   struct state_cause cause)
{
    if (t->closed)
        return;
    if (t->scheduled || m->kernel_sched) {
        explain_spans(t, begin, end, &cause);
        if (t->now.ts < end)
            explain_span(&t->now, &cause);
        return;
    }
    if (end <= t->now.ts || end <= begin)
        return;
    if (t->now.state == TRACE_UNKNOWN)
        t->now.state = when_not_blocked(m);
    struct span *s = next_state(m, t, begin, TRACE_BLOCKED);
    s->reason = cause.reason;
    s->object = cause.object;
    s->stack = cause.stack;
    s->waker_tid = cause.waker_tid;
    next_state(m, t, end, when_not_blocked(m));
}

void state_close(struct model *m, struct thread *t, uint64_t end)
{
    if (t->now.state == TRACE_UNKNOWN && m->kernel_sched) {
        /* It never came near a CPU: it slept all along. */
        t->now.state = TRACE_BLOCKED;
        if (!t->now.reason)
            t->now.reason = TRACE_REASON_UNKNOWN;
    } else if (t->now.state == TRACE_UNKNOWN) {
        t->now.state = when_not_blocked(m);
    }
    keep_now(m, t, end);
    while (t->span_count)
        write_oldest(m, t);
}
