/* The CPU: who queues for it, and when it is not used although there is work. */
#include "analyze/findings.h"

#include <inttypes.h>

/* Queueing of a lock's holder is told with the lock; who spins gives the CPU away. */
static uint64_t told_of_queueing(struct find *f)
{
    uint64_t told = 0, all = f->why->causes.class_ns[TRACE_RUNNABLE];
    for (size_t i = 0; i < f->count; i++)
        if (f->v[i].queueing_ns)
            told += f->v[i].queueing_ns;
        else if (f->v[i].kind == ANALYZE_SPINNING || f->v[i].kind == ANALYZE_BUSY_POLL)
            told += f->v[i].save_ns;
        else if (f->v[i].kind == ANALYZE_HERD)
            told = all; /* a crowd that comes and goes at once is no lack of CPUs */
    return told < all ? told : all;
}

static void add_queueing(struct find *f, bool own, uint64_t ns, uint64_t all)
{
    const struct analyze_concurrency *c = &f->why->concurrency;
    const struct analyze_causes *causes = &f->why->causes;
    struct analyze_place at = {causes->thread_count ? causes->threads[0].tid : 0, ""};
    if (ns < f->threshold_ns)
        return;
    at.function = find_hot_function(f, at.tid);
    struct analyze_finding *found =
        find_add(f, own ? ANALYZE_OVERSUBSCRIBED : ANALYZE_CPU_TAKEN, ns, at);
    found->answer = own ? find_printf(f,
                                      "threads that could run queue for a CPU, because %" PRIu64
                                      " of the program's own want the %" PRIu64 " there are",
                                      c->workers, c->cpus)
                        : "threads that could run queue for a CPU that other programs have";
    find_evidence(f, found, "queueing on the path: %s; all threads together: %s", find_ns(f, ns),
                  find_ns(f, c->runnable_ns));
    for (size_t i = 0; i < c->culprit_count && i < 3; i++)
        find_evidence(f, found, "meanwhile %s of it ran %s", find_share(f, c->culprits[i].ns, all),
                      c->culprits[i].tid
                          ? find_printf(f, "thread %s", find_thread(f, c->culprits[i].tid))
                          : "other programs, or the CPU was on its way");
    found->advice = own ? "Run no more threads that compute than there are CPUs; give more work to "
                          "fewer of them."
                        : "Measure on a quieter machine, or give the program CPUs of its own "
                          "(taskset, cgroups).";
    found->sql = "SELECT tid, count(*), ns(sum(dur)), ns(max(dur)) FROM thread_state WHERE state = "
                 "'runnable' GROUP BY tid ORDER BY sum(dur) DESC";
}

static void find_queueing(struct find *f)
{
    const struct analyze_concurrency *c = &f->why->concurrency;
    uint64_t ns = f->why->causes.class_ns[TRACE_RUNNABLE] - told_of_queueing(f), all = 0, ours = 0;
    for (size_t i = 0; i < c->culprit_count; i++) {
        all += c->culprits[i].ns;
        ours += c->culprits[i].tid ? c->culprits[i].ns : 0;
    }
    /* more of the program's threads than CPUs would queue whatever others do; then what
       they took from each other is theirs, and the rest is the others' */
    bool own = c->excess_ns >= c->runnable_ns / 2;
    uint64_t own_ns = own && all ? (uint64_t)((double)ns * (double)ours / (double)all) : 0;
    add_queueing(f, true, own_ns, all);
    add_queueing(f, false, ns - own_ns, all);
}

/* What a move costs cannot be seen, only for how long it can have: "at most" it is. */
static void find_migrations(struct find *f)
{
    const struct analyze_concurrency *c = &f->why->concurrency;
    if (c->cold_ns < f->threshold_ns || !c->moved_count)
        return;
    struct analyze_place at = {c->moved[0].tid, find_hot_function(f, c->moved[0].tid)};
    struct analyze_finding *found = find_add(f, ANALYZE_MIGRATIONS, c->cold_ns, at);
    found->answer = find_printf(f,
                                "%s is moved from CPU to CPU so often that it runs with cold "
                                "caches much of the time",
                                find_place(f, at));
    find_evidence(f, found, "%s of %s runs were on another CPU than the one before, in all threads",
                  find_count(f, c->migrations), find_count(f, c->runs));
    find_evidence(f, found, "the first %s after such moves add up to %s on the path",
                  find_ns(f, ANALYZE_COLD_NS), find_ns(f, c->cold_ns));
    found->advice = "Look for sched_setaffinity calls and cpuset changes; keep a thread on one "
                    "CPU (taskset, pthread_setaffinity_np), or wake fewer threads for less time.";
    found->sql = find_printf(f,
                             "SELECT cpu, count(*), ns(avg(dur)) FROM thread_state WHERE tid = "
                             "%" PRIu64 " AND state = 'running' GROUP BY cpu",
                             at.tid);
}

