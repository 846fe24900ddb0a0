#include "export/chrome_events.h"

#include "base/arena.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- parts of events ---- */

void chrome_frame_name(struct strbuf *sb, const struct trace_frame *f)
{
    char unknown[256];
    const char *slash = strrchr(f->module, '/'), *module = slash ? slash + 1 : f->module;
    if (*f->function) {
        chrome_escape(sb, f->function);
        return;
    }
    snprintf(unknown, sizeof unknown, "%s+0x%" PRIx64, *module ? module : "?", f->address);
    chrome_escape(sb, unknown);
}

enum {
    MAX_DEPTH = 256
};

/* ["leaf","caller",...] */
static void make_stack(struct chrome *ch, uint64_t stack_id)
{
    static _Thread_local struct trace_frame frames[MAX_DEPTH];
    struct strbuf name = {0};
    struct text *x = &ch->stack_texts;
    size_t begin = x->len, depth = trace_stack(ch->trace, stack_id, frames, MAX_DEPTH);
    text_putc(x, '[');
    for (size_t d = 0; d < depth && d < MAX_DEPTH; d++) {
        strbuf_clear(&name);
        chrome_frame_name(&name, &frames[d]);
        if (d)
            text_putc(x, ',');
        text_put(x, name.p, name.len);
    }
    text_putc(x, ']');
    strbuf_release(&name);
    ch->stack_json[stack_id] = (struct chrome_stack){begin, x->len - begin};
}

/* For dialects that have stacks in args: behind all members of the event itself. */
static void add_stack_arg(struct chrome *ch, uint64_t stack_id)
{
    if (!ch->dialect.states || !stack_id || stack_id >= ch->stacks.total_rows)
        return;
    if (!ch->stack_json[stack_id].len)
        make_stack(ch, stack_id);
    const struct chrome_stack *s = &ch->stack_json[stack_id];
    if (chrome_arg_key(&ch->w, "stack"))
        text_put(&ch->w.x, ch->stack_texts.buf + s->off, s->len);
}

static void add_stack(struct chrome *ch, uint64_t stack_id)
{
    if (!stack_id || stack_id >= ch->stacks.total_rows)
        return;
    if (!ch->dialect.frames) {
        add_stack_arg(ch, stack_id);
        return;
    }
    uint64_t node = trace_get(&ch->stacks, stack_id, TRACE_STACK_node);
    if (node)
        chrome_member_u64(&ch->w, "sf", node);
}

/* `key`: the thread's name; `key_tid`: its id. */
__attribute__((always_inline)) static inline void
add_thread_args(struct chrome *ch, const char *key, const char *key_tid, uint64_t tid)
{
    uint32_t thread;
    if (!tid)
        return;
    if (chrome_thread_of_tid(&ch->rows, tid, &thread))
        chrome_arg_id(&ch->w, key, ch->rows.threads[thread].name);
    chrome_arg_u64(&ch->w, key_tid, tid);
}

__attribute__((always_inline)) static inline void begin_span_at(struct chrome *ch,
                                                                const struct merge_event *e,
                                                                const char *cat, uint64_t pid,
                                                                uint64_t tid)
{
    if (ch->dialect.spans_only) {
        uint64_t end_ns = e->ts_ns + e->dur_ns;
        tid = chrome_span_tid(ch, pid, tid, e->ts_ns, end_ns);
        chrome_begin(&ch->w, 'B', cat, pid, tid, e->ts_ns);
        ch->span = (struct chrome_span){.end_ns = end_ns, .pid = pid, .tid = tid};
        return;
    }
    chrome_begin(&ch->w, 'X', cat, pid, tid, e->ts_ns);
    chrome_dur(&ch->w, e->dur_ns);
}

__attribute__((always_inline)) static inline void
begin_span(struct chrome *ch, const struct merge_event *e, const char *cat, enum chrome_row row)
{
    uint32_t thread = e->cursor->key;
    begin_span_at(ch, e, cat, ch->rows.threads[thread].pid, chrome_row_tid(&ch->rows, thread, row));
}

