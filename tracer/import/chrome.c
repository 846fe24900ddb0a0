/* Chrome's trace JSON as a trace: complete and begin-end events are regions, counters,
 * instants, samples and asynchronous events what they are called here. Nothing is said
 * of scheduling, so a thread's state is unknown all its life. The text is read twice: for
 * the earliest time, from which all others count, then for the events. */
#include "base/arena.h"
#include "base/file.h"
#include "import/build.h"
#include "import/json_scan.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_MADE_ID = 1 << 30, /* of threads and processes whose ids are no such numbers */
    STACK_DEPTH_MAX = 1024,
    SAMPLE_WEIGHT_NS = 1000000
};

/* The members that matter, missing ones with p NULL. */
struct chrome_event {
    struct json_span ph, name, cat, ts, dur, pid, tid, id, args, sf, weight;
    uint64_t off;
};

struct open_slice {
    uint64_t ts;
    uint32_t name;
};

struct chrome_thread {
    uint32_t row;
    uint64_t first_ns, last_ns;
    bool seen;               /* it has events */
    struct open_slice *open; /* owned */
    size_t open_count, open_cap;
};

struct open_task {
    uint64_t ts, number;
    uint32_t name;
};

struct chrome {
    struct build *b;
    const struct file_map *map;
    struct json_span events, frames; /* where they are */
    int64_t first_ns;
    struct strbuf text; /* scratch */
    struct intern ids;  /* processes and threads by what their ids look like */
    uint32_t *numbers;  /* owned: by id, their number */
    size_t number_cap;
    struct intern keys;            /* "PID TID" */
    struct chrome_thread *threads; /* owned: by key */
    size_t thread_cap;
    struct map64 processes; /* pid -> row */
    struct intern task_keys;
    struct open_task *tasks; /* owned: by key; ts UINT64_MAX: closed */
    size_t task_cap;
    uint64_t task_count;
    struct intern frame_ids; /* stack frames that were named */
    uint32_t *frame_stacks;  /* owned: their stacks */
    size_t frame_cap;
    uint32_t made_ids;
};

/* --- reading ------------------------------------------------------------------------ */

static bool read_event(struct json_scan *s, struct chrome_event *ev)
{
    static const struct {
        const char *key;
        size_t at;
    } members[] = {
        {"ph", offsetof(struct chrome_event, ph)},
        {"name", offsetof(struct chrome_event, name)},
        {"cat", offsetof(struct chrome_event, cat)},
        {"ts", offsetof(struct chrome_event, ts)},
        {"dur", offsetof(struct chrome_event, dur)},
        {"pid", offsetof(struct chrome_event, pid)},
        {"tid", offsetof(struct chrome_event, tid)},
        {"id", offsetof(struct chrome_event, id)},
        {"id2", offsetof(struct chrome_event, id)},
        {"args", offsetof(struct chrome_event, args)},
        {"sf", offsetof(struct chrome_event, sf)},
        {"weight", offsetof(struct chrome_event, weight)},
    };
    struct json_span key, value;
    scan_peek(s);
    *ev = (struct chrome_event){.off = (uint64_t)(s->p - s->begin)};
    if (!scan_enter(s, '{'))
        return false;
    while (scan_member(s, &key) && scan_value(s, &value))
        for (size_t i = 0; i < sizeof members / sizeof *members; i++)
            if (scan_is(key, members[i].key))
                memcpy((char *)ev + members[i].at, &value, sizeof value);
    return !s->err.text[0];
}

static bool each_event(struct chrome *c,
                       bool (*take)(struct chrome *c, const struct chrome_event *), struct err *err)
{
    struct json_scan s = {.p = c->events.p,
                          .end = c->events.p + c->events.bytes,
                          .begin = (const char *)c->map->data,
                          .lax = true};
    struct chrome_event ev;
    bool ok = scan_enter(&s, '[');
    while (ok && scan_element(&s)) {
        ok = read_event(&s, &ev);
        if (ok && !take(c, &ev)) {
            ok = c->b->stopped ? err_set(&s.err, "stopped") : false;
            if (!s.err.text[0]) {
                s.p = s.begin + ev.off;
                scan_fail(&s, "an event without a usable ts, pid or tid");
            }
        }
    }
    if (s.err.text[0])
        *err = s.err;
    return !s.err.text[0];
}

