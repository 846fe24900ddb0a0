/* System calls, sleeps and faults on the path. */
#include "analyze/findings.h"

#include <inttypes.h>

enum {
    TINY_BYTES = 256, /* a call that moves less costs more for itself than for the bytes */
    TINY_CALLS = 500,
    POLLS = 500,
    SLEEPS = 10 /* so many in one place are a poll */
};

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (!strcmp(name, *names))
            return true;
    return false;
}

static bool is_sync(const char *name)
{
    return is_one_of(name, (const char *const[]){"fsync", "fdatasync", "msync", "sync_file_range",
                                                 "sync", "syncfs", NULL});
}

static const char *calls_sql(struct find *f, const char *name)
{
    return find_printf(f,
                       "SELECT tid, ts, ns(dur), ret, object, stack_id FROM syscall WHERE name "
                       "= '%s' ORDER BY dur DESC LIMIT 20",
                       name);
}

static const char *on_file(struct find *f, const char *file)
{
    return *file ? find_printf(f, " on %s", file) : "";
}

static void say_calls(struct find *f, struct analyze_finding *found,
                      const struct analyze_call_group *g)
{
    find_evidence(f, found, "%s calls of %s%s on the path, %s in all, %s each, the longest %s",
                  find_count(f, g->count), g->name, on_file(f, g->file), find_ns(f, g->path_ns),
                  find_ns(f, g->path_ns / g->count), find_ns(f, g->longest.dur_ns));
    found->longest = g->longest;
    found->object = *g->file ? g->file : g->name;
    found->sql = calls_sql(f, g->name);
    found->stack_id = g->stack_id;
}

/* All confirmations together, told of the file that took most. */
static void find_syncs(struct find *f)
{
    const struct analyze_call_group *g = NULL;
    uint64_t ns = 0, files = 0;
    for (size_t i = 0; i < f->calls.count; i++) {
        if (!is_sync(f->calls.v[i].name))
            continue;
        g = g ? g : &f->calls.v[i];
        ns += f->calls.v[i].path_ns;
        files++;
    }
    if (!g || ns < f->threshold_ns)
        return;
    struct analyze_finding *found = find_add(f, ANALYZE_FSYNC, ns, g->at);
    found->answer =
        find_printf(f, "%s waits in %s until the disk has %s%s", find_place(f, g->at), g->name,
                    *g->file ? g->file : "everything", files > 1 ? " and other files" : "");
    say_calls(f, found, g);
    for (size_t i = 0; i < f->calls.count; i++)
        if (is_sync(f->calls.v[i].name) && &f->calls.v[i] != g)
            find_evidence(f, found, "%s of %s: %s calls, %s", f->calls.v[i].name,
                          *f->calls.v[i].file ? f->calls.v[i].file : "an unknown file",
                          find_count(f, f->calls.v[i].count), find_ns(f, f->calls.v[i].path_ns));
    found->advice = "Confirm many changes with one call (group commit), or in a thread of its own "
                    "that nobody waits for; or accept to lose the last second.";
}

/* A socket or pipe ("socket:[7]", "tcp 127.0.0.1:80") moves what the other side sends:
 * small is natural there. */
static bool is_file(const char *file)
{
    return !strchr(file, ':') && strncmp(file, "/proc", 5) != 0;
}

static bool is_tiny(const struct analyze_call_group *g)
{
    static const char *const names[] = {"read",   "write",  "pread64", "pwrite64", "readv",
                                        "writev", "preadv", "pwritev", NULL};
    return is_one_of(g->name, names) && is_file(g->file) && g->count >= TINY_CALLS &&
           g->moves > g->count / 2 && g->bytes < g->count * TINY_BYTES;
}

static void add_tiny(struct find *f, const struct analyze_call_group *g)
{
    struct analyze_place at = g->at;
    if (!*at.function) /* such short calls have no stacks */
        at.function = find_hot_function(f, at.tid);
    struct analyze_finding *found = find_add(f, ANALYZE_TINY_IO, g->loop_ns, at);
    found->answer = find_printf(f, "%s moves %s bytes at a time with %s%s", find_place(f, at),
                                find_count(f, g->bytes / g->count), g->name, on_file(f, g->file));
    say_calls(f, found, g);
    found->advice = "Collect the bytes in a buffer (stdio, 64 KiB) and move them with few calls.";
}

static bool is_yield(const struct analyze_call_group *g)
{
    return !strcmp(g->name, "sched_yield") && g->count >= POLLS;
}

static void add_spin(struct find *f, const struct analyze_call_group *g)
{
    struct analyze_place at = g->at;
    if (!*at.function) /* calls too short for a stack: the samples know the loop */
        at.function = find_hot_function(f, at.tid);
    struct analyze_finding *found = find_add(f, ANALYZE_SPINNING, g->loop_ns, at);
    found->answer = find_printf(f, "%s spins until another thread is done", find_place(f, at));
    say_calls(f, found, g);
    found->advice = "Wait with a condition variable, a semaphore or a futex; spin at most for "
                    "microseconds before.";
}

static void add_poll(struct find *f, const struct analyze_call_group *g)
{
    struct analyze_place at = g->at;
    if (!*at.function)
        at.function = find_hot_function(f, at.tid);
    struct analyze_finding *found = find_add(f, ANALYZE_BUSY_POLL, g->loop_ns, at);
    found->answer = find_printf(f, "%s asks with %s%s again and again, and finds nothing",
                                find_place(f, at), g->name, on_file(f, g->file));
    say_calls(f, found, g);
    find_evidence(f, found, "%s of them found nothing", find_share(f, g->nothing, g->count));
    found->advice = "Let poll or epoll wait (with a timeout) until there is something.";
}

