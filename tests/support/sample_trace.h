/* sample_trace: a small trace with a row or more in every table, for tests of
 * what reads traces. A server of three threads: main accepts (blocked in
 * epoll_wait), worker-1 holds a mutex that worker-2 waits for, worker-2 is also
 * preempted; a child process that does nothing. 10 ms. */
#ifndef TESTS_SUPPORT_SAMPLE_TRACE_H
#define TESTS_SUPPORT_SAMPLE_TRACE_H

#include "trace/writer.h"

#include <string.h>

#define US(n) ((uint64_t)(n)*1000)

enum {
    SAMPLE_MAIN, /* rows of table thread */
    SAMPLE_WORKER_1,
    SAMPLE_WORKER_2,
    SAMPLE_CHILD
};

static uint64_t sample_f64(double d)
{
    uint64_t word;
    memcpy(&word, &d, sizeof word);
    return word;
}

static uint32_t sample_frame(struct trace_writer *w, const char *function, const char *module,
                             uint64_t line)
{
    const char *file = line ? "server.c" : "";
    return trace_writer_frame(w, (uint64_t[]){0x1000 + line * 16, trace_writer_string(w, function),
                                              trace_writer_string(w, file), line,
                                              trace_writer_string(w, module), 0});
}

struct sample_stacks {
    uint32_t accept, lock, unlock, work, alloc, write, signal;
};

static struct sample_stacks sample_stacks_write(struct trace_writer *w)
{
    uint32_t libc_start = sample_frame(w, "__libc_start_main", "/usr/lib/libc.so.6", 0);
    uint32_t main_fn = sample_frame(w, "main", "/opt/server", 10);
    uint32_t epoll = sample_frame(w, "epoll_wait", "/usr/lib/libc.so.6", 0);
    uint32_t worker = sample_frame(w, "worker", "/opt/server", 20);
    uint32_t take = sample_frame(w, "queue_take", "/opt/server", 30);
    uint32_t put = sample_frame(w, "queue_put", "/opt/server", 40);
    uint32_t mutex_lock = sample_frame(w, "pthread_mutex_lock", "/usr/lib/libc.so.6", 0);
    uint32_t hash = sample_frame(w, "hash_all", "/opt/server", 50);
    uint32_t buffer = sample_frame(w, "buffer_grow", "/opt/server", 60);
    uint32_t malloc_fn = sample_frame(w, "malloc", "/usr/lib/libc.so.6", 0);
    uint32_t write_fn = sample_frame(w, "write", "/usr/lib/libc.so.6", 0);
    struct sample_stacks s;
#define STACK(name, ...)                                                                           \
    do {                                                                                           \
        const uint32_t frames[] = {__VA_ARGS__};                                                   \
        s.name = trace_writer_stack_new(w);                                                        \
        trace_writer_stack_define(w, s.name, frames, sizeof frames / sizeof *frames);              \
    } while (0)
    STACK(accept, epoll, main_fn, libc_start);
    STACK(lock, mutex_lock, take, worker);
    STACK(unlock, put, worker);
    STACK(work, hash, worker);
    STACK(alloc, malloc_fn, buffer, put, worker);
    STACK(write, write_fn, worker);
    STACK(signal, put, main_fn, libc_start);
#undef STACK
    return s;
}

static void sample_state(struct trace_writer *w, uint32_t thread, uint64_t ts,
                         enum trace_state state, int cpu, enum trace_reason reason, uint64_t object,
                         uint32_t waker, uint32_t stack)
{
    trace_writer_row(w, TRACE_THREAD_STATE_TABLE, thread,
                     (uint64_t[]){ts, state, (uint64_t)(int64_t)cpu, reason, object, waker, stack});
}

static void sample_syscall(struct trace_writer *w, uint32_t thread, uint64_t ts, uint64_t dur,
                           uint64_t nr, const char *name, uint64_t fd, int64_t ret, uint32_t stack,
                           const char *object)
{
    trace_writer_row(w, TRACE_SYSCALL_TABLE, thread,
                     (uint64_t[]){ts, dur, nr, trace_writer_string(w, name), fd, 0x7f00, 64, 0, 0,
                                  0, (uint64_t)ret, stack, trace_writer_string(w, object), 0});
}

static void sample_thread(struct trace_writer *w, uint64_t tid, uint64_t pid, const char *name,
                          uint64_t start, uint64_t end)
{
    trace_writer_row(w, TRACE_THREAD_TABLE, 0,
                     (uint64_t[]){tid, pid, trace_writer_string(w, name), start, end, 0});
}

