/* kernel: the programs on scheduler and system call tracepoints. Each looks the
 * thread up in `tasks` first, so a thread that is not traced pays one hash
 * look-up, and writes finished records of tracepoints/events.h into the ring of
 * its cpu: the collector copies words and decodes nothing.
 *
 * A record's time is taken AFTER its room was reserved, or backdated by at most
 * COLLECT_BACKDATE_NS. So whoever reads a ring up to the producer's position after
 * time T has all its records before T less that: the collector's watermark rests
 * on it (batch.h). */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "kernel_types.h"
#include "shared.h"
#include "tracepoints/events.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

enum {
    STATE_BITS = 0xffff,
    STATE_DEAD = 0x80,  /* TASK_DEAD: the switch a thread does not come back from */
    SOFTIRQ_NET_TX = 2, /* numbers of soft interrupts */
    SOFTIRQ_IRQ_POLL = 5,
    STRETCH_NS = 16000000,
    DISTANCE_OLD_NS = 500000000, /* clocks drift: an old distance between them is none */
};

/* Set by the collector before loading. */
const volatile bool switch_has_state = true; /* sched_switch's fourth argument (5.18) */
const volatile bool want_sched = true;
const volatile __u8 arg_counts[COLLECT_MAX_SYSCALLS];

/* Shared with the collector while running. */
struct collect_loss losses[COLLECT_CLASSES][COLLECT_MAX_CPUS];
struct collect_current currents[COLLECT_MAX_CPUS];
__u64 tasks_refused; /* threads born when `tasks` was full */

struct ring {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, 1);
    __type(key, __u32);
    __array(values, struct ring);
} rings SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, COLLECT_MAX_TASKS);
    __type(key, __u32);
    __type(value, struct collect_task);
} tasks SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 8192);
    __type(key, __u32);
    __type(value, struct collect_seed);
} seeds SEC(".maps");

/* Processes being added: a thread born while the collector still lists the
 * others is traced even where its parent is not yet in `tasks`. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1024);
    __type(key, __u32);
    __type(value, __u8);
} adding SEC(".maps");

static __always_inline struct collect_task *task_find(__u32 tid)
{
    return tid ? bpf_map_lookup_elem(&tasks, &tid) : NULL;
}

static __always_inline void loss_count(enum collect_class class, __u32 cpu)
{
    if (cpu >= COLLECT_MAX_CPUS)
        return;
    struct collect_loss *loss = &losses[class][cpu];
    __u64 now = bpf_ktime_get_ns();
    if (!loss->first_ts)
        loss->first_ts = now;
    loss->last_ts = now;
    __sync_fetch_and_add(&loss->count, 1);
}

/* Room for `words` (a constant) in this cpu's ring, or NULL and a loss counted. */
static __always_inline __u64 *reserve(enum collect_class class, __u32 cpu, __u32 words)
{
    void *ring = bpf_map_lookup_elem(&rings, &cpu);
    __u64 *rec = ring ? bpf_ringbuf_reserve(ring, words * sizeof(__u64), 0) : NULL;
    if (!rec)
        loss_count(class, cpu);
    return rec;
}

/* The collector polls: a wake-up an event would cost more than all the rest. */
static __always_inline void submit(__u64 *rec)
{
    bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
}

static __always_inline __u32 cpu_now(void)
{
    return bpf_get_smp_processor_id();
}

static __always_inline __u32 state_of(struct bpf_raw_tracepoint_args *ctx)
{
    struct task_struct *prev = (void *)ctx->args[1];
    if (ctx->args[0])
        return 0; /* preempted on its way to sleep: runs on later */
    if (switch_has_state)
        return ctx->args[3] & STATE_BITS;
    if (bpf_core_field_exists(prev->__state))
        return BPF_CORE_READ(prev, __state) & STATE_BITS;
    return BPF_CORE_READ((struct task_struct___before_5_14 *)prev, state) & STATE_BITS;
}

/* The system call a thread is in, + 1. */
static __always_inline __u32 call_of(struct collect_task *task, __u32 tid)
{
    if (task->entry_seen)
        return task->nr_plus1;
    struct collect_seed *seed = bpf_map_lookup_elem(&seeds, &tid);
    return seed ? seed->nr + 1 : 0;
}

