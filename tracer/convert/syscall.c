/* System calls. The kernel's records give every row where they exist; the
 * agent's `call`, which comes a little later, then only adds the stack. Rows
 * are held back for that, MODEL_PENDING_CALLS a thread. */
#include "convert/model.h"

#include "convert/syscall_table.h"
#include "tracepoints/events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

/* In a kernel record's number: of a 32-bit program. */
#define FOREIGN_TABLE (UINT32_C(1) << 30)
/* Without the kernel's word a call counts as blocked only when it took so long
 * that it hardly can have been at work all the time. */
enum {
    BLOCKED_NS = 20000
};
/* The kernel's own results of a call that a signal interrupted: restarted unseen
 * by the program, or -EINTR to it. */
enum {
    ERESTART_LAST = -516,
    ERESTART_FIRST = -512
};

static struct call *call_at(struct thread *t, unsigned i)
{
    return &t->calls[(t->call_head + i) % MODEL_PENDING_CALLS];
}

/* -- descriptors */

static uint32_t fd_name(const struct proc *p, uint64_t fd)
{
    uint64_t *name = p ? map64_get(&p->fds, (uint32_t)fd) : NULL;
    return name ? (uint32_t)*name : 0;
}

static void set_fd(struct proc *p, uint64_t fd, uint32_t name)
{
    if (name)
        *map64_put(&p->fds, (uint32_t)fd, NULL) = name;
    else
        map64_delete(&p->fds, (uint32_t)fd);
}

/* The thread's latest call may be the one that made or named the descriptor. */
static void name_latest_call(struct thread *t, uint32_t fd, uint32_t name)
{
    if (!t || !t->call_count)
        return;
    struct call *call = call_at(t, t->call_count - 1);
    bool made = syscall_fd_effect(call->nr) == SYSCALL_FDS_MAKES && call->ret == (int64_t)fd &&
                !syscall_takes_fd(call->nr);
    bool named = syscall_names_fd(call->nr) && (uint32_t)call->args[0] == fd;
    if (made || named)
        call->object = name;
}

void syscall_fd(struct model *m, const struct event *ev)
{
    const char *text = event_str(ev, FD_name);
    uint32_t name = *text ? model_str(m, text) : 0;
    set_fd(proc_get(m, ev->vpid, ev->ts), ev->v[FD_fd], name);
    if (name)
        name_latest_call(thread_find(m, ev->vtid), (uint32_t)ev->v[FD_fd], name);
}

void syscall_fd_of(struct model *m, const struct event *ev)
{
    const char *name = event_str(ev, FD_OF_name);
    set_fd(proc_get(m, (uint32_t)ev->v[FD_OF_pid], ev->ts), ev->v[FD_OF_fd],
           *name ? model_str(m, name) : 0);
}

void syscall_inherit_fds(struct proc *child, const struct proc *parent)
{
    size_t pos = 0;
    uint64_t fd, name;
    while (map64_next(&parent->fds, &pos, &fd, &name))
        *map64_put(&child->fds, fd, NULL) = name;
}

/* What a call does to the table of descriptors. The agent's `fd` events, which
 * know paths and peers, come right after and overrule it. */
static void follow_fds(struct model *m, struct proc *p, const struct call *call)
{
    enum syscall_fds effect = syscall_fd_effect(call->nr);
    if (!p || call->ret < 0 || effect == SYSCALL_FDS_NONE)
        return;
    const char *kind = syscall_makes(call->nr);
    if (effect == SYSCALL_FDS_CLOSES)
        set_fd(p, call->args[0], 0);
    else if (effect == SYSCALL_FDS_COPIES)
        set_fd(p, (uint64_t)call->ret, fd_name(p, call->args[0]));
    else if (effect == SYSCALL_FDS_MAKES)
        set_fd(p, (uint64_t)call->ret, kind ? model_str(m, kind) : 0);
}

/* The file that a call is about: the one behind its first argument, or the one
 * that it has opened, whose name the agent tells afterwards. */
static uint32_t call_object(const struct proc *p, const struct call *call)
{
    if (syscall_takes_fd(call->nr))
        return fd_name(p, call->args[0]);
    if (call->ret >= 0 && syscall_fd_effect(call->nr) == SYSCALL_FDS_MAKES)
        return fd_name(p, (uint64_t)call->ret);
    return 0;
}

/* -- rows */

static uint32_t name_id(struct model *m, uint32_t nr)
{
    bool added;
    uint64_t *id = map64_put(&m->syscall_names, nr, &added);
    if (!added)
        return (uint32_t)*id;
    const char *name = syscall_name(nr);
    char text[24];
    if (!name) {
        bool foreign = nr & FOREIGN_TABLE;
        snprintf(text, sizeof text, foreign ? "i386_%u" : "syscall_%u", nr & ~FOREIGN_TABLE);
        name = text;
    }
    *id = model_str(m, name);
    return (uint32_t)*id;
}

static void write_call(struct model *m, struct thread *t, const struct call *call)
{
    uint32_t row = thread_row(m, t);
    if (row == MODEL_NO_ROW)
        return;
    uint64_t ts = model_ts(m, call->ts), end = model_ts(m, call->end_ts);
    MODEL_ROW(m, SYSCALL,
              row, [TRACE_SYSCALL_ts] = ts, [TRACE_SYSCALL_dur] = end > ts ? end - ts : 0,
              [TRACE_SYSCALL_nr] = call->nr, [TRACE_SYSCALL_name] = name_id(m, call->nr),
              [TRACE_SYSCALL_arg0] = call->args[0], [TRACE_SYSCALL_arg1] = call->args[1],
              [TRACE_SYSCALL_arg2] = call->args[2], [TRACE_SYSCALL_arg3] = call->args[3],
              [TRACE_SYSCALL_arg4] = call->args[4], [TRACE_SYSCALL_arg5] = call->args[5],
              [TRACE_SYSCALL_ret] = (uint64_t)call->ret, [TRACE_SYSCALL_stack_id] = call->stack,
              [TRACE_SYSCALL_object] = call->object, [TRACE_SYSCALL_unfinished] = call->unfinished);
}