static void sample_threads_write(struct trace_writer *w)
{
    trace_writer_row(w, TRACE_PROCESS_TABLE, 0,
                     (uint64_t[]){100, 1, trace_writer_string(w, "server"),
                                  trace_writer_string(w, "/opt/server --threads 2"), 0, US(10000),
                                  0});
    trace_writer_row(w, TRACE_PROCESS_TABLE, 0,
                     (uint64_t[]){200, 100, trace_writer_string(w, "child"),
                                  trace_writer_string(w, "child \"quoted\""), US(2000), US(9000),
                                  (uint64_t)-1});
    sample_thread(w, 100, 100, "server", 0, US(10000));
    sample_thread(w, 101, 100, "worker-1", US(100), US(10000));
    sample_thread(w, 102, 100, "worker-2", US(200), US(9500));
    sample_thread(w, 200, 200, "child", US(2000), US(9000));
}

static void sample_states_write(struct trace_writer *w, const struct sample_stacks *s)
{
    sample_state(w, SAMPLE_MAIN, 0, TRACE_RUNNING, 0, 0, 0, 0, 0);
    sample_state(w, SAMPLE_MAIN, US(500), TRACE_BLOCKED, 0, TRACE_REASON_SYSCALL, 232, 0,
                 s->accept);
    sample_state(w, SAMPLE_MAIN, US(8500), TRACE_RUNNABLE, 1, 0, 0, 102, 0);
    sample_state(w, SAMPLE_MAIN, US(8510), TRACE_RUNNING, 1, 0, 0, 0, 0);
    sample_state(w, SAMPLE_WORKER_1, US(100), TRACE_RUNNABLE, 1, 0, 0, 100, 0);
    sample_state(w, SAMPLE_WORKER_1, US(120), TRACE_RUNNING, 1, 0, 0, 0, 0);
    sample_state(w, SAMPLE_WORKER_1, US(6000), TRACE_BLOCKED, 1, TRACE_REASON_IO, 1, 0, s->write);
    sample_state(w, SAMPLE_WORKER_1, US(7000), TRACE_RUNNING, 1, 0, 0, 0, 0);
    sample_state(w, SAMPLE_WORKER_2, US(200), TRACE_RUNNING, 2, 0, 0, 0, 0);
    sample_state(w, SAMPLE_WORKER_2, US(1000), TRACE_BLOCKED, 2, TRACE_REASON_LOCK, 0xbeef40, 101,
                 s->lock);
    sample_state(w, SAMPLE_WORKER_2, US(5000), TRACE_RUNNABLE, 2, 0, 0, 0, 0);
    sample_state(w, SAMPLE_WORKER_2, US(5200), TRACE_RUNNING, 2, 0, 0, 0, 0);
    sample_state(w, SAMPLE_WORKER_2, US(6000), TRACE_RUNNABLE, 2, TRACE_REASON_PREEMPTED, 0, 0, 0);
    sample_state(w, SAMPLE_WORKER_2, US(6500), TRACE_RUNNING, 2, 0, 0, 0, 0);
    sample_state(w, SAMPLE_CHILD, US(2000), TRACE_BLOCKED, -1, TRACE_REASON_SLEEP, 35, 0, 0);
}

static void sample_waits_write(struct trace_writer *w, const struct sample_stacks *s)
{
    sample_syscall(w, SAMPLE_MAIN, US(500), US(8000), 232, "epoll_wait", 5, 1, s->accept,
                   "anon_inode:[eventpoll]");
    sample_syscall(w, SAMPLE_WORKER_1, US(6000), US(1000), 1, "write", 7, 64, s->write,
                   "/var/log/server.log");
    sample_syscall(w, SAMPLE_WORKER_1, US(7500), 800, 1, "write", 7, -11, 0, "/var/log/server.log");
    trace_writer_row(w, TRACE_LOCK_WAIT_TABLE, SAMPLE_WORKER_2,
                     (uint64_t[]){US(1000), US(4000), 0xbeef40, TRACE_LOCK_MUTEX, s->lock, 101,
                                  s->unlock, 0, 0});
    trace_writer_row(w, TRACE_LOCK_HOLD_TABLE, SAMPLE_WORKER_1,
                     (uint64_t[]){US(800), US(4200), 0xbeef40, TRACE_LOCK_MUTEX, 1, s->unlock});
    trace_writer_row(w, TRACE_LOCK_TABLE, 0,
                     (uint64_t[]){0xbeef40, TRACE_LOCK_MUTEX, 0, 500, 1, US(4000), US(4000), 100});
    trace_writer_row(w, TRACE_WAKEUP_TABLE, 0, (uint64_t[]){US(100), 100, 101, 1});
    trace_writer_row(w, TRACE_WAKEUP_TABLE, 0, (uint64_t[]){US(5000), 101, 102, 0});
    trace_writer_row(w, TRACE_WAKEUP_TABLE, 0, (uint64_t[]){US(8500), 102, 100, 1});
}

