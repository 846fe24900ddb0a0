#include "analyze/scope.h"

#include "base/map.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/syscall.h>

static struct analyze_piece thread_life(const struct trace *t, uint32_t row,
                                        struct analyze_range range)
{
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    uint64_t begin = trace_get(&c, row, TRACE_THREAD_start_ts);
    uint64_t end = trace_get(&c, row, TRACE_THREAD_end_ts);
    begin = begin > range.begin_ns ? begin : range.begin_ns;
    end = end < range.end_ns ? end : range.end_ns;
    return (struct analyze_piece){row, begin, end > begin ? end : begin};
}

bool analyze_thread_find(const struct trace *t, const char *text, uint32_t *row, struct err *err)
{
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    char *rest;
    unsigned long long tid = strtoull(text, &rest, 10);
    bool number = *text && !*rest, found = false;
    uint64_t longest = 0;
    for (uint64_t r = 0; r < c.total_rows && r < UINT32_MAX; r++) {
        const char *name = trace_string(t, trace_get(&c, r, TRACE_THREAD_name));
        if (number ? trace_get(&c, r, TRACE_THREAD_tid) != tid : strcmp(name, text))
            continue;
        uint64_t life =
            trace_get(&c, r, TRACE_THREAD_end_ts) - trace_get(&c, r, TRACE_THREAD_start_ts);
        if (found && life <= longest)
            continue;
        found = true;
        longest = life;
        *row = (uint32_t)r;
    }
    if (found)
        return true;
    err_set(err, "there is no thread '%s' in the trace", text);
    return err_hint(err, "whyprof report FILE threads lists them");
}

/* Time in which a thread did something, or waited to: not what it slept through. */
static uint64_t busy_ns(const struct trace *t, uint32_t row, uint64_t thread_end)
{
    struct trace_cursor sums = trace_cursor(t, TRACE_STATE_TOTAL_TABLE, row);
    struct trace_cursor states = trace_cursor(t, TRACE_THREAD_STATE_TABLE, row);
    struct trace_cursor next = states;
    uint64_t ns = 0, from = 0;
    if (sums.total_rows) {
        ns = trace_get(&sums, sums.total_rows - 1, TRACE_STATE_TOTAL_running) +
             trace_get(&sums, sums.total_rows - 1, TRACE_STATE_TOTAL_runnable);
        from = sums.total_rows * TRACE_TOTAL_SPANS;
    }
    for (uint64_t r = from; r < states.total_rows; r++) {
        uint64_t ts = trace_get(&states, r, TRACE_THREAD_STATE_ts);
        uint64_t state = trace_get(&states, r, TRACE_THREAD_STATE_state);
        if (state == TRACE_RUNNING || state == TRACE_RUNNABLE)
            ns += trace_state_end(&next, r, thread_end) - ts;
    }
    return ns;
}

enum {
    IDLE_NS = 100000 /* shorter waits are not idleness, and many */
};

static bool is_traced(const struct trace *t, uint64_t tid)
{
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    for (uint64_t row = 0; tid && row < c.total_rows; row++)
        if (trace_get(&c, row, TRACE_THREAD_tid) == tid)
            return true;
    return false;
}

/* Waiting for what is outside for most of the time: a server's accepting thread, a
 * supervising process. */
static bool mostly_idle(const struct trace *t, struct analyze_piece life)
{
    struct analyze_rows rows =
        analyze_rows(t, TRACE_THREAD_STATE_TABLE, life.thread,
                     (struct analyze_range){.begin_ns = life.begin_ns, .end_ns = life.end_ns});
    struct trace_cursor next = rows.cursor;
    uint64_t idle = 0;
    for (; rows.row < rows.end; rows.row++) {
        uint64_t reason = trace_get(&rows.cursor, rows.row, TRACE_THREAD_STATE_reason);
        uint64_t call = trace_get(&rows.cursor, rows.row, TRACE_THREAD_STATE_object);
        bool signal = call == SYS_rt_sigsuspend || call == SYS_rt_sigtimedwait || call == SYS_pause;
        if (trace_get(&rows.cursor, rows.row, TRACE_THREAD_STATE_state) != TRACE_BLOCKED ||
            (reason != TRACE_REASON_SYSCALL && reason != TRACE_REASON_UNKNOWN &&
             !(reason == TRACE_REASON_SLEEP && signal)))
            continue;
        uint64_t ts = trace_get(&rows.cursor, rows.row, TRACE_THREAD_STATE_ts);
        uint64_t waker = trace_get(&rows.cursor, rows.row, TRACE_THREAD_STATE_waker_tid);
        uint64_t end = trace_state_end(&next, rows.row, life.end_ns);
        if (end > ts && end - ts > IDLE_NS && !is_traced(t, waker))
            idle += end - ts;
    }
    return idle > (life.end_ns - life.begin_ns) / 2;
}

