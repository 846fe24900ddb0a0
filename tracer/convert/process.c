#include "convert/model.h"

#include "convert/hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- rows */

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);
    return n >= k && !strcmp(s + n - k, end);
}

static bool is_ours(const char *name)
{
    return !strncmp(name, "whyprof", 7);
}

/* lttng-ust's listener threads ("NAME-ust") and the agent's own; and a launched
 * program's process while it is still our own image. (whyprof itself under the
 * agent is a program like any other.) */
static bool is_hidden_proc(const struct proc *p)
{
    return p && p->ours && !p->announced;
}

bool thread_hidden(const struct thread *t)
{
    bool main_thread = t->proc && t->proc->pid == t->tid;
    return t->row == MODEL_NO_ROW && ((t->ours && !main_thread) || is_hidden_proc(t->proc));
}

uint32_t thread_row(struct model *m, struct thread *t)
{
    if (t->row != MODEL_NO_ROW || thread_hidden(t))
        return t->row;
    t->row = MODEL_ROW(
        m, THREAD, 0, [TRACE_THREAD_tid] = t->tid, [TRACE_THREAD_pid] = t->proc ? t->proc->pid : 0,
        [TRACE_THREAD_name] = t->name, [TRACE_THREAD_start_ts] = model_ts(m, t->start_ts),
        [TRACE_THREAD_end_ts] = model_ts(m, t->start_ts));
    return t->row;
}

static void set_thread(struct model *m, struct thread *t, unsigned column, uint64_t value)
{
    if (t->row != MODEL_NO_ROW)
        trace_writer_update(m->w, TRACE_THREAD_TABLE, t->row, column, value);
}

static void name_thread(struct model *m, struct thread *t, const char *name)
{
    if (!*name)
        return;
    t->old_name = t->name;
    t->name = model_str(m, name);
    t->ours = is_ours(name) || ends_with(name, "-ust");
    set_thread(m, t, TRACE_THREAD_name, t->name);
}

/* -- processes */

struct proc *proc_find(const struct model *m, uint32_t pid)
{
    struct proc *recent = m->recent_procs[pid % MODEL_RECENT];
    if (recent && recent->pid == pid)
        return recent;
    uint64_t *found = map64_get(&m->proc_of_pid, pid);
    return found ? (struct proc *)(uintptr_t)*found : NULL;
}

static void name_proc(struct model *m, struct proc *p, const char *name)
{
    size_t host = p->pid / HOSTS_ID_STEP;
    char text[512];
    p->ours = is_ours(name);
    if (host < m->host_count) {
        snprintf(text, sizeof text, "%s@%s", name, m->hosts[host]);
        name = text;
    }
    p->name = model_str(m, name);
}

static void end_proc(struct model *m, struct proc *p, uint64_t ts);

/* A new image of the pid; the one before has ended by now. */
static struct proc *proc_new(struct model *m, uint32_t pid, uint64_t ts)
{
    if (proc_find(m, pid))
        end_proc(m, proc_find(m, pid), ts);
    struct proc *p = arena_alloc(&m->arena, sizeof *p);
    p->pid = pid;
    p->index = (uint32_t)m->proc_count;
    p->start_ts = ts;
    p->exit_status = -1;
    mem_grow(&m->procs, &m->proc_cap, m->proc_count + 1, sizeof(struct proc *));
    m->procs[m->proc_count++] = p;
    *map64_put(&m->proc_of_pid, pid, NULL) = (uint64_t)(uintptr_t)p;
    m->recent_procs[pid % MODEL_RECENT] = p;
    return p;
}

struct proc *proc_meet(struct model *m, uint32_t pid, uint64_t ts)
{
    struct proc *p = proc_find(m, pid);
    return p ? p : proc_new(m, pid, ts);
}

/* -- threads */

struct thread *thread_find(const struct model *m, uint32_t tid)
{
    struct thread *recent = m->recent_threads[tid % MODEL_RECENT];
    if (recent && recent->tid == tid)
        return recent;
    uint64_t *found = map64_get(&m->thread_of_tid, tid);
    return found ? (struct thread *)(uintptr_t)*found : NULL;
}

static void adopt_thread(struct model *m, struct thread *t, struct proc *p)
{
    t->proc = p;
    t->next = p->threads;
    p->threads = t;
    set_thread(m, t, TRACE_THREAD_pid, p->pid);
}