/* Time that a lock finding explains already. */
static uint64_t told_of_locks(struct find *f)
{
    uint64_t most = 0;
    for (size_t i = 0; i < f->count; i++)
        if (f->v[i].kind <= ANALYZE_LOCK_ORDER && f->v[i].save_ns > most)
            most = f->v[i].save_ns;
    return most;
}

static uint64_t could_share(const struct analyze_concurrency *c)
{
    return c->workers < c->cpus ? c->workers : c->cpus;
}

static void find_serial_phase(struct find *f)
{
    const struct analyze_concurrency *c = &f->why->concurrency;
    uint64_t length = f->why->causes.length_ns, ways = could_share(c);
    if (ways < 2 || !c->alone_count || c->parallel_ns < length / 20)
        return;
    uint64_t alone = c->phase_ns, save = alone - alone / ways;
    if (alone < length / 5 || save < f->threshold_ns || told_of_locks(f) > alone / 2)
        return;
    struct analyze_place at = {c->alone[0].tid, find_hot_function(f, c->alone[0].tid)};
    struct analyze_finding *found = find_add(f, ANALYZE_SERIAL_PHASE, save, at);
    found->answer = find_printf(f, "%s runs alone while the other threads have nothing to do",
                                find_place(f, at));
    find_evidence(f, found, "%s alone, against %s with two or more threads that run or want to",
                  find_ns(f, alone), find_ns(f, c->parallel_ns));
    find_evidence(f, found, "%" PRIu64 " threads compute, on %" PRIu64 " CPUs", c->workers,
                  c->cpus);
    found->advice = "Split this work among the threads too, or let it overlap with what comes "
                    "before and after.";
    found->sql = find_printf(f,
                             "SELECT ts, ns(dur) FROM thread_state WHERE tid = %" PRIu64
                             " AND state = 'running' ORDER BY dur DESC LIMIT 20",
                             at.tid);
}

/* The wait by which threads pass work on, or NULL. */
static const struct analyze_cause *hand_over(struct find *f)
{
    const struct analyze_causes *causes = &f->why->causes;
    for (size_t i = 0; i < causes->count; i++) {
        const struct analyze_cause *c = &causes->v[i];
        bool lock = c->reason == TRACE_REASON_LOCK && c->object && c->lock_kind <= TRACE_LOCK_SPIN;
        if (lock) /* one that is held is a convoy, whose finding says who holds it */
            continue;
        if (c->reason != TRACE_REASON_JOIN && c->waits >= 20 && c->self_ns < c->path_ns / 2 &&
            c->path_ns >= f->threshold_ns)
            return c;
    }
    return NULL;
}

static void find_false_parallelism(struct find *f)
{
    const struct analyze_concurrency *c = &f->why->concurrency;
    const struct analyze_cause *by = hand_over(f);
    uint64_t ways = could_share(c);
    if (ways < 2 || !by || c->alone_count < 2 || c->parallel_ns > c->busy_ns * 2 / 5 ||
        c->alone[1].ns < c->busy_ns / 10)
        return;
    uint64_t save = c->busy_ns - c->busy_ns / ways;
    if (save < f->threshold_ns || told_of_locks(f) > save / 2)
        return;
    struct analyze_finding *found = find_add(f, ANALYZE_FALSE_PARALLELISM, save, by->waiter);
    found->object = by->what;
    found->answer = find_printf(f,
                                "%" PRIu64 " threads take turns and never run at once: each "
                                "waits for the other through %s, in %s",
                                c->workers, by->what, find_place(f, by->waiter));
    find_evidence(f, found, "two or more ran or wanted to for %s of %s busy",
                  find_ns(f, c->parallel_ns), find_ns(f, c->busy_ns));
    find_evidence(f, found, "%s hand-overs on the path; alone: %s %s, %s %s",
                  find_count(f, by->waits), find_thread(f, c->alone[0].tid),
                  find_ns(f, c->alone[0].ns), find_thread(f, c->alone[1].tid),
                  find_ns(f, c->alone[1].ns));
    found->advice = "Pass on batches, or several items at a time through a queue, so that one "
                    "works while the other does; or use one thread and spare the switches.";
    found->sql = "SELECT waker_tid, wakee_tid, count(*) FROM wakeup GROUP BY 1, 2 ORDER BY 3 DESC";
    found->stack_id = by->stack_id;
    found->longest = by->longest;
}

void find_cpu(struct find *f)
{
    find_queueing(f);
    find_migrations(f);
    if (f->why->scope.kind != ANALYZE_SCOPE_PROGRAM)
        return; /* the rest is about the program's threads together */
    find_serial_phase(f);
    find_false_parallelism(f);
}
