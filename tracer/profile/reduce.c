#include "profile/reduce.h"

#include "base/map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAP_TYPES                                                                                 \
    {                                                                                              \
        {"alloc_objects", "count"}, {"alloc_space", "bytes"}, {"inuse_objects", "count"},          \
        {                                                                                          \
            "inuse_space", "bytes"                                                                 \
        }                                                                                          \
    }
#define WAIT_TYPES                                                                                 \
    {                                                                                              \
        {"contentions", "count"},                                                                  \
        {                                                                                          \
            "delay", "nanoseconds"                                                                 \
        }                                                                                          \
    }

#define CONTENTIONS                                                                                \
    {                                                                                              \
        "contentions", "count"                                                                     \
    }

const struct reduce_info reduce_kinds[REDUCE_KINDS] = {
    [REDUCE_CPU] = {"cpu",
                    {{"samples", "count"}, {"cpu", "nanoseconds"}},
                    "",
                    {"cpu", "nanoseconds"},
                    0,
                    REDUCE_DETAIL_NONE},
    [REDUCE_OFFCPU] = {"offcpu", WAIT_TYPES, "", CONTENTIONS, 1, REDUCE_DETAIL_CLASS},
    [REDUCE_BLOCK] = {"block", WAIT_TYPES, "", CONTENTIONS, 1, REDUCE_DETAIL_NONE},
    [REDUCE_MUTEX] = {"mutex", WAIT_TYPES, "", CONTENTIONS, 1, REDUCE_DETAIL_NONE},
    [REDUCE_SYSCALL] = {"syscall",
                        {{"calls", "count"}, {"time", "nanoseconds"}},
                        "",
                        {"calls", "count"},
                        1,
                        REDUCE_DETAIL_CALL},
    [REDUCE_SCHED] = {"sched", WAIT_TYPES, "", CONTENTIONS, 1, REDUCE_DETAIL_CLASS},
    [REDUCE_HEAP] = {"heap", HEAP_TYPES, "", {"space", "bytes"}, 0, REDUCE_DETAIL_SIZE},
    [REDUCE_ALLOCS] =
        {"allocs", HEAP_TYPES, "alloc_space", {"space", "bytes"}, 0, REDUCE_DETAIL_SIZE},
    [REDUCE_THREADS] =
        {"threads", {{"threads", "count"}}, "", {"threads", "count"}, 1, REDUCE_DETAIL_STATE},
    [REDUCE_GOROUTINES] =
        {"goroutine", {{"goroutine", "count"}}, "", {"goroutine", "count"}, 1, REDUCE_DETAIL_STATE},
};

bool reduce_kind_find(const char *name, enum reduce_kind *kind, struct err *err)
{
    char names[256] = "";
    for (int i = 0; i < REDUCE_KINDS; i++) {
        if (!strcmp(reduce_kinds[i].name, name)) {
            *kind = (enum reduce_kind)i;
            return true;
        }
        size_t len = strlen(names);
        snprintf(names + len, sizeof names - len, "%s%s", len ? ", " : "", reduce_kinds[i].name);
    }
    err_set(err, "there is no kind '%s'", name);
    return err_hint(err, "kinds: %s", names);
}

/* ---- groups ---- */

struct reducer {
    const struct trace *trace;
    struct reduce_range range;
    struct intern keys;
    struct reduce_group *groups; /* owned, by key */
    size_t cap;
    uint64_t rows;
    struct map64 of_tid; /* kernel thread id -> row of table thread, the last of several */
};

static struct reduce_group *group_at(struct reducer *r, uint32_t thread, uint64_t stack_id,
                                     uint64_t detail)
{
    const uint64_t key[3] = {thread, stack_id, detail};
    uint32_t known = r->keys.count, id = intern_bytes(&r->keys, key, sizeof key);
    if (id == known) {
        mem_grow(&r->groups, &r->cap, (size_t)id + 1, sizeof *r->groups);
        r->groups[id] =
            (struct reduce_group){.thread = thread, .stack_id = stack_id, .detail = detail};
    }
    r->rows++;
    return &r->groups[id];
}

static void add_span(struct reducer *r, uint32_t thread, uint64_t stack_id, uint64_t detail,
                     uint64_t ns)
{
    struct reduce_group *g = group_at(r, thread, stack_id, detail);
    g->values[0]++;
    g->values[1] += (int64_t)ns;
}

/* ---- rows in the range ---- */

