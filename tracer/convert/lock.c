/* Lock waits and holds. A wait's row is written at its end; what has not ended
 * by the end of its thread is written as unfinished. */
#include "convert/model.h"

#include <stdio.h>
#include <stdlib.h>

static struct lock *lock_get(struct model *m, struct proc *p, uint64_t addr, uint64_t kind)
{
    struct lock **recent = &p->recent_locks[hash64(addr) % PROC_RECENT_LOCKS];
    if (*recent && (*recent)->addr == addr)
        return *recent;
    bool added;
    uint64_t *place = map64_put(&p->locks, addr, &added);
    if (added) {
        struct lock *lock = arena_alloc(&m->arena, sizeof *lock);
        *lock = (struct lock){.addr = addr, .kind = (uint8_t)kind, .next = p->lock_list};
        p->lock_list = lock;
        *place = (uint64_t)(uintptr_t)lock;
    }
    *recent = (struct lock *)(uintptr_t)*place;
    return *recent;
}

static void seen_at(struct lock *lock, uint32_t stack)
{
    if (!lock->seen_stack)
        lock->seen_stack = stack;
}

struct state_cause lock_cause(const struct wait *wait)
{
    uint8_t reason = TRACE_REASON_LOCK;
    if (wait->kind == TRACE_LOCK_COND)
        reason = TRACE_REASON_COND;
    else if (wait->kind == TRACE_LOCK_JOIN)
        reason = TRACE_REASON_JOIN;
    return (struct state_cause){reason, wait->lock, wait->stack, 0};
}

void lock_wait_begin(struct model *m, const struct event *ev)
{
    struct proc *p = proc_get(m, ev->vpid, ev->ts);
    struct thread *t = thread_get(m, ev->vtid, ev->vpid, ev->ts);
    struct wait wait = {
        .ts = ev->ts,
        .lock = ev->v[WAIT_BEGIN_lock],
        .holder_tid = (uint32_t)ev->v[WAIT_BEGIN_holder_tid],
        .stack = stack_get(m, p, ev->v[WAIT_BEGIN_stack]),
        .kind = (uint8_t)ev->v[WAIT_BEGIN_kind],
    };
    seen_at(lock_get(m, p, wait.lock, wait.kind), wait.stack);
    if (t->wait_count < MODEL_OPEN_WAITS)
        t->waits[t->wait_count++] = wait;
}

/* Takes the open wait that ends off the thread; one whose begin was lost is
 * made from what the end tells. */
static struct wait take_wait(struct thread *t, const struct event *ev)
{
    for (unsigned i = t->wait_count; i-- > 0;) {
        if (t->waits[i].lock != ev->v[WAIT_END_lock])
            continue;
        struct wait wait = t->waits[i];
        t->wait_count = i; /* what was nested in it has lost its end */
        return wait;
    }
    return (struct wait){.ts = ev->v[WAIT_END_begin_ts],
                         .lock = ev->v[WAIT_END_lock],
                         .kind = (uint8_t)ev->v[WAIT_END_kind]};
}

struct holder {
    uint32_t tid;
    uint32_t stack;
};

static void write_wait(struct model *m, struct thread *t, const struct wait *wait, uint64_t end,
                       struct holder holder, int64_t result, bool unfinished)
{
    uint32_t row = thread_row(m, t);
    if (row == MODEL_NO_ROW)
        return;
    uint64_t ts = model_ts(m, wait->ts);
    MODEL_ROW(
        m, LOCK_WAIT, row, [TRACE_LOCK_WAIT_ts] = ts, [TRACE_LOCK_WAIT_dur] = model_ts(m, end) - ts,
        [TRACE_LOCK_WAIT_lock] = wait->lock, [TRACE_LOCK_WAIT_kind] = wait->kind,
        [TRACE_LOCK_WAIT_stack_id] = wait->stack, [TRACE_LOCK_WAIT_holder_tid] = holder.tid,
        [TRACE_LOCK_WAIT_holder_stack_id] = holder.stack,
        [TRACE_LOCK_WAIT_result] = (uint64_t)result, [TRACE_LOCK_WAIT_unfinished] = unfinished);
}

static void count_wait(struct lock *lock, uint64_t ns)
{
    lock->waits++;
    lock->wait_ns += ns;
    if (ns > lock->max_wait_ns)
        lock->max_wait_ns = ns;
}

/* Who ended the wait: the unlocker, or for conditions and their like the last
 * signal sent during it. */
static struct holder wait_ender(struct model *m, struct proc *p, const struct lock *lock,
                                const struct wait *wait, const struct event *ev)
{
    struct holder holder = {(uint32_t)ev->v[WAIT_END_holder_tid],
                            stack_get(m, p, ev->v[WAIT_END_holder_stack])};
    if (!holder.tid && lock->signal_ts >= wait->ts && lock->signal_ts)
        holder = (struct holder){lock->signal_tid, lock->signal_stack};
    if (!holder.tid)
        holder.tid = wait->holder_tid;
    return holder;
}