/* The thread whose course is the program's: the first process's main one, unless that
 * is idle or gone early; then the busiest. */
static bool find_program(struct arena *a, const struct trace *t, struct analyze_scope *scope,
                         struct err *err)
{
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    struct trace_cursor processes = trace_cursor(t, TRACE_PROCESS_TABLE, 0);
    uint64_t pid = trace_get(&processes, 0, TRACE_PROCESS_pid), most = 0;
    uint32_t main_row = 0, busiest = 0;
    if (!c.total_rows || !processes.total_rows)
        return err_set(err, "the trace has no threads");
    for (uint64_t r = c.total_rows; r-- > 0;) {
        uint64_t end = trace_get(&c, r, TRACE_THREAD_end_ts);
        uint64_t busy = r < UINT32_MAX ? busy_ns(t, (uint32_t)r, end) : 0;
        if (trace_get(&c, r, TRACE_THREAD_tid) == pid)
            main_row = (uint32_t)r;
        if (busy >= most) {
            most = busy;
            busiest = (uint32_t)r;
        }
    }
    struct analyze_piece life = thread_life(t, main_row, scope->range);
    struct analyze_piece other = thread_life(t, busiest, scope->range);
    uint64_t length = life.end_ns - life.begin_ns, other_length = other.end_ns - other.begin_ns;
    if (length < other_length / 2 || (other_length > length / 2 && mostly_idle(t, life)))
        life = other;
    scope->v = arena_memdup(a, &life, sizeof life);
    scope->count = 1;
    scope->title = "the program";
    return true;
}

static bool use_thread(struct arena *a, const struct trace *t, uint32_t row,
                       struct analyze_scope *scope, struct err *err)
{
    struct analyze_piece life = thread_life(t, row, scope->range);
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    if (life.begin_ns == life.end_ns)
        return err_set(err, "thread '%s' did not live in that time",
                       trace_string(t, trace_get(&c, row, TRACE_THREAD_name)));
    scope->kind = ANALYZE_SCOPE_THREAD;
    scope->v = arena_memdup(a, &life, sizeof life);
    scope->count = 1;
    scope->title = arena_printf(a, "thread %s (%" PRIu64 ")",
                                trace_string(t, trace_get(&c, row, TRACE_THREAD_name)),
                                trace_get(&c, row, TRACE_THREAD_tid));
    return true;
}

static bool find_thread(struct arena *a, const struct trace *t, const struct analyze_question *q,
                        struct analyze_scope *scope, struct err *err)
{
    uint32_t row = q->thread_row ? q->thread_row - 1 : 0;
    if (!q->thread_row && !analyze_thread_find(t, q->thread, &row, err))
        return false;
    return use_thread(a, t, row, scope, err);
}

static int longest_first(const void *a, const void *b)
{
    const struct analyze_piece *x = a, *y = b;
    uint64_t nx = x->end_ns - x->begin_ns, ny = y->end_ns - y->begin_ns;
    return nx != ny ? (nx > ny ? -1 : 1) : x->begin_ns < y->begin_ns ? -1 : 1;
}

static int by_thread(const void *a, const void *b)
{
    const struct analyze_piece *x = a, *y = b;
    if (x->thread != y->thread)
        return x->thread < y->thread ? -1 : 1;
    return x->begin_ns < y->begin_ns ? -1 : x->begin_ns > y->begin_ns;
}

static int last_first(const void *a, const void *b)
{
    const struct analyze_piece *x = a, *y = b;
    return x->end_ns > y->end_ns ? -1 : x->end_ns < y->end_ns;
}

/* A region in itself (recursion) counts once. */
static void merge_pieces(struct analyze_scope *scope)
{
    if (!scope->count)
        return;
    qsort(scope->v, scope->count, sizeof *scope->v, by_thread);
    size_t n = 0;
    for (size_t i = 1; i < scope->count; i++) {
        struct analyze_piece *last = &scope->v[n], *p = &scope->v[i];
        if (p->thread == last->thread && p->begin_ns < last->end_ns)
            last->end_ns = p->end_ns > last->end_ns ? p->end_ns : last->end_ns;
        else
            scope->v[++n] = *p;
    }
    scope->count = n + 1;
    qsort(scope->v, scope->count, sizeof *scope->v, last_first);
}

