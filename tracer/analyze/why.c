#include "analyze/why.h"

#include "analyze/findings.h"
#include "analyze/waits.h"
#include "trace/totals.h"

#include <inttypes.h>
#include <stdlib.h>

static void add_state_times(struct analyze_why *why, const struct trace *t,
                            struct analyze_piece piece)
{
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    struct trace_totals totals =
        trace_totals(t, piece.thread, trace_get(&c, piece.thread, TRACE_THREAD_end_ts));
    uint64_t ns[TRACE_CLASSES] = {0}, known = 0, length = piece.end_ns - piece.begin_ns;
    trace_totals_range(&totals, piece.begin_ns, piece.end_ns, ns);
    for (unsigned i = 0; i < TRACE_CLASSES; i++) {
        why->account[i] += ns[i];
        known += ns[i];
    }
    why->account[TRACE_UNKNOWN] += length > known ? length - known : 0;
    why->account_ns += length;
}

/* What the threads did themselves: of the program all of them, else those of the scope. */
static void fill_account(struct analyze_why *why, const struct trace *t)
{
    const struct analyze_scope *scope = &why->scope;
    if (scope->kind != ANALYZE_SCOPE_PROGRAM) {
        for (size_t i = 0; i < scope->count; i++)
            add_state_times(why, t, scope->v[i]);
        why->account[TRACE_UNKNOWN] += scope->absent_ns;
        why->account_ns += scope->absent_ns;
        return;
    }
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    for (uint64_t row = 0; row < c.total_rows && row < UINT32_MAX; row++) {
        uint64_t begin = trace_get(&c, row, TRACE_THREAD_start_ts);
        uint64_t end = trace_get(&c, row, TRACE_THREAD_end_ts);
        begin = begin > scope->range.begin_ns ? begin : scope->range.begin_ns;
        end = end < scope->range.end_ns ? end : scope->range.end_ns;
        if (end > begin)
            add_state_times(why, t, (struct analyze_piece){(uint32_t)row, begin, end});
    }
}

static int more_to_save(const void *a, const void *b)
{
    const struct analyze_finding *x = a, *y = b;
    bool x_stuck = x->kind == ANALYZE_DEADLOCK, y_stuck = y->kind == ANALYZE_DEADLOCK;
    if (x_stuck != y_stuck)
        return x_stuck ? -1 : 1;
    if (x->save_ns != y->save_ns)
        return x->save_ns > y->save_ns ? -1 : 1;
    return x->kind < y->kind ? -1 : x->kind > y->kind;
}

/* What is at the end of a lock's chains is told with the lock. */
static bool told_by_lock(const struct find *f, const struct analyze_finding *x)
{
    if (x->kind != ANALYZE_FSYNC && x->kind != ANALYZE_SLOW_CALL && x->kind != ANALYZE_SLEEP &&
        x->kind != ANALYZE_SLEEP_POLL)
        return false;
    for (size_t i = 0; i < f->count; i++) {
        const struct analyze_finding *lock = &f->v[i];
        if (lock->kind == ANALYZE_LOCK_IO && lock->at.tid == x->at.tid &&
            x->save_ns < lock->save_ns + lock->save_ns / 3)
            return true;
    }
    return false;
}

/* A herd queues for the mutex of its condition. */
static bool told_by_herd(const struct find *f, const struct analyze_finding *x)
{
    for (size_t i = 0; i < f->count && x->kind == ANALYZE_LOCK_CONVOY; i++) {
        const struct analyze_finding *herd = &f->v[i];
        if (herd->kind == ANALYZE_HERD && !strcmp(herd->at.function, x->at.function) &&
            herd->save_ns >= x->save_ns / 2)
            return true;
    }
    return false;
}

