/* A Go execution trace as a trace: goroutines are threads, the runtime's processors (Ps)
 * are CPUs, blocked states say what the runtime blocked them for. The garbage collector
 * is a thread of its own whose regions are its phases. */
#include "base/arena.h"
#include "base/file.h"
#include "import/build.h"
#include "import/go_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PID = 1,                     /* the trace does not tell it */
    SAMPLE_WEIGHT_NS = 10000000, /* runtime/pprof's 100 a second */
    UNKNOWN_CALL = 0x7fffffff,   /* a number that no system call has: the trace names it */
    NAME_MAX_BYTES = 120
};

struct open_region {
    uint64_t ts, task;
    uint32_t name;
};

struct span {
    uint64_t ts, object;
    uint32_t stack, waker;
    int32_t cpu;
    uint8_t state, reason;
};

struct goroutine {
    uint32_t row, tid;
    uint64_t start_ns, end_ns;   /* end: when `ended` */
    struct span now;             /* since now.ts */
    struct open_region *regions; /* owned */
    size_t region_count, region_cap;
    uint64_t call_ns; /* the open system call's begin, 0: none; its begin + 1 */
    uint32_t call_stack, call_name;
    uint64_t assist_ns; /* likewise of a mark assist */
    bool ended;
};

struct task {
    uint64_t parent, ts;
    uint32_t name;
};

struct importer {
    struct build *b;
    struct go_trace t;
    struct map64 by_id; /* goroutine id -> index */
    struct goroutine *gs;
    size_t g_count, g_cap;
    struct map64 stacks; /* the trace's id -> the writer's */
    struct map64 tasks;  /* id -> index into task_list */
    struct task *task_list;
    size_t task_count, task_cap;
    uint32_t gc_row;
    bool has_gc;
    uint64_t gc_ns, stw_ns; /* begin + 1 of the open phase, 0: none */
    uint64_t off;           /* how much was read, for progress */
    uint32_t next_tid;      /* for ids that are too large to be thread ids */
};

/* --- strings and stacks ------------------------------------------------------------- */

static uint32_t string_of(struct importer *im, struct go_text text)
{
    return trace_writer_string_n(im->b->w, text.p, text.bytes);
}

static uint32_t stack_of(struct importer *im, uint64_t id)
{
    const struct go_stack *s = go_stack(&im->t, id);
    bool added;
    if (!s)
        return 0;
    uint64_t *stack = map64_put(&im->stacks, id, &added);
    if (!added)
        return (uint32_t)*stack;
    *stack = trace_writer_stack_new(im->b->w);
    uint32_t *frames = mem_realloc(NULL, s->depth + 1, sizeof *frames);
    uint64_t off = s->off;
    struct go_frame f;
    size_t depth = 0;
    for (; depth < s->depth && go_frame(&im->t, &off, &f); depth++)
        frames[depth] = trace_writer_frame(
            im->b->w,
            (uint64_t[TRACE_FRAME_COLUMNS]){[TRACE_FRAME_address] = f.pc,
                                            [TRACE_FRAME_function] = string_of(im, f.function),
                                            [TRACE_FRAME_file] = string_of(im, f.file),
                                            [TRACE_FRAME_line] = f.line});
    trace_writer_stack_define(im->b->w, (uint32_t)*stack, frames, depth);
    free(frames);
    return (uint32_t)*stack;
}

static struct go_text leaf_of(const struct importer *im, uint64_t stack)
{
    const struct go_stack *s = go_stack(&im->t, stack);
    uint64_t off = s ? s->off : 0;
    struct go_frame f;
    return s && s->depth && go_frame(&im->t, &off, &f) ? f.function : (struct go_text){"", 0};
}