/* WHEN A SWITCH HAPPENS. The scheduler charges one thread up to, and the next from, its
 * latest look at the clock. That is some 0.2 us before the tracepoint, but after a wake
 * that makes the cpu switch it is the time of the wake, and the switch comes microseconds
 * later: while the one thread goes on to it, or the cpu comes out of idle, the other is
 * charged already. Told as of the tracepoint, nginx under load would have run 7 % longer
 * than its CPU time. So a switch is told as of the charge; and with the end of a stay on a
 * cpu goes what the hypervisor and interrupts took of it. What is left is the CPU time
 * that /proc tells.
 *
 * CLOCK_MONOTONIC less what the scheduler saw is never less than the distance of the two
 * clocks, and often hardly more: so the least one lately is that. */
struct charge {
    __u64 ts;       /* CLOCK_MONOTONIC, now */
    __u64 late_ns;  /* since the scheduler's latest look at its clock */
    __u64 clock;    /* what it saw, as threads are charged */
    __u64 taken_ns; /* from this cpu so far */
    bool known;     /* the fields but ts are */
};

static __always_inline __s64 distance_note(struct collect_current *c, __s64 distance_ns, __u64 now)
{
    if (now - c->noted_ts > DISTANCE_OLD_NS) {
        c->distance_ns[0] = c->distance_ns[1] = distance_ns;
        c->stretch_ts = now;
    } else if (now - c->stretch_ts > STRETCH_NS) {
        c->distance_ns[1] = c->distance_ns[0];
        c->distance_ns[0] = distance_ns;
        c->stretch_ts = now;
    } else if (distance_ns < c->distance_ns[0]) {
        c->distance_ns[0] = distance_ns;
    }
    c->noted_ts = now;
    return c->distance_ns[0] < c->distance_ns[1] ? c->distance_ns[0] : c->distance_ns[1];
}

/* p is on this cpu. */
static __always_inline void charge_read(struct charge *at, struct collect_current *c,
                                        struct task_struct *p)
{
    at->ts = bpf_ktime_get_ns();
    at->known = bpf_core_field_exists(p->se.cfs_rq);
    if (!at->known)
        return;
    const struct rq *rq = BPF_CORE_READ(p, se.cfs_rq, rq);
    __u64 clock = BPF_CORE_READ(rq, clock);
    __s64 distance_ns = at->ts - clock;
    at->late_ns = distance_ns - distance_note(c, distance_ns, at->ts);
    at->clock = BPF_CORE_READ(rq, clock_task);
    at->taken_ns = clock - at->clock;
}

/* Up to where, or from where, p is charged. */
static __always_inline __u64 charge_ts(const struct charge *at, struct task_struct *p, __u64 after)
{
    if (!at->known)
        return at->ts;
    __s64 back = at->late_ns + at->clock - BPF_CORE_READ(p, se.exec_start);
    if (back < 0)
        back = 0;
    __u64 ts = at->ts - (back < COLLECT_BACKDATE_NS ? back : COLLECT_BACKDATE_NS);
    return ts > after ? ts : after + 1;
}

/* As in a SWITCH_OUT record. */
static __always_inline __u64 taken_bits(__u64 ns)
{
    __u32 exponent = 0;
#pragma unroll
    for (__u32 step = 16; step; step /= 2)
        if (ns >> exponent >> step >= WHYPROF_KERNEL_TAKEN_END / 2)
            exponent += step;
    return ns >> exponent | (__u64)exponent << WHYPROF_KERNEL_TAKEN_BITS;
}

