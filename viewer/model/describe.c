#include "model/describe.h"

#include "base/fmt.h"
#include "model/ticks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *model_basename(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *model_short_function(const char *name)
{
    const char *end = name + strcspn(name, "(<[ "), *at = name;
    for (const char *p = name; p < end; p++)
        if (*p == '/')
            at = p + 1;
    return at;
}

const char *model_frame_name(const struct trace_frame *frame, char *buf, size_t bytes)
{
    if (frame->function[0])
        snprintf(buf, bytes, "%s", frame->function);
    else if (frame->module[0])
        snprintf(buf, bytes, "%s+0x%" PRIx64, model_basename(frame->module), frame->address);
    else
        snprintf(buf, bytes, "0x%" PRIx64, frame->address);
    return buf;
}

static bool is_plumbing(const struct trace_frame *frame)
{
    static const char *const modules[] = {"libc.so",          "libc-",  "libpthread", "ld-linux",
                                          "libwhyprof-agent", "[vdso]", "[kernel"};
    const char *module = model_basename(frame->module);
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
        if (!strncmp(module, modules[i], strlen(modules[i])))
            return true;
    return false;
}

size_t model_stack_own(const struct trace_frame *frames, size_t depth)
{
    size_t i = 0;
    while (i < depth && is_plumbing(&frames[i]))
        i++;
    return i < depth ? i : 0;
}

const char *model_stack_function(const struct trace *t, uint64_t stack_id, char *buf, size_t bytes)
{
    struct trace_frame frames[64];
    size_t depth = trace_stack(t, stack_id, frames, 64);
    buf[0] = '\0';
    depth = depth < 64 ? depth : 64;
    if (depth)
        model_frame_name(&frames[model_stack_own(frames, depth)], buf, bytes);
    return buf;
}

void model_words_fact(struct model_words *w, const char *label, const char *text)
{
    if (w->fact_count < MODEL_FACTS && text && text[0])
        w->facts[w->fact_count++] =
            (struct model_fact){.label = label, .text = text, .class = MODEL_CLASSES};
}

void model_words_link(struct model_words *w, const char *label, const char *text,
                      enum model_link link, uint64_t to, int64_t to_ns)
{
    size_t before = w->fact_count;
    model_words_fact(w, label, text);
    if (w->fact_count == before)
        return;
    w->facts[before].link = link;
    w->facts[before].to = to;
    w->facts[before].to_ns = to_ns;
}

static void minor_fact(struct model_words *w, const char *label, const char *text)
{
    size_t before = w->fact_count;
    model_words_fact(w, label, text);
    if (w->fact_count > before)
        w->facts[before].minor = true;
}

/* A thread of another program can be named, but there is nowhere to go. */
static void thread_fact(struct model_words *w, const char *label, const struct model_doc *doc,
                        uint64_t tid, int64_t ns, struct arena *a)
{
    model_words_link(w, label, model_doc_thread_name(doc, tid, ns, a),
                     model_doc_thread(doc, tid, ns) ? MODEL_LINK_THREAD : MODEL_LINK_NONE, tid, ns);
}

static const char *exact(struct arena *a, int64_t ns)
{
    char buf[MODEL_TIME_MAX];
    return arena_strdup(a, model_time_exact(buf, ns));
}

static void times(struct model_words *w, int64_t begin_ns, int64_t end_ns, struct arena *a)
{
    model_words_fact(w, "Duration", exact(a, end_ns - begin_ns));
    model_words_fact(w, "Start", exact(a, begin_ns));
    minor_fact(w, "End", exact(a, end_ns));
}

