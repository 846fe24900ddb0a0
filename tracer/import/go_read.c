#include "import/go_read.h"

#include "base/arena.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER_BYTES = 16,
    INLINE_ARGS = 4, /* that many and more are preceded by their length in bytes */
    RAW_ARGS = 8     /* kept of an event: time, arguments, stack */
};

/* How many arguments an event has between time and stack, -1: it is no event of a P. */
static const struct {
    int8_t args;
    bool stack;
} shapes[GO_TYPES] = {
    [0] = {-1, false},
    [GO_BATCH] = {-1, false},
    [GO_FREQUENCY] = {-1, false},
    [GO_STACK] = {-1, false},
    [GO_TIMER_GOROUTINE] = {-1, false},
    [GO_STRING] = {-1, false},
    [GO_GOMAXPROCS] = {1, true},
    [GO_PROC_START] = {1, false},
    [GO_PROC_STOP] = {0, false},
    [GO_GC_START] = {1, true},
    [GO_GC_DONE] = {0, false},
    [GO_STW_START] = {1, false},
    [GO_STW_DONE] = {0, false},
    [GO_SWEEP_START] = {0, true},
    [GO_SWEEP_DONE] = {2, false},
    [GO_CREATE] = {2, true},
    [GO_START] = {2, false},
    [GO_END] = {0, false},
    [GO_STOP] = {0, true},
    [GO_SCHED] = {0, true},
    [GO_PREEMPT] = {0, true},
    [GO_SLEEP] = {0, true},
    [GO_BLOCK] = {0, true},
    [GO_UNBLOCK] = {2, true},
    [GO_BLOCK_SEND] = {0, true},
    [GO_BLOCK_RECV] = {0, true},
    [GO_BLOCK_SELECT] = {0, true},
    [GO_BLOCK_SYNC] = {0, true},
    [GO_BLOCK_COND] = {0, true},
    [GO_BLOCK_NET] = {0, true},
    [GO_SYSCALL] = {0, true},
    [GO_SYS_EXIT] = {3, false},
    [GO_SYS_BLOCK] = {0, false},
    [GO_WAITING] = {1, false},
    [GO_IN_SYSCALL] = {1, false},
    [GO_HEAP_ALLOC] = {1, false},
    [GO_HEAP_GOAL] = {1, false},
    [GO_FUTILE_WAKEUP] = {0, false},
    [GO_START_LOCAL] = {1, false},
    [GO_UNBLOCK_LOCAL] = {1, true},
    [GO_SYS_EXIT_LOCAL] = {2, false},
    [GO_START_LABEL] = {3, false},
    [GO_BLOCK_GC] = {0, true},
    [GO_ASSIST_START] = {0, true},
    [GO_ASSIST_DONE] = {0, false},
    [GO_TASK_CREATE] = {3, true},
    [GO_TASK_END] = {1, true},
    [GO_REGION] = {3, true},
    [GO_LOG] = {2, true},
    [GO_CPU_SAMPLE] = {3, true},
};

/* --- bytes ------------------------------------------------------------------------- */

static bool damage(uint64_t off, const char *what, struct err *err)
{
    return err_set(err, "offset %" PRIu64 ": %s", off, what);
}