void lock_wait_end(struct model *m, const struct event *ev)
{
    struct proc *p = proc_get(m, ev->vpid, ev->ts);
    struct thread *t = thread_get(m, ev->vtid, ev->vpid, ev->ts);
    struct wait wait = take_wait(t, ev);
    if (ev->v[WAIT_END_begin_ts])
        wait.ts = ev->v[WAIT_END_begin_ts];
    uint64_t end = ev->ts > wait.ts ? ev->ts : wait.ts;
    struct lock *lock = lock_get(m, p, wait.lock, wait.kind);
    count_wait(lock, end - wait.ts);
    struct holder holder = wait_ender(m, p, lock, &wait, ev);
    write_wait(m, t, &wait, end, holder, (int32_t)ev->v[WAIT_END_result], false);
    struct state_cause cause = lock_cause(&wait);
    if (!m->kernel_sched && holder.tid) {
        cause.waker_tid = holder.tid;
        MODEL_ROW(m, WAKEUP,
                  0, [TRACE_WAKEUP_ts] = model_ts(m, end), [TRACE_WAKEUP_waker_tid] = holder.tid,
                  [TRACE_WAKEUP_wakee_tid] = t->tid, [TRACE_WAKEUP_cpu] = (uint64_t)-1);
    }
    if (wait.kind != TRACE_LOCK_SPIN)
        state_blocked(m, t, wait.ts, end, cause);
}

void lock_hold(struct model *m, const struct event *ev)
{
    struct proc *p = proc_get(m, ev->vpid, ev->ts);
    struct thread *t = thread_get(m, ev->vtid, ev->vpid, ev->ts);
    uint32_t stack = stack_get(m, p, ev->v[HOLD_stack]);
    seen_at(lock_get(m, p, ev->v[HOLD_lock], ev->v[HOLD_kind]), stack);
    uint32_t row = thread_row(m, t);
    if (row == MODEL_NO_ROW)
        return;
    uint64_t ts = model_ts(m, ev->v[HOLD_begin_ts]), end = model_ts(m, ev->ts);
    MODEL_ROW(
        m, LOCK_HOLD,
        row, [TRACE_LOCK_HOLD_ts] = ts, [TRACE_LOCK_HOLD_dur] = end > ts ? end - ts : 0,
        [TRACE_LOCK_HOLD_lock] = ev->v[HOLD_lock], [TRACE_LOCK_HOLD_kind] = ev->v[HOLD_kind],
        [TRACE_LOCK_HOLD_contended] = ev->v[HOLD_contended], [TRACE_LOCK_HOLD_stack_id] = stack);
}

void lock_signal(struct model *m, const struct event *ev)
{
    struct proc *p = proc_get(m, ev->vpid, ev->ts);
    struct lock *lock = lock_get(m, p, ev->v[SIGNAL_lock], ev->v[SIGNAL_kind]);
    thread_get(m, ev->vtid, ev->vpid, ev->ts);
    lock->signal_ts = ev->ts;
    lock->signal_tid = ev->vtid;
    lock->signal_stack = stack_get(m, p, ev->v[SIGNAL_stack]);
}

void lock_stat(struct model *m, const struct event *ev)
{
    struct proc *p = proc_get(m, ev->vpid, ev->ts);
    struct lock *lock = lock_get(m, p, ev->v[LOCK_STAT_lock], ev->v[LOCK_STAT_kind]);
    lock->acquisitions = ev->v[LOCK_STAT_acquisitions];
    lock->contentions = ev->v[LOCK_STAT_contentions];
    if (ev->v[LOCK_STAT_stack])
        lock->first_stack = stack_get(m, p, ev->v[LOCK_STAT_stack]);
}

void lock_close(struct model *m, struct thread *t, uint64_t end)
{
    for (unsigned i = 0; i < t->wait_count; i++) {
        const struct wait *wait = &t->waits[i];
        uint64_t wait_end = end > wait->ts ? end : wait->ts;
        struct holder holder = {.tid = wait->holder_tid};
        write_wait(m, t, wait, wait_end, holder, 0, true);
        if (t->proc)
            count_wait(lock_get(m, t->proc, wait->lock, wait->kind), wait_end - wait->ts);
        if (wait->kind != TRACE_LOCK_SPIN)
            state_blocked(m, t, wait->ts, wait_end, lock_cause(wait));
    }
    t->wait_count = 0;
}

/* "the_mutex" where the address is a variable's, else "0x55d0 (bioInit)". */
static uint32_t lock_name(struct model *m, const struct proc *p, const struct lock *lock)
{
    const char *symbol = stack_data_symbol(m, p, lock->addr);
    if (symbol)
        return model_str(m, symbol);
    const char *site = stack_site(m, lock->first_stack ? lock->first_stack : lock->seen_stack);
    unsigned long long addr = lock->addr;
    char name[256];
    if (site)
        snprintf(name, sizeof name, "0x%llx (%.200s)", addr, site);
    else
        snprintf(name, sizeof name, "0x%llx", addr);
    return model_str(m, name);
}

void lock_finish(struct model *m, struct proc *p)
{
    for (const struct lock *lock = p->lock_list; lock; lock = lock->next) {
        uint64_t contentions = lock->contentions > lock->waits ? lock->contentions : lock->waits;
        uint64_t acquisitions = lock->acquisitions > contentions ? lock->acquisitions : contentions;
        MODEL_ROW(
            m, LOCK, 0, [TRACE_LOCK_lock] = lock->addr, [TRACE_LOCK_kind] = lock->kind,
            [TRACE_LOCK_name] = lock_name(m, p, lock), [TRACE_LOCK_acquisitions] = acquisitions,
            [TRACE_LOCK_contentions] = contentions, [TRACE_LOCK_wait_ns] = lock->wait_ns,
            [TRACE_LOCK_max_wait_ns] = lock->max_wait_ns, [TRACE_LOCK_pid] = p->pid);
    }
}