const char *model_lock_text(const struct model_doc *doc, uint64_t address, struct arena *a)
{
    int64_t row = model_doc_lock(doc, address);
    if (row >= 0) {
        struct trace_cursor c = trace_cursor(doc->trace, TRACE_LOCK_TABLE, 0);
        const char *name = trace_string(doc->trace, trace_get(&c, (uint64_t)row, TRACE_LOCK_name));
        if (strstr(name, "0x"))
            return name; /* named after its address */
        if (name[0])
            return arena_printf(a, "%s (0x%" PRIx64 ")", name, address);
    }
    return arena_printf(a, "0x%" PRIx64, address);
}

static void lock_totals(struct model_words *w, const struct model_doc *doc, uint64_t address,
                        struct arena *a)
{
    int64_t row = model_doc_lock(doc, address);
    if (row < 0)
        return;
    struct trace_cursor c = trace_cursor(doc->trace, TRACE_LOCK_TABLE, 0);
    char taken[FMT_MAX], contended[FMT_MAX], waited[FMT_MAX], longest[FMT_MAX];
    uint64_t r = (uint64_t)row;
    minor_fact(w, "This lock",
               arena_printf(a, "taken %s times, %s contended; waited %s in all, longest %s",
                            fmt_count(taken, trace_get(&c, r, TRACE_LOCK_acquisitions)),
                            fmt_count(contended, trace_get(&c, r, TRACE_LOCK_contentions)),
                            fmt_ns(waited, trace_get(&c, r, TRACE_LOCK_wait_ns)),
                            fmt_ns(longest, trace_get(&c, r, TRACE_LOCK_max_wait_ns))));
}

/* The row of a thread's table that covers an instant, or -1. */
static int64_t covering(struct trace_cursor *c, int64_t ns, unsigned ts, unsigned dur)
{
    if (!c->total_rows)
        return -1;
    uint64_t row = trace_row_at(c, (uint64_t)ns);
    int64_t begin = (int64_t)trace_get(c, row, ts);
    return begin <= ns && ns < begin + (int64_t)trace_get(c, row, dur) ? (int64_t)row : -1;
}

/* A blocked state can begin before its call was seen to: look a little inside. */
static int64_t call_of(const struct model_doc *doc, const struct model_thread *th,
                       struct trace_cursor *c, const struct model_span *s)
{
    *c = trace_cursor(doc->trace, TRACE_SYSCALL_TABLE, th->key);
    int64_t row = covering(c, s->begin_ns, TRACE_SYSCALL_ts, TRACE_SYSCALL_dur);
    if (row >= 0)
        return row;
    return covering(c, s->begin_ns + (s->end_ns - s->begin_ns) / 2, TRACE_SYSCALL_ts,
                    TRACE_SYSCALL_dur);
}

static const char *call_text(const struct model_doc *doc, struct trace_cursor *c, uint64_t row,
                             struct arena *a)
{
    const char *name = trace_string(doc->trace, trace_get(c, row, TRACE_SYSCALL_name));
    const char *object = trace_string(doc->trace, trace_get(c, row, TRACE_SYSCALL_object));
    return object[0] ? arena_printf(a, "%s  %s", name, object) : name;
}

const char *model_wait_call(const struct model_doc *doc, const struct model_thread *th,
                            const struct model_span *s, struct arena *a)
{
    struct trace_cursor calls;
    int64_t row = call_of(doc, th, &calls, s);
    return row < 0 ? NULL : call_text(doc, &calls, (uint64_t)row, a);
}

/* Running has no stack of its own: what a sample inside it saw, the middle one. */
static void sampled_stack(struct model_words *w, const struct model_doc *doc,
                          const struct model_thread *th, const struct model_span *s,
                          struct arena *a)
{
    struct trace_cursor c = trace_cursor(doc->trace, TRACE_SAMPLE_TABLE, th->key);
    char count[FMT_MAX];
    uint64_t first = trace_lower_bound(&c, (uint64_t)s->begin_ns);
    uint64_t end = trace_lower_bound(&c, (uint64_t)s->end_ns);
    if (first >= end)
        return;
    model_words_fact(w, "Samples", arena_strdup(a, fmt_count(count, end - first)));
    w->stack_id = trace_get(&c, first + (end - first) / 2, TRACE_SAMPLE_stack_id);
    w->stack_title = end - first == 1 ? "Sampled here" : "Sampled in the middle";
}

