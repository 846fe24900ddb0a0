#include "trace/cut.h"

#include "base/arena.h"
#include "base/map.h"
#include "trace/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEFT_OUT = UINT32_MAX, /* of a thread's row */
    PROGRESS_ROWS = 1 << 16
};

/* What a lock did in the range. */
struct lock_use {
    uint64_t holds, waits, wait_ns, max_wait_ns;
};

struct lock_key {
    uint64_t address;
    uint64_t pid;
};

struct cutter {
    const struct trace *t;
    const struct trace_cut *cut;
    struct trace_writer *w;
    uint32_t *threads;    /* owned: its new row by row, or LEFT_OUT */
    uint64_t *pids;       /* owned: by the old row */
    struct map64 tids;    /* of threads that are taken */
    struct map64 taken;   /* pids */
    uint32_t *strings;    /* owned: new id by id, 0: not asked yet */
    struct map64 stacks;  /* new id by id */
    struct map64 frames;  /* likewise */
    struct intern locks;  /* struct lock_key */
    struct lock_use *use; /* owned: by its number */
    size_t use_cap;
    struct trace_frame *stack; /* owned: scratch */
    size_t stack_cap;
    uint64_t rows, seen, total;
    bool stopped;
};

/* --- words ------------------------------------------------------------------------ */

static uint64_t new_ts(const struct cutter *k, uint64_t ts)
{
    const struct trace_cut *cut = k->cut;
    return (ts < cut->begin_ns ? cut->begin_ns
            : ts > cut->end_ns ? cut->end_ns
                               : ts) -
           cut->begin_ns;
}

static uint32_t new_string(struct cutter *k, uint64_t id)
{
    if (!id || id >= trace_string_count(k->t))
        return 0;
    if (!k->strings[id])
        k->strings[id] = trace_writer_string(k->w, trace_string(k->t, id));
    return k->strings[id];
}

static uint32_t new_frame(struct cutter *k, uint64_t id)
{
    bool added;
    uint64_t *at = map64_put(&k->frames, id, &added);
    if (!added)
        return (uint32_t)*at;
    uint64_t values[TRACE_FRAME_COLUMNS];
    struct trace_cursor c = trace_cursor(k->t, TRACE_FRAME_TABLE, 0);
    for (unsigned col = 0; col < TRACE_FRAME_COLUMNS; col++) {
        values[col] = id < c.total_rows ? trace_get(&c, id, col) : 0;
        if (trace_tables[TRACE_FRAME_TABLE].column[col].kind == TRACE_STR)
            values[col] = new_string(k, values[col]);
    }
    return (uint32_t)(*at = trace_writer_frame(k->w, values));
}

static uint32_t new_stack(struct cutter *k, uint64_t id)
{
    bool added;
    if (!id)
        return 0;
    uint64_t *at = map64_put(&k->stacks, id, &added);
    if (!added)
        return (uint32_t)*at;
    uint32_t stack = trace_writer_stack_new(k->w);
    *at = stack;
    size_t depth = trace_stack(k->t, id, k->stack, k->stack_cap);
    if (depth > k->stack_cap) {
        mem_grow(&k->stack, &k->stack_cap, depth, sizeof *k->stack);
        depth = trace_stack(k->t, id, k->stack, k->stack_cap);
    }
    uint32_t *frames = mem_realloc(NULL, depth + 1, sizeof *frames);
    for (size_t i = 0; i < depth; i++)
        frames[i] = new_frame(k, k->stack[i].frame_id);
    trace_writer_stack_define(k->w, stack, frames, depth);
    free(frames);
    return stack;
}

/* A row's words as the new file has them, but for what is its table's own. */
static void read_row(struct cutter *k, struct trace_cursor *c, uint64_t row, uint64_t *values)
{
    const struct trace_table_info *info = &trace_tables[c->table];
    for (unsigned col = 0; col < info->columns; col++) {
        uint64_t word = trace_get(c, row, col);
        enum trace_kind kind = info->column[col].kind;
        values[col] = kind == TRACE_TS      ? new_ts(k, word)
                      : kind == TRACE_STR   ? new_string(k, word)
                      : kind == TRACE_STACK ? new_stack(k, word)
                                            : word;
    }
}