static __always_inline void put_out(__u64 *rec, struct bpf_raw_tracepoint_args *ctx, __u32 cpu,
                                    __u32 tid, struct collect_task *task, const struct charge *at)
{
    struct task_struct *leaves = (void *)ctx->args[1];
    __u32 call = call_of(task, tid);
    __u64 taken_ns = at->known && task->came_taken_ns ? at->taken_ns + 1 - task->came_taken_ns : 0;
    task->place = COLLECT_PLACE_OFF;
    task->charged_ns = BPF_CORE_READ(leaves, se.sum_exec_runtime);
    rec[0] = WHYPROF_KERNEL_HEAD(WHYPROF_KERNEL_SWITCH_OUT, 3, cpu, tid);
    rec[1] = task->idle_ts = charge_ts(at, leaves, task->busy_ts);
    rec[2] = state_of(ctx) | (__u64)(ctx->args[0] ? 1 : 0) << 16 | taken_bits(taken_ns) << 17 |
             (__u64)call << 32;
}

static __always_inline void put_exit(__u64 *rec, struct task_struct *task, __u32 cpu, __u32 tid,
                                     __u32 pid, bool last, __u64 ts)
{
    rec[0] = WHYPROF_KERNEL_HEAD(WHYPROF_KERNEL_EXIT, 5, cpu, tid);
    rec[1] = ts;
    rec[2] = pid | (__u64)last << 32;
    rec[3] = (__u32)BPF_CORE_READ(task, exit_code);
    rec[4] = BPF_CORE_READ(task, se.sum_exec_runtime);
}

/* A thread's last switch: its end, with all the CPU time it had. */
static __always_inline void switch_dead(struct bpf_raw_tracepoint_args *ctx,
                                        struct collect_current *c, __u32 cpu, __u32 tid,
                                        struct collect_task *task)
{
    struct charge at;
    __u64 *rec = reserve(COLLECT_SCHED, cpu, 8);
    if (rec) {
        charge_read(&at, c, (void *)ctx->args[1]);
        put_out(rec, ctx, cpu, tid, task, &at);
        put_exit(rec + 3, (void *)ctx->args[1], cpu, tid, bpf_get_current_pid_tgid() >> 32,
                 task->last, rec[1]);
        submit(rec);
    }
    bpf_map_delete_elem(&tasks, &tid);
}

/* came_taken_ns: taken from the cpu so far + 1, or 0: not known. */
static __always_inline void put_in(__u64 *rec, __u32 cpu, __u32 tid, struct collect_task *task,
                                   __u64 ts, __u64 came_taken_ns)
{
    task->place = COLLECT_PLACE_CPU;
    task->busy_ts = ts;
    task->came_taken_ns = came_taken_ns;
    rec[0] = WHYPROF_KERNEL_HEAD(WHYPROF_KERNEL_SWITCH_IN, 2, cpu, tid);
    rec[1] = ts;
}

/* A thread that is on a cpu it was never seen to come to: its SWITCH_IN found no room, or
 * the switch had no tracepoint (some guests' agents hide theirs). It gets one now, at the
 * time that what it was charged since it left tells. */
static __always_inline void put_missed_in(struct task_struct *p, struct collect_current *c,
                                          __u32 cpu, __u32 tid, struct collect_task *task)
{
    struct charge at;
    __u64 *rec = reserve(COLLECT_SCHED, cpu, 2);
    if (!rec)
        return;
    charge_read(&at, c, p);
    __u64 ts = charge_ts(&at, p, 0);
    __u64 charged_ns = BPF_CORE_READ(p, se.sum_exec_runtime) - task->charged_ns;
    __u64 least = at.ts - COLLECT_BACKDATE_NS;
    ts = charged_ns < ts - least ? ts - charged_ns : least;
    put_in(rec, cpu, tid, task, ts > task->idle_ts ? ts : task->idle_ts + 1, 0);
    submit(rec);
}

/* The same, where that comes to light while it runs. */
static __always_inline void current_missed_in(__u32 cpu, __u32 tid, struct collect_task *task)
{
    if (want_sched && task->place == COLLECT_PLACE_OFF && cpu < COLLECT_MAX_CPUS)
        put_missed_in((void *)bpf_get_current_task(), &currents[cpu], cpu, tid, task);
}