/* "example.com/shop/server.(*Server).handle" as "server.(*Server).handle". */
static void short_name(struct go_text function, char out[NAME_MAX_BYTES])
{
    uint64_t from = 0;
    for (uint64_t i = 0; i < function.bytes; i++)
        if (function.p[i] == '/')
            from = i + 1;
    uint64_t len = function.bytes - from;
    snprintf(out, NAME_MAX_BYTES, "%.*s", (int)(len < NAME_MAX_BYTES ? len : NAME_MAX_BYTES - 1),
             function.p + from);
}

/* --- goroutines ------------------------------------------------------------------------- */

static uint64_t time_of(struct importer *im, uint64_t ticks)
{
    return build_ts(im->b, go_ns(&im->t, ticks));
}

static struct goroutine *goroutine_of(struct importer *im, uint64_t id, uint64_t ns)
{
    bool added;
    if (!id)
        return NULL;
    uint64_t *index = map64_put(&im->by_id, id, &added);
    if (!added)
        return &im->gs[*index];
    *index = im->g_count;
    mem_grow(&im->gs, &im->g_cap, im->g_count + 1, sizeof *im->gs);
    struct goroutine *g = &im->gs[im->g_count++];
    *g = (struct goroutine){.start_ns = ns, .now = {.ts = ns, .cpu = -1}};
    g->tid = id < INT32_MAX / 2 ? (uint32_t)id : im->next_tid++;
    char name[32];
    snprintf(name, sizeof name, "goroutine %" PRIu64, id);
    g->row = build_thread(im->b, g->tid, PID, name);
    return g;
}

/* Writes the state that ends at ns and begins the next. */
static void change(struct importer *im, struct goroutine *g, uint64_t ns, struct span next)
{
    if (ns < g->now.ts)
        ns = g->now.ts; /* clocks of Ps differ: never back */
    const struct span *s = &g->now;
    if (ns > s->ts)
        BUILD_ROW(
            im->b, THREAD_STATE,
            g->row, [TRACE_THREAD_STATE_ts] = s->ts, [TRACE_THREAD_STATE_state] = s->state,
            [TRACE_THREAD_STATE_cpu] = (uint64_t)(int64_t)s->cpu,
            [TRACE_THREAD_STATE_reason] = s->reason, [TRACE_THREAD_STATE_object] = s->object,
            [TRACE_THREAD_STATE_waker_tid] = s->waker, [TRACE_THREAD_STATE_stack_id] = s->stack);
    g->now = next;
    g->now.ts = ns;
}

static uint32_t tid_of(struct importer *im, uint64_t g, uint64_t ns)
{
    const struct goroutine *who = goroutine_of(im, g, ns);
    return who ? who->tid : 0;
}

/* Ready to run from ns on; who woke it is its last wait's end, too. */
static void wake(struct importer *im, struct goroutine *g, uint64_t ns, uint32_t waker, uint64_t p)
{
    if (g->now.state == TRACE_BLOCKED)
        g->now.waker = waker;
    change(im, g, ns, (struct span){.state = TRACE_RUNNABLE, .cpu = -1, .waker = waker});
    if (waker)
        BUILD_ROW(
            im->b, WAKEUP, 0, [TRACE_WAKEUP_ts] = g->now.ts, [TRACE_WAKEUP_waker_tid] = waker,
            [TRACE_WAKEUP_wakee_tid] = g->tid, [TRACE_WAKEUP_cpu] = p < 1000000 ? p : (uint64_t)-1);
}

static void on_create(struct importer *im, const struct go_event *ev, uint64_t ns)
{
    char name[NAME_MAX_BYTES];
    uint32_t creator = tid_of(im, ev->g, ns);
    struct goroutine *g = goroutine_of(im, ev->args[0], ns);
    if (!g || g->ended)
        return;
    short_name(leaf_of(im, ev->args[1]), name);
    if (name[0])
        build_thread_name(im->b, g->row, name);
    g->now.stack = stack_of(im, ev->args[1]);
    wake(im, g, ns, creator, ev->p);
}