/* --- rows with a time ------------------------------------------------------------- */

static int unfinished_column(enum trace_table table)
{
    return table == TRACE_SYSCALL_TABLE     ? TRACE_SYSCALL_unfinished
           : table == TRACE_LOCK_WAIT_TABLE ? TRACE_LOCK_WAIT_unfinished
                                            : -1;
}

static void count_lock(struct cutter *k, enum trace_table table, uint64_t pid,
                       const uint64_t *values)
{
    bool wait = table == TRACE_LOCK_WAIT_TABLE;
    struct lock_key key = {values[wait ? TRACE_LOCK_WAIT_lock : TRACE_LOCK_HOLD_lock], pid};
    uint32_t known = k->locks.count;
    uint32_t id = intern_bytes(&k->locks, &key, sizeof key);
    mem_grow(&k->use, &k->use_cap, (size_t)id + 1, sizeof *k->use);
    if (id == known)
        k->use[id] = (struct lock_use){0};
    struct lock_use *use = &k->use[id];
    if (!wait) {
        use->holds++;
        return;
    }
    uint64_t ns = values[TRACE_LOCK_WAIT_dur];
    use->waits++;
    use->wait_ns += ns;
    use->max_wait_ns = ns > use->max_wait_ns ? ns : use->max_wait_ns;
}

/* Freed after the range: not in this trace. */
static void mend_alloc(const struct cutter *k, struct trace_cursor *c, uint64_t row,
                       uint64_t *values)
{
    if (trace_get(c, row, TRACE_ALLOC_free_tid) &&
        trace_get(c, row, TRACE_ALLOC_free_ts) < k->cut->end_ns)
        return;
    values[TRACE_ALLOC_free_ts] = 0;
    values[TRACE_ALLOC_free_tid] = 0;
}

/* Takes the part of a span [ts, end) that is inside; instants have ts == end. */
static void take(struct cutter *k, struct trace_cursor *c, uint64_t row, uint64_t ts, uint64_t end,
                 uint32_t key)
{
    uint64_t values[TRACE_MAX_COLUMNS];
    enum trace_table table = c->table;
    int dur = trace_dur_column(table), unfinished = unfinished_column(table);
    read_row(k, c, row, values);
    if (dur >= 0)
        values[dur] = new_ts(k, end) - new_ts(k, ts);
    if (unfinished >= 0 && end > k->cut->end_ns)
        values[unfinished] = 1;
    if (table == TRACE_ALLOC_TABLE)
        mend_alloc(k, c, row, values);
    if (table == TRACE_LOCK_WAIT_TABLE || table == TRACE_LOCK_HOLD_TABLE)
        count_lock(k, table, k->pids[c->key], values);
    trace_writer_row(k->w, table, key, values);
    k->rows++;
}

static bool inside(const struct cutter *k, uint64_t ts, uint64_t end)
{
    if (ts == end) /* the trace's last instant belongs to it */
        return ts >= k->cut->begin_ns &&
               (ts < k->cut->end_ns || k->cut->end_ns == trace_duration_ns(k->t));
    return ts < k->cut->end_ns && end > k->cut->begin_ns;
}

static bool step(struct cutter *k)
{
    if (++k->seen % PROGRESS_ROWS == 0)
        k->stopped |= !progress_step(k->cut->progress, "cutting", k->seen, k->total);
    return !k->stopped;
}

/* Where rows may begin that reach into the range. Spans of these tables may nest, so the
 * ends of earlier ones have to be looked at. */
static uint64_t first_row(const struct cutter *k, struct trace_cursor *c)
{
    if (c->table == TRACE_THREAD_STATE_TABLE)
        return trace_row_at(c, k->cut->begin_ns);
    return trace_dur_column(c->table) >= 0 ? 0 : trace_lower_bound(c, k->cut->begin_ns);
}