/* How much of the span lies in the range; false where nothing does. */
static bool clip(const struct reducer *r, uint64_t ts_ns, uint64_t dur_ns, uint64_t *ns)
{
    uint64_t end = ts_ns + dur_ns;
    uint64_t from = ts_ns > r->range.begin_ns ? ts_ns : r->range.begin_ns;
    uint64_t to = end < r->range.end_ns ? end : r->range.end_ns;
    *ns = to > from ? to - from : 0;
    return *ns || (ts_ns >= r->range.begin_ns && ts_ns < r->range.end_ns);
}

struct rows {
    struct trace_cursor c;
    uint64_t row;
    uint64_t end;
};

/* Those of a thread that may reach into the range: its spans do not overlap. */
static struct rows rows_of(const struct reducer *r, enum trace_table table, uint32_t thread)
{
    struct rows rows = {.c = trace_cursor(r->trace, table, thread)};
    unsigned ts = (unsigned)trace_tables[table].ts_column;
    rows.row = trace_row_at(&rows.c, r->range.begin_ns);
    rows.end = trace_lower_bound(&rows.c, r->range.end_ns);
    while (rows.row > 0 && trace_get(&rows.c, rows.row - 1, ts) >= r->range.begin_ns)
        rows.row--;
    return rows;
}

/* ---- one function a kind, for one thread ---- */

static void add_samples(struct reducer *r, uint32_t thread, uint64_t thread_end_ns)
{
    struct rows rows = rows_of(r, TRACE_SAMPLE_TABLE, thread);
    (void)thread_end_ns;
    for (uint64_t i = rows.row; i < rows.end && !rows.c.damaged; i++) {
        uint64_t ns;
        if (!clip(r, trace_get(&rows.c, i, TRACE_SAMPLE_ts), 0, &ns) ||
            trace_get(&rows.c, i, TRACE_SAMPLE_kind) != TRACE_SAMPLE_CPU)
            continue;
        add_span(r, thread, trace_get(&rows.c, i, TRACE_SAMPLE_stack_id), 0,
                 trace_get(&rows.c, i, TRACE_SAMPLE_weight));
    }
}

static void add_states(struct reducer *r, uint32_t thread, uint64_t thread_end_ns,
                       enum trace_state wanted)
{
    struct rows rows = rows_of(r, TRACE_THREAD_STATE_TABLE, thread);
    uint64_t before = 0; /* stack of the blocked span before this one */
    for (uint64_t i = rows.row; i < rows.end && !rows.c.damaged; i++) {
        uint64_t ts = trace_get(&rows.c, i, TRACE_THREAD_STATE_ts);
        uint64_t end = trace_state_end(&rows.c, i, thread_end_ns), ns;
        uint64_t state = trace_get(&rows.c, i, TRACE_THREAD_STATE_state);
        uint64_t reason = trace_get(&rows.c, i, TRACE_THREAD_STATE_reason);
        uint64_t stack = trace_get(&rows.c, i, TRACE_THREAD_STATE_stack_id);
        if (state == wanted && clip(r, ts, end > ts ? end - ts : 0, &ns))
            add_span(r, thread,
                     stack                     ? stack
                     : state == TRACE_RUNNABLE ? before
                                               : 0,
                     trace_class(state, reason), ns);
        before = state == TRACE_BLOCKED ? stack : 0;
    }
}

static void add_blocked(struct reducer *r, uint32_t thread, uint64_t thread_end_ns)
{
    add_states(r, thread, thread_end_ns, TRACE_BLOCKED);
}

static void add_runnable(struct reducer *r, uint32_t thread, uint64_t thread_end_ns)
{
    add_states(r, thread, thread_end_ns, TRACE_RUNNABLE);
}

static void add_waits(struct reducer *r, uint32_t thread, uint64_t thread_end_ns)
{
    struct rows rows = rows_of(r, TRACE_LOCK_WAIT_TABLE, thread);
    (void)thread_end_ns;
    for (uint64_t i = rows.row; i < rows.end && !rows.c.damaged; i++) {
        uint64_t ns;
        if (clip(r, trace_get(&rows.c, i, TRACE_LOCK_WAIT_ts),
                 trace_get(&rows.c, i, TRACE_LOCK_WAIT_dur), &ns))
            add_span(r, thread, trace_get(&rows.c, i, TRACE_LOCK_WAIT_stack_id), 0, ns);
    }
}