static struct thread *thread_new(struct model *m, uint32_t tid, struct proc *p, uint64_t ts)
{
    struct thread *t = arena_alloc(&m->arena, sizeof *t);
    t->tid = tid;
    t->row = MODEL_NO_ROW;
    t->start_ts = t->last_ts = ts < m->t0 ? m->t0 : ts;
    t->now = (struct span){.ts = t->start_ts, .cpu = -1};
    if (p)
        adopt_thread(m, t, p);
    *map64_put(&m->thread_of_tid, tid, NULL) = (uint64_t)(uintptr_t)t;
    m->recent_threads[tid % MODEL_RECENT] = t;
    return t;
}

/* A thread that only the kernel knows, in a process whose agent tells its
 * threads, and that never made a call: the agent's helper, ended by exec or exit
 * before it could say its name. */
static bool never_spoke(const struct thread *t)
{
    return t->row == MODEL_NO_ROW && t->proc && t->proc->announced && t->tid != t->proc->pid &&
           !t->told && !t->calls && !t->open_call.ts;
}

/* Writes all that a thread held back; its buffers go. */
static void close_thread(struct model *m, struct thread *t)
{
    if (t->closed)
        return;
    uint64_t end = t->end_ts > t->last_ts ? t->end_ts : t->last_ts;
    t->ours |= never_spoke(t);
    thread_row(m, t);
    lock_close(m, t, end);
    syscall_close(m, t, end);
    user_close(m, t, end);
    state_close(m, t, end);
    set_thread(m, t, TRACE_THREAD_end_ts, model_ts(m, end));
    set_thread(m, t, TRACE_THREAD_cpu_ns, t->cpu_ns);
    t->closed = true;
    free(t->spans);
    free(t->calls);
    free(t->regions);
    t->spans = NULL;
    t->calls = NULL;
    t->regions = NULL;
}

static void end_thread(struct model *m, struct thread *t, uint64_t ts)
{
    if (t->ended)
        return;
    t->ended = true;
    t->end_ts = ts > t->start_ts ? ts : t->start_ts;
    struct thread **slot = &m->ended[m->ended_next++ % MODEL_ENDED_THREADS];
    if (*slot)
        close_thread(m, *slot);
    *slot = t;
}

struct thread *thread_meet(struct model *m, uint32_t tid, uint32_t pid, uint64_t ts)
{
    struct thread *t = thread_find(m, tid);
    if (!t)
        t = thread_new(m, tid, pid ? proc_get(m, pid, ts) : NULL, ts);
    else if (pid && !t->proc)
        adopt_thread(m, t, proc_get(m, pid, ts));
    if (ts > t->last_ts)
        t->last_ts = ts;
    return t;
}

/* The thread beginning at ts: a new one where the id's last bearer has ended. */
static struct thread *begin_thread(struct model *m, uint32_t tid, struct proc *p, uint64_t ts)
{
    struct thread *t = thread_find(m, tid);
    if (t && (t->ended || (t->proc && t->proc != p))) {
        end_thread(m, t, ts);
        t = NULL;
    }
    if (!t)
        return thread_new(m, tid, p, ts);
    if (!t->proc)
        adopt_thread(m, t, p);
    return t;
}

static void end_proc(struct model *m, struct proc *p, uint64_t ts)
{
    if (p->ended)
        return;
    p->ended = true;
    if (!p->exited)
        p->end_ts = ts;
    ts = p->end_ts;
    for (struct thread *t = p->threads; t; t = t->next)
        end_thread(m, t, ts);
}

/* -- what the agent tells */

/* A process_start names the image that is known already when it is said again
 * (dump), or when first sight or the kernel made the image just before. */
static bool same_image(const struct proc *p, uint64_t start_ts)
{
    return p && !p->ended && !p->exited && (!p->announced || p->announced_ts == start_ts);
}

/* Whether a command line's first word is a path of ours. */
static bool runs_our_program(const char *cmdline)
{
    const char *base = cmdline;
    for (const char *p = cmdline; *p && *p != ' '; p++)
        if (*p == '/')
            base = p + 1;
    return is_ours(base);
}