static void write_oldest(struct model *m, struct thread *t)
{
    write_call(m, t, call_at(t, 0));
    t->call_head = (t->call_head + 1) % MODEL_PENDING_CALLS;
    t->call_count--;
}

static void keep_call(struct model *m, struct thread *t, struct call call)
{
    /* now, not when the row is written: by then the number may be another file's */
    if (syscall_takes_fd(call.nr))
        call.object = call_object(t->proc, &call);
    follow_fds(m, t->proc, &call);
    if (!call.object)
        call.object = call_object(t->proc, &call);
    if (t->closed) {
        write_call(m, t, &call);
        return;
    }
    if (!t->calls)
        t->calls = mem_realloc(NULL, MODEL_PENDING_CALLS, sizeof *t->calls);
    if (t->call_count == MODEL_PENDING_CALLS)
        write_oldest(m, t);
    *call_at(t, t->call_count++) = call;
}

static void copy_args(struct call *call, const uint64_t *args, uint32_t count)
{
    for (uint32_t i = 0; i < count && i < MODEL_SYSCALL_ARGS; i++)
        call->args[i] = args[i];
}

static struct state_cause call_cause(const struct call *call)
{
    return (struct state_cause){syscall_reason(call->nr), call->nr, call->stack, 0};
}

/* Gives the kernel's rows inside the agent's call its stack; false where there is none. */
static bool explain_calls(struct thread *t, const struct call *agent)
{
    bool found = false;
    for (unsigned i = t->call_count; i-- > 0;) {
        struct call *call = call_at(t, i);
        if (call->end_ts < agent->ts)
            break;
        if (call->ts < agent->ts || call->end_ts > agent->end_ts)
            continue;
        if (!call->stack)
            call->stack = agent->stack;
        found = true;
    }
    return found;
}

void syscall_agent(struct model *m, const struct event *ev)
{
    struct proc *p = proc_get(m, ev->vpid, ev->ts);
    struct thread *t = thread_get(m, ev->vtid, ev->vpid, ev->ts);
    struct call call = {
        .ts = ev->v[CALL_begin_ts],
        .end_ts = ev->ts,
        .ret = (int64_t)ev->v[CALL_ret],
        .nr = (uint32_t)ev->v[CALL_nr],
        .stack = stack_get(m, p, ev->v[CALL_stack]),
    };
    copy_args(&call, event_seq(ev), ev->seq_len);
    if (t->open_call.ts && t->open_call.ts <= call.end_ts)
        t->open_call = (struct call){0};
    if (m->kernel_sched || call.end_ts - call.ts >= BLOCKED_NS ||
        syscall_reason(call.nr) == TRACE_REASON_SLEEP)
        state_blocked(m, t, call.ts, call.end_ts, call_cause(&call));
    if (call.nr == SYS_wait4 && call.ret > 0)
        process_reaped(m, (uint32_t)call.ret, call.end_ts);
    if (!p->kernel_calls || !explain_calls(t, &call))
        keep_call(m, t, call);
}

void syscall_pending(struct model *m, const struct event *ev)
{
    struct proc *p = proc_get(m, ev->vpid, ev->ts);
    struct thread *t = thread_get(m, (uint32_t)ev->v[PENDING_tid], ev->vpid, ev->ts);
    t->open_call = (struct call){
        .ts = ev->v[PENDING_begin_ts],
        .nr = (uint32_t)ev->v[PENDING_nr],
        .stack = stack_get(m, p, ev->v[PENDING_stack]),
        .unfinished = true,
    };
    copy_args(&t->open_call, event_seq(ev), ev->seq_len);
}

/* `words`: nr and argument count, begin, result (not while open), arguments. */
void syscall_kernel(struct model *m, struct thread *t, uint64_t end_ts, const uint64_t *words,
                    uint32_t count, bool open)
{
    uint32_t first_arg = open ? 4 : 5;
    uint32_t args = words[2] >> 32 & 0xff;
    struct call call = {.ts = words[3], .end_ts = end_ts, .nr = (uint32_t)words[2]};
    if (!open)
        call.ret = (int64_t)words[4];
    if (call.ret >= ERESTART_LAST && call.ret <= ERESTART_FIRST)
        call.ret = -EINTR;
    if (args > count - first_arg)
        args = count - first_arg;
    copy_args(&call, words + first_arg, args);
    m->kernel_calls = true;
    if (t->proc)
        t->proc->kernel_calls = true;
    if (!open) {
        keep_call(m, t, call);
        return;
    }
    call.unfinished = true;
    if (!call.stack && t->open_call.ts >= call.ts)
        call.stack = t->open_call.stack;
    t->open_call = call;
}

void syscall_close(struct model *m, struct thread *t, uint64_t end)
{
    if (t->open_call.ts) {
        t->open_call.end_ts = end;
        state_blocked(m, t, t->open_call.ts, end, call_cause(&t->open_call));
        keep_call(m, t, t->open_call);
        t->open_call.ts = 0;
    }
    while (t->call_count)
        write_oldest(m, t);
}

void syscall_finish(struct model *m)
{
    size_t pos = 0;
    uint64_t nr, used;
    while (map64_next(&m->syscall_names, &pos, &nr, &used)) {
        const char *name = syscall_name((uint32_t)nr);
        char key[32];
        snprintf(key, sizeof key, "syscall.%u", (unsigned)nr);
        if (name)
            model_set_meta(m, key, name);
    }
}