static __always_inline void switch_both(struct bpf_raw_tracepoint_args *ctx,
                                        struct collect_current *c, __u32 cpu, __u32 out_tid,
                                        struct collect_task *out, __u32 in_tid,
                                        struct collect_task *in)
{
    struct charge at;
    __u64 *rec = reserve(COLLECT_SCHED, cpu, 5);
    if (!rec)
        return;
    charge_read(&at, c, (void *)ctx->args[1]);
    put_out(rec, ctx, cpu, out_tid, out, &at);
    put_in(rec + 3, cpu, in_tid, in, charge_ts(&at, (void *)ctx->args[2], in->idle_ts),
           at.known ? at.taken_ns + 1 : 0);
    submit(rec);
}

static __always_inline void switch_out(struct bpf_raw_tracepoint_args *ctx,
                                       struct collect_current *c, __u32 cpu, __u32 tid,
                                       struct collect_task *task)
{
    struct charge at;
    __u64 *rec = reserve(COLLECT_SCHED, cpu, 3);
    if (!rec)
        return;
    charge_read(&at, c, (void *)ctx->args[1]);
    put_out(rec, ctx, cpu, tid, task, &at);
    submit(rec);
}

static __always_inline void switch_in(struct bpf_raw_tracepoint_args *ctx,
                                      struct collect_current *c, __u32 cpu, __u32 tid,
                                      struct collect_task *task)
{
    struct charge at;
    __u64 *rec = reserve(COLLECT_SCHED, cpu, 2);
    if (!rec)
        return;
    charge_read(&at, c, (void *)ctx->args[1]);
    put_in(rec, cpu, tid, task, charge_ts(&at, (void *)ctx->args[2], task->idle_ts),
           at.known ? at.taken_ns + 1 : 0);
    submit(rec);
}

SEC("raw_tp/sched_switch")
int on_switch(struct bpf_raw_tracepoint_args *ctx)
{
    struct task_struct *prev = (void *)ctx->args[1], *next = (void *)ctx->args[2];
    struct charge ignored;
    __u32 cpu = cpu_now();
    __u32 out_tid = bpf_get_current_pid_tgid(); /* still the one that leaves */
    __u32 in_tid = BPF_CORE_READ(next, pid);
    if (cpu >= COLLECT_MAX_CPUS)
        return 0;
    struct collect_current *c = &currents[cpu];
    struct collect_task *out = task_find(out_tid);
    struct collect_task *in = task_find(in_tid);
    if (out && out->place == COLLECT_PLACE_OFF)
        put_missed_in(prev, c, cpu, out_tid, out);
    if (out && (state_of(ctx) & STATE_DEAD)) {
        switch_dead(ctx, c, cpu, out_tid, out);
        out = NULL;
    }
    if (out && in)
        switch_both(ctx, c, cpu, out_tid, out, in_tid, in);
    else if (out)
        switch_out(ctx, c, cpu, out_tid, out);
    else if (in)
        switch_in(ctx, c, cpu, in_tid, in);
    else
        charge_read(&ignored, c, prev); /* keeps the clocks' distance fresh */
    c->tid = in_tid;
    c->interrupts = 0; /* no handler switches: heals a count that went wrong */
    return 0;
}

/* In an interrupt the current thread is a bystander, not the waker. */
static __always_inline void interrupts_add(int n)
{
    __u32 cpu = cpu_now();
    if (cpu < COLLECT_MAX_CPUS)
        currents[cpu].interrupts += n;
}

/* Network and block soft interrupts do not count: on a loopback connection they
 * run inside the sender's own call, and the sender is the one who woke. */
static __always_inline bool softirq_counts(__u32 number)
{
    return number < SOFTIRQ_NET_TX || number > SOFTIRQ_IRQ_POLL;
}

SEC("raw_tp/irq_handler_entry")
int on_irq_entry(void *ctx)
{
    interrupts_add(1);
    return 0;
}

SEC("raw_tp/irq_handler_exit")
int on_irq_exit(void *ctx)
{
    interrupts_add(-1);
    return 0;
}

SEC("raw_tp/local_timer_entry")
int on_timer_entry(void *ctx)
{
    __u32 tid = bpf_get_current_pid_tgid();
    struct collect_task *task = task_find(tid);
    if (task)
        current_missed_in(cpu_now(), tid, task);
    interrupts_add(1);
    return 0;
}

SEC("raw_tp/local_timer_exit")
int on_timer_exit(void *ctx)
{
    interrupts_add(-1);
    return 0;
}

