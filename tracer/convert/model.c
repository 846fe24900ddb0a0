#include "convert/model.h"

#include "symbols/symbols.h"
#include "tracepoints/events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct model *model_new(struct trace_writer *w, const struct progress *progress)
{
    struct model *m = mem_realloc(NULL, 1, sizeof *m);
    *m = (struct model){.w = w, .progress = progress, .symbols = symbols_new()};
    return m;
}

static void free_thread(struct thread *t)
{
    free(t->spans);
    free(t->calls);
    free(t->regions);
}

static void free_proc(struct proc *p)
{
    for (struct thread *t = p->threads; t; t = t->next)
        free_thread(t);
    free(p->mappings);
    map64_release(&p->stacks);
    map64_release(&p->fds);
    map64_release(&p->locks);
    map64_release(&p->allocs);
    free(p->records);
    map64_release(&p->tasks);
}

void model_free(struct model *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->proc_count; i++)
        free_proc(m->procs[i]);
    free(m->procs);
    free(m->hosts);
    map64_release(&m->proc_of_pid);
    map64_release(&m->thread_of_tid);
    map64_release(&m->syscall_names);
    intern_release(&m->meta);
    intern_release(&m->places);
    free(m->meta_values);
    free(m->live);
    free(m->stack_places);
    free(m->stack_defs);
    map64_release(&m->stack_def_of);
    symbols_free(m->symbols);
    arena_release(&m->arena);
    free(m);
}

void model_add_host(struct model *m, const char *name)
{
    mem_grow(&m->hosts, &m->host_cap, m->host_count + 1, sizeof *m->hosts);
    m->hosts[m->host_count++] = arena_strdup(&m->arena, name);
}

void model_begin(struct model *m, uint64_t ts)
{
    m->t0 = m->last_ts = ts;
}

uint64_t model_duration_ns(const struct model *m)
{
    return m->last_ts - m->t0;
}

void model_lost(struct model *m, uint64_t begin, uint64_t end, uint32_t tid, int64_t cpu,
                uint64_t count, const char *source)
{
    m->lost += count;
    uint64_t ts = model_ts(m, begin);
    uint64_t end_ts = end > begin ? model_ts(m, end) : ts;
    MODEL_ROW(m, LOST, 0, [TRACE_LOST_ts] = ts, [TRACE_LOST_dur] = end_ts - ts,
              [TRACE_LOST_tid] = tid, [TRACE_LOST_cpu] = (uint64_t)cpu, [TRACE_LOST_count] = count,
              [TRACE_LOST_source] = model_str(m, source));
}

void model_set_meta(struct model *m, const char *key, const char *value)
{
    uint32_t id = intern_str(&m->meta, key);
    mem_grow(&m->meta_values, &m->meta_cap, (size_t)id + 1, sizeof *m->meta_values);
    m->meta_values[id] = model_str(m, value);
}

void model_set_meta_u64(struct model *m, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    model_set_meta(m, key, text);
}

void model_default_meta(struct model *m, const char *key, const char *value)
{
    uint32_t keys = m->meta.count;
    uint32_t id = intern_str(&m->meta, key);
    if (id == keys)
        model_set_meta(m, key, value);
}

void model_write_meta(struct model *m)
{
    for (uint32_t id = 0; id < m->meta.count; id++)
        MODEL_ROW(m, META, 0, [TRACE_META_key] = model_str(m, intern_get(&m->meta, id)),
                  [TRACE_META_value] = m->meta_values[id]);
}

static void on_meta(struct model *m, const struct event *ev)
{
    model_set_meta(m, event_str(ev, META_key), event_str(ev, META_value));
}

static void on_lost(struct model *m, const struct event *ev)
{
    model_lost(m, ev->v[LOST_begin_ts], ev->v[LOST_end_ts], 0, -1, ev->v[LOST_count],
               event_str(ev, LOST_source));
}