static void cut_rows(struct cutter *k, struct trace_cursor *c, uint32_t key, uint64_t thread_end,
                     bool (*wants)(struct cutter *k, struct trace_cursor *c, uint64_t row))
{
    unsigned ts_column = (unsigned)trace_tables[c->table].ts_column;
    int dur = trace_dur_column(c->table);
    for (uint64_t row = first_row(k, c); row < c->total_rows && !c->damaged && step(k); row++) {
        uint64_t ts = trace_get(c, row, ts_column), end = ts;
        if (ts > k->cut->end_ns)
            return;
        if (c->table == TRACE_THREAD_STATE_TABLE)
            end = trace_state_end(c, row, thread_end);
        else if (dur >= 0)
            end = ts + trace_get(c, row, (unsigned)dur);
        if (inside(k, ts, end) && (!wants || wants(k, c, row)))
            take(k, c, row, ts, end, key);
    }
}

/* --- tables ------------------------------------------------------------------------ */

static bool is_chosen(const struct cutter *k, struct trace_cursor *c, uint64_t row)
{
    uint64_t start = trace_get(c, row, TRACE_THREAD_start_ts);
    uint64_t end = trace_get(c, row, TRACE_THREAD_end_ts);
    return (!k->cut->threads || k->cut->threads[row]) && inside(k, start, end);
}

static void cut_threads(struct cutter *k)
{
    struct trace_cursor c = trace_cursor(k->t, TRACE_THREAD_TABLE, 0);
    for (uint64_t row = 0; row < c.total_rows; row++) {
        uint64_t values[TRACE_MAX_COLUMNS];
        k->threads[row] = LEFT_OUT;
        k->pids[row] = trace_get(&c, row, TRACE_THREAD_pid);
        if (!is_chosen(k, &c, row))
            continue;
        read_row(k, &c, row, values);
        values[TRACE_THREAD_cpu_ns] = 0;
        k->threads[row] = trace_writer_row(k->w, TRACE_THREAD_TABLE, 0, values);
        map64_put(&k->tids, values[TRACE_THREAD_tid], NULL);
        map64_put(&k->taken, k->pids[row], NULL);
    }
}

static void cut_processes(struct cutter *k)
{
    struct trace_cursor c = trace_cursor(k->t, TRACE_PROCESS_TABLE, 0);
    for (uint64_t row = 0; row < c.total_rows; row++) {
        uint64_t values[TRACE_MAX_COLUMNS];
        uint64_t end = trace_get(&c, row, TRACE_PROCESS_end_ts);
        if (!map64_get(&k->taken, trace_get(&c, row, TRACE_PROCESS_pid)) ||
            !inside(k, trace_get(&c, row, TRACE_PROCESS_start_ts), end))
            continue;
        read_row(k, &c, row, values);
        if (end > k->cut->end_ns)
            values[TRACE_PROCESS_exit_status] = (uint64_t)-1;
        trace_writer_row(k->w, TRACE_PROCESS_TABLE, 0, values);
    }
}

static void cut_by_thread(struct cutter *k, enum trace_table table)
{
    struct trace_cursor threads = trace_cursor(k->t, TRACE_THREAD_TABLE, 0);
    for (uint32_t row = 0; row < threads.total_rows && !k->stopped; row++) {
        if (k->threads[row] == LEFT_OUT)
            continue;
        struct trace_cursor c = trace_cursor(k->t, table, row);
        uint64_t end = trace_get(&threads, row, TRACE_THREAD_end_ts);
        cut_rows(k, &c, k->threads[row], end, NULL);
    }
}

static bool wants_wakeup(struct cutter *k, struct trace_cursor *c, uint64_t row)
{
    return !k->cut->threads || map64_get(&k->tids, trace_get(c, row, TRACE_WAKEUP_waker_tid)) ||
           map64_get(&k->tids, trace_get(c, row, TRACE_WAKEUP_wakee_tid));
}

static bool has_pid(struct cutter *k, uint64_t pid)
{
    return !pid || map64_get(&k->taken, pid);
}