static void find_groups(struct find *f)
{
    for (size_t i = 0; i < f->calls.count; i++) {
        const struct analyze_call_group *g = &f->calls.v[i];
        if (is_yield(g) && g->loop_ns >= f->threshold_ns)
            add_spin(f, g);
        else if (g->count >= POLLS && g->nothing > g->count * 9 / 10 &&
                 g->loop_ns >= f->threshold_ns)
            add_poll(f, g);
        if (is_tiny(g) && g->loop_ns >= f->threshold_ns)
            add_tiny(f, g);
    }
}

static void add_sleep(struct find *f, const struct analyze_cause *c)
{
    bool poll = c->waits >= SLEEPS;
    struct analyze_finding *found =
        find_add(f, poll ? ANALYZE_SLEEP_POLL : ANALYZE_SLEEP, c->self_ns, c->waiter);
    found->answer = poll ? find_printf(f,
                                       "%s sleeps again and again, %s each time, instead of "
                                       "being woken",
                                       find_place(f, c->waiter), find_ns(f, c->self_ns / c->waits))
                         : find_printf(f, "%s sleeps on purpose", find_place(f, c->waiter));
    find_evidence(f, found, "%s sleeps on the path, %s in all, the longest %s",
                  find_count(f, c->waits), find_ns(f, c->self_ns), find_ns(f, c->longest.dur_ns));
    found->object = c->what;
    found->stack_id = c->stack_id;
    found->longest = c->longest;
    found->advice = poll ? "Let whoever makes the awaited thing happen wake this thread: a "
                           "condition variable, an eventfd, a futex."
                         : "Ask whether anybody needs that pause.";
    found->sql = "SELECT tid, ts, ns(dur), stack_id FROM thread_state WHERE reason = 'sleep' ORDER "
                 "BY dur DESC LIMIT 20";
}

static void add_faults(struct find *f, const struct analyze_cause *c)
{
    struct analyze_finding *found = find_add(f, ANALYZE_PAGE_FAULTS, c->self_ns, c->waiter);
    if (!*found->at.function)
        found->at.function = find_hot_function(f, found->at.tid);
    found->answer = find_printf(f, "%s touches memory that must come from the disk first",
                                find_place(f, found->at));
    find_evidence(f, found, "%s page faults that waited, %s in all, the longest %s",
                  find_count(f, c->waits), find_ns(f, c->self_ns), find_ns(f, c->longest.dur_ns));
    found->stack_id = c->stack_id;
    found->longest = c->longest;
    found->advice = "Read ahead (madvise WILLNEED, MAP_POPULATE, large reads), or keep the working "
                    "set in memory.";
    found->sql = "SELECT tid, ts, ns(dur), stack_id FROM thread_state WHERE reason = 'page_fault' "
                 "ORDER BY dur DESC LIMIT 20";
}

static void add_slow(struct find *f, const struct analyze_cause *c, uint64_t ns, uint64_t waits)
{
    struct analyze_finding *found = find_add(f, ANALYZE_SLOW_CALL, ns, c->waiter);
    found->answer =
        find_printf(f, "%s waits in %s%s", find_place(f, c->waiter), c->call, on_file(f, c->file));
    find_evidence(f, found, "%s waits in %s, %s in all, the longest %s", find_count(f, waits),
                  c->call, find_ns(f, ns), find_ns(f, c->longest.dur_ns));
    found->object = *c->file ? c->file : c->call;
    found->stack_id = c->stack_id;
    found->longest = c->longest;
    found->advice = "Ask for it earlier (readahead, io_uring, a thread of its own), for more at a "
                    "time, or less often.";
    found->sql = calls_sql(f, c->call);
}

static bool is_disk(const struct analyze_cause *c)
{
    return (c->reason == TRACE_REASON_IO ||
            (c->reason == TRACE_REASON_SYSCALL && c->idle_ns == 0)) &&
           *c->call && !is_sync(c->call);
}

/* The same call on the same file may have waited in two ways. */
static void find_slow(struct find *f, size_t first)
{
    const struct analyze_causes *causes = &f->why->causes;
    const struct analyze_cause *c = &causes->v[first];
    uint64_t ns = 0, waits = 0;
    for (size_t i = 0; i < causes->count; i++) {
        const struct analyze_cause *other = &causes->v[i];
        if (!is_disk(other) || strcmp(other->call, c->call) || strcmp(other->file, c->file))
            continue;
        if (i < first)
            return; /* told */
        ns += other->self_ns;
        waits += other->waits;
    }
    for (size_t i = 0; i < f->calls.count; i++) { /* the whole calls, where they mostly waited */
        const struct analyze_call_group *g = &f->calls.v[i];
        if (!strcmp(g->name, c->call) && !strcmp(g->file, c->file) && ns > g->path_ns / 4)
            ns = ns > g->path_ns ? ns : g->path_ns;
    }
    if (ns >= f->threshold_ns)
        add_slow(f, c, ns, waits);
}

void find_calls(struct find *f)
{
    const struct analyze_causes *causes = &f->why->causes;
    find_groups(f);
    find_syncs(f);
    for (size_t i = 0; i < causes->count; i++) {
        const struct analyze_cause *c = &causes->v[i];
        if (is_disk(c))
            find_slow(f, i);
        else if (c->self_ns < f->threshold_ns)
            continue;
        else if (c->reason == TRACE_REASON_SLEEP && !c->idle_ns)
            add_sleep(f, c);
        else if (c->reason == TRACE_REASON_PAGE_FAULT)
            add_faults(f, c);
    }
}