/* Finds the events and the stack frames in the file's outermost object. */
static bool find_parts(struct chrome *c, struct err *err)
{
    struct json_scan s = {.p = (const char *)c->map->data,
                          .end = (const char *)c->map->data + c->map->bytes,
                          .begin = (const char *)c->map->data};
    struct json_span key, value;
    if (scan_peek(&s) == '[') {
        c->events = (struct json_span){s.p, (uint64_t)(s.end - s.p)};
        return true;
    }
    if (scan_enter(&s, '{'))
        while (scan_member(&s, &key) && scan_value(&s, &value)) {
            if (scan_is(key, "traceEvents"))
                c->events = value;
            if (scan_is(key, "stackFrames"))
                c->frames = value;
        }
    if (s.err.text[0])
        *err = s.err;
    else if (!c->events.p)
        err_set(err, "JSON, but no trace: it has no `traceEvents`");
    return c->events.p && !s.err.text[0];
}

static bool is_meta(const struct chrome_event *ev)
{
    return scan_is(ev->ph, "M");
}

static bool find_first(struct chrome *c, const struct chrome_event *ev)
{
    int64_t ns;
    if (scan_us(ev->ts, &ns) && !is_meta(ev) && ns < c->first_ns)
        c->first_ns = ns;
    return true;
}

/* --- processes and threads ------------------------------------------------------------ */

/* A number from 1 to INT32_MAX as it is; anything else gets one that nobody has. */
static uint32_t number_of(struct chrome *c, struct json_span span)
{
    double n;
    if (scan_number(span, &n) && n >= 1 && n < FIRST_MADE_ID && n == (double)(uint32_t)n)
        return (uint32_t)n;
    uint32_t known = c->ids.count, id = intern_bytes(&c->ids, span.p ? span.p : "", span.bytes);
    mem_grow(&c->numbers, &c->number_cap, (size_t)id + 1, sizeof *c->numbers);
    if (id == known)
        c->numbers[id] = FIRST_MADE_ID + c->made_ids++;
    return c->numbers[id];
}

static const char *text_of(struct chrome *c, struct json_span span)
{
    strbuf_clear(&c->text);
    scan_text(span, &c->text);
    return strbuf_str(&c->text);
}

static uint32_t string_of(struct chrome *c, struct json_span span)
{
    return trace_writer_string(c->b->w, text_of(c, span));
}

static uint32_t process_of(struct chrome *c, uint32_t pid)
{
    bool added;
    uint64_t *row = map64_put(&c->processes, pid, &added);
    if (added)
        *row = build_process(c->b, pid, "process");
    return (uint32_t)*row;
}

static struct chrome_thread *thread_of(struct chrome *c, const struct chrome_event *ev)
{
    uint32_t pid = number_of(c, ev->pid), tid = ev->tid.p ? number_of(c, ev->tid) : pid;
    uint64_t key = (uint64_t)pid << 32 | tid;
    uint32_t known = c->keys.count, id = intern_bytes(&c->keys, &key, sizeof key);
    mem_grow(&c->threads, &c->thread_cap, (size_t)id + 1, sizeof *c->threads);
    if (id == known) {
        char name[32];
        process_of(c, pid);
        snprintf(name, sizeof name, "thread %u", tid);
        c->threads[id] = (struct chrome_thread){.row = build_thread(c->b, tid, pid, name)};
    }
    return &c->threads[id];
}

static struct json_span argument(const struct chrome_event *ev, const char *name)
{
    struct json_span key, value, found = {0};
    struct json_scan s = {.p = ev->args.p, .end = ev->args.p + ev->args.bytes, .begin = ev->args.p};
    if (ev->args.p && scan_enter(&s, '{'))
        while (scan_member(&s, &key) && scan_value(&s, &value))
            if (scan_is(key, name))
                found = value;
    return found;
}

