/* Locks on the path: what their holders did meanwhile tells what is wrong. */
#include "analyze/findings.h"

#include <inttypes.h>

static const char *lock_sql(struct find *f, const struct analyze_cause *c)
{
    return find_printf(f,
                       "SELECT tid, ts, ns(dur), holder_tid, stack_id, holder_stack_id FROM "
                       "lock_wait WHERE lock = %" PRIu64 " ORDER BY dur DESC LIMIT 20",
                       c->object);
}

/* With as many CPUs as ran, the program's CPU time takes at least so long: taking a
 * lock away makes no computation shorter. */
static uint64_t cap_by_cpu(struct find *f, uint64_t save)
{
    const struct analyze_concurrency *c = &f->why->concurrency;
    if (f->why->scope.kind != ANALYZE_SCOPE_PROGRAM || !c->cpus)
        return save;
    uint64_t length = f->why->causes.length_ns, least = c->cpu_ns / c->cpus;
    uint64_t most = length > least ? length - least : 0;
    return save < most ? save : most;
}

static void say_waits(struct find *f, struct analyze_finding *found, const struct analyze_cause *c)
{
    find_evidence(f, found, "%s waits for %s on the path, %s in all, the longest %s; mostly by %s",
                  find_count(f, c->waits), c->what, find_ns(f, c->path_ns),
                  find_ns(f, c->longest.dur_ns), find_place(f, c->waiter));
    find_evidence(
        f, found, "meanwhile its holder was running %s, queueing for a CPU %s, blocked %s",
        find_share(f, c->end_running_ns, c->path_ns), find_share(f, c->end_runnable_ns, c->path_ns),
        find_share(f, c->end_blocked_ns, c->path_ns));
    found->object = c->what;
    found->queueing_ns = c->wake_ns;
    found->sql = lock_sql(f, c);
    found->stack_id = c->stack_id;
    found->longest = c->longest;
}

/* Who holds it, and the function that lets go of it: that one decides how long. Where
 * the agent did not see the unlock, it is what the holder was found in. */
static struct analyze_place holder_of(struct find *f, const struct analyze_cause *c)
{
    struct analyze_place at = c->holder;
    for (size_t i = 0; i < f->locks.count; i++) {
        const struct analyze_lock *l = &f->locks.v[i];
        if (l->lock != c->object || l->pid != c->pid || !*l->holder)
            continue;
        at.function = l->holder;
        at.tid = l->holder_tid ? l->holder_tid : at.tid;
    }
    return at;
}

static void add_convoy(struct find *f, const struct analyze_cause *c)
{
    uint64_t save = cap_by_cpu(f, c->path_ns + c->wake_ns);
    if (save < f->threshold_ns)
        return;
    struct analyze_place at = holder_of(f, c);
    struct analyze_finding *found = find_add(f, ANALYZE_LOCK_CONVOY, save, at);
    found->answer = find_printf(f, "threads queue for %s, which %s holds while it computes",
                                c->what, find_place(f, at));
    say_waits(f, found, c);
    if (*c->holder.function && strcmp(c->holder.function, at.function))
        find_evidence(f, found, "the holder was then mostly in %s", c->holder.function);
    found->advice = "Do the work before taking the lock, and hold it only to publish the result; "
                    "or split what it protects (a lock for each part, a copy for each thread).";
}

static void add_across_wait(struct find *f, const struct analyze_cause *c)
{
    struct analyze_place at = holder_of(f, c);
    struct analyze_finding *found = find_add(f, ANALYZE_LOCK_IO, c->path_ns + c->wake_ns, at);
    const char *call = *c->holder_call ? c->holder_call : "a wait";
    const char *on = *c->holder_file ? find_printf(f, " on %s", c->holder_file) : "";
    found->answer = find_printf(f, "threads wait for %s, which %s holds across %s%s", c->what,
                                find_place(f, at), call, on);
    say_waits(f, found, c);
    found->advice = "Take what is to be written (or slept for) under the lock, release it, and "
                    "only then do the slow call.";
}

static void add_inversion(struct find *f, const struct analyze_cause *c)
{
    struct analyze_place at = holder_of(f, c);
    struct analyze_finding *found =
        find_add(f, ANALYZE_PRIORITY_INVERSION, c->path_ns + c->wake_ns, at);
    found->answer = find_printf(f,
                                "threads wait for %s, whose holder, %s, is itself kept from "
                                "running: it queues for a CPU",
                                c->what, find_place(f, at));
    say_waits(f, found, c);
    found->queueing_ns += c->end_runnable_ns;
    found->advice = "Give the holder at least the priority of those that wait for it "
                    "(PTHREAD_PRIO_INHERIT), or keep other work off its CPU.";
}

/* Hand-overs are no locks: nobody holds a semaphore or a barrier. */
static bool is_held(const struct analyze_cause *c)
{
    return c->reason == TRACE_REASON_LOCK && c->object && c->lock_kind != TRACE_LOCK_SEM &&
           c->lock_kind != TRACE_LOCK_BARRIER && c->lock_kind != TRACE_LOCK_ONCE;
}

void find_locks(struct find *f)
{
    const struct analyze_causes *causes = &f->why->causes;
    const struct analyze_concurrency *cpu = &f->why->concurrency;
    bool own = cpu->excess_ns >= cpu->runnable_ns / 2;
    for (size_t i = 0; i < causes->count; i++) {
        const struct analyze_cause *c = &causes->v[i];
        if (c->path_ns < f->threshold_ns || !is_held(c) || c->self_ns > c->path_ns / 2)
            continue;
        /* where other programs had the CPU, queueing is not the lock's fault */
        if (own && c->end_runnable_ns > c->path_ns / 2)
            add_inversion(f, c);
        else if (c->end_blocked_ns > c->end_running_ns)
            add_across_wait(f, c);
        else
            add_convoy(f, c);
    }
}