/* json is static. */
__attribute__((always_inline)) static inline void span_name(struct chrome *ch, const char *json)
{
    chrome_member(&ch->w, "name", json);
    ch->span.name_json = json;
    if (ch->dialect.spans_only)
        chrome_span_opened(ch, ch->span);
}

static inline void span_name_id(struct chrome *ch, uint64_t string_id)
{
    chrome_name_id(&ch->w, string_id);
    ch->span.name_json = NULL;
    ch->span.name_id = string_id;
    if (ch->dialect.spans_only)
        chrome_span_opened(ch, ch->span);
}

static bool is_shown(const struct chrome *ch, const struct merge_event *e)
{
    return analyze_in_range(ch->options->range, e->ts_ns, e->dur_ns) &&
           e->dur_ns >= ch->options->min_dur_ns;
}

/* ---- one function a table ---- */

/* Names and colours (of Chrome's fixed palette) by class. */
static const struct {
    const char *name;
    const char *colour;
} classes[TRACE_CLASSES] = {
    [TRACE_RUNNING] = {"\"running\"", "\"thread_state_running\""},
    [TRACE_RUNNABLE] = {"\"runnable\"", "\"thread_state_runnable\""},
    [TRACE_BLOCKED + TRACE_REASON_NONE] = {"\"blocked\"", "\"thread_state_sleeping\""},
    [TRACE_BLOCKED + TRACE_REASON_LOCK] = {"\"blocked: lock\"", "\"terrible\""},
    [TRACE_BLOCKED + TRACE_REASON_COND] = {"\"blocked: condition\"", "\"thread_state_sleeping\""},
    [TRACE_BLOCKED + TRACE_REASON_JOIN] = {"\"blocked: join\"", "\"thread_state_sleeping\""},
    [TRACE_BLOCKED + TRACE_REASON_SYSCALL] = {"\"blocked: syscall\"", "\"thread_state_sleeping\""},
    [TRACE_BLOCKED + TRACE_REASON_SLEEP] = {"\"blocked: sleep\"", "\"thread_state_sleeping\""},
    [TRACE_BLOCKED + TRACE_REASON_IO] = {"\"blocked: io\"", "\"thread_state_iowait\""},
    [TRACE_BLOCKED +
        TRACE_REASON_PAGE_FAULT] = {"\"blocked: page fault\"", "\"thread_state_uninterruptible\""},
    [TRACE_BLOCKED + TRACE_REASON_PREEMPTED] = {"\"blocked\"", "\"thread_state_sleeping\""},
    [TRACE_BLOCKED + TRACE_REASON_UNKNOWN] = {"\"blocked: unknown\"", "\"thread_state_unknown\""},
};

static void write_cpu(struct chrome *ch, const struct merge_event *e, int64_t cpu)
{
    const struct chrome_thread *th = &ch->rows.threads[e->cursor->key];
    begin_span_at(ch, e, "cpu", CHROME_CPU_PID, (uint64_t)cpu + 1);
    span_name_id(ch, th->name);
    chrome_arg_u64(&ch->w, "tid", th->tid);
    chrome_end(&ch->w);
}

static bool has_address(uint64_t reason)
{
    return reason == TRACE_REASON_LOCK || reason == TRACE_REASON_COND ||
           reason == TRACE_REASON_JOIN;
}

/* What Perfetto calls them. */
static const char *perfetto_state(unsigned class, bool preempted)
{
    switch (class) {
    case TRACE_RUNNING:
        return "\"Running\"";
    case TRACE_RUNNABLE:
        return preempted ? "\"Runnable (Preempted)\"" : "\"Runnable\"";
    case TRACE_BLOCKED + TRACE_REASON_IO:
    case TRACE_BLOCKED + TRACE_REASON_PAGE_FAULT:
        return "\"Uninterruptible Sleep\"";
    default:
        return "\"Sleeping\"";
    }
}

static void write_perfetto_state(struct chrome *ch, const struct merge_event *e, unsigned class,
                                 bool preempted)
{
    const struct chrome_thread *th = &ch->rows.threads[e->cursor->key];
    chrome_begin(&ch->w, 'T', "state", th->pid,
                 chrome_row_tid(&ch->rows, e->cursor->key, CHROME_STATES), e->ts_ns);
    chrome_dur(&ch->w, e->dur_ns);
    chrome_member(&ch->w, "name", perfetto_state(class, preempted));
    if (class == TRACE_BLOCKED + TRACE_REASON_IO)
        chrome_arg(&ch->w, "io_wait", "true");
    if (class > TRACE_BLOCKED)
        chrome_arg(&ch->w, "blocked_function", classes[class].name);
}