static uint8_t reason_of(enum go_type type)
{
    switch (type) {
    case GO_SLEEP:
        return TRACE_REASON_SLEEP;
    case GO_BLOCK_SEND:
    case GO_BLOCK_RECV:
    case GO_BLOCK_SELECT:
    case GO_BLOCK_COND:
        return TRACE_REASON_COND;
    case GO_BLOCK_SYNC:
        return TRACE_REASON_LOCK;
    case GO_BLOCK_NET:
        return TRACE_REASON_IO;
    case GO_SYS_BLOCK:
        return TRACE_REASON_SYSCALL;
    default:
        return TRACE_REASON_UNKNOWN;
    }
}

static void end_call(struct importer *im, struct goroutine *g, uint64_t ns, bool known)
{
    if (!g->call_ns)
        return;
    uint64_t begin = g->call_ns - 1;
    BUILD_ROW(im->b, SYSCALL,
              g->row, [TRACE_SYSCALL_ts] = begin, [TRACE_SYSCALL_dur] = ns > begin ? ns - begin : 0,
              [TRACE_SYSCALL_nr] = UNKNOWN_CALL, [TRACE_SYSCALL_name] = g->call_name,
              [TRACE_SYSCALL_stack_id] = g->call_stack, [TRACE_SYSCALL_unfinished] = !known);
    g->call_ns = 0;
}

static void on_call(struct importer *im, struct goroutine *g, const struct go_event *ev,
                    uint64_t ns)
{
    char name[NAME_MAX_BYTES];
    end_call(im, g, g->call_ns - 1, true); /* that one did not block: its end is not told */
    short_name(leaf_of(im, ev->stack), name);
    g->call_ns = ns + 1;
    g->call_stack = stack_of(im, ev->stack);
    g->call_name = trace_writer_string(im->b->w, name[0] ? name : "system call");
}

static void on_sys_exit(struct importer *im, struct goroutine *g, const struct go_event *ev,
                        uint64_t ns)
{
    uint64_t real = ev->args[ev->type == GO_SYS_EXIT ? 2 : 1];
    /* The event waits for a P; when the call returned it says itself. */
    uint64_t end = real ? go_ns(&im->t, real) : ns;
    end = end < g->now.ts ? g->now.ts : end > ns ? ns : end;
    end_call(im, g, end, true);
    wake(im, g, end, 0, ev->p);
}

static void on_block(struct importer *im, struct goroutine *g, const struct go_event *ev,
                     uint64_t ns)
{
    uint32_t stack = ev->type == GO_SYS_BLOCK ? g->call_stack : stack_of(im, ev->stack);
    if (ev->type != GO_SYS_BLOCK && g->call_ns)
        end_call(im, g, g->call_ns - 1, true);
    change(im, g, ns,
           (struct span){.state = TRACE_BLOCKED,
                         .reason = reason_of(ev->type),
                         .cpu = -1,
                         .object = ev->type == GO_SYS_BLOCK ? UNKNOWN_CALL : 0,
                         .stack = stack});
}

/* --- the program's own marks -------------------------------------------------------------- */

static void write_region(struct importer *im, uint32_t row, const struct open_region *r,
                         uint64_t end)
{
    BUILD_ROW(im->b, REGION,
              row, [TRACE_REGION_ts] = r->ts, [TRACE_REGION_dur] = end > r->ts ? end - r->ts : 0,
              [TRACE_REGION_name] = r->name, [TRACE_REGION_task_id] = r->task);
}

static void on_region(struct importer *im, struct goroutine *g, const struct go_event *ev,
                      uint64_t ns)
{
    uint32_t name = string_of(im, go_string(&im->t, ev->args[2]));
    if (ev->args[1] == 0) {
        mem_grow(&g->regions, &g->region_cap, g->region_count + 1, sizeof *g->regions);
        g->regions[g->region_count++] = (struct open_region){ns, ev->args[0], name};
        return;
    }
    for (size_t i = g->region_count; i-- > 0;) {
        if (g->regions[i].name != name || g->regions[i].task != ev->args[0])
            continue;
        write_region(im, g->row, &g->regions[i], ns);
        memmove(g->regions + i, g->regions + i + 1, (--g->region_count - i) * sizeof *g->regions);
        return;
    }
}