SEC("raw_tp/softirq_entry")
int on_softirq_entry(struct bpf_raw_tracepoint_args *ctx)
{
    if (softirq_counts(ctx->args[0]))
        interrupts_add(1);
    return 0;
}

SEC("raw_tp/softirq_exit")
int on_softirq_exit(struct bpf_raw_tracepoint_args *ctx)
{
    if (softirq_counts(ctx->args[0]))
        interrupts_add(-1);
    return 0;
}

static __always_inline int waking(struct task_struct *wakee, bool born)
{
    __u32 tid = BPF_CORE_READ(wakee, pid);
    struct collect_task *task = task_find(tid);
    if (!task)
        return 0;
    __u32 cpu = cpu_now();
    bool bystander = cpu < COLLECT_MAX_CPUS && currents[cpu].interrupts > 0;
    __u64 waker = bystander ? 0 : bpf_get_current_pid_tgid();
    __u64 *rec = reserve(COLLECT_SCHED, cpu, 3);
    if (!rec)
        return 0;
    rec[0] = WHYPROF_KERNEL_HEAD(WHYPROF_KERNEL_WAKING, 3, cpu, tid);
    __u64 now = bpf_ktime_get_ns();
    /* The newly born is charged from some time between its FORK and this tracepoint. */
    bool at_fork = born && now - task->idle_ts < COLLECT_BACKDATE_NS;
    rec[1] = task->idle_ts = at_fork ? task->idle_ts + 1 : now;
    rec[2] = waker;
    submit(rec);
    return 0;
}

SEC("raw_tp/sched_waking")
int on_waking(struct bpf_raw_tracepoint_args *ctx)
{
    return waking((void *)ctx->args[0], false);
}

SEC("raw_tp/sched_wakeup_new")
int on_wakeup_new(struct bpf_raw_tracepoint_args *ctx)
{
    return waking((void *)ctx->args[0], true);
}

SEC("raw_tp/sched_process_fork")
int on_fork(struct bpf_raw_tracepoint_args *ctx)
{
    struct task_struct *child = (void *)ctx->args[1];
    __u64 parent = bpf_get_current_pid_tgid();
    __u32 pid = parent >> 32;
    struct collect_task *parent_task = task_find(parent);
    if (!parent_task && !bpf_map_lookup_elem(&adding, &pid))
        return 0;
    __u32 cpu = cpu_now();
    __u64 *rec = reserve(COLLECT_SCHED, cpu, 5);
    struct collect_task task = {
        .idle_ts = bpf_ktime_get_ns(),
        .place = COLLECT_PLACE_OFF,
        .entry_seen = 1, /* its way out of fork is no call's end */
    };
    __u32 tid = BPF_CORE_READ(child, pid);
    if (parent_task)
        parent_task->busy_ts = task.idle_ts;
    if (bpf_map_update_elem(&tasks, &tid, &task, BPF_ANY))
        __sync_fetch_and_add(&tasks_refused, 1);
    if (!rec)
        return 0;
    rec[0] = WHYPROF_KERNEL_HEAD(WHYPROF_KERNEL_FORK, 5, cpu, (__u32)parent);
    rec[1] = task.idle_ts;
    rec[2] = tid | (__u64)BPF_CORE_READ(child, tgid) << 32;
    bpf_probe_read_kernel(&rec[3], 16, &child->comm);
    submit(rec);
    return 0;
}

/* The old leader is on its last steps under an id that is no longer its own. */
static __always_inline void put_leader_out(__u32 cpu, __u32 tid)
{
    __u64 *rec = reserve(COLLECT_SCHED, cpu, 3);
    if (!rec)
        return;
    rec[0] = WHYPROF_KERNEL_HEAD(WHYPROF_KERNEL_SWITCH_OUT, 3, cpu, tid);
    rec[1] = bpf_ktime_get_ns();
    rec[2] = STATE_DEAD;
    submit(rec);
}

/* A thread other than the leader takes the leader's id over by exec: its own
 * ends, and the id it takes is the one that runs. */