static void write_state(struct chrome *ch, const struct merge_event *e)
{
    uint64_t state = trace_get(e->cursor, e->row, TRACE_THREAD_STATE_state);
    uint64_t reason = trace_get(e->cursor, e->row, TRACE_THREAD_STATE_reason);
    int64_t cpu = (int64_t)trace_get(e->cursor, e->row, TRACE_THREAD_STATE_cpu);
    unsigned class = trace_class(state, reason);
    if (!classes[class].name)
        return;
    bool preempted = state == TRACE_RUNNABLE && trace_reason_lost_cpu(reason);
    if (ch->dialect.states) {
        write_perfetto_state(ch, e, class, preempted);
    } else {
        begin_span(ch, e, "state", CHROME_STATES);
        bool stolen = state == TRACE_RUNNABLE && reason == TRACE_REASON_STOLEN;
        span_name(ch, stolen ? "\"stolen\"" : preempted ? "\"preempted\"" : classes[class].name);
        chrome_member(&ch->w, "cname", classes[class].colour);
    }
    add_stack(ch, trace_get(e->cursor, e->row, TRACE_THREAD_STATE_stack_id));
    if (cpu >= 0)
        chrome_arg_u64(&ch->w, "cpu", (uint64_t)cpu);
    if (state == TRACE_BLOCKED && has_address(reason))
        chrome_arg_hex(&ch->w, "object", trace_get(e->cursor, e->row, TRACE_THREAD_STATE_object));
    add_thread_args(ch, "woken by", "waker_tid",
                    trace_get(e->cursor, e->row, TRACE_THREAD_STATE_waker_tid));
    chrome_end(&ch->w);
    if (state == TRACE_RUNNING && cpu >= 0 && cpu <= CHROME_STRIDE)
        write_cpu(ch, e, cpu);
}

static void write_call(struct chrome *ch, const struct merge_event *e)
{
    static const char *const keys[] = {"arg0", "arg1", "arg2", "arg3", "arg4", "arg5"};
    uint64_t object = trace_get(e->cursor, e->row, TRACE_SYSCALL_object);
    begin_span(ch, e, "syscall", CHROME_CALLS);
    span_name_id(ch, trace_get(e->cursor, e->row, TRACE_SYSCALL_name));
    add_stack(ch, trace_get(e->cursor, e->row, TRACE_SYSCALL_stack_id));
    if (trace_get(e->cursor, e->row, TRACE_SYSCALL_unfinished))
        chrome_arg_u64(&ch->w, "unfinished", 1);
    else
        chrome_arg_i64(&ch->w, "ret", (int64_t)trace_get(e->cursor, e->row, TRACE_SYSCALL_ret));
    if (object)
        chrome_arg_id(&ch->w, "on", object);
    unsigned last = 0; /* trailing zeros are mostly arguments that the call does not have */
    for (unsigned i = 0; i < 6; i++)
        if (trace_get(e->cursor, e->row, TRACE_SYSCALL_arg0 + i))
            last = i + 1;
    for (unsigned i = 0; i < last; i++)
        chrome_arg_hex(&ch->w, keys[i], trace_get(e->cursor, e->row, TRACE_SYSCALL_arg0 + i));
    chrome_end(&ch->w);
}

static const char *lock_kind(uint64_t kind)
{
    static const char *const names[TRACE_LOCK_KINDS] = {
        [TRACE_LOCK_MUTEX] = "\"wait: mutex\"",
        [TRACE_LOCK_RWLOCK_READ] = "\"wait: rwlock read\"",
        [TRACE_LOCK_RWLOCK_WRITE] = "\"wait: rwlock write\"",
        [TRACE_LOCK_SPIN] = "\"wait: spinlock\"",
        [TRACE_LOCK_COND] = "\"wait: condition\"",
        [TRACE_LOCK_SEM] = "\"wait: semaphore\"",
        [TRACE_LOCK_BARRIER] = "\"wait: barrier\"",
        [TRACE_LOCK_JOIN] = "\"wait: join\"",
        [TRACE_LOCK_ONCE] = "\"wait: once\"",
        [TRACE_LOCK_FUTEX] = "\"wait: futex\"",
    };
    return kind < TRACE_LOCK_KINDS ? names[kind] : "\"wait\"";
}