static void on_task(struct importer *im, const struct go_event *ev, uint64_t ns)
{
    *map64_put(&im->tasks, ev->args[0], NULL) = im->task_count;
    mem_grow(&im->task_list, &im->task_cap, im->task_count + 1, sizeof *im->task_list);
    im->task_list[im->task_count++] =
        (struct task){ev->args[1], ns, string_of(im, go_string(&im->t, ev->args[2]))};
}

static void end_task(struct importer *im, uint64_t id, uint64_t ns)
{
    const uint64_t *index = map64_get(&im->tasks, id);
    if (!index)
        return;
    const struct task *task = &im->task_list[*index];
    BUILD_ROW(im->b, TASK, 0, [TRACE_TASK_task_id] = id, [TRACE_TASK_parent_id] = task->parent,
              [TRACE_TASK_name] = task->name, [TRACE_TASK_ts] = task->ts,
              [TRACE_TASK_dur] = ns > task->ts ? ns - task->ts : 0);
    map64_delete(&im->tasks, id);
}

static void on_log(struct importer *im, struct goroutine *g, const struct go_event *ev, uint64_t ns)
{
    struct go_text key = go_string(&im->t, ev->args[1]);
    char text[512];
    snprintf(text, sizeof text, "%.*s%s%.*s", (int)(key.bytes < 128 ? key.bytes : 128), key.p,
             key.bytes ? ": " : "", (int)(ev->text_bytes < 256 ? ev->text_bytes : 256), ev->text);
    BUILD_ROW(im->b, MESSAGE, g->row, [TRACE_MESSAGE_ts] = ns,
              [TRACE_MESSAGE_text] = trace_writer_string(im->b->w, text));
}

/* --- the runtime's ------------------------------------------------------------------------- */

static void counter(struct importer *im, const char *name, uint64_t value, uint64_t ns)
{
    BUILD_ROW(
        im->b, COUNTER,
        0, [TRACE_COUNTER_ts] = ns, [TRACE_COUNTER_name] = trace_writer_string(im->b->w, name),
        [TRACE_COUNTER_value] = build_f64((double)value), [TRACE_COUNTER_pid] = PID);
}

/* A phase of the garbage collector; *begin is its begin + 1, 0 while none is open. */
static void gc_phase(struct importer *im, uint64_t *begin, const char *name, bool begins,
                     uint64_t ns)
{
    if (!im->has_gc)
        im->gc_row = build_thread(im->b, im->next_tid++, PID, "garbage collector");
    im->has_gc = true;
    if (*begin && !begins) {
        struct open_region r = {*begin - 1, 0, trace_writer_string(im->b->w, name)};
        write_region(im, im->gc_row, &r, ns);
    }
    *begin = begins ? ns + 1 : 0;
}

static void end_assist(struct importer *im, struct goroutine *g, uint64_t ns)
{
    if (!g->assist_ns)
        return;
    struct open_region r = {g->assist_ns - 1, 0, trace_writer_string(im->b->w, "GC mark assist")};
    write_region(im, g->row, &r, ns);
    g->assist_ns = 0;
}

static void on_sample(struct importer *im, struct goroutine *g, const struct go_event *ev,
                      uint64_t ns)
{
    if (ns < g->start_ns || (g->ended && ns > g->end_ns))
        return;
    BUILD_ROW(im->b, SAMPLE, g->row, [TRACE_SAMPLE_ts] = ns, [TRACE_SAMPLE_kind] = TRACE_SAMPLE_CPU,
              [TRACE_SAMPLE_weight] = SAMPLE_WEIGHT_NS,
              [TRACE_SAMPLE_stack_id] = stack_of(im, ev->stack));
}