/* Instances of regions that `wanted` accepts, clipped to the range. */
static void collect_regions(struct arena *a, const struct trace *t, struct analyze_scope *scope,
                            bool (*wanted)(const struct trace *t, struct trace_cursor *c,
                                           uint64_t row, const void *key),
                            const void *key)
{
    struct analyze_piece *v = NULL;
    size_t count = 0, cap = 0;
    uint64_t threads = trace_rows(t, TRACE_THREAD_TABLE, 0);
    for (uint32_t th = 0; th < threads; th++) {
        struct trace_cursor c = trace_cursor(t, TRACE_REGION_TABLE, th);
        for (uint64_t row = 0; row < c.total_rows; row++) {
            uint64_t ts = trace_get(&c, row, TRACE_REGION_ts);
            uint64_t end = ts + trace_get(&c, row, TRACE_REGION_dur);
            ts = ts > scope->range.begin_ns ? ts : scope->range.begin_ns;
            end = end < scope->range.end_ns ? end : scope->range.end_ns;
            if (ts >= end || !wanted(t, &c, row, key))
                continue;
            mem_grow(&v, &cap, count + 1, sizeof *v);
            v[count++] = (struct analyze_piece){th, ts, end};
        }
    }
    scope->v = arena_array(a, count + 1, sizeof *v);
    if (count)
        memcpy(scope->v, v, count * sizeof *v);
    scope->count = count;
    free(v);
}

static bool has_name(const struct trace *t, struct trace_cursor *c, uint64_t row, const void *key)
{
    return !strcmp(trace_string(t, trace_get(c, row, TRACE_REGION_name)), key);
}

static bool find_region(struct arena *a, const struct trace *t, const struct analyze_question *q,
                        struct analyze_scope *scope, struct err *err)
{
    collect_regions(a, t, scope, has_name, q->region);
    if (!scope->count) {
        err_set(err, "there is no region '%s' in that time", q->region);
        return err_hint(err, "whyprof query FILE 'SELECT DISTINCT name FROM region' lists them");
    }
    if (q->worst && q->worst < scope->count) {
        qsort(scope->v, scope->count, sizeof *scope->v, longest_first);
        scope->count = q->worst;
    }
    scope->kind = ANALYZE_SCOPE_REGION;
    scope->instances = scope->count;
    scope->title = arena_printf(a, "%s%" PRIu64 " x region %s", q->worst ? "the longest " : "",
                                scope->instances, q->region);
    merge_pieces(scope);
    return true;
}

static bool of_task(const struct trace *t, struct trace_cursor *c, uint64_t row, const void *key)
{
    (void)t;
    uint64_t task = trace_get(c, row, TRACE_REGION_task_id);
    return task && map64_get(key, task);
}

static bool find_task(struct arena *a, const struct trace *t, const char *text,
                      struct analyze_scope *scope, struct err *err)
{
    struct trace_cursor c = trace_cursor(t, TRACE_TASK_TABLE, 0);
    struct map64 ids = {0};
    char *rest;
    unsigned long long id = strtoull(text, &rest, 10);
    bool number = *text && !*rest;
    uint64_t life_ns = 0;
    for (uint64_t r = 0; r < c.total_rows; r++) {
        if (number ? trace_get(&c, r, TRACE_TASK_task_id) != id
                   : strcmp(trace_string(t, trace_get(&c, r, TRACE_TASK_name)), text))
            continue;
        uint64_t ns = analyze_overlap_ns(scope->range, trace_get(&c, r, TRACE_TASK_ts),
                                         trace_get(&c, r, TRACE_TASK_dur));
        if (!ns)
            continue;
        map64_put(&ids, trace_get(&c, r, TRACE_TASK_task_id), NULL);
        scope->instances++;
        life_ns += ns;
    }
    collect_regions(a, t, scope, of_task, &ids);
    map64_release(&ids);
    if (!scope->instances) {
        err_set(err, "there is no task '%s' in that time", text);
        return err_hint(err, "whyprof query FILE 'SELECT * FROM task' lists them");
    }
    scope->kind = ANALYZE_SCOPE_TASK;
    scope->title = arena_printf(a, "%" PRIu64 " x task %s", scope->instances, text);
    merge_pieces(scope);
    for (size_t i = 0; i < scope->count; i++)
        scope->length_ns += scope->v[i].end_ns - scope->v[i].begin_ns;
    scope->absent_ns = life_ns > scope->length_ns ? life_ns - scope->length_ns : 0;
    scope->length_ns += scope->absent_ns;
    return true;
}

bool analyze_scope_find(struct arena *a, const struct trace *t, const struct analyze_question *q,
                        struct analyze_scope *scope, struct err *err)
{
    *scope = (struct analyze_scope){.range = q->range};
    if (q->task)
        return find_task(a, t, q->task, scope, err);
    bool found = q->region                    ? find_region(a, t, q, scope, err)
                 : q->thread || q->thread_row ? find_thread(a, t, q, scope, err)
                                              : find_program(a, t, scope, err);
    for (size_t i = 0; found && i < scope->count; i++)
        scope->length_ns += scope->v[i].end_ns - scope->v[i].begin_ns;
    return found;
}
