/* Events of LTTng's kernel tracer to kernel records (foreign.h). */
#include "convert/foreign.h"

#include "convert/order.h"
#include "convert/syscall_table.h"
#include "tracepoints/events.h"

#include <stdlib.h>
#include <string.h>

enum kernel_number {
    SWITCH = FOREIGN_FIRST_KERNEL,
    WAKING,
    WAKEUP,
    FORK,
    EXEC,
    EXIT,
    STATE,
    CALL_ENTRY,
    CALL_EXIT
};

/* Places of fields, as in the lists below. */
enum {
    SWITCH_prev_tid = 0,
    SWITCH_prev_state,
    SWITCH_next_tid,
    SWITCH_prev_comm,
    SWITCH_next_comm,
    WAKING_tid = 0,
    FORK_parent_tid = 0,
    FORK_child_tid,
    FORK_child_pid,
    FORK_child_comm,
    TASK_tid = 0,
    STATE_pid,
    STATE_name,
    EXIT_ret = 0
};

static const struct foreign_known known[] = {
    [SWITCH - SWITCH] = {"sched_switch", "prev_tid prev_state next_tid prev_comm next_comm"},
    [WAKING - SWITCH] = {"sched_waking", "tid"},
    [WAKEUP - SWITCH] = {"sched_wakeup", "tid"},
    [FORK - SWITCH] = {"sched_process_fork", "parent_tid child_tid child_pid child_comm"},
    [EXEC - SWITCH] = {"sched_process_exec", "tid"},
    [EXIT - SWITCH] = {"sched_process_exit", "tid"},
    [STATE - SWITCH] = {"lttng_statedump_process_state", "tid pid name"},
    [CALL_ENTRY - SWITCH] = {"syscall_entry_", NULL},
    [CALL_EXIT - SWITCH] = {"syscall_exit_", "ret"},
};

/* The kernel's task states: what is not one of them is "on the run queue" in some way. */
enum {
    STATE_BITS = 0xff,
    STATE_DEAD = 0x10 | 0x20 | 0x80,
    SWITCH_PREEMPTED = 1 << 16,
    KERNEL = 0x7fffffff /* the relay's number in order.h */
};

enum event_kind foreign_kernel_kind(const char *name)
{
    int i = foreign_find(known, sizeof known / sizeof *known, name);
    if (i < 0)
        return strcmp(name, "sched_wakeup_new") ? EVENT_FOREIGN : (enum event_kind)WAKING;
    return (enum event_kind)(SWITCH + i);
}

static uint32_t entry_number(const char *name)
{
    return syscall_number(name + strlen(known[CALL_ENTRY - SWITCH].name));
}

const char *foreign_kernel_fields(enum event_kind kind, const char *name)
{
    if ((int)kind == CALL_ENTRY)
        return syscall_arg_names(entry_number(name));
    return known[(int)kind - (int)SWITCH].fields;
}

/* -- records */

void foreign_kernel_flush(struct foreign *f)
{
    if (!f->count)
        return;
    struct event records = {.ts = f->last_ts,
                            .vpid = KERNEL,
                            .vtid = KERNEL,
                            .kind = EVENT_whyprof_sched_kernel,
                            .sequence = SCHED_KERNEL_words,
                            .seq_len = f->count};
    records.v[SCHED_KERNEL_words] = (uint64_t)(uintptr_t)f->words;
    foreign_push(f, &records);
    struct event mark = {.ts = f->last_ts,
                         .vpid = KERNEL,
                         .vtid = KERNEL,
                         .kind = EVENT_whyprof_sched_watermark,
                         .sequence = -1};
    mark.v[WATERMARK_ts] = f->last_ts;
    foreign_push(f, &mark);
    f->count = 0;
}

static void add(struct foreign *f, unsigned type, uint32_t cpu, uint64_t tid, uint64_t ts,
                const uint64_t *words, uint32_t count)
{
    if (f->count + 2 + count > FOREIGN_WORDS)
        foreign_kernel_flush(f);
    f->words[f->count++] = WHYPROF_KERNEL_HEAD(type, 2 + count, cpu & 0xffff, (uint32_t)tid);
    f->words[f->count++] = ts;
    for (uint32_t i = 0; i < count; i++)
        f->words[f->count++] = words[i];
    f->last_ts = ts;
}

static void put_comm(uint64_t words[2], const char *comm)
{
    memset(words, 0, 16);
    memcpy(words, comm, strnlen(comm, 15));
}