static void end_goroutine(struct importer *im, struct goroutine *g, uint64_t ns)
{
    if (g->ended)
        return;
    end_assist(im, g, ns);
    if (g->call_ns)
        end_call(im, g, g->now.state == TRACE_BLOCKED ? ns : g->call_ns - 1,
                 g->now.state != TRACE_BLOCKED);
    while (g->region_count)
        write_region(im, g->row, &g->regions[--g->region_count], ns);
    change(im, g, ns, (struct span){0});
    g->end_ns = g->now.ts;
    g->ended = true;
    free(g->regions);
    g->regions = NULL;
}

/* --- all events ------------------------------------------------------------------------------ */

/* Events about no goroutine. */
static bool take_global(struct importer *im, const struct go_event *ev, uint64_t ns)
{
    switch (ev->type) {
    case GO_GC_START:
    case GO_GC_DONE:
        gc_phase(im, &im->gc_ns, "GC", ev->type == GO_GC_START, ns);
        return true;
    case GO_STW_START:
    case GO_STW_DONE:
        gc_phase(im, &im->stw_ns, "stop the world", ev->type == GO_STW_START, ns);
        return true;
    case GO_HEAP_ALLOC:
        counter(im, "heap bytes", ev->args[0], ns);
        return true;
    case GO_HEAP_GOAL:
        counter(im, "heap goal bytes", ev->args[0], ns);
        return true;
    case GO_GOMAXPROCS:
        counter(im, "GOMAXPROCS", ev->args[0], ns);
        return true;
    case GO_CREATE:
        on_create(im, ev, ns);
        return true;
    case GO_TASK_CREATE:
        on_task(im, ev, ns);
        return true;
    case GO_TASK_END:
        end_task(im, ev->args[0], ns);
        return true;
    case GO_UNBLOCK:
    case GO_UNBLOCK_LOCAL: {
        uint32_t waker = tid_of(im, ev->g, ns);
        struct goroutine *g = goroutine_of(im, ev->args[0], ns);
        if (g && !g->ended)
            wake(im, g, ns, waker, ev->p);
        return true;
    }
    default:
        return false;
    }
}

static void take_own(struct importer *im, struct goroutine *g, const struct go_event *ev,
                     uint64_t ns)
{
    switch (ev->type) {
    case GO_WAITING:
        change(im, g, ns,
               (struct span){.state = TRACE_BLOCKED, .reason = TRACE_REASON_UNKNOWN, .cpu = -1});
        break;
    case GO_IN_SYSCALL:
        change(im, g, ns,
               (struct span){.state = TRACE_BLOCKED,
                             .reason = TRACE_REASON_SYSCALL,
                             .cpu = -1,
                             .object = UNKNOWN_CALL});
        break;
    case GO_START:
    case GO_START_LOCAL:
    case GO_START_LABEL:
        change(im, g, ns, (struct span){.state = TRACE_RUNNING, .cpu = (int32_t)ev->p});
        break;
    case GO_SCHED:
    case GO_PREEMPT:
        change(im, g, ns,
               (struct span){.state = TRACE_RUNNABLE,
                             .reason = ev->type == GO_PREEMPT ? TRACE_REASON_PREEMPTED : 0,
                             .cpu = -1,
                             .stack = stack_of(im, ev->stack)});
        break;
    case GO_SYSCALL:
        on_call(im, g, ev, ns);
        break;
    case GO_SYS_EXIT:
    case GO_SYS_EXIT_LOCAL:
        on_sys_exit(im, g, ev, ns);
        break;
    case GO_END:
    case GO_STOP:
        end_goroutine(im, g, ns);
        break;
    case GO_REGION:
        on_region(im, g, ev, ns);
        break;
    case GO_LOG:
        on_log(im, g, ev, ns);
        break;
    case GO_ASSIST_START:
        g->assist_ns = ns + 1;
        break;
    case GO_ASSIST_DONE:
        end_assist(im, g, ns);
        break;
    case GO_CPU_SAMPLE:
        on_sample(im, g, ev, ns);
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
        on_block(im, g, ev, ns);
        break;
    default: /* Ps, sweeping, futile wake-ups: nothing that a thread does */
        break;
    }
}