static void write_wait(struct chrome *ch, const struct merge_event *e)
{
    begin_span(ch, e, "lock", CHROME_WAITS);
    span_name(ch, lock_kind(trace_get(e->cursor, e->row, TRACE_LOCK_WAIT_kind)));
    add_stack(ch, trace_get(e->cursor, e->row, TRACE_LOCK_WAIT_stack_id));
    chrome_arg_hex(&ch->w, "lock", trace_get(e->cursor, e->row, TRACE_LOCK_WAIT_lock));
    add_thread_args(ch, "held by", "holder_tid",
                    trace_get(e->cursor, e->row, TRACE_LOCK_WAIT_holder_tid));
    chrome_end(&ch->w);
}

static void write_hold(struct chrome *ch, const struct merge_event *e)
{
    const struct chrome_thread *th = &ch->rows.threads[e->cursor->key];
    uint64_t tid =
        chrome_lock_tid(&ch->rows, th->pid, trace_get(e->cursor, e->row, TRACE_LOCK_HOLD_lock),
                        trace_get(e->cursor, e->row, TRACE_LOCK_HOLD_kind), th->tid);
    begin_span_at(ch, e, "hold", CHROME_LOCK_PID, tid);
    span_name_id(ch, th->name);
    add_stack(ch, trace_get(e->cursor, e->row, TRACE_LOCK_HOLD_stack_id));
    chrome_arg_u64(&ch->w, "tid", th->tid);
    chrome_arg_u64(&ch->w, "contended", trace_get(e->cursor, e->row, TRACE_LOCK_HOLD_contended));
    chrome_end(&ch->w);
}

static void write_region(struct chrome *ch, const struct merge_event *e)
{
    uint64_t task = trace_get(e->cursor, e->row, TRACE_REGION_task_id);
    begin_span(ch, e, "region", CHROME_REGIONS);
    span_name_id(ch, trace_get(e->cursor, e->row, TRACE_REGION_name));
    if (task)
        chrome_arg_u64(&ch->w, "task", task);
    chrome_end(&ch->w);
}

static void begin_instant(struct chrome *ch, const struct merge_event *e, const char *cat)
{
    uint32_t thread = e->cursor->key;
    chrome_begin(&ch->w, 'i', cat, ch->rows.threads[thread].pid,
                 chrome_row_tid(&ch->rows, thread, CHROME_STATES), e->ts_ns);
    chrome_member(&ch->w, "s", "\"t\"");
}

static void write_message(struct chrome *ch, const struct merge_event *e)
{
    begin_instant(ch, e, "message");
    chrome_name_id(&ch->w, trace_get(e->cursor, e->row, TRACE_MESSAGE_text));
    chrome_end(&ch->w);
}

static void write_alloc(struct chrome *ch, const struct merge_event *e)
{
    static const char *const names[TRACE_ALLOC_KINDS] = {
        [TRACE_ALLOC_MALLOC] = "\"malloc\"",   [TRACE_ALLOC_CALLOC] = "\"calloc\"",
        [TRACE_ALLOC_REALLOC] = "\"realloc\"", [TRACE_ALLOC_MEMALIGN] = "\"memalign\"",
        [TRACE_ALLOC_MMAP] = "\"mmap\"",       [TRACE_ALLOC_BRK] = "\"brk\""};
    uint64_t kind = trace_get(e->cursor, e->row, TRACE_ALLOC_kind);
    begin_instant(ch, e, "alloc");
    chrome_member(&ch->w, "name", kind < TRACE_ALLOC_KINDS ? names[kind] : "\"alloc\"");
    add_stack(ch, trace_get(e->cursor, e->row, TRACE_ALLOC_stack_id));
    chrome_arg_u64(&ch->w, "size", trace_get(e->cursor, e->row, TRACE_ALLOC_size));
    chrome_arg_f64(&ch->w, "weight", trace_get_f64(e->cursor, e->row, TRACE_ALLOC_weight));
    chrome_arg_hex(&ch->w, "addr", trace_get(e->cursor, e->row, TRACE_ALLOC_addr));
    chrome_end(&ch->w);
}

