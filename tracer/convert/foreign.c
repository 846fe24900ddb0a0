#include "convert/foreign.h"

#include "convert/order.h"
#include "convert/syscall_table.h"
#include "tracepoints/events.h"

#include <string.h>

enum foreign_number {
    SWITCH = EVENT_FOREIGN + 1,
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

static const struct {
    const char *name; /* one that ends in '_' begins the names of many */
    const char *fields;
} known[] = {
    [SWITCH - SWITCH] = {"sched_switch", "prev_tid prev_state next_tid prev_comm next_comm"},
    [WAKING - SWITCH] = {"sched_waking", "tid"},
    [WAKEUP - SWITCH] = {"sched_wakeup", "tid"},
    [FORK - SWITCH] = {"sched_process_fork", "parent_tid child_tid child_pid child_comm"},
    [EXEC - SWITCH] = {"sched_process_exec", "tid"},
    [EXIT - SWITCH] = {"sched_process_exit", "tid"},
    [STATE - SWITCH] = {"lttng_statedump_process_state", "tid pid name"},
    [CALL_ENTRY - SWITCH] = {"syscall_entry_", ""},
    [CALL_EXIT - SWITCH] = {"syscall_exit_", "ret"},
};

/* The kernel's task states: what is not one of them is "on the run queue" in some way. */
enum {
    STATE_BITS = 0xff,
    STATE_DEAD = 0x10 | 0x20 | 0x80,
    SWITCH_PREEMPTED = 1 << 16,
    KERNEL = 0x7fffffff /* the relay's number in order.h */
};

enum event_kind foreign_kind(const char *name)
{
    if (!strcmp(name, "sched_wakeup_new"))
        return (enum event_kind)WAKING;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t len = strlen(known[i].name);
        bool begins = known[i].name[len - 1] == '_';
        if (begins ? !strncmp(name, known[i].name, len) : !strcmp(name, known[i].name))
            return (enum event_kind)(SWITCH + i);
    }
    return EVENT_FOREIGN;
}

const char *foreign_fields(enum event_kind kind)
{
    return (int)kind < (int)SWITCH ? "" : known[(int)kind - (int)SWITCH].fields;
}

/* -- records */

static void push(struct foreign *f, const struct event *ev)
{
    order_push(f->order, ev);
}

void foreign_flush(struct foreign *f)
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
    push(f, &records);
    struct event mark = {.ts = f->last_ts,
                         .vpid = KERNEL,
                         .vtid = KERNEL,
                         .kind = EVENT_whyprof_sched_watermark,
                         .sequence = -1};
    mark.v[WATERMARK_ts] = f->last_ts;
    push(f, &mark);
    f->count = 0;
}

static void add(struct foreign *f, unsigned type, uint32_t cpu, uint64_t tid, uint64_t ts,
                const uint64_t *words, uint32_t count)
{
    if (f->count + 2 + count > FOREIGN_WORDS)
        foreign_flush(f);
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
    uint32_t tid = (uint32_t)ev->v[SWITCH_prev_tid];
    uint64_t state = ev->v[SWITCH_prev_state] & STATE_BITS;
    if (!tid)
        return;
    meet(f, tid, tid, event_str(ev, SWITCH_prev_comm), cpu, ev->ts);
    uint64_t word = state ? state : SWITCH_PREEMPTED;
    word |= find(&f->call_of_tid, tid) << 32;
    add(f, WHYPROF_KERNEL_SWITCH_OUT, cpu, tid, ev->ts, &word, 1);
    if (!map64_get(&f->exiting, tid) || !(state & STATE_DEAD))
        return;
    uint64_t pid = find(&f->pid_of_tid, tid);
    uint64_t words[3] = {pid | (uint64_t)(pid == tid) << 32, 0, 0};
    add(f, WHYPROF_KERNEL_EXIT, cpu, tid, ev->ts, words, 3);
    map64_delete(&f->exiting, tid);
    map64_delete(&f->pid_of_tid, tid);
    map64_delete(&f->call_of_tid, tid);
}

static void on_switch(struct foreign *f, const struct event *ev, uint32_t cpu)
{
    uint32_t next = (uint32_t)ev->v[SWITCH_next_tid];
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
    if (ev->v[WAKING_tid])
        add(f, WHYPROF_KERNEL_WAKING, cpu, ev->v[WAKING_tid], ev->ts, &word, 1);
}

static void on_fork(struct foreign *f, const struct event *ev, uint32_t cpu)
{
    uint32_t child = (uint32_t)ev->v[FORK_child_tid], pid = (uint32_t)ev->v[FORK_child_pid];
    uint64_t words[3] = {child | (uint64_t)pid << 32};
    put_comm(words + 1, event_str(ev, FORK_child_comm));
    *map64_put(&f->pid_of_tid, child, NULL) = pid;
    add(f, WHYPROF_KERNEL_FORK, cpu, ev->v[FORK_parent_tid], ev->ts, words, 3);
}

/* The name comes with the thread's next switch. */
static void on_exec(struct foreign *f, const struct event *ev)
{
    map64_delete(&f->pid_of_tid, ev->v[TASK_tid]);
}

static void on_entry(struct foreign *f, const struct event *ev, const char *name, uint32_t cpu)
{
    uint32_t nr = syscall_number(name + strlen(known[CALL_ENTRY - SWITCH].name));
    uint32_t tid = who(f, ev, cpu);
    if (!tid || nr == UINT32_MAX)
        return;
    *map64_put(&f->call_of_tid, tid, NULL) = nr + UINT64_C(1);
    *map64_put(&f->call_ts, tid, NULL) = ev->ts;
}

static void on_exit_of_call(struct foreign *f, const struct event *ev, uint32_t cpu)
{
    uint32_t tid = who(f, ev, cpu);
    uint64_t call = find(&f->call_of_tid, tid);
    if (!call)
        return; /* it began before the trace */
    uint64_t words[3] = {call - 1, find(&f->call_ts, tid), ev->v[EXIT_ret]};
    map64_delete(&f->call_of_tid, tid);
    add(f, WHYPROF_KERNEL_SYSCALL, cpu, tid, ev->ts, words, 3);
}

void foreign_event(struct foreign *f, const struct event *ev, const char *name, uint32_t cpu)
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
        *map64_put(&f->exiting, ev->v[TASK_tid], NULL) = 1;
        break;
    case STATE:
        meet(f, (uint32_t)ev->v[TASK_tid], (uint32_t)ev->v[STATE_pid], event_str(ev, STATE_name),
             cpu, ev->ts);
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

void foreign_release(struct foreign *f)
{
    map64_release(&f->current);
    map64_release(&f->pid_of_tid);
    map64_release(&f->call_of_tid);
    map64_release(&f->call_ts);
    map64_release(&f->exiting);
}