static void describe(struct model *m, struct proc *p, const char *name, const char *cmdline,
                     uint64_t start_ts)
{
    name_proc(m, p, name);
    p->cmdline = model_str(m, cmdline);
    p->ours |= runs_our_program(cmdline);
    struct thread *t = begin_thread(m, p->pid, p, start_ts);
    if (!t->named)
        name_thread(m, t, name);
}

void process_start(struct model *m, const struct event *ev)
{
    uint64_t told_ts = ev->v[PROCESS_START_start_ts];
    uint64_t start_ts = told_ts && told_ts < ev->ts ? told_ts : ev->ts;
    uint32_t ppid = (uint32_t)ev->v[PROCESS_START_ppid];
    struct proc *p = proc_find(m, ev->vpid);
    if (!same_image(p, told_ts)) {
        p = proc_new(m, ev->vpid, start_ts);
        if (proc_find(m, ppid))
            syscall_inherit_fds(p, proc_find(m, ppid));
    }
    p->announced = true;
    p->announced_ts = told_ts;
    p->ppid = ppid;
    describe(m, p, event_str(ev, PROCESS_START_name), event_str(ev, PROCESS_START_cmdline),
             start_ts);
}

/* The collector's word on a process; where its agent speaks too, that counts. */
void process_of(struct model *m, const struct event *ev)
{
    uint32_t pid = (uint32_t)ev->v[PROCESS_OF_pid];
    uint64_t told_ts = ev->v[PROCESS_OF_start_ts];
    uint64_t start_ts = told_ts && told_ts < ev->ts ? told_ts : ev->ts;
    struct proc *p = proc_find(m, pid);
    if (!p || p->ended || p->exited)
        p = proc_new(m, pid, start_ts);
    if (p->announced)
        return;
    p->ppid = (uint32_t)ev->v[PROCESS_OF_ppid];
    describe(m, p, event_str(ev, PROCESS_OF_name), event_str(ev, PROCESS_OF_cmdline), start_ts);
}

void process_exit(struct model *m, const struct event *ev)
{
    struct proc *p = proc_get(m, ev->vpid, ev->ts);
    int32_t status = (int32_t)ev->v[PROCESS_EXIT_status];
    if (status >= 0)
        p->exit_status = status;
    /* The kernel's own record of the exit comes a little later and is exact. */
    if (!m->kernel_sched)
        end_proc(m, p, ev->ts);
}

void process_reaped(struct model *m, uint32_t pid, uint64_t ts)
{
    struct proc *p = proc_find(m, pid);
    if (p && !m->kernel_sched)
        end_proc(m, p, ts);
}

void thread_start(struct model *m, const struct event *ev)
{
    struct proc *p = proc_get(m, ev->vpid, ev->ts);
    uint64_t ts = ev->v[THREAD_START_start_ts] ? ev->v[THREAD_START_start_ts] : ev->ts;
    struct thread *t = begin_thread(m, (uint32_t)ev->v[THREAD_START_tid], p, ts);
    t->told = true;
    name_thread(m, t, event_str(ev, THREAD_START_name));
}

void thread_name(struct model *m, const struct event *ev)
{
    struct thread *t = thread_get(m, (uint32_t)ev->v[THREAD_NAME_tid], ev->vpid, ev->ts);
    t->named = true;
    name_thread(m, t, event_str(ev, THREAD_NAME_name));
}

void thread_exit(struct model *m, const struct event *ev)
{
    struct thread *t = thread_get(m, (uint32_t)ev->v[THREAD_EXIT_tid], ev->vpid, ev->ts);
    t->cpu_ns = ev->v[THREAD_EXIT_cpu_ns];
    if (!t->scheduled)
        end_thread(m, t, ev->ts);
}

/* -- what the kernel tells */

void process_forked(struct model *m, uint64_t ts, uint32_t parent_tid, uint32_t tid, uint32_t pid,
                    const char *comm)
{
    struct proc *p = proc_find(m, pid);
    struct thread *parent = thread_find(m, parent_tid);
    if (tid == pid && (!p || p->ended || p->exited)) {
        p = proc_new(m, pid, ts);
        name_proc(m, p, comm);
        if (parent && parent->proc) {
            p->cmdline = parent->proc->cmdline;
            p->ppid = parent->proc->pid;
            syscall_inherit_fds(p, parent->proc);
            stack_inherit_mappings(p, parent->proc);
        }
    }
    struct thread *t = begin_thread(m, tid, p ? p : proc_new(m, pid, ts), ts);
    if (!t->name)
        name_thread(m, t, comm);
    state_begin(t, ts, TRACE_RUNNABLE, -1);
    t->scheduled = true;
}