static void write_flow_end(struct chrome *ch, const struct merge_event *e, char ph, uint32_t thread)
{
    chrome_begin(&ch->w, ph, "wakeup", ch->rows.threads[thread].pid,
                 chrome_row_tid(&ch->rows, thread, CHROME_STATES), e->ts_ns);
    chrome_member(&ch->w, "name", "\"wakeup\"");
    chrome_member_u64(&ch->w, "id", e->row + 1);
    if (ph == 'f')
        chrome_member(&ch->w, "bp", "\"e\"");
    chrome_end(&ch->w);
}

/* An arrow from the waker's row to the wakee's, where both are in the trace. Arrows
 * hang on the spans they begin and end in: without the short ones there are none, and
 * none on Perfetto's thread states, which tell the waker in args. */
static void write_wakeup(struct chrome *ch, const struct merge_event *e)
{
    uint32_t waker, wakee;
    if (ch->options->min_dur_ns || ch->dialect.states ||
        !chrome_thread_of_tid(&ch->rows, trace_get(e->cursor, e->row, TRACE_WAKEUP_waker_tid),
                              &waker) ||
        !chrome_thread_of_tid(&ch->rows, trace_get(e->cursor, e->row, TRACE_WAKEUP_wakee_tid),
                              &wakee))
        return;
    write_flow_end(ch, e, 's', waker);
    write_flow_end(ch, e, 'f', wakee);
}

static void write_counter(struct chrome *ch, const struct merge_event *e)
{
    uint64_t pid = trace_get(e->cursor, e->row, TRACE_COUNTER_pid);
    uint64_t name = trace_get(e->cursor, e->row, TRACE_COUNTER_name);
    pid = pid ? pid : ch->rows.first_pid;
    chrome_begin(&ch->w, 'C', "counter", pid, pid, e->ts_ns);
    chrome_name_id(&ch->w, name);
    chrome_arg_f64_of(&ch->w, name, trace_get_f64(e->cursor, e->row, TRACE_COUNTER_value));
    chrome_end(&ch->w);
}

static void write_lost(struct chrome *ch, const struct merge_event *e)
{
    uint64_t pid = ch->rows.first_pid, tid = pid;
    uint32_t thread;
    if (chrome_thread_of_tid(&ch->rows, trace_get(e->cursor, e->row, TRACE_LOST_tid), &thread)) {
        pid = ch->rows.threads[thread].pid;
        tid = chrome_row_tid(&ch->rows, thread, CHROME_STATES);
    }
    chrome_begin(&ch->w, 'i', "lost", pid, tid, e->ts_ns);
    chrome_member(&ch->w, "s", "\"g\"");
    chrome_member(&ch->w, "name", "\"events lost\"");
    chrome_arg_u64(&ch->w, "count", trace_get(e->cursor, e->row, TRACE_LOST_count));
    chrome_arg_u64(&ch->w, "dur_ns", e->dur_ns);
    chrome_arg_id(&ch->w, "in", trace_get(e->cursor, e->row, TRACE_LOST_source));
    chrome_end(&ch->w);
}

/* ---- tasks: pairs of events, since they overlap ---- */

static void task_event(struct chrome *ch, char ph, uint64_t ts_ns, uint64_t task_id, uint64_t name)
{
    chrome_begin(&ch->w, ph, "task", ch->rows.first_pid, ch->rows.first_pid, ts_ns);
    chrome_name_id(&ch->w, name);
    chrome_member_u64(&ch->w, "id", task_id);
}

static void push_end(struct chrome *ch, struct task_end end)
{
    mem_grow(&ch->ends, &ch->end_cap, ch->end_count + 1, sizeof *ch->ends);
    size_t i = ch->end_count++;
    for (; i && ch->ends[(i - 1) / 2].ts_ns > end.ts_ns; i = (i - 1) / 2)
        ch->ends[i] = ch->ends[(i - 1) / 2];
    ch->ends[i] = end;
}