static void sample_rest_write(struct trace_writer *w, const struct sample_stacks *s)
{
    for (uint64_t i = 0; i < 40; i++)
        trace_writer_row(w, TRACE_SAMPLE_TABLE, SAMPLE_WORKER_1,
                         (uint64_t[]){US(200 + i * 100), TRACE_SAMPLE_CPU, 100000, s->work});
    for (uint64_t i = 0; i < 6; i++)
        trace_writer_row(w, TRACE_ALLOC_TABLE, SAMPLE_WORKER_1,
                         (uint64_t[]){US(300 + i * 10), TRACE_ALLOC_MALLOC, 0x5000 + i * 64, 4096,
                                      sample_f64(128.5), i % 2 ? US(900) : 0, i % 2 ? 102 : 0,
                                      s->alloc});
    trace_writer_row(w, TRACE_REGION_TABLE, SAMPLE_WORKER_1,
                     (uint64_t[]){US(150), US(900), trace_writer_string(w, "request"), 7});
    trace_writer_row(w, TRACE_REGION_TABLE, SAMPLE_WORKER_1,
                     (uint64_t[]){US(150), US(300), trace_writer_string(w, "parse \"x\""), 7});
    trace_writer_row(w, TRACE_TASK_TABLE, 0,
                     (uint64_t[]){7, 0, trace_writer_string(w, "GET /"), US(140), US(2000)});
    trace_writer_row(
        w, TRACE_COUNTER_TABLE, 0,
        (uint64_t[]){US(400), trace_writer_string(w, "queue length"), sample_f64(3.25), 100});
    trace_writer_row(w, TRACE_MESSAGE_TABLE, SAMPLE_MAIN,
                     (uint64_t[]){US(50), trace_writer_string(w, "ready\n\tand \"waiting\"")});
    trace_writer_row(
        w, TRACE_LOST_TABLE, 0,
        (uint64_t[]){US(3000), US(500), 102, 0, 17, trace_writer_string(w, "lttng ring")});
    trace_writer_row(w, TRACE_EVENT_COUNT_TABLE, 0,
                     (uint64_t[]){trace_writer_string(w, "whyprof_syscall:call"), 3});
    trace_writer_row(w, TRACE_EVENT_COUNT_TABLE, 0,
                     (uint64_t[]){trace_writer_string(w, "whyprof_sample:cpu"), 40});
    trace_writer_row(w, TRACE_MODULE_TABLE, 0,
                     (uint64_t[]){100, 0x400000, 0x500000, 0, trace_writer_string(w, "/opt/server"),
                                  trace_writer_string(w, "00ff")});
}

static bool sample_trace_write(const char *path, struct err *err)
{
    struct trace_writer *w = trace_writer_open(path, err);
    if (!w)
        return false;
    struct sample_stacks stacks = sample_stacks_write(w);
    sample_threads_write(w);
    sample_states_write(w, &stacks);
    sample_waits_write(w, &stacks);
    sample_rest_write(w, &stacks);
    trace_writer_meta_u64(w, "start_unix_ns", 1700000000123456789);
    trace_writer_meta(w, "hostname", "box");
    trace_writer_meta(w, "whyprof_version", "0.1.0");
    trace_writer_meta_u64(w, "duration_ns", US(10000));
    trace_writer_meta_u64(w, "events", 60);
    trace_writer_meta_u64(w, "lost_events", 17);
    trace_writer_meta(w, "mechanism.sched", "bpf");
    trace_writer_meta(w, "mechanism.syscall", "bpf");
    trace_writer_meta(w, "mechanism.lock", "agent");
    trace_writer_meta(w, "mechanism.alloc", "agent, sampled");
    trace_writer_meta(w, "mechanism.cpu", "agent timers");
    return trace_writer_close(w, US(10000), err);
}

#endif
