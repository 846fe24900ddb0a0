#include "analyze/findings.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name, *title;
} kinds[ANALYZE_FINDING_KINDS] = {
    [ANALYZE_DEADLOCK] = {"deadlock", "deadlock"},
    [ANALYZE_LOCK_CONVOY] = {"lock_convoy", "convoy on a lock"},
    [ANALYZE_LOCK_IO] = {"lock_held_across_wait", "lock held across a wait"},
    [ANALYZE_PRIORITY_INVERSION] = {"priority_inversion", "the holder of a lock gets no CPU"},
    [ANALYZE_LOCK_ORDER] = {"lock_order", "locks taken in both orders"},
    [ANALYZE_HERD] = {"thundering_herd", "thundering herd"},
    [ANALYZE_FUTILE_WAKEUPS] = {"futile_wakeups", "wakeups for nothing"},
    [ANALYZE_SPINNING] = {"spinning", "spinning"},
    [ANALYZE_BUSY_POLL] = {"busy_polling", "asking again and again"},
    [ANALYZE_OVERSUBSCRIBED] = {"oversubscription", "more threads than CPUs"},
    [ANALYZE_CPU_TAKEN] = {"cpu_taken", "other programs have the CPU"},
    [ANALYZE_MIGRATIONS] = {"migration_storm", "threads moved from CPU to CPU"},
    [ANALYZE_SERIAL_PHASE] = {"single_threaded_phase", "single-threaded phase"},
    [ANALYZE_FALSE_PARALLELISM] = {"false_parallelism", "threads that never run at once"},
    [ANALYZE_FSYNC] = {"fsync", "waiting for the disk to confirm writes"},
    [ANALYZE_SLOW_CALL] = {"slow_syscall", "slow system calls on one file"},
    [ANALYZE_TINY_IO] = {"tiny_io", "tiny reads or writes"},
    [ANALYZE_ALLOC_CHURN] = {"allocation_churn", "allocation churn"},
    [ANALYZE_HEAP_GROWTH] = {"heap_growth", "memory that only grows"},
    [ANALYZE_PAGE_FAULTS] = {"page_faults", "page faults"},
    [ANALYZE_SLEEP] = {"sleep", "sleeping"},
    [ANALYZE_SLEEP_POLL] = {"sleeping_poll", "polling with sleeps"},
};

const char *analyze_finding_name(enum analyze_finding_kind kind)
{
    return kinds[kind].name;
}

const char *analyze_finding_title(enum analyze_finding_kind kind)
{
    return kinds[kind].title;
}

struct analyze_finding *find_add(struct find *f, enum analyze_finding_kind kind, uint64_t save_ns,
                                 struct analyze_place at)
{
    if (f->count == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 16;
        struct analyze_finding *v = arena_array(f->arena, cap, sizeof *v);
        if (f->count)
            memcpy(v, f->v, f->count * sizeof *v);
        f->v = v;
        f->cap = cap;
    }
    f->v[f->count] = (struct analyze_finding){
        .kind = kind, .save_ns = save_ns, .at = at, .object = "", .advice = "", .sql = ""};
    if (!at.function)
        f->v[f->count].at.function = "";
    return &f->v[f->count++];
}

const char *find_printf(struct find *f, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return arena_strdup(f->arena, text);
}

void find_evidence(struct find *f, struct analyze_finding *finding, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    for (int i = 0; i < ANALYZE_EVIDENCE; i++) {
        if (finding->evidence[i])
            continue;
        finding->evidence[i] = arena_strdup(f->arena, text);
        return;
    }
}

const char *find_thread(struct find *f, uint64_t tid)
{
    struct trace_cursor c = trace_cursor(f->trace, TRACE_THREAD_TABLE, 0);
    for (uint64_t row = 0; row < c.total_rows; row++)
        if (trace_get(&c, row, TRACE_THREAD_tid) == tid)
            return find_printf(f, "%s (%" PRIu64 ")",
                               trace_string(f->trace, trace_get(&c, row, TRACE_THREAD_name)), tid);
    return tid ? find_printf(f, "another program's (%" PRIu64 ")", tid) : "not known";
}

const char *find_place(struct find *f, struct analyze_place at)
{
    const char *thread = find_thread(f, at.tid);
    return at.function && *at.function ? find_printf(f, "%s in thread %s", at.function, thread)
                                       : find_printf(f, "thread %s", thread);
}

const char *find_ns(struct find *f, uint64_t ns)
{
    char buf[FMT_MAX];
    return arena_strdup(f->arena, fmt_ns(buf, ns));
}

const char *find_count(struct find *f, uint64_t n)
{
    char buf[FMT_MAX];
    return arena_strdup(f->arena, fmt_count(buf, n));
}

const char *find_share(struct find *f, uint64_t part, uint64_t whole)
{
    char buf[FMT_MAX];
    return arena_strdup(f->arena, fmt_share(buf, part, whole));
}

const char *find_hot_function(struct find *f, uint64_t tid)
{
    const struct analyze_causes *c = &f->why->causes;
    for (size_t i = 0; i < c->function_count; i++)
        if (c->functions[i].tid == tid)
            return c->functions[i].function;
    return "";
}