static void on_sample(struct model *m, const struct event *ev)
{
    uint64_t ts = ev->v[CPU_ts] ? ev->v[CPU_ts] : ev->ts;
    struct proc *p = proc_get(m, ev->vpid, ts);
    struct thread *t = thread_get(m, (uint32_t)ev->v[CPU_tid], ev->vpid, ts);
    uint32_t row = thread_row(m, t);
    if (row == MODEL_NO_ROW)
        return;
    MODEL_ROW(m, SAMPLE, row, [TRACE_SAMPLE_ts] = model_ts(m, ts),
              [TRACE_SAMPLE_kind] = TRACE_SAMPLE_CPU, [TRACE_SAMPLE_weight] = ev->v[CPU_weight_ns],
              [TRACE_SAMPLE_stack_id] = stack_get(m, p, ev->v[CPU_stack]));
}

static void on_sample_of(struct model *m, const struct event *ev)
{
    uint64_t ts = ev->v[CPU_OF_ts];
    uint32_t pid = (uint32_t)ev->v[CPU_OF_pid];
    struct proc *p = proc_get(m, pid, ts);
    uint32_t row = thread_row(m, thread_get(m, (uint32_t)ev->v[CPU_OF_tid], pid, ts));
    if (row == MODEL_NO_ROW)
        return;
    MODEL_ROW(m, SAMPLE,
              row, [TRACE_SAMPLE_ts] = model_ts(m, ts), [TRACE_SAMPLE_kind] = TRACE_SAMPLE_CPU,
              [TRACE_SAMPLE_weight] = ev->v[CPU_OF_weight_ns],
              [TRACE_SAMPLE_stack_id] = stack_of_frames(m, p, event_seq(ev), ev->seq_len));
}

static void on_sample_lost(struct model *m, const struct event *ev)
{
    model_lost(m, ev->ts, ev->ts, 0, -1, ev->v[SAMPLE_LOST_count],
               "CPU samples dropped by the agent");
}

typedef void handler(struct model *m, const struct event *ev);
static handler *const handlers[EVENT_KINDS] = {
    [EVENT_whyprof_sched_meta] = on_meta,
    [EVENT_whyprof_sched_process_start] = process_start,
    [EVENT_whyprof_sched_process_of] = process_of,
    [EVENT_whyprof_sched_process_exit] = process_exit,
    [EVENT_whyprof_sched_thread_start] = thread_start,
    [EVENT_whyprof_sched_thread_name] = thread_name,
    [EVENT_whyprof_sched_thread_exit] = thread_exit,
    [EVENT_whyprof_sched_lost] = on_lost,
    [EVENT_whyprof_syscall_call] = syscall_agent,
    [EVENT_whyprof_syscall_pending] = syscall_pending,
    [EVENT_whyprof_syscall_fd] = syscall_fd,
    [EVENT_whyprof_syscall_fd_of] = syscall_fd_of,
    [EVENT_whyprof_lock_wait_begin] = lock_wait_begin,
    [EVENT_whyprof_lock_wait_end] = lock_wait_end,
    [EVENT_whyprof_lock_hold] = lock_hold,
    [EVENT_whyprof_lock_signal] = lock_signal,
    [EVENT_whyprof_lock_stat] = lock_stat,
    [EVENT_whyprof_alloc_alloc] = alloc_alloc,
    [EVENT_whyprof_alloc_free] = alloc_free,
    [EVENT_whyprof_alloc_stat] = alloc_stat,
    [EVENT_whyprof_alloc_batch] = alloc_batch,
    [EVENT_whyprof_sample_cpu] = on_sample,
    [EVENT_whyprof_sample_cpu_of] = on_sample_of,
    [EVENT_whyprof_sample_lost] = on_sample_lost,
    [EVENT_whyprof_user_region_begin] = user_region_begin,
    [EVENT_whyprof_user_region_end] = user_region_end,
    [EVENT_whyprof_user_task_begin] = user_task_begin,
    [EVENT_whyprof_user_task_end] = user_task_end,
    [EVENT_whyprof_user_counter] = user_counter,
    [EVENT_whyprof_user_message] = user_message,
    [EVENT_whyprof_stack_stack] = stack_define,
    [EVENT_whyprof_stack_module] = stack_module,
    [EVENT_whyprof_stack_module_of] = stack_module_of,
    /* kernel and watermark never get here: order.c takes them */
};