static struct task_end pop_end(struct chrome *ch)
{
    struct task_end first = ch->ends[0], last = ch->ends[--ch->end_count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < ch->end_count && ch->ends[child + 1].ts_ns < ch->ends[child].ts_ns)
            child++;
        if (child >= ch->end_count || ch->ends[child].ts_ns >= last.ts_ns)
            break;
        ch->ends[i] = ch->ends[child];
        i = child;
    }
    ch->ends[i] = last;
    return first;
}

void chrome_write_task_ends(struct chrome *ch, uint64_t until_ns)
{
    while (ch->end_count && ch->ends[0].ts_ns <= until_ns) {
        struct task_end end = pop_end(ch);
        task_event(ch, 'e', end.ts_ns, end.task_id, end.name);
        chrome_end(&ch->w);
    }
}

static void write_task(struct chrome *ch, const struct merge_event *e)
{
    uint64_t id = trace_get(e->cursor, e->row, TRACE_TASK_task_id);
    uint64_t name = trace_get(e->cursor, e->row, TRACE_TASK_name);
    uint64_t parent = trace_get(e->cursor, e->row, TRACE_TASK_parent_id);
    task_event(ch, 'b', e->ts_ns, id, name);
    if (parent)
        chrome_arg_u64(&ch->w, "parent", parent);
    chrome_end(&ch->w);
    push_end(ch, (struct task_end){e->ts_ns + e->dur_ns, id, name});
}

/* ---- all of them ---- */

static const struct {
    enum trace_table table;
    bool by_duration; /* --min-dur applies */
    void (*write)(struct chrome *ch, const struct merge_event *e);
} tables[] = {
    {TRACE_REGION_TABLE, true, write_region},      {TRACE_LOCK_WAIT_TABLE, true, write_wait},
    {TRACE_THREAD_STATE_TABLE, true, write_state}, {TRACE_SYSCALL_TABLE, true, write_call},
    {TRACE_LOCK_HOLD_TABLE, true, write_hold},     {TRACE_ALLOC_TABLE, false, write_alloc},
    {TRACE_MESSAGE_TABLE, false, write_message},   {TRACE_TASK_TABLE, true, write_task},
    {TRACE_WAKEUP_TABLE, false, write_wakeup},     {TRACE_COUNTER_TABLE, false, write_counter},
    {TRACE_LOST_TABLE, false, write_lost},
};

enum {
    TABLES = sizeof tables / sizeof *tables
};

/* Only spans, which nest within their row. */
static bool is_wanted(const struct chrome *ch, int i, bool by_thread)
{
    return trace_tables[tables[i].table].by_thread == by_thread &&
           (!ch->dialect.spans_only ||
            (tables[i].by_duration && tables[i].table != TRACE_TASK_TABLE));
}

void chrome_add_sources(struct chrome *ch, struct merge *m)
{
    for (uint64_t th = 0; th < ch->rows.thread_count && th <= UINT32_MAX; th++)
        for (int i = 0; i < TABLES; i++)
            if (is_wanted(ch, i, true))
                merge_add(m, tables[i].table, (uint32_t)th, ch->rows.threads[th].end_ns,
                          ch->options->range);
    for (int i = 0; i < TABLES; i++)
        if (is_wanted(ch, i, false))
            merge_add(m, tables[i].table, 0, 0, ch->options->range);
}

void chrome_write_row(struct chrome *ch, const struct merge_event *e)
{
    /* The most frequent table first. */
    if (e->cursor->table == TRACE_THREAD_STATE_TABLE) {
        if (is_shown(ch, e))
            write_state(ch, e);
        return;
    }
    for (int i = 0; i < TABLES; i++) {
        if (tables[i].table != e->cursor->table)
            continue;
        bool shown = tables[i].by_duration
                         ? is_shown(ch, e)
                         : analyze_in_range(ch->options->range, e->ts_ns, e->dur_ns);
        if (shown)
            tables[i].write(ch, e);
        return;
    }
}