static __always_inline void take_leader_id(struct task_struct *p, __u32 cpu, __u32 old_tid,
                                           __u32 tid)
{
    struct collect_task *old = task_find(old_tid);
    if (!old)
        return;
    struct collect_task task = *old, *leader = task_find(tid);
    if (leader && leader->place == COLLECT_PLACE_CPU)
        put_leader_out(cpu, tid);
    task.place = COLLECT_PLACE_CPU;
    bpf_map_update_elem(&tasks, &tid, &task, BPF_ANY);
    bpf_map_delete_elem(&tasks, &old_tid);
    __u64 *rec = reserve(COLLECT_SCHED, cpu, 10);
    if (!rec)
        return;
    __u64 now = bpf_ktime_get_ns();
    rec[0] = WHYPROF_KERNEL_HEAD(WHYPROF_KERNEL_SWITCH_OUT, 3, cpu, old_tid);
    rec[1] = now;
    rec[2] = STATE_DEAD;
    put_exit(rec + 3, p, cpu, old_tid, tid, false, now);
    rec[8] = WHYPROF_KERNEL_HEAD(WHYPROF_KERNEL_SWITCH_IN, 2, cpu, tid);
    rec[9] = now;
    submit(rec);
}

SEC("raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args *ctx)
{
    struct task_struct *p = (void *)ctx->args[0];
    __u32 old_tid = ctx->args[1];
    __u64 id = bpf_get_current_pid_tgid();
    __u32 tid = id;
    __u32 cpu = cpu_now();
    if (old_tid != tid)
        take_leader_id(p, cpu, old_tid, tid);
    struct collect_task *task = task_find(tid);
    if (!task)
        return 0;
    __u64 *rec = reserve(COLLECT_SCHED, cpu, 5);
    if (!rec)
        return 0;
    rec[0] = WHYPROF_KERNEL_HEAD(WHYPROF_KERNEL_EXEC, 5, cpu, tid);
    rec[1] = task->busy_ts = bpf_ktime_get_ns();
    rec[2] = id >> 32;
    bpf_probe_read_kernel(&rec[3], 16, &p->comm);
    submit(rec);
    return 0;
}

SEC("raw_tp/task_rename")
int on_rename(struct bpf_raw_tracepoint_args *ctx)
{
    struct task_struct *p = (void *)ctx->args[0];
    __u32 tid = BPF_CORE_READ(p, pid);
    if (!task_find(tid))
        return 0;
    __u32 cpu = cpu_now();
    __u64 *rec = reserve(COLLECT_SCHED, cpu, 5);
    if (!rec)
        return 0;
    rec[0] = WHYPROF_KERNEL_HEAD(WHYPROF_KERNEL_NAME, 5, cpu, tid);
    rec[1] = bpf_ktime_get_ns();
    rec[2] = BPF_CORE_READ(p, tgid);
    bpf_probe_read_kernel(&rec[3], 16, (void *)ctx->args[1]);
    submit(rec);
    return 0;
}

static __always_inline __u32 arg_count(__u32 nr)
{
    return nr < COLLECT_MAX_SYSCALLS ? arg_counts[nr] : COLLECT_MAX_ARGS;
}

/* `args` is a constant in each use: the verifier wants a record's size known. */
static __always_inline void put_call(__u32 cpu, __u32 tid, __u32 nr, __u64 begin_ts,
                                     const __u64 *from, __u32 args, bool open, __s64 ret)
{
    __u32 fixed = open ? 4 : 5;
    __u64 *rec = reserve(COLLECT_SYSCALL, cpu, fixed + args);
    if (!rec)
        return;
    rec[0] = WHYPROF_KERNEL_HEAD(open ? WHYPROF_KERNEL_SYSCALL_OPEN : WHYPROF_KERNEL_SYSCALL,
                                 fixed + args, cpu, tid);
    rec[1] = bpf_ktime_get_ns();
    rec[2] = nr | (__u64)args << 32;
    rec[3] = begin_ts;
    if (!open)
        rec[4] = ret;
#pragma unroll
    for (__u32 i = 0; i < COLLECT_MAX_ARGS; i++)
        if (i < args)
            rec[fixed + i] = from[i];
    submit(rec);
}

static __always_inline void put_any_call(__u32 tid, __u32 nr, __u64 begin_ts, const __u64 *args,
                                         bool open, __s64 ret)
{
    __u32 cpu = cpu_now();
    switch (arg_count(nr)) {
    case 0:
        return put_call(cpu, tid, nr, begin_ts, args, 0, open, ret);
    case 1:
        return put_call(cpu, tid, nr, begin_ts, args, 1, open, ret);
    case 2:
        return put_call(cpu, tid, nr, begin_ts, args, 2, open, ret);
    case 3:
        return put_call(cpu, tid, nr, begin_ts, args, 3, open, ret);
    case 4:
        return put_call(cpu, tid, nr, begin_ts, args, 4, open, ret);
    case 5:
        return put_call(cpu, tid, nr, begin_ts, args, 5, open, ret);
    default:
        return put_call(cpu, tid, nr, begin_ts, args, 6, open, ret);
    }
}

SEC("raw_tp/sched_process_exit")
int on_exit(struct bpf_raw_tracepoint_args *ctx)
{
    struct task_struct *p = (void *)ctx->args[0];
    __u64 id = bpf_get_current_pid_tgid();
    __u32 tid = id;
    struct collect_task *task = task_find(tid);
    if (!task)
        return 0;
    task->last = BPF_CORE_READ(p, signal, live.counter) == 0;
    if (task->nr_plus1) {
        put_any_call(tid, task->nr_plus1 - 1, task->begin_ts, task->args, true, 0);
        task->nr_plus1 = 0;
    }
    if (want_sched)
        return 0; /* its last switch tells its end */
    __u32 cpu = cpu_now();
    __u64 *rec = reserve(COLLECT_SCHED, cpu, 5);
    if (rec) {
        put_exit(rec, p, cpu, tid, id >> 32, task->last, bpf_ktime_get_ns());
        submit(rec);
    }
    bpf_map_delete_elem(&tasks, &tid);
    return 0;
}

static __always_inline __u32 read_args(const void *regs, __u64 *args, __u32 nr)
{
    struct call_regs r;
    if (bpf_probe_read_kernel(&r, sizeof r, regs + CALL_REGS_OFF))
        return nr;
#if defined(__TARGET_ARCH_x86)
    if (r.cs == USER32_CS) {
        __u64 compat[COLLECT_MAX_ARGS];
        bpf_probe_read_kernel(compat, sizeof compat, regs); /* bx and bp are below r10 */
        args[0] = compat[5], args[1] = r.cx, args[2] = r.dx;
        args[3] = r.si, args[4] = r.di, args[5] = compat[4];
        return nr | COLLECT_COMPAT_NR;
    }
    args[0] = r.di, args[1] = r.si, args[2] = r.dx;
    args[3] = r.r10, args[4] = r.r8, args[5] = r.r9;
#else
    __builtin_memcpy(args, r.x, sizeof r.x);
#endif
    return nr;
}

SEC("raw_tp/sys_enter")
int on_sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
    __u32 tid = bpf_get_current_pid_tgid();
    struct collect_task *task = task_find(tid);
    if (!task)
        return 0;
    __u32 nr = read_args((const void *)ctx->args[0], task->args, ctx->args[1]);
    task->entry_seen = 1;
    task->nr_plus1 = nr + 1;
    task->begin_ts = bpf_ktime_get_ns();
    return 0;
}

SEC("raw_tp/sys_exit")
int on_sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
    __u32 tid = bpf_get_current_pid_tgid();
    struct collect_task *task = task_find(tid);
    if (!task)
        return 0;
    __s64 ret = ctx->args[1];
    current_missed_in(cpu_now(), tid, task);
    if (task->nr_plus1) {
        put_any_call(tid, task->nr_plus1 - 1, task->begin_ts, task->args, false, ret);
        task->nr_plus1 = 0;
    } else if (!task->entry_seen) {
        task->entry_seen = 1;
        struct collect_seed *seed = bpf_map_lookup_elem(&seeds, &tid);
        if (seed)
            put_any_call(tid, seed->nr, seed->begin_ts, seed->args, false, ret);
    }
    return 0;
}