static void take_name(struct chrome *c, const struct chrome_event *ev)
{
    struct json_span name = argument(ev, "name");
    if (!name.p)
        return;
    if (scan_is(ev->name, "thread_name"))
        build_thread_name(c->b, thread_of(c, ev)->row, text_of(c, name));
    else if (scan_is(ev->name, "process_name"))
        trace_writer_update(c->b->w, TRACE_PROCESS_TABLE, process_of(c, number_of(c, ev->pid)),
                            TRACE_PROCESS_name, string_of(c, name));
}

/* --- events --------------------------------------------------------------------------------- */

static void lives(struct chrome *c, struct chrome_thread *th, uint64_t ts, uint64_t end)
{
    th->first_ns = !th->seen || ts < th->first_ns ? ts : th->first_ns;
    th->last_ns = !th->seen || end > th->last_ns ? end : th->last_ns;
    th->seen = true;
    build_ts(c->b, end);
}

static void write_region(struct chrome *c, struct chrome_thread *th, uint64_t ts, uint64_t end,
                         uint32_t name)
{
    BUILD_ROW(c->b, REGION, th->row, [TRACE_REGION_ts] = ts,
              [TRACE_REGION_dur] = end > ts ? end - ts : 0, [TRACE_REGION_name] = name);
}

static void begin_slice(struct chrome *c, struct chrome_thread *th, const struct chrome_event *ev,
                        uint64_t ts)
{
    mem_grow(&th->open, &th->open_cap, th->open_count + 1, sizeof *th->open);
    th->open[th->open_count++] = (struct open_slice){ts, string_of(c, ev->name)};
}

static void end_slice(struct chrome *c, struct chrome_thread *th, uint64_t ts)
{
    if (!th->open_count)
        return; /* it began before the trace */
    const struct open_slice *o = &th->open[--th->open_count];
    write_region(c, th, o->ts, ts, o->name);
}

/* Each numeric argument is a counter; a single one has the event's name. */
static void take_counter(struct chrome *c, const struct chrome_event *ev, uint64_t ts)
{
    struct json_span key, value;
    struct json_scan s = {.p = ev->args.p, .end = ev->args.p + ev->args.bytes, .begin = ev->args.p};
    uint32_t pid = number_of(c, ev->pid);
    double n;
    process_of(c, pid);
    if (!ev->args.p || !scan_enter(&s, '{'))
        return;
    while (scan_member(&s, &key) && scan_value(&s, &value)) {
        if (!scan_number(value, &n))
            continue;
        strbuf_clear(&c->text);
        scan_text(ev->name, &c->text);
        if (!scan_is(key, "value") &&
            !(key.bytes == ev->name.bytes && ev->name.p && !memcmp(key.p, ev->name.p, key.bytes))) {
            strbuf_putc(&c->text, ' ');
            scan_text(key, &c->text);
        }
        BUILD_ROW(c->b, COUNTER, 0, [TRACE_COUNTER_ts] = ts,
                  [TRACE_COUNTER_name] = trace_writer_string(c->b->w, strbuf_str(&c->text)),
                  [TRACE_COUNTER_value] = build_f64(n), [TRACE_COUNTER_pid] = pid);
    }
}

static uint32_t stack_of(struct chrome *c, struct json_span frame)
{
    if (!frame.p)
        return 0;
    const char *name = text_of(c, frame);
    uint32_t known = c->frame_ids.count, id = intern_str(&c->frame_ids, name);
    mem_grow(&c->frame_stacks, &c->frame_cap, (size_t)id + 1, sizeof *c->frame_stacks);
    if (id == known)
        c->frame_stacks[id] = trace_writer_stack_new(c->b->w);
    return c->frame_stacks[id];
}

static void take_sample(struct chrome *c, struct chrome_thread *th, const struct chrome_event *ev,
                        uint64_t ts)
{
    BUILD_ROW(
        c->b, SAMPLE, th->row, [TRACE_SAMPLE_ts] = ts, [TRACE_SAMPLE_kind] = TRACE_SAMPLE_CPU,
        [TRACE_SAMPLE_weight] = SAMPLE_WEIGHT_NS, [TRACE_SAMPLE_stack_id] = stack_of(c, ev->sf));
}