static void find_all(struct arena *a, const struct trace *t, struct analyze_why *why)
{
    struct find f = {.arena = a, .trace = t, .why = why};
    f.threshold_ns = why->causes.length_ns * ANALYZE_FINDING_SHARE / 100;
    f.threshold_ns += !f.threshold_ns;
    f.calls = analyze_calls(a, t, why->scope.range, &why->causes);
    f.locks = analyze_locks(a, t, why->scope.range);
    find_lock_order(&f);
    find_locks(&f);
    find_wakeups(&f);
    find_calls(&f);
    find_memory(&f);
    find_cpu(&f);
    why->findings = arena_array(a, f.count + 1, sizeof *why->findings);
    for (size_t i = 0; i < f.count; i++)
        if (!told_by_lock(&f, &f.v[i]) && !told_by_herd(&f, &f.v[i]))
            why->findings[why->finding_count++] = f.v[i];
    qsort(why->findings, why->finding_count, sizeof *why->findings, more_to_save);
}

static const char *share_text(struct arena *a, uint64_t part, uint64_t whole)
{
    char buf[FMT_MAX];
    return arena_strdup(a, fmt_share(buf, part, whole));
}

static const char *ns_text(struct arena *a, uint64_t ns)
{
    char buf[FMT_MAX];
    return arena_strdup(a, fmt_ns(buf, ns));
}

/* "61 % running (mostly sha_block), 3 % queueing for a CPU, ..." */
static const char *healthy_text(struct arena *a, const struct analyze_why *why)
{
    const struct analyze_causes *c = &why->causes;
    uint64_t blocked = 0, length = c->length_ns;
    for (unsigned i = TRACE_BLOCKED; i < TRACE_CLASSES; i++)
        blocked += c->class_ns[i];
    const char *hot = c->function_count && *c->functions[0].function
                          ? arena_printf(a, " (most in %s)", c->functions[0].function)
                          : "";
    return arena_printf(a,
                        "%s running%s, %s queueing for a CPU, %s blocked, of that %s waiting "
                        "for something outside",
                        share_text(a, c->class_ns[TRACE_RUNNING], length), hot,
                        share_text(a, c->class_ns[TRACE_RUNNABLE], length),
                        share_text(a, blocked, length), share_text(a, c->idle_ns, blocked));
}

static const char *answer_text(struct arena *a, const struct analyze_why *why)
{
    const char *length = ns_text(a, why->causes.length_ns);
    if (!why->causes.length_ns)
        return arena_printf(a, "There is no time to explain: %s lasted 0 ns", why->scope.title);
    if (!why->finding_count)
        return arena_printf(a, "Nothing stands out in the %s of %s: %s.", length, why->scope.title,
                            healthy_text(a, why));
    const struct analyze_finding *first = &why->findings[0];
    char *what = arena_printf(a, "%s", first->answer);
    if (!first->save_ns)
        return arena_printf(a, "No time to save stands out in the %s of %s, but %s.", length,
                            why->scope.title, what);
    return arena_printf(a, "Up to %s of the %s of %s could be saved: %s.",
                        share_text(a, first->save_ns, why->causes.length_ns), length,
                        why->scope.title, what);
}

bool analyze_why(struct arena *a, const struct trace *t, const struct analyze_question *question,
                 struct analyze_why *why, struct err *err)
{
    *why = (struct analyze_why){0};
    struct analyze_question q = *question;
    uint64_t duration = trace_duration_ns(t);
    if (!q.range.end_ns || q.range.end_ns > duration)
        q.range.end_ns = duration;
    if (!analyze_scope_find(a, t, &q, &why->scope, err))
        return false;
    why->wall_ns = q.range.end_ns - q.range.begin_ns;
    fill_account(why, t);
    why->causes = analyze_causes(a, t, &why->scope);
    if (analyze_is_cancelled(q.range))
        return err_set(err, "stopped");
    why->concurrency = analyze_concurrency(a, t, q.range, &why->causes);
    find_all(a, t, why);
    why->answer = answer_text(a, why);
    return !trace_damage(t, err);
}