static bool has_holder(uint64_t kind)
{
    return kind == TRACE_LOCK_MUTEX || kind == TRACE_LOCK_RWLOCK_READ ||
           kind == TRACE_LOCK_RWLOCK_WRITE || kind == TRACE_LOCK_SPIN;
}

/* Charged to who held the lock, at its unlock. */
static void add_holds(struct reducer *r, uint32_t thread, uint64_t thread_end_ns)
{
    struct rows rows = rows_of(r, TRACE_LOCK_WAIT_TABLE, thread);
    (void)thread_end_ns;
    for (uint64_t i = rows.row; i < rows.end && !rows.c.damaged; i++) {
        uint64_t ns;
        if (!has_holder(trace_get(&rows.c, i, TRACE_LOCK_WAIT_kind)) ||
            !clip(r, trace_get(&rows.c, i, TRACE_LOCK_WAIT_ts),
                  trace_get(&rows.c, i, TRACE_LOCK_WAIT_dur), &ns))
            continue;
        const uint64_t *holder =
            map64_get(&r->of_tid, trace_get(&rows.c, i, TRACE_LOCK_WAIT_holder_tid));
        add_span(r, holder ? (uint32_t)*holder : UINT32_MAX,
                 trace_get(&rows.c, i, TRACE_LOCK_WAIT_holder_stack_id), 0, ns);
    }
}

static void add_calls(struct reducer *r, uint32_t thread, uint64_t thread_end_ns)
{
    struct rows rows = rows_of(r, TRACE_SYSCALL_TABLE, thread);
    (void)thread_end_ns;
    for (uint64_t i = rows.row; i < rows.end && !rows.c.damaged; i++) {
        uint64_t ns, stack = trace_get(&rows.c, i, TRACE_SYSCALL_stack_id);
        if (clip(r, trace_get(&rows.c, i, TRACE_SYSCALL_ts),
                 trace_get(&rows.c, i, TRACE_SYSCALL_dur), &ns))
            add_span(r, thread, stack, stack ? 0 : trace_get(&rows.c, i, TRACE_SYSCALL_name), ns);
    }
}

/* Each row stands for `weight` allocations of its size: sums of rows are unbiased. */
static void add_allocs(struct reducer *r, uint32_t thread, uint64_t thread_end_ns)
{
    struct rows rows = rows_of(r, TRACE_ALLOC_TABLE, thread);
    (void)thread_end_ns;
    for (uint64_t i = rows.row; i < rows.end && !rows.c.damaged; i++) {
        uint64_t ns, size = trace_get(&rows.c, i, TRACE_ALLOC_size);
        if (!clip(r, trace_get(&rows.c, i, TRACE_ALLOC_ts), 0, &ns))
            continue;
        double weight = trace_get_f64(&rows.c, i, TRACE_ALLOC_weight);
        bool freed = trace_get(&rows.c, i, TRACE_ALLOC_free_tid) &&
                     trace_get(&rows.c, i, TRACE_ALLOC_free_ts) < r->range.end_ns;
        struct reduce_group *g =
            group_at(r, UINT32_MAX, trace_get(&rows.c, i, TRACE_ALLOC_stack_id), size);
        g->weights[0] += weight;
        g->weights[1] += weight * (double)size;
        g->weights[2] += freed ? 0 : weight;
        g->weights[3] += freed ? 0 : weight * (double)size;
    }
}

/* ---- threads: where each is at the end ---- */

enum {
    /* Threads of a process that exits do not end at one instant. */
    EXIT_SLACK_NS = 2000000
};

/* The end of the range, or of the process: of its last thread (to leave the process
 * itself may take long after that). */
static uint64_t moment_of(const struct reducer *r, uint64_t pid)
{
    struct trace_cursor c = trace_cursor(r->trace, TRACE_THREAD_TABLE, 0);
    uint64_t moment = 0;
    for (uint64_t row = 0; row < c.total_rows && !c.damaged; row++) {
        uint64_t end = trace_get(&c, row, TRACE_THREAD_end_ts);
        if (trace_get(&c, row, TRACE_THREAD_pid) == pid && end > moment)
            moment = end;
    }
    return moment < r->range.end_ns ? moment : r->range.end_ns - 1;
}

/* What is in `column` of the last row of the table at that moment; spans that
 * ended before it (`dur_column` >= 0) do not count. */