static void write_task(struct chrome *c, const struct open_task *o, uint64_t end)
{
    BUILD_ROW(c->b, TASK, 0, [TRACE_TASK_task_id] = o->number, [TRACE_TASK_name] = o->name,
              [TRACE_TASK_ts] = o->ts, [TRACE_TASK_dur] = end > o->ts ? end - o->ts : 0);
}

/* Asynchronous: the same category, id and name. */
static void take_task(struct chrome *c, const struct chrome_event *ev, uint64_t ts, bool begins)
{
    const struct json_span parts[] = {ev->cat, ev->id, ev->name};
    strbuf_clear(&c->text);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        strbuf_append(&c->text, parts[i].p, parts[i].p ? parts[i].bytes : 0);
        strbuf_putc(&c->text, '\n');
    }
    uint32_t known = c->task_keys.count, id = intern_bytes(&c->task_keys, c->text.p, c->text.len);
    mem_grow(&c->tasks, &c->task_cap, (size_t)id + 1, sizeof *c->tasks);
    if (id == known)
        c->tasks[id].ts = UINT64_MAX;
    struct open_task *o = &c->tasks[id];
    if (o->ts != UINT64_MAX)
        write_task(c, o, ts);
    o->ts = UINT64_MAX;
    if (begins)
        *o = (struct open_task){ts, ++c->task_count, string_of(c, ev->name)};
}

/* Of a kind that the trace has a place for. */
static void take_kind(struct chrome *c, const struct chrome_event *ev, char kind, uint64_t ts)
{
    struct chrome_thread *th = kind == 'C' ? NULL : thread_of(c, ev);
    int64_t dur = 0;
    if (kind == 'X')
        scan_us(ev->dur, &dur);
    if (th)
        lives(c, th, ts, ts + (uint64_t)(dur > 0 ? dur : 0));
    if (kind == 'X')
        write_region(c, th, ts, ts + (uint64_t)(dur > 0 ? dur : 0), string_of(c, ev->name));
    else if (kind == 'B')
        begin_slice(c, th, ev, ts);
    else if (kind == 'E')
        end_slice(c, th, ts);
    else if (kind == 'C')
        take_counter(c, ev, ts);
    else if (kind == 'P')
        take_sample(c, th, ev, ts);
    else if (strchr("iIR", kind))
        BUILD_ROW(c->b, MESSAGE,
                  th->row, [TRACE_MESSAGE_ts] = ts, [TRACE_MESSAGE_text] = string_of(c, ev->name));
    else
        take_task(c, ev, ts, kind == 'b' || kind == 'S');
}

static bool take_event(struct chrome *c, const struct chrome_event *ev)
{
    char kind = ev->ph.bytes == 3 ? ev->ph.p[1] : '\0';
    int64_t ns;
    if (!build_step(c->b, ev->off, c->map->bytes))
        return false;
    if (kind == 'M') {
        take_name(c, ev);
        return true;
    }
    if (!kind || !strchr("XBEiIRCPbeSF", kind))
        return true; /* flows, objects, clocks: no place for them */
    if (!scan_us(ev->ts, &ns))
        return false;
    uint64_t ts = (uint64_t)ns - (uint64_t)c->first_ns;
    take_kind(c, ev, kind, build_ts(c->b, ts));
    return true;
}

/* --- the end ------------------------------------------------------------------------------- */

struct frame_text {
    struct json_span name, category, parent;
};

/* The frames by their ids: spans in the file. */
static void read_frames(struct chrome *c, struct intern *ids, struct frame_text **frames)
{
    size_t cap = 0;
    struct json_span key, value, member;
    struct json_scan s = {
        .p = c->frames.p, .end = c->frames.p + c->frames.bytes, .begin = c->frames.p};
    if (!c->frames.p || !scan_enter(&s, '{'))
        return;
    while (scan_member(&s, &key) && scan_value(&s, &value)) {
        uint32_t id = intern_str(ids, text_of(c, key));
        mem_grow(frames, &cap, (size_t)id + 1, sizeof **frames);
        struct frame_text *f = &(*frames)[id];
        *f = (struct frame_text){0};
        struct json_scan in = {.p = value.p, .end = value.p + value.bytes, .begin = value.p};
        if (!scan_enter(&in, '{'))
            continue;
        while (scan_member(&in, &key) && scan_value(&in, &member)) {
            if (scan_is(key, "name"))
                f->name = member;
            if (scan_is(key, "category"))
                f->category = member;
            if (scan_is(key, "parent"))
                f->parent = member;
        }
    }
}