static void describe_state(struct model_words *w, const struct model_doc *doc,
                           const struct model_thread *th, struct model_spans *spans,
                           const struct model_span *s, struct arena *a)
{
    struct trace_cursor *c = &spans->cursor;
    w->title = model_class_name(s->class);
    w->class = s->class;
    times(w, s->begin_ns, s->end_ns, a);
    int64_t cpu = (int64_t)trace_get(c, s->row, TRACE_THREAD_STATE_cpu);
    if (cpu >= 0)
        model_words_fact(w, "CPU", arena_printf(a, "%" PRId64, cpu));
    uint64_t object = trace_get(c, s->row, TRACE_THREAD_STATE_object);
    if (s->class == MODEL_LOCK || s->class == MODEL_COND) {
        model_words_link(w, s->class == MODEL_LOCK ? "Lock" : "Condition",
                         model_lock_text(doc, object, a),
                         s->class == MODEL_LOCK ? MODEL_LINK_LOCK : MODEL_LINK_NONE, object, 0);
        struct trace_cursor waits = trace_cursor(doc->trace, TRACE_LOCK_WAIT_TABLE, th->key);
        int64_t row = covering(&waits, s->begin_ns, TRACE_LOCK_WAIT_ts, TRACE_LOCK_WAIT_dur);
        uint64_t holder =
            row < 0 ? 0 : trace_get(&waits, (uint64_t)row, TRACE_LOCK_WAIT_holder_tid);
        if (holder)
            thread_fact(w, "Held by", doc, holder, s->end_ns, a);
        lock_totals(w, doc, object, a);
    } else if (model_class_is_blocked(s->class)) {
        struct trace_cursor calls;
        int64_t row = call_of(doc, th, &calls, s);
        if (row >= 0)
            model_words_link(w, "Syscall", call_text(doc, &calls, (uint64_t)row, a),
                             MODEL_LINK_CALL, (uint64_t)row, 0);
    }
    uint64_t waker = trace_get(c, s->row, TRACE_THREAD_STATE_waker_tid);
    if (waker)
        thread_fact(w, "Woken by", doc, waker, s->end_ns, a);
    w->stack_id = trace_get(c, s->row, TRACE_THREAD_STATE_stack_id);
    w->stack_title = model_class_is_blocked(s->class) ? "Blocked at" : "Stack";
    if (s->class == MODEL_RUNNING && !w->stack_id)
        sampled_stack(w, doc, th, s, a);
}

static const char *call_result(int64_t ret, struct arena *a)
{
    if (ret < 0 && ret > -4096) {
        const char *name = strerrorname_np((int)-ret);
        return arena_printf(a, "%s (%s)", name ? name : "error", strerror((int)-ret));
    }
    return arena_printf(a, "%" PRId64, ret);
}

static void describe_call(struct model_words *w, const struct model_doc *doc,
                          struct model_spans *spans, const struct model_span *s, struct arena *a)
{
    struct trace_cursor *c = &spans->cursor;
    w->title = trace_string(doc->trace, trace_get(c, s->row, TRACE_SYSCALL_name));
    w->class = s->class;
    times(w, s->begin_ns, s->end_ns, a);
    model_words_fact(w, "On", trace_string(doc->trace, trace_get(c, s->row, TRACE_SYSCALL_object)));
    if (trace_get(c, s->row, TRACE_SYSCALL_unfinished))
        model_words_fact(w, "Result", "had not returned when the trace ended");
    else
        model_words_fact(w, "Result",
                         call_result((int64_t)trace_get(c, s->row, TRACE_SYSCALL_ret), a));
    uint64_t arg[6];
    for (unsigned i = 0; i < 6; i++)
        arg[i] = trace_get(c, s->row, TRACE_SYSCALL_arg0 + i);
    minor_fact(w, "Arguments",
               arena_printf(a,
                            "0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64
                            ", 0x%" PRIx64,
                            arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]));
    w->stack_id = trace_get(c, s->row, TRACE_SYSCALL_stack_id);
    w->stack_title = "Called from";
}