static bool wants_counter(struct cutter *k, struct trace_cursor *c, uint64_t row)
{
    return has_pid(k, trace_get(c, row, TRACE_COUNTER_pid));
}

/* Each counter's value as the range begins. */
static void begin_counters(struct cutter *k)
{
    struct trace_cursor c = trace_cursor(k->t, TRACE_COUNTER_TABLE, 0);
    struct map64 latest = {0};
    uint64_t end = trace_lower_bound(&c, k->cut->begin_ns), name_pid, row;
    for (row = 0; row < end && !c.damaged && step(k); row++)
        if (wants_counter(k, &c, row))
            *map64_put(&latest,
                       trace_get(&c, row, TRACE_COUNTER_name) << 32 |
                           trace_get(&c, row, TRACE_COUNTER_pid),
                       NULL) = row;
    for (size_t pos = 0; map64_next(&latest, &pos, &name_pid, &row);)
        take(k, &c, row, k->cut->begin_ns, k->cut->begin_ns, 0);
    map64_release(&latest);
}

static void cut_shared(struct cutter *k, enum trace_table table)
{
    struct trace_cursor c = trace_cursor(k->t, table, 0);
    if (table == TRACE_COUNTER_TABLE)
        begin_counters(k);
    cut_rows(k, &c, 0, 0,
             table == TRACE_WAKEUP_TABLE    ? wants_wakeup
             : table == TRACE_COUNTER_TABLE ? wants_counter
                                            : NULL);
}

static void cut_locks(struct cutter *k)
{
    struct trace_cursor c = trace_cursor(k->t, TRACE_LOCK_TABLE, 0);
    uint32_t used = k->locks.count;
    for (uint64_t row = 0; row < c.total_rows; row++) {
        uint64_t values[TRACE_MAX_COLUMNS];
        struct lock_key key = {trace_get(&c, row, TRACE_LOCK_lock),
                               trace_get(&c, row, TRACE_LOCK_pid)};
        uint32_t id = intern_bytes(&k->locks, &key, sizeof key);
        if (id >= used)
            continue; /* not in the range */
        const struct lock_use *use = &k->use[id];
        read_row(k, &c, row, values);
        values[TRACE_LOCK_acquisitions] = use->holds > use->waits ? use->holds : use->waits;
        values[TRACE_LOCK_contentions] = use->waits;
        values[TRACE_LOCK_wait_ns] = use->wait_ns;
        values[TRACE_LOCK_max_wait_ns] = use->max_wait_ns;
        trace_writer_row(k->w, TRACE_LOCK_TABLE, 0, values);
    }
}

/* Without a time and without a thread: modules, and what later versions may add. */
static void copy_table(struct cutter *k, enum trace_table table)
{
    struct trace_cursor c = trace_cursor(k->t, table, 0);
    for (uint64_t row = 0; row < c.total_rows && !c.damaged && step(k); row++) {
        uint64_t values[TRACE_MAX_COLUMNS];
        if (table == TRACE_MODULE_TABLE && !has_pid(k, trace_get(&c, row, TRACE_MODULE_pid)))
            continue;
        read_row(k, &c, row, values);
        trace_writer_row(k->w, table, 0, values);
    }
}

static void cut_table(struct cutter *k, enum trace_table table)
{
    const struct trace_table_info *info = &trace_tables[table];
    switch (table) {
    case TRACE_META_TABLE:        /* at the end */
    case TRACE_THREAD_TABLE:      /* before all others */
    case TRACE_PROCESS_TABLE:     /* likewise */
    case TRACE_LOCK_TABLE:        /* after its waits */
    case TRACE_STACK_TABLE:       /* as they are met */
    case TRACE_STACK_NODE_TABLE:  /* likewise */
    case TRACE_FRAME_TABLE:       /* likewise */
    case TRACE_EVENT_COUNT_TABLE: /* of the whole only */
    case TRACE_STATE_TOTAL_TABLE: /* the writer's */
        return;
    default:
        if (info->by_thread && info->ts_column >= 0)
            cut_by_thread(k, table);
        else if (info->ts_column >= 0)
            cut_shared(k, table);
        else if (!info->by_thread)
            copy_table(k, table);
    }
}