/* The system call that a thread is in, or NULL. */
static struct foreign_call *call_of(const struct foreign *f, uint32_t tid)
{
    const uint64_t *index = map64_get(&f->call_of_tid, tid);
    struct foreign_call *call = index ? &f->calls[*index] : NULL;
    return call && call->nr_plus_1 ? call : NULL;
}

static struct foreign_call *call_new(struct foreign *f, uint32_t tid)
{
    bool added;
    uint64_t *index = map64_put(&f->call_of_tid, tid, &added);
    if (added) {
        mem_grow(&f->calls, &f->call_cap, f->call_count + 1, sizeof *f->calls);
        f->calls[f->call_count] = (struct foreign_call){0};
        *index = f->call_count++;
    }
    return &f->calls[*index];
}

static void call_end(struct foreign_call *call)
{
    free(call->path);
    call->path = NULL;
    call->nr_plus_1 = 0;
}

/* A thread or process id among the event's fields. */
static uint32_t id_at(const struct foreign *f, const struct event *ev, int field)
{
    uint32_t id = (uint32_t)ev->v[field];
    return id ? id + f->id_base : 0;
}

static uint64_t find(const struct map64 *map, uint64_t key)
{
    const uint64_t *value = map64_get(map, key);
    return value ? *value : 0;
}

/* Tells a thread's process and name at its first sight. */
static void meet(struct foreign *f, uint32_t tid, uint32_t pid, const char *comm, uint32_t cpu,
                 uint64_t ts)
{
    bool added;
    uint64_t *known_pid = map64_put(&f->pid_of_tid, tid, &added);
    if (!added)
        return;
    *known_pid = pid;
    uint64_t words[3] = {pid};
    put_comm(words + 1, comm);
    add(f, WHYPROF_KERNEL_NAME, cpu, tid, ts, words, 3);
}

/* -- events */

static void on_switch_out(struct foreign *f, const struct event *ev, uint32_t cpu)
{
    uint32_t tid = id_at(f, ev, SWITCH_prev_tid);
    uint64_t state = ev->v[SWITCH_prev_state] & STATE_BITS;
    if (!tid)
        return;
    meet(f, tid, tid, event_str(ev, SWITCH_prev_comm), cpu, ev->ts);
    uint64_t word = state ? state : SWITCH_PREEMPTED;
    struct foreign_call *call = call_of(f, tid);
    word |= (uint64_t)(call ? call->nr_plus_1 : 0) << 32;
    add(f, WHYPROF_KERNEL_SWITCH_OUT, cpu, tid, ev->ts, &word, 1);
    if (!map64_get(&f->exiting, tid) || !(state & STATE_DEAD))
        return;
    uint64_t pid = find(&f->pid_of_tid, tid);
    uint64_t words[3] = {pid | (uint64_t)(pid == tid) << 32, 0, 0};
    add(f, WHYPROF_KERNEL_EXIT, cpu, tid, ev->ts, words, 3);
    map64_delete(&f->exiting, tid);
    map64_delete(&f->pid_of_tid, tid);
    if (call)
        call_end(call);
}

static void on_switch(struct foreign *f, const struct event *ev, uint32_t cpu)
{
    uint32_t next = id_at(f, ev, SWITCH_next_tid);
    on_switch_out(f, ev, cpu);
    *map64_put(&f->current, cpu, NULL) = next;
    if (!next)
        return;
    meet(f, next, next, event_str(ev, SWITCH_next_comm), cpu, ev->ts);
    add(f, WHYPROF_KERNEL_SWITCH_IN, cpu, next, ev->ts, NULL, 0);
}

/* The thread that an event of that cpu is about. */
static uint32_t who(const struct foreign *f, const struct event *ev, uint32_t cpu)
{
    return ev->vtid ? ev->vtid : (uint32_t)find(&f->current, cpu);
}

static void on_waking(struct foreign *f, const struct event *ev, uint32_t cpu)
{
    uint32_t waker = who(f, ev, cpu);
    uint64_t word = waker | find(&f->pid_of_tid, waker) << 32;
    if (id_at(f, ev, WAKING_tid))
        add(f, WHYPROF_KERNEL_WAKING, cpu, id_at(f, ev, WAKING_tid), ev->ts, &word, 1);
}