static void describe_lock_wait(struct model_words *w, const struct model_doc *doc,
                               struct model_spans *spans, const struct model_span *s,
                               struct arena *a)
{
    struct trace_cursor *c = &spans->cursor;
    uint64_t lock = trace_get(c, s->row, TRACE_LOCK_WAIT_lock);
    const char *kind = trace_enum_name(TRACE_LOCK, trace_get(c, s->row, TRACE_LOCK_WAIT_kind));
    w->title = arena_printf(a, "%s wait", kind ? kind : "lock");
    w->class = s->class;
    times(w, s->begin_ns, s->end_ns, a);
    model_words_link(w, "Lock", model_lock_text(doc, lock, a), MODEL_LINK_LOCK, lock, 0);
    uint64_t holder = trace_get(c, s->row, TRACE_LOCK_WAIT_holder_tid);
    if (holder)
        thread_fact(w, "Held by", doc, holder, s->end_ns, a);
    if (trace_get(c, s->row, TRACE_LOCK_WAIT_unfinished))
        model_words_fact(w, "Result", "was still waiting when the trace ended");
    lock_totals(w, doc, lock, a);
    w->stack_id = trace_get(c, s->row, TRACE_LOCK_WAIT_stack_id);
    w->stack_title = "Waiting at";
    w->other_stack_id = trace_get(c, s->row, TRACE_LOCK_WAIT_holder_stack_id);
    w->other_title = "Holder let go at";
}

static void describe_region(struct model_words *w, const struct model_doc *doc,
                            struct model_spans *spans, const struct model_span *s, struct arena *a)
{
    w->title = trace_string(doc->trace, trace_get(&spans->cursor, s->row, TRACE_REGION_name));
    w->class = s->class;
    times(w, s->begin_ns, s->end_ns, a);
    uint64_t task = trace_get(&spans->cursor, s->row, TRACE_REGION_task_id);
    if (task)
        model_words_fact(w, "Task", arena_printf(a, "%" PRIu64, task));
}

static void describe_sample(struct model_words *w, const struct model_doc *doc,
                            const struct model_thread *th, uint64_t row, struct arena *a)
{
    struct trace_cursor c = trace_cursor(doc->trace, TRACE_SAMPLE_TABLE, th->key);
    w->title = "CPU sample";
    w->class = MODEL_RUNNING;
    model_words_fact(w, "Time", exact(a, (int64_t)trace_get(&c, row, TRACE_SAMPLE_ts)));
    model_words_fact(w, "Stands for", exact(a, (int64_t)trace_get(&c, row, TRACE_SAMPLE_weight)));
    w->stack_id = trace_get(&c, row, TRACE_SAMPLE_stack_id);
    w->stack_title = "Running";
}

void model_describe_row(struct model_words *w, const struct model_doc *doc, uint32_t thread,
                        enum trace_table table, uint64_t row, struct arena *a)
{
    const struct model_thread *th = &doc->threads[thread];
    struct model_spans spans;
    struct model_span s;
    *w = (struct model_words){.title = "", .class = MODEL_CLASSES};
    if (table == TRACE_SAMPLE_TABLE) {
        describe_sample(w, doc, th, row, a);
    } else {
        if (table == TRACE_THREAD_STATE_TABLE)
            model_spans_states(&spans, doc->trace, th->key, th->end_ns);
        else
            model_spans_table(&spans, doc->trace, table, th->key, NULL, 0);
        if (!model_spans_get(&spans, row, &s))
            return;
        if (table == TRACE_THREAD_STATE_TABLE)
            describe_state(w, doc, th, &spans, &s, a);
        else if (table == TRACE_SYSCALL_TABLE)
            describe_call(w, doc, &spans, &s, a);
        else if (table == TRACE_LOCK_WAIT_TABLE)
            describe_lock_wait(w, doc, &spans, &s, a);
        else
            describe_region(w, doc, &spans, &s, a);
    }
    minor_fact(w, "Thread", arena_printf(a, "%s %u", th->name[0] ? th->name : "thread", th->tid));
}