void model_event(struct model *m, const struct event *ev)
{
    model_ts(m, ev->ts);
    if (ev->kind >= EVENT_KINDS)
        return;
    m->seen[ev->kind]++;
    m->agent |= !ev->foreign;
    if (handlers[ev->kind])
        handlers[ev->kind](m, ev);
}

/* A comm as the kernel gives it: 16 bytes in two words. */
static const char *comm_text(char text[17], const uint64_t *words)
{
    memcpy(text, words, 16);
    text[16] = '\0';
    return text;
}

static const unsigned record_words[] = {
    [WHYPROF_KERNEL_SWITCH_IN] = 2,    [WHYPROF_KERNEL_SWITCH_OUT] = 3,
    [WHYPROF_KERNEL_WAKING] = 3,       [WHYPROF_KERNEL_FORK] = 5,
    [WHYPROF_KERNEL_EXEC] = 5,         [WHYPROF_KERNEL_EXIT] = 5,
    [WHYPROF_KERNEL_NAME] = 5,         [WHYPROF_KERNEL_SYSCALL] = 5,
    [WHYPROF_KERNEL_SYSCALL_OPEN] = 4,
};

static void thread_record(struct model *m, unsigned type, struct thread *t, const uint64_t *words,
                          uint32_t count)
{
    uint64_t ts = words[1];
    int32_t cpu = (int32_t)WHYPROF_KERNEL_CPU(words[0]);
    switch (type) {
    case WHYPROF_KERNEL_SWITCH_IN:
        state_switch_in(m, t, ts, cpu);
        break;
    case WHYPROF_KERNEL_SWITCH_OUT:
        state_switch_out(m, t, ts, words[2], cpu);
        break;
    case WHYPROF_KERNEL_WAKING:
        state_waking(m, t, ts, (uint32_t)words[2], cpu);
        break;
    case WHYPROF_KERNEL_SYSCALL:
        syscall_kernel(m, t, ts, words, count, false);
        break;
    case WHYPROF_KERNEL_SYSCALL_OPEN:
        syscall_kernel(m, t, ts, words, count, true);
        break;
    default:
        break;
    }
}

void model_record(struct model *m, const uint64_t *words, uint32_t count)
{
    unsigned type = WHYPROF_KERNEL_TYPE(words[0]);
    if (type >= sizeof record_words / sizeof *record_words || count < record_words[type] ||
        !record_words[type])
        return; /* of a newer collector */
    uint32_t tid = WHYPROF_KERNEL_TID(words[0]);
    uint64_t ts = words[1];
    char comm[17];
    model_ts(m, ts);
    switch (type) {
    case WHYPROF_KERNEL_FORK:
        process_forked(m, ts, tid, (uint32_t)words[2], (uint32_t)(words[2] >> 32),
                       comm_text(comm, words + 3));
        break;
    case WHYPROF_KERNEL_EXEC:
        process_execed(m, ts, tid, (uint32_t)words[2], comm_text(comm, words + 3));
        break;
    case WHYPROF_KERNEL_EXIT:
        process_exited(m, ts, tid, (uint32_t)words[2], words[2] >> 32 & 1, (uint32_t)words[3],
                       words[4]);
        break;
    case WHYPROF_KERNEL_NAME:
        thread_named(m, ts, tid, (uint32_t)words[2], comm_text(comm, words + 3),
                     count > 5 ? words[5] : 0);
        break;
    default:
        thread_record(m, type, thread_get(m, tid, 0, ts), words, count);
    }
}

bool model_finish(struct model *m)
{
    process_finish(m);
    if (!stack_finish(m))
        return false;
    for (size_t i = 0; i < m->proc_count; i++)
        lock_finish(m, m->procs[i]);
    syscall_finish(m);
    return true;
}