static void take_event(struct importer *im, const struct go_event *ev)
{
    uint64_t ns = time_of(im, ev->ticks);
    if (take_global(im, ev, ns))
        return;
    struct goroutine *g = goroutine_of(im, ev->g, ns);
    if (g && !g->ended)
        take_own(im, g, ev, ns);
}

static void finish(struct importer *im)
{
    uint64_t end = im->b->last_ns, id, index;
    for (size_t i = 0; i < im->g_count; i++) {
        struct goroutine *g = &im->gs[i];
        end_goroutine(im, g, end);
        build_thread_life(im->b, g->row, g->start_ns, g->end_ns);
    }
    if (im->gc_ns)
        gc_phase(im, &im->gc_ns, "GC", false, end);
    if (im->stw_ns)
        gc_phase(im, &im->stw_ns, "stop the world", false, end);
    if (im->has_gc) {
        build_thread_life(im->b, im->gc_row, 0, end);
        BUILD_ROW(im->b, THREAD_STATE, im->gc_row, [TRACE_THREAD_STATE_state] = TRACE_UNKNOWN,
                  [TRACE_THREAD_STATE_cpu] = (uint64_t)-1);
    }
    for (size_t pos = 0; map64_next(&im->tasks, &pos, &id, &index);) {
        const struct task *task = &im->task_list[index];
        BUILD_ROW(im->b, TASK, 0, [TRACE_TASK_task_id] = id, [TRACE_TASK_parent_id] = task->parent,
                  [TRACE_TASK_name] = task->name, [TRACE_TASK_ts] = task->ts,
                  [TRACE_TASK_dur] = end > task->ts ? end - task->ts : 0);
    }
    trace_writer_update(im->b->w, TRACE_PROCESS_TABLE, 0, TRACE_PROCESS_end_ts, end);
}

static void write_meta(struct importer *im)
{
    static const char *const keys[] = {"mechanism.sched", "mechanism.syscall", "mechanism.cpu"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        trace_writer_meta(im->b->w, keys[i], "go runtime");
    char name[32];
    snprintf(name, sizeof name, "syscall.%d", UNKNOWN_CALL);
    trace_writer_meta(im->b->w, name, "a system call");
}

static void release(struct importer *im)
{
    for (size_t i = 0; i < im->g_count; i++)
        free(im->gs[i].regions);
    free(im->gs);
    free(im->task_list);
    map64_release(&im->by_id);
    map64_release(&im->stacks);
    map64_release(&im->tasks);
    go_release(&im->t);
}

bool import_go(struct build *b, const struct file_map *map, struct err *err)
{
    struct importer im = {.b = b, .next_tid = INT32_MAX / 2};
    struct go_event ev;
    struct err why = {0};
    bool ok = go_open(&im.t, map->data, map->bytes, err);
    if (ok) {
        build_process(b, PID, "go program");
        while (go_next(&im.t, &ev, &why) && build_step(b, ev.off, map->bytes))
            take_event(&im, &ev);
        ok = !b->stopped ? !why.text[0] : err_set(&why, "stopped");
        if (!ok)
            *err = why;
    }
    if (ok) {
        char made_by[32];
        finish(&im);
        write_meta(&im);
        snprintf(made_by, sizeof made_by, "a Go 1.%u execution trace", im.t.version - 1000);
        ok = build_close(b, made_by, err);
    }
    release(&im);
    return ok;
}