void process_execed(struct model *m, uint64_t ts, uint32_t tid, uint32_t pid, const char *comm)
{
    struct proc *old = proc_find(m, pid);
    struct thread *before = thread_find(m, tid);
    int32_t cpu = before ? before->now.cpu : -1;
    uint32_t name = model_str(m, comm);
    if (before && before->name == name && before->old_name) {
        /* The kernel renames the thread shortly before it tells of the exec: that
         * name is the new image's. */
        before->name = before->old_name;
        set_thread(m, before, TRACE_THREAD_name, before->name);
    }
    struct proc *p = proc_new(m, pid, ts);
    if (old)
        p->ppid = old->ppid;
    name_proc(m, p, comm);
    struct thread *t = begin_thread(m, pid, p, ts);
    name_thread(m, t, comm);
    state_begin(t, ts, TRACE_RUNNING, cpu);
    t->scheduled = true;
}

void process_exited(struct model *m, uint64_t ts, uint32_t tid, uint32_t pid, bool last,
                    uint32_t code, uint64_t cpu_ns)
{
    struct thread *t = thread_get(m, tid, pid, ts);
    if (cpu_ns)
        t->cpu_ns = cpu_ns;
    end_thread(m, t, ts);
    struct proc *p = t->proc;
    if (!p)
        return;
    if (p->exited && ts > p->end_ts)
        p->end_ts = ts;
    if (!last)
        return;
    uint32_t signal = code & 0x7f;
    p->exit_status = (int32_t)(signal ? 128 + signal : code >> 8 & 0xff);
    p->exited = true;
    p->end_ts = ts;
}

void thread_named(struct model *m, uint64_t ts, uint32_t tid, uint32_t pid, const char *comm,
                  uint64_t start_ts)
{
    struct thread *t = start_ts ? begin_thread(m, tid, proc_get(m, pid, ts), start_ts)
                                : thread_get(m, tid, pid, ts);
    if (start_ts)
        t->snapshot_ts = ts;
    t->named = true;
    name_thread(m, t, comm);
}

/* One that turned out to be a tracer's after rows of its threads were written stays. */
static bool any_thread_shown(const struct proc *p)
{
    for (const struct thread *t = p->threads; t; t = t->next)
        if (t->row != MODEL_NO_ROW)
            return true;
    return false;
}

static void write_proc(struct model *m, const struct proc *p)
{
    if (is_hidden_proc(p) && !any_thread_shown(p))
        return;
    MODEL_ROW(m, PROCESS, 0, [TRACE_PROCESS_pid] = p->pid, [TRACE_PROCESS_ppid] = p->ppid,
              [TRACE_PROCESS_name] = p->name, [TRACE_PROCESS_cmdline] = p->cmdline,
              [TRACE_PROCESS_start_ts] = model_ts(m, p->start_ts),
              [TRACE_PROCESS_end_ts] = model_ts(m, p->end_ts),
              [TRACE_PROCESS_exit_status] = (uint64_t)(int64_t)p->exit_status);
}

/* Other tracers do not tell of a process's end. */
static uint64_t last_seen(const struct proc *p)
{
    uint64_t last = p->start_ts;
    for (const struct thread *t = p->threads; t; t = t->next)
        last = t->last_ts > last ? t->last_ts : last;
    return last;
}

void process_finish(struct model *m)
{
    uint64_t end = m->last_ts;
    for (size_t i = 0; i < m->proc_count; i++) {
        struct proc *p = m->procs[i];
        end_proc(m, p, m->agent || m->kernel_sched ? end : last_seen(p));
        for (struct thread *t = p->threads; t; t = t->next)
            close_thread(m, t);
        alloc_finish(m, p);
        user_finish(m, p);
        write_proc(m, p);
    }
    size_t pos = 0;
    uint64_t tid, pointer;
    while (map64_next(&m->thread_of_tid, &pos, &tid, &pointer)) {
        struct thread *t = (struct thread *)(uintptr_t)pointer;
        if (!t->proc) { /* its process never showed itself */
            t->ended = true;
            t->end_ts = end;
            close_thread(m, t);
        }
    }
}