/* A number of up to ten bytes, seven bits each, the low ones first. */
static bool read_number(const struct go_trace *t, uint64_t *off, uint64_t end, uint64_t *n)
{
    *n = 0;
    for (unsigned shift = 0; shift < 70 && *off < end; shift += 7) {
        uint8_t byte = t->data[(*off)++];
        if (shift < 64)
            *n |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

/* An event's numbers as they stand. */
struct raw {
    enum go_type type;
    unsigned count;
    uint64_t args[RAW_ARGS]; /* the first `count`, at most RAW_ARGS */
    uint64_t args_off;       /* of the first, and where the event's arguments end */
    uint64_t args_end;
    struct go_text text; /* of GO_STRING (with its id in args[0]) and GO_LOG */
};

static bool read_text(const struct go_trace *t, uint64_t *off, uint64_t end, struct go_text *text)
{
    if (!read_number(t, off, end, &text->bytes) || text->bytes > end - *off)
        return false;
    text->p = (const char *)t->data + *off;
    *off += text->bytes;
    return true;
}

/* Reads the event at *off and leaves *off behind it. */
static bool read_raw(const struct go_trace *t, uint64_t *off, uint64_t end, struct raw *r,
                     struct err *err)
{
    uint64_t at = *off, length = 0, n;
    uint8_t head = t->data[(*off)++];
    unsigned inline_args = (head >> 6) + 1u;
    *r = (struct raw){.type = head & 0x3f};
    if (r->type == 0 || r->type >= GO_TYPES)
        return damage(at, "no such event", err);
    if (r->type == GO_STRING) {
        bool ok = read_number(t, off, end, &r->args[0]) && read_text(t, off, end, &r->text);
        return ok || damage(at, "a string reaches past the end", err);
    }
    bool counted = inline_args == INLINE_ARGS;
    if (counted && (!read_number(t, off, end, &length) || length > end - *off))
        return damage(at, "an event reaches past the end", err);
    r->args_off = *off;
    r->args_end = counted ? *off + length : end;
    while (counted ? *off < r->args_end : r->count < inline_args) {
        if (!read_number(t, off, r->args_end, &n))
            return damage(at, "an event is cut short", err);
        if (r->count < RAW_ARGS)
            r->args[r->count] = n;
        r->count++;
    }
    r->args_end = *off;
    if (r->type == GO_LOG && !read_text(t, off, end, &r->text))
        return damage(at, "a log's text reaches past the end", err);
    return true;
}

/* --- what stands between the events --------------------------------------------------- */

static bool add_stack(struct go_trace *t, const struct raw *r, uint64_t at, struct err *err)
{
    uint64_t off = r->args_off, id, depth;
    bool added;
    if (r->count < 2 || !read_number(t, &off, r->args_end, &id) ||
        !read_number(t, &off, r->args_end, &depth) || r->count - 2 != depth * 4)
        return damage(at, "a stack of another size than it says", err);
    uint64_t *index = map64_put(&t->stacks, id, &added);
    if (!added)
        return true;
    *index = t->stack_count;
    mem_grow(&t->stack_list, &t->stack_cap, t->stack_count + 1, sizeof *t->stack_list);
    t->stack_list[t->stack_count++] = (struct go_stack){off, depth};
    return true;
}

static void add_string(struct go_trace *t, const struct raw *r)
{
    *map64_put(&t->strings, r->args[0], NULL) = t->text_count;
    mem_grow(&t->texts, &t->text_cap, t->text_count + 1, sizeof *t->texts);
    t->texts[t->text_count++] = r->text;
}

static struct go_cursor *cursor_of(struct go_trace *t, uint64_t p)
{
    for (size_t i = 0; i < t->cursor_count; i++)
        if (t->cursors[i].p == p)
            return &t->cursors[i];
    mem_grow(&t->cursors, &t->cursor_cap, t->cursor_count + 1, sizeof *t->cursors);
    struct go_cursor *c = &t->cursors[t->cursor_count++];
    *c = (struct go_cursor){.p = p};
    return c;
}

static void begin_batch(struct go_trace *t, const struct raw *r, uint64_t off)
{
    struct go_cursor *c = cursor_of(t, r->args[0]);
    mem_grow(&c->batches, &c->cap, c->count + 1, sizeof *c->batches);
    c->batches[c->count++] = t->batch_count;
    mem_grow(&t->batches, &t->batch_cap, t->batch_count + 1, sizeof *t->batches);
    t->batches[t->batch_count++] = (struct go_batch){r->args[0], r->args[1], off, off};
}

/* The batch goes on to here. */
static bool go_on(struct go_trace *t, const struct raw *r, uint64_t at, uint64_t off,
                  struct err *err)
{
    if (!t->batch_count)
        return damage(at, "an event before the first batch", err);
    unsigned want = 1 + (unsigned)shapes[r->type].args + shapes[r->type].stack;
    if (r->count != want)
        return damage(at, "an event with another number of arguments than its kind has", err);
    t->batches[t->batch_count - 1].end = off;
    return true;
}

static bool index_event(struct go_trace *t, const struct raw *r, uint64_t at, uint64_t off,
                        struct err *err)
{
    switch (r->type) {
    case GO_STRING:
        add_string(t, r);
        return true;
    case GO_STACK:
        return add_stack(t, r, at, err);
    case GO_BATCH:
        if (r->count != 2)
            return damage(at, "a batch without its time", err);
        begin_batch(t, r, off);
        return true;
    case GO_FREQUENCY:
        t->ticks_per_s = r->args[0] ? r->args[0] : 1;
        return true;
    case GO_TIMER_GOROUTINE:
        return true;
    default:
        return go_on(t, r, at, off, err);
    }
}

/* Strings and stacks may come between a batch's events: those are stepped over again
 * when its events are read. */
static bool index_all(struct go_trace *t, struct err *err)
{
    struct raw r;
    for (uint64_t off = HEADER_BYTES; off < t->bytes;) {
        uint64_t at = off;
        if (!read_raw(t, &off, t->bytes, &r, err) || !index_event(t, &r, at, off, err))
            return false;
    }
    t->first_ticks = UINT64_MAX;
    for (size_t i = 0; i < t->batch_count; i++)
        if (t->batches[i].end > t->batches[i].off && t->batches[i].ticks < t->first_ticks)
            t->first_ticks = t->batches[i].ticks;
    return t->first_ticks != UINT64_MAX || err_set(err, "it has no events");
}

static bool read_version(struct go_trace *t, struct err *err)
{
    unsigned minor = 0;
    const char *p = (const char *)t->data + 5;
    for (; p < (const char *)t->data + HEADER_BYTES && *p >= '0' && *p <= '9'; p++)
        minor = minor * 10 + (unsigned)(*p - '0');
    t->version = 1000 + minor;
    if (minor >= 11 && minor <= 21)
        return true;
    err_set(err, "the trace format of Go 1.%u is not known", minor);
    return err_hint(err, minor > 21
                             ? "it changed with Go 1.22; GOEXPERIMENT=noexectracer2 of Go 1.22 "
                               "still writes the one before; else: go tool trace FILE"
                             : "known are those of Go 1.11 to 1.21");
}

bool go_open(struct go_trace *t, const void *data, uint64_t bytes, struct err *err)
{
    *t = (struct go_trace){.data = data, .bytes = bytes, .ticks_per_s = 1000000000};
    if (bytes < HEADER_BYTES)
        return err_set(err, "cut short");
    return read_version(t, err) && index_all(t, err);
}

void go_release(struct go_trace *t)
{
    for (size_t i = 0; i < t->cursor_count; i++)
        free(t->cursors[i].batches);
    free(t->cursors);
    free(t->batches);
    free(t->texts);
    free(t->stack_list);
    free(t->gs);
    map64_release(&t->strings);
    map64_release(&t->stacks);
    map64_release(&t->goroutines);
}

/* --- one P's events --------------------------------------------------------------------- */

static bool about_goroutine(enum go_type type)
{
    return type == GO_WAITING || type == GO_IN_SYSCALL || type == GO_SYS_EXIT ||
           type == GO_SYS_EXIT_LOCAL;
}

/* Who runs on the P from the event on, and whose the event is. */
static void follow_goroutine(struct go_cursor *c, struct go_event *ev)
{
    ev->g = c->g;
    switch (ev->type) {
    case GO_START:
    case GO_START_LOCAL:
    case GO_START_LABEL:
        ev->g = c->g = ev->args[0];
        break;
    case GO_STW_START:
    case GO_STW_DONE:
    case GO_GC_START:
    case GO_GC_DONE:
        ev->g = 0;
        break;
    case GO_END:
    case GO_STOP:
    case GO_SCHED:
    case GO_PREEMPT:
    case GO_SLEEP:
    case GO_BLOCK:
    case GO_BLOCK_SEND:
    case GO_BLOCK_RECV:
    case GO_BLOCK_SELECT:
    case GO_BLOCK_SYNC:
    case GO_BLOCK_COND:
    case GO_BLOCK_NET:
    case GO_BLOCK_GC:
    case GO_SYS_BLOCK:
        c->g = 0;
        break;
    default:
        if (about_goroutine(ev->type))
            ev->g = ev->args[0];
    }
}

static void fill_event(struct go_cursor *c, const struct raw *r, uint64_t at)
{
    struct go_event *ev = &c->front;
    c->ticks += r->args[0];
    *ev = (struct go_event){.type = r->type,
                            .ticks = c->ticks,
                            .p = c->p,
                            .text = r->text.p,
                            .text_bytes = r->text.bytes,
                            .off = at};
    unsigned args = (unsigned)shapes[r->type].args;
    memcpy(ev->args, r->args + 1, args * sizeof *ev->args);
    if (shapes[r->type].stack)
        ev->stack = r->args[1 + args];
    follow_goroutine(c, ev);
    if (ev->type == GO_CPU_SAMPLE) {
        ev->ticks = ev->args[0];
        ev->p = ev->args[1];
        ev->g = ev->args[2];
    }
}

/* Makes the cursor's next event its front; nothing at the end of its batches. */
static bool load_front(struct go_trace *t, struct go_cursor *c, struct err *err)
{
    while (!c->has_front) {
        if (c->off >= c->end) {
            if (c->next >= c->count)
                return true;
            const struct go_batch *b = &t->batches[c->batches[c->next++]];
            c->off = b->off;
            c->end = b->end;
            c->ticks = b->ticks;
            c->g = 0;
            continue;
        }
        struct raw r;
        uint64_t at = c->off;
        if (!read_raw(t, &c->off, c->end, &r, err))
            return false;
        if (shapes[r.type].args < 0)
            continue;
        fill_event(c, &r, at);
        c->has_front = true;
    }
    return true;
}

/* --- the merge ------------------------------------------------------------------------------ */

static struct go_goroutine *goroutine(struct go_trace *t, uint64_t id)
{
    bool added;
    uint64_t *index = map64_put(&t->goroutines, id, &added);
    if (added) {
        *index = t->g_count;
        mem_grow(&t->gs, &t->g_cap, t->g_count + 1, sizeof *t->gs);
        t->gs[t->g_count++] = (struct go_goroutine){0};
    }
    return &t->gs[*index];
}

/* Whether all that the event needs has happened. */
static bool is_ready(struct go_trace *t, const struct go_event *ev)
{
    const struct go_goroutine *g;
    switch (ev->type) {
    case GO_CREATE:
        return goroutine(t, ev->args[0])->status == GO_DEAD;
    case GO_WAITING:
    case GO_IN_SYSCALL:
        return goroutine(t, ev->args[0])->status == GO_RUNNABLE;
    case GO_START:
    case GO_START_LABEL:
        g = goroutine(t, ev->args[0]);
        return g->status == GO_RUNNABLE && g->seq == ev->args[1];
    case GO_START_LOCAL:
        return goroutine(t, ev->args[0])->status == GO_RUNNABLE;
    case GO_UNBLOCK:
    case GO_SYS_EXIT:
        g = goroutine(t, ev->args[0]);
        return g->status == GO_IS_WAITING && g->seq == ev->args[1];
    case GO_UNBLOCK_LOCAL:
    case GO_SYS_EXIT_LOCAL:
        return goroutine(t, ev->args[0])->status == GO_IS_WAITING;
    case GO_GC_START:
        return t->gc_seq == ev->args[0];
    default:
        return true;
    }
}

static void happen(struct go_trace *t, const struct go_event *ev)
{
    struct go_goroutine *g;
    switch (ev->type) {
    case GO_CREATE:
        *goroutine(t, ev->args[0]) = (struct go_goroutine){1, GO_RUNNABLE};
        break;
    case GO_WAITING:
    case GO_IN_SYSCALL:
        *goroutine(t, ev->args[0]) = (struct go_goroutine){2, GO_IS_WAITING};
        break;
    case GO_START:
    case GO_START_LABEL:
        *goroutine(t, ev->args[0]) = (struct go_goroutine){ev->args[1] + 1, GO_RUNNING};
        break;
    case GO_START_LOCAL:
        g = goroutine(t, ev->args[0]);
        *g = (struct go_goroutine){g->seq + 1, GO_RUNNING};
        break;
    case GO_UNBLOCK:
    case GO_SYS_EXIT:
        *goroutine(t, ev->args[0]) = (struct go_goroutine){ev->args[1] + 1, GO_RUNNABLE};
        break;
    case GO_UNBLOCK_LOCAL:
    case GO_SYS_EXIT_LOCAL:
        g = goroutine(t, ev->args[0]);
        *g = (struct go_goroutine){g->seq + 1, GO_RUNNABLE};
        break;
    case GO_SCHED:
    case GO_PREEMPT:
        goroutine(t, ev->g)->status = GO_RUNNABLE;
        break;
    case GO_END:
    case GO_STOP:
        goroutine(t, ev->g)->status = GO_DEAD;
        break;
    case GO_SLEEP:
    case GO_BLOCK:
    case GO_BLOCK_SEND:
    case GO_BLOCK_RECV:
    case GO_BLOCK_SELECT:
    case GO_BLOCK_SYNC:
    case GO_BLOCK_COND:
    case GO_BLOCK_NET:
    case GO_BLOCK_GC:
    case GO_SYS_BLOCK:
        goroutine(t, ev->g)->status = GO_IS_WAITING;
        break;
    case GO_GC_START:
        t->gc_seq = ev->args[0] + 1;
        break;
    default:
        break;
    }
}

/* Where none is ready (a trace that lacks its begin), the earliest of all is next. */
bool go_next(struct go_trace *t, struct go_event *ev, struct err *err)
{
    struct go_cursor *best = NULL;
    bool best_ready = false;
    for (size_t i = 0; i < t->cursor_count; i++) {
        struct go_cursor *c = &t->cursors[i];
        if (!c->has_front && !load_front(t, c, err))
            return false;
        if (!c->has_front)
            continue;
        bool ready = is_ready(t, &c->front);
        if (!best || ready > best_ready ||
            (ready == best_ready && c->front.ticks < best->front.ticks)) {
            best = c;
            best_ready = ready;
        }
    }
    if (!best)
        return false;
    *ev = best->front;
    best->has_front = false;
    happen(t, ev);
    return true;
}

/* --- looking up ---------------------------------------------------------------------------- */

uint64_t go_ns(const struct go_trace *t, uint64_t ticks)
{
    uint64_t since = ticks > t->first_ticks ? ticks - t->first_ticks : 0;
    uint64_t s = since / t->ticks_per_s, rest = since % t->ticks_per_s;
    return s * 1000000000 + (uint64_t)((double)rest * 1e9 / (double)t->ticks_per_s);
}

struct go_text go_string(const struct go_trace *t, uint64_t id)
{
    const uint64_t *index = map64_get(&t->strings, id);
    return index ? t->texts[*index] : (struct go_text){"", 0};
}

const struct go_stack *go_stack(const struct go_trace *t, uint64_t id)
{
    const uint64_t *index = id ? map64_get(&t->stacks, id) : NULL;
    return index ? &t->stack_list[*index] : NULL;
}

bool go_frame(const struct go_trace *t, uint64_t *off, struct go_frame *frame)
{
    uint64_t function, file;
    if (!read_number(t, off, t->bytes, &frame->pc) || !read_number(t, off, t->bytes, &function) ||
        !read_number(t, off, t->bytes, &file) || !read_number(t, off, t->bytes, &frame->line))
        return false;
    frame->function = go_string(t, function);
    frame->file = go_string(t, file);
    return true;
}