static uint64_t lost_in(const struct cutter *k)
{
    struct trace_cursor c = trace_cursor(k->t, TRACE_LOST_TABLE, 0);
    uint64_t lost = 0;
    for (uint64_t row = 0; row < c.total_rows && !c.damaged; row++) {
        uint64_t ts = trace_get(&c, row, TRACE_LOST_ts);
        if (inside(k, ts, ts + trace_get(&c, row, TRACE_LOST_dur)))
            lost += trace_get(&c, row, TRACE_LOST_count);
    }
    return lost;
}

static void cut_meta(struct cutter *k)
{
    const struct trace_cut *cut = k->cut;
    const char *path = trace_path(k->t), *slash = strrchr(path, '/');
    struct trace_cursor c = trace_cursor(k->t, TRACE_META_TABLE, 0);
    for (uint64_t row = 0; row < c.total_rows && !c.damaged; row++)
        trace_writer_meta(k->w, trace_string(k->t, trace_get(&c, row, TRACE_META_key)),
                          trace_string(k->t, trace_get(&c, row, TRACE_META_value)));
    uint64_t start = trace_meta_u64(k->t, "start_unix_ns", 0);
    trace_writer_meta_u64(k->w, "start_unix_ns", start ? start + cut->begin_ns : 0);
    trace_writer_meta_u64(k->w, "duration_ns", cut->end_ns - cut->begin_ns);
    trace_writer_meta_u64(k->w, "events", k->rows);
    trace_writer_meta_u64(k->w, "lost_events", lost_in(k));
    trace_writer_meta(k->w, "cut.of", slash ? slash + 1 : path);
    trace_writer_meta_u64(k->w, "cut.from_ns", cut->begin_ns);
    trace_writer_meta_u64(k->w, "cut.to_ns", cut->end_ns);
    if (cut->threads)
        trace_writer_meta(k->w, "cut.threads", "some");
}

static void cut_all(struct cutter *k)
{
    for (int table = 0; table < TRACE_TABLE_COUNT; table++)
        k->total += trace_table_rows(k->t, (enum trace_table)table);
    cut_threads(k);
    cut_processes(k);
    for (int table = 0; table < TRACE_TABLE_COUNT && !k->stopped; table++)
        cut_table(k, (enum trace_table)table);
    cut_locks(k);
    cut_meta(k);
}

static void release(struct cutter *k)
{
    free(k->threads);
    free(k->pids);
    free(k->strings);
    free(k->stack);
    free(k->use);
    intern_release(&k->locks);
    map64_release(&k->tids);
    map64_release(&k->taken);
    map64_release(&k->stacks);
    map64_release(&k->frames);
}

bool trace_cut(const struct trace *t, const struct trace_cut *cut, const char *path, uint64_t *rows,
               struct err *err)
{
    size_t threads = (size_t)trace_rows(t, TRACE_THREAD_TABLE, 0);
    struct cutter k = {.t = t, .cut = cut};
    if (cut->begin_ns >= cut->end_ns)
        return err_set(err, "an empty range");
    k.w = trace_writer_open(path, err);
    if (!k.w)
        return false;
    k.threads = mem_realloc(NULL, threads + 1, sizeof *k.threads);
    k.pids = mem_realloc(NULL, threads + 1, sizeof *k.pids);
    k.strings = calloc((size_t)trace_string_count(t) + 1, sizeof *k.strings);
    if (!k.strings)
        abort();
    cut_all(&k);
    if (rows)
        *rows = k.rows;
    bool ok = !trace_damage(t, err) && (!k.stopped || err_set(err, "stopped"));
    if (!ok)
        trace_writer_abort(k.w);
    release(&k);
    return ok && trace_writer_close(k.w, cut->end_ns - cut->begin_ns, err);
}