static void on_fork(struct foreign *f, const struct event *ev, uint32_t cpu)
{
    uint32_t child = id_at(f, ev, FORK_child_tid), pid = id_at(f, ev, FORK_child_pid);
    uint64_t words[3] = {child | (uint64_t)pid << 32};
    put_comm(words + 1, event_str(ev, FORK_child_comm));
    *map64_put(&f->pid_of_tid, child, NULL) = pid;
    add(f, WHYPROF_KERNEL_FORK, cpu, id_at(f, ev, FORK_parent_tid), ev->ts, words, 3);
}

/* The name comes with the thread's next switch. */
static void on_exec(struct foreign *f, const struct event *ev)
{
    map64_delete(&f->pid_of_tid, id_at(f, ev, TASK_tid));
}

/* Arguments that are no integers (structures, arrays) read as 0. */
static void on_entry(struct foreign *f, const struct event *ev, const char *name, uint32_t cpu)
{
    uint32_t nr = entry_number(name);
    uint32_t tid = who(f, ev, cpu);
    if (!tid || nr == UINT32_MAX)
        return;
    struct foreign_call *call = call_new(f, tid);
    call_end(call);
    *call = (struct foreign_call){.nr_plus_1 = nr + 1, .ts = ev->ts};
    for (const char *p = syscall_arg_names(nr); *p; p += strspn(p, " "))
        p += strcspn(p, " "), call->arg_count++;
    for (int i = 0; i < EVENT_MAX_FIELDS; i++) {
        bool text = ev->strings >> i & 1;
        if (text && !call->path && syscall_fd_effect(nr) == SYSCALL_FDS_MAKES)
            call->path = strdup(event_str(ev, i));
        if (!text && ev->sequence != i)
            call->args[i] = ev->v[i];
    }
}

/* The file's name, as our agent tells it after the call. */
static void tell_path(struct foreign *f, const struct event *ev, uint32_t tid,
                      const struct foreign_call *call)
{
    int64_t fd = (int64_t)ev->v[EXIT_ret];
    if (!call->path || !*call->path || fd < 0)
        return;
    struct event told = foreign_like(ev, EVENT_whyprof_syscall_fd);
    uint32_t pid = (uint32_t)find(&f->pid_of_tid, tid);
    told.vtid = tid;
    told.vpid = pid ? pid : tid;
    told.v[FD_fd] = (uint64_t)fd;
    foreign_set_string(&told, FD_name, call->path);
    foreign_push(f, &told);
}

static void on_exit_of_call(struct foreign *f, const struct event *ev, uint32_t cpu)
{
    uint32_t tid = who(f, ev, cpu);
    struct foreign_call *call = call_of(f, tid);
    if (!call)
        return; /* it began before the trace */
    uint64_t words[3 + EVENT_MAX_FIELDS] = {(call->nr_plus_1 - 1) | (uint64_t)call->arg_count << 32,
                                            call->ts, ev->v[EXIT_ret]};
    memcpy(words + 3, call->args, sizeof call->args);
    add(f, WHYPROF_KERNEL_SYSCALL, cpu, tid, ev->ts, words, 3 + call->arg_count);
    tell_path(f, ev, tid, call);
    call_end(call);
}

uint32_t foreign_current(const struct foreign *f, uint32_t cpu, uint32_t *pid)
{
    uint32_t tid = (uint32_t)find(&f->current, cpu);
    *pid = (uint32_t)find(&f->pid_of_tid, tid);
    return tid;
}

void foreign_kernel_event(struct foreign *f, const struct event *ev, const char *name, uint32_t cpu)
{
    switch ((int)ev->kind) {
    case SWITCH:
        on_switch(f, ev, cpu);
        break;
    case WAKING:
        f->has_waking = true;
        on_waking(f, ev, cpu);
        break;
    case WAKEUP:
        if (!f->has_waking)
            on_waking(f, ev, cpu);
        break;
    case FORK:
        on_fork(f, ev, cpu);
        break;
    case EXEC:
        on_exec(f, ev);
        break;
    case EXIT:
        *map64_put(&f->exiting, id_at(f, ev, TASK_tid), NULL) = 1;
        break;
    case STATE:
        meet(f, id_at(f, ev, TASK_tid), id_at(f, ev, STATE_pid), event_str(ev, STATE_name), cpu,
             ev->ts);
        break;
    case CALL_ENTRY:
        on_entry(f, ev, name, cpu);
        break;
    case CALL_EXIT:
        on_exit_of_call(f, ev, cpu);
        break;
    default:
        break;
    }
}