static void define_stack(struct chrome *c, uint32_t stack, const char *leaf, struct intern *ids,
                         const struct frame_text *frames, uint32_t count)
{
    uint32_t chain[STACK_DEPTH_MAX];
    size_t depth = 0;
    uint32_t id = intern_str(ids, leaf);
    for (; id < count && depth < STACK_DEPTH_MAX; depth++) {
        chain[depth] = trace_writer_frame(
            c->b->w, (uint64_t[TRACE_FRAME_COLUMNS]){
                         [TRACE_FRAME_function] = string_of(c, frames[id].name),
                         [TRACE_FRAME_module] = string_of(c, frames[id].category)});
        id = frames[id].parent.p ? intern_str(ids, text_of(c, frames[id].parent)) : count;
    }
    trace_writer_stack_define(c->b->w, stack, chain, depth);
}

static void define_stacks(struct chrome *c)
{
    struct intern ids = {0};
    struct frame_text *frames = NULL;
    read_frames(c, &ids, &frames);
    uint32_t count = ids.count;
    for (uint32_t i = 0; i < c->frame_ids.count; i++)
        define_stack(c, c->frame_stacks[i], intern_get(&c->frame_ids, i), &ids, frames, count);
    intern_release(&ids);
    free(frames);
}

static void finish(struct chrome *c)
{
    uint64_t end = c->b->last_ns, pid, row;
    for (uint32_t i = 0; i < c->keys.count; i++) {
        struct chrome_thread *th = &c->threads[i];
        while (th->open_count) {
            th->last_ns = end;
            end_slice(c, th, end);
        }
        if (!th->seen)
            th->last_ns = end;
        build_thread_life(c->b, th->row, th->first_ns, th->last_ns);
        if (th->last_ns > th->first_ns)
            BUILD_ROW(c->b, THREAD_STATE, th->row, [TRACE_THREAD_STATE_ts] = th->first_ns,
                      [TRACE_THREAD_STATE_state] = TRACE_UNKNOWN,
                      [TRACE_THREAD_STATE_cpu] = (uint64_t)-1);
    }
    for (uint32_t i = 0; i < c->task_keys.count; i++)
        if (c->tasks[i].ts != UINT64_MAX)
            write_task(c, &c->tasks[i], end);
    for (size_t pos = 0; map64_next(&c->processes, &pos, &pid, &row);)
        trace_writer_update(c->b->w, TRACE_PROCESS_TABLE, (uint32_t)row, TRACE_PROCESS_end_ts, end);
    define_stacks(c);
}

static void release(struct chrome *c)
{
    for (uint32_t i = 0; i < c->keys.count; i++)
        free(c->threads[i].open);
    free(c->threads);
    free(c->tasks);
    free(c->numbers);
    free(c->frame_stacks);
    strbuf_release(&c->text);
    intern_release(&c->ids);
    intern_release(&c->keys);
    intern_release(&c->task_keys);
    intern_release(&c->frame_ids);
    map64_release(&c->processes);
}

bool import_chrome(struct build *b, const struct file_map *map, struct err *err)
{
    struct chrome c = {.b = b, .map = map, .first_ns = INT64_MAX};
    bool ok = find_parts(&c, err) && each_event(&c, find_first, err);
    if (ok && c.first_ns == INT64_MAX)
        c.first_ns = 0;
    ok = ok && each_event(&c, take_event, err);
    if (ok) {
        finish(&c);
        ok = build_close(b, "Chrome trace JSON", err);
    }
    release(&c);
    return ok;
}