void model_describe_totals(struct model_words *w, const struct model_totals *t, int64_t begin_ns,
                           int64_t end_ns, struct arena *a)
{
    char count[FMT_MAX], len[FMT_MAX], share[FMT_MAX];
    uint64_t whole = end_ns > begin_ns ? (uint64_t)(end_ns - begin_ns) : 0;
    *w = (struct model_words){.class = MODEL_CLASSES};
    w->title = arena_printf(a, "%s spans in %s", fmt_count(count, t->spans), fmt_ns(len, whole));
    for (int c = 0; c < MODEL_CLASSES; c++) {
        if (!t->ns[c] || w->fact_count == MODEL_FACTS)
            continue;
        const char *name = model_class_name((enum model_class)c);
        model_words_fact(
            w, name[0] ? name : "in regions",
            arena_printf(a, "%s  %s", fmt_share(share, t->ns[c], whole), fmt_ns(len, t->ns[c])));
        w->facts[w->fact_count - 1].class = (enum model_class)c;
    }
}

static const char *state_label(const struct model_doc *doc, const struct model_thread *th,
                               const struct model_span *s, char *buf, size_t bytes)
{
    struct trace_cursor c = trace_cursor(doc->trace, TRACE_THREAD_STATE_TABLE, th->key);
    struct arena a = {0};
    if (s->class == MODEL_RUNNING) {
        int64_t cpu = (int64_t)trace_get(&c, s->row, TRACE_THREAD_STATE_cpu);
        snprintf(buf, bytes, cpu >= 0 ? "running  CPU %" PRId64 : "running", cpu);
        return buf;
    }
    char where[256];
    uint64_t stack = trace_get(&c, s->row, TRACE_THREAD_STATE_stack_id);
    model_stack_function(doc->trace, stack, where, sizeof where);
    const char *what = model_class_name(s->class);
    struct trace_cursor calls;
    int64_t row = s->class == MODEL_SYSCALL || s->class == MODEL_IO || s->class == MODEL_SLEEP
                      ? call_of(doc, th, &calls, s)
                      : -1;
    if (row >= 0)
        what = call_text(doc, &calls, (uint64_t)row, &a);
    snprintf(buf, bytes, where[0] ? "%s  in %s" : "%s", what, where);
    arena_release(&a);
    return buf;
}

const char *model_span_label(const struct model_doc *doc, uint32_t thread,
                             enum model_lane_kind lane, const struct model_span *s, char *buf,
                             size_t bytes)
{
    const struct model_thread *th = &doc->threads[thread];
    struct trace_cursor c = trace_cursor(doc->trace, model_lane_table(lane), th->key);
    struct arena a = {0};
    if (lane == MODEL_LANE_STATE)
        return state_label(doc, th, s, buf, bytes);
    if (lane == MODEL_LANE_SYSCALLS)
        snprintf(buf, bytes, "%s", call_text(doc, &c, s->row, &a));
    else if (lane == MODEL_LANE_LOCKS)
        snprintf(buf, bytes, "%s",
                 model_lock_text(doc, trace_get(&c, s->row, TRACE_LOCK_WAIT_lock), &a));
    else
        snprintf(buf, bytes, "%s",
                 trace_string(doc->trace, trace_get(&c, s->row, TRACE_REGION_name)));
    arena_release(&a);
    return buf;
}