static uint64_t last_value(const struct reducer *r, enum trace_table table, uint32_t thread,
                           unsigned column, int dur_column, uint64_t moment_ns)
{
    struct trace_cursor c = trace_cursor(r->trace, table, thread);
    if (!c.total_rows)
        return 0;
    uint64_t row = trace_row_at(&c, moment_ns);
    uint64_t ts = trace_get(&c, row, (unsigned)trace_tables[table].ts_column);
    if (ts > moment_ns ||
        (dur_column >= 0 &&
         ts + trace_get(&c, row, (unsigned)dur_column) + EXIT_SLACK_NS < moment_ns))
        return 0;
    return trace_get(&c, row, column);
}

static void add_thread(struct reducer *r, uint32_t thread, uint64_t thread_end_ns)
{
    struct trace_cursor threads = trace_cursor(r->trace, TRACE_THREAD_TABLE, 0);
    uint64_t moment = moment_of(r, trace_get(&threads, thread, TRACE_THREAD_pid));
    if (trace_get(&threads, thread, TRACE_THREAD_start_ts) > moment ||
        (thread_end_ns && thread_end_ns + EXIT_SLACK_NS < moment))
        return;
    if (thread_end_ns && thread_end_ns < moment)
        moment = thread_end_ns;
    struct trace_cursor c = trace_cursor(r->trace, TRACE_THREAD_STATE_TABLE, thread);
    uint64_t stack = 0, class = 0;
    if (c.total_rows) {
        uint64_t row = trace_row_at(&c, moment);
        class = trace_class(trace_get(&c, row, TRACE_THREAD_STATE_state),
                            trace_get(&c, row, TRACE_THREAD_STATE_reason));
        stack = trace_get(&c, row, TRACE_THREAD_STATE_stack_id);
    }
    if (!stack)
        stack = last_value(r, TRACE_LOCK_WAIT_TABLE, thread, TRACE_LOCK_WAIT_stack_id,
                           TRACE_LOCK_WAIT_dur, moment);
    if (!stack)
        stack = last_value(r, TRACE_SYSCALL_TABLE, thread, TRACE_SYSCALL_stack_id,
                           TRACE_SYSCALL_dur, moment);
    if (!stack)
        stack = last_value(r, TRACE_SAMPLE_TABLE, thread, TRACE_SAMPLE_stack_id, -1, moment);
    uint64_t call = stack ? 0
                          : last_value(r, TRACE_SYSCALL_TABLE, thread, TRACE_SYSCALL_name,
                                       TRACE_SYSCALL_dur, moment);
    group_at(r, thread, stack, class | call << REDUCE_CALL_SHIFT)->values[0]++;
}

/* ---- all of them ---- */

static void (*const collectors[REDUCE_KINDS])(struct reducer *r, uint32_t thread,
                                              uint64_t thread_end_ns) = {
    [REDUCE_CPU] = add_samples,       [REDUCE_OFFCPU] = add_blocked, [REDUCE_BLOCK] = add_waits,
    [REDUCE_MUTEX] = add_holds,       [REDUCE_SYSCALL] = add_calls,  [REDUCE_SCHED] = add_runnable,
    [REDUCE_HEAP] = add_allocs,       [REDUCE_ALLOCS] = add_allocs,  [REDUCE_THREADS] = add_thread,
    [REDUCE_GOROUTINES] = add_thread,
};

static void round_weights(struct reduce_group *g)
{
    for (int i = 0; i < REDUCE_VALUES; i++)
        g->values[i] = llround(g->weights[i]);
}

struct reduced reduce_trace(struct arena *a, const struct trace *t, enum reduce_kind kind,
                            struct reduce_range range)
{
    struct reducer r = {.trace = t, .range = range};
    struct trace_cursor threads = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    uint64_t count = threads.total_rows < UINT32_MAX ? threads.total_rows : UINT32_MAX - 1;
    for (uint64_t th = 0; th < count; th++)
        *map64_put(&r.of_tid, trace_get(&threads, th, TRACE_THREAD_tid), NULL) = th;
    for (uint64_t th = 0; th < count; th++)
        collectors[kind](&r, (uint32_t)th, trace_get(&threads, th, TRACE_THREAD_end_ts));
    if (kind == REDUCE_HEAP || kind == REDUCE_ALLOCS)
        for (uint32_t i = 0; i < r.keys.count; i++)
            round_weights(&r.groups[i]);
    struct reduced out = {
        .v = r.keys.count ? arena_memdup(a, r.groups, r.keys.count * sizeof *r.groups) : NULL,
        .count = r.keys.count,
        .rows = r.rows};
    free(r.groups);
    intern_release(&r.keys);
    map64_release(&r.of_tid);
    return out;
}
