/* event: a contract event (tracepoints/events.h) taken out of babeltrace2's
 * objects: plain words in the contract's order of fields, ready to be queued.
 * EVENT_FIELDS gives each field's place a name; a unit test holds it to the
 * contract. */
#ifndef CONVERT_EVENT_H
#define CONVERT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

/* E(provider, event, places of its fields...) */
#define EVENT_FIELDS(E)                                                                            \
    E(whyprof_sched, meta, META_key, META_value)                                                   \
    E(whyprof_sched, process_start, PROCESS_START_ppid, PROCESS_START_start_ts,                    \
      PROCESS_START_name, PROCESS_START_cmdline)                                                   \
    E(whyprof_sched, process_exit, PROCESS_EXIT_status)                                            \
    E(whyprof_sched, thread_start, THREAD_START_tid, THREAD_START_start_ts, THREAD_START_name)     \
    E(whyprof_sched, thread_name, THREAD_NAME_tid, THREAD_NAME_name)                               \
    E(whyprof_sched, thread_exit, THREAD_EXIT_tid, THREAD_EXIT_cpu_ns)                             \
    E(whyprof_sched, kernel, SCHED_KERNEL_words)                                                   \
    E(whyprof_sched, watermark, WATERMARK_ts)                                                      \
    E(whyprof_sched, lost, LOST_begin_ts, LOST_end_ts, LOST_count, LOST_source)                    \
    E(whyprof_sched, process_of, PROCESS_OF_pid, PROCESS_OF_ppid, PROCESS_OF_start_ts,             \
      PROCESS_OF_name, PROCESS_OF_cmdline)                                                         \
    E(whyprof_syscall, call, CALL_nr, CALL_begin_ts, CALL_ret, CALL_stack, CALL_args)              \
    E(whyprof_syscall, pending, PENDING_tid, PENDING_nr, PENDING_begin_ts, PENDING_stack,          \
      PENDING_args)                                                                                \
    E(whyprof_syscall, fd, FD_fd, FD_name)                                                         \
    E(whyprof_syscall, fd_of, FD_OF_pid, FD_OF_fd, FD_OF_name)                                     \
    E(whyprof_syscall, kernel, SYSCALL_KERNEL_words)                                               \
    E(whyprof_lock, wait_begin, WAIT_BEGIN_lock, WAIT_BEGIN_kind, WAIT_BEGIN_holder_tid,           \
      WAIT_BEGIN_stack)                                                                            \
    E(whyprof_lock, wait_end, WAIT_END_lock, WAIT_END_kind, WAIT_END_begin_ts, WAIT_END_result,    \
      WAIT_END_holder_tid, WAIT_END_holder_stack)                                                  \
    E(whyprof_lock, hold, HOLD_lock, HOLD_kind, HOLD_contended, HOLD_begin_ts, HOLD_stack)         \
    E(whyprof_lock, signal, SIGNAL_lock, SIGNAL_kind, SIGNAL_all, SIGNAL_stack)                    \
    E(whyprof_lock, stat, LOCK_STAT_lock, LOCK_STAT_kind, LOCK_STAT_acquisitions,                  \
      LOCK_STAT_contentions, LOCK_STAT_stack)                                                      \
    E(whyprof_alloc, alloc, ALLOC_kind, ALLOC_addr, ALLOC_size, ALLOC_weight, ALLOC_stack)         \
    E(whyprof_alloc, free, FREE_addr)                                                              \
    E(whyprof_alloc, stat, ALLOC_STAT_allocs, ALLOC_STAT_frees, ALLOC_STAT_alloc_bytes,            \
      ALLOC_STAT_live_bytes)                                                                       \
    E(whyprof_alloc, batch, BATCH_tid, BATCH_ns, BATCH_ticks, BATCH_ns_per_tick, BATCH_begin,      \
      BATCH_words)                                                                                 \
    E(whyprof_sample, cpu, CPU_tid, CPU_ts, CPU_weight_ns, CPU_stack)                              \
    E(whyprof_sample, cpu_of, CPU_OF_pid, CPU_OF_tid, CPU_OF_ts, CPU_OF_weight_ns, CPU_OF_frames)  \
    E(whyprof_sample, lost, SAMPLE_LOST_count)                                                     \
    E(whyprof_user, region_begin, REGION_name, REGION_task)                                        \
    E(whyprof_user, region_end)                                                                    \
    E(whyprof_user, task_begin, TASK_BEGIN_task, TASK_BEGIN_parent, TASK_BEGIN_name)               \
    E(whyprof_user, task_end, TASK_END_task)                                                       \
    E(whyprof_user, counter, COUNTER_name, COUNTER_value)                                          \
    E(whyprof_user, message, MESSAGE_text)                                                         \
    E(whyprof_stack, stack, STACK_id, STACK_leaf_exact, STACK_frames)                              \
    E(whyprof_stack, module, MODULE_begin, MODULE_end, MODULE_file_off, MODULE_path,               \
      MODULE_build_id)                                                                             \
    E(whyprof_stack, module_of, MODULE_OF_pid, MODULE_OF_begin, MODULE_OF_end, MODULE_OF_file_off, \
      MODULE_OF_path)

enum event_kind {
#define EVENT_KIND(provider, event, ...) EVENT_##provider##_##event,
    EVENT_FIELDS(EVENT_KIND)
#undef EVENT_KIND
    EVENT_KINDS,
    EVENT_FOREIGN = EVENT_KINDS /* another provider's: only counted */
};

/* The fields' places. An event without fields gives an enum of its own name. */
#define EVENT_PLACES(provider, event, ...)                                                         \
    enum event_##provider##_##event##_place{__VA_ARGS__ __VA_OPT__(, )                             \
                                                EVENT_##provider##_##event##_FIELDS};
EVENT_FIELDS(EVENT_PLACES)
#undef EVENT_PLACES

enum {
    EVENT_MAX_FIELDS = 6
};

struct event {
    uint64_t ts;   /* raw ns of the trace's clock (CLOCK_MONOTONIC) */
    uint32_t vpid; /* 0 where the context was not recorded */
    uint32_t vtid;
    uint8_t kind;                 /* enum event_kind */
    uint8_t strings;              /* bit f: v[f] is a `const char *` */
    bool foreign;                 /* told by another tracer than ours (foreign.h) */
    int8_t sequence;              /* v[sequence] is a `const uint64_t *`, or -1 */
    uint32_t seq_len;             /* its elements */
    uint64_t v[EVENT_MAX_FIELDS]; /* integers widened by their sign; a double's bits */
};

/* A string field; never NULL. */
static inline const char *event_str(const struct event *ev, int field)
{
    return ev->strings >> field & 1 ? (const char *)(uintptr_t)ev->v[field] : "";
}

/* The sequence field's elements (NULL where it is empty or missing). */
static inline const uint64_t *event_seq(const struct event *ev)
{
    return ev->sequence >= 0 ? (const uint64_t *)(uintptr_t)ev->v[ev->sequence]
                             : (const uint64_t *)0;
}

#endif
