/* server_trace: 20 ms of a server in 20 equal rounds, each a little slower than the
 * one before, for tests of questions to a trace. In a round worker-1 holds a mutex
 * that worker-2 waits for, queues for a CPU, and writes to disk; worker-2 then
 * serves a request and wakes main. */
#ifndef TESTS_SUPPORT_SERVER_TRACE_H
#define TESTS_SUPPORT_SERVER_TRACE_H

#include "support/sample_trace.h"

enum {
    SERVER_ROUNDS = 20,
    SERVER_MUTEX = 0xbeef40
};

static void server_worker_1(struct trace_writer *w, uint64_t i, const struct sample_stacks *s)
{
    uint64_t at = US(1000) * i, disk = US(20 + 15 * i);
    const char *file = i % 2 ? "/var/db/b.log" : "/var/db/a.log";
    sample_state(w, SAMPLE_WORKER_1, at, TRACE_RUNNING, 1, 0, 0, 0, 0);
    sample_state(w, SAMPLE_WORKER_1, at + US(300), TRACE_RUNNABLE, 1, TRACE_REASON_PREEMPTED, 0, 0,
                 0);
    sample_state(w, SAMPLE_WORKER_1, at + US(310 + 10 * i), TRACE_RUNNING, 1, 0, 0, 0, 0);
    sample_state(w, SAMPLE_WORKER_1, at + US(600), TRACE_BLOCKED, 1, TRACE_REASON_IO, 74, 0,
                 s->write);
    sample_state(w, SAMPLE_WORKER_1, at + US(600) + disk, TRACE_RUNNING, 1, 0, 0, 0, 0);
    sample_syscall(w, SAMPLE_WORKER_1, at + US(600), disk, 74, "fsync", 7, i == 19 ? -5 : 0,
                   s->write, file);
    trace_writer_row(
        w, TRACE_LOCK_HOLD_TABLE, SAMPLE_WORKER_1,
        (uint64_t[]){at + US(100), US(500), SERVER_MUTEX, TRACE_LOCK_MUTEX, 1, s->unlock});
    for (uint64_t k = 0; k < 4; k++)
        trace_writer_row(w, TRACE_SAMPLE_TABLE, SAMPLE_WORKER_1,
                         (uint64_t[]){at + US(50 + 50 * k), TRACE_SAMPLE_CPU, US(50), s->work});
}

static void server_worker_2(struct trace_writer *w, uint64_t i, const struct sample_stacks *s)
{
    uint64_t at = US(1000) * i, woken = at + US(600), runs = woken + US(10 + 2 * i);
    sample_state(w, SAMPLE_WORKER_2, at, TRACE_RUNNING, 0, 0, 0, 0, 0);
    sample_state(w, SAMPLE_WORKER_2, at + US(200), TRACE_BLOCKED, 0, TRACE_REASON_LOCK,
                 SERVER_MUTEX, 101, s->lock);
    sample_state(w, SAMPLE_WORKER_2, woken, TRACE_RUNNABLE, 0, 0, 0, 101, 0);
    sample_state(w, SAMPLE_WORKER_2, runs, TRACE_RUNNING, 0, 0, 0, 0, 0);
    trace_writer_row(w, TRACE_LOCK_WAIT_TABLE, SAMPLE_WORKER_2,
                     (uint64_t[]){at + US(200), US(400), SERVER_MUTEX, TRACE_LOCK_MUTEX, s->lock,
                                  101, s->unlock, 0, 0});
    trace_writer_row(w, TRACE_WAKEUP_TABLE, 0, (uint64_t[]){woken, 101, 102, 0});
    trace_writer_row(w, TRACE_ALLOC_TABLE, SAMPLE_WORKER_2,
                     (uint64_t[]){runs + US(5), TRACE_ALLOC_MALLOC, 0x5000 + i * 4096,
                                  1024 * (1 + i % 3), sample_f64(10), i % 2 ? runs + US(50) : 0,
                                  i % 2 ? 102 : 0, i % 4 ? s->alloc : s->work});
    trace_writer_row(w, TRACE_REGION_TABLE, SAMPLE_WORKER_2,
                     (uint64_t[]){at, US(700 + 10 * i), trace_writer_string(w, "request"), i + 1});
    trace_writer_row(
        w, TRACE_REGION_TABLE, SAMPLE_WORKER_2,
        (uint64_t[]){runs + US(5), US(20 + i), trace_writer_string(w, "parse"), i + 1});
    sample_syscall(w, SAMPLE_WORKER_2, runs + US(100), US(1), 0, "read", 9, i % 5 ? 512 : -11, 0,
                   "TCP 10.0.0.1:6379");
}

static void server_main(struct trace_writer *w, uint64_t i, const struct sample_stacks *s)
{
    uint64_t at = US(1000) * i, woken = at + US(900);
    sample_state(w, SAMPLE_MAIN, at, TRACE_BLOCKED, 0, TRACE_REASON_SYSCALL, 232, 0, s->accept);
    sample_state(w, SAMPLE_MAIN, woken, TRACE_RUNNABLE, 0, 0, 0, 102, 0);
    sample_state(w, SAMPLE_MAIN, woken + US(5 + i), TRACE_RUNNING, 0, 0, 0, 0, 0);
    sample_syscall(w, SAMPLE_MAIN, at, US(900), 232, "epoll_wait", 5, 1, s->accept,
                   "anon_inode:[eventpoll]");
    trace_writer_row(w, TRACE_WAKEUP_TABLE, 0, (uint64_t[]){woken, 102, 100, 0});
}

/* Takes worker-1's CPU away in each round. */
static void server_flusher(struct trace_writer *w, uint64_t i)
{
    uint64_t at = US(1000) * i;
    sample_state(w, SAMPLE_CHILD, at, TRACE_BLOCKED, 1, TRACE_REASON_SLEEP, 230, 0, 0);
    sample_state(w, SAMPLE_CHILD, at + US(300), TRACE_RUNNING, 1, 0, 0, 0, 0);
    sample_state(w, SAMPLE_CHILD, at + US(310 + 10 * i), TRACE_BLOCKED, 1, TRACE_REASON_SLEEP, 230,
                 0, 0);
}

static void server_rest(struct trace_writer *w)
{
    uint64_t end = US(1000) * SERVER_ROUNDS;
    trace_writer_row(w, TRACE_PROCESS_TABLE, 0,
                     (uint64_t[]){100, 1, trace_writer_string(w, "server"),
                                  trace_writer_string(w, "/opt/server"), 0, end, 0});
    sample_thread(w, 100, 100, "server", 0, end);
    sample_thread(w, 101, 100, "worker-1", 0, end);
    sample_thread(w, 102, 100, "worker-2", 0, end);
    sample_thread(w, 103, 100, "flusher", 0, end);
    trace_writer_row(w, TRACE_LOCK_TABLE, 0,
                     (uint64_t[]){SERVER_MUTEX, TRACE_LOCK_MUTEX,
                                  trace_writer_string(w, "queue_mutex"), 5000, SERVER_ROUNDS,
                                  US(400) * SERVER_ROUNDS, US(400), 100});
    trace_writer_row(
        w, TRACE_LOST_TABLE, 0,
        (uint64_t[]){US(3000), US(500), 102, 0, 17, trace_writer_string(w, "lttng ring")});
    trace_writer_row(
        w, TRACE_LOST_TABLE, 0,
        (uint64_t[]){US(9000), US(100), 0, (uint64_t)-1, 3, trace_writer_string(w, "bpf ring")});
}

static bool server_trace_write(const char *path, struct err *err)
{
    struct trace_writer *w = trace_writer_open(path, err);
    if (!w)
        return false;
    struct sample_stacks stacks = sample_stacks_write(w);
    server_rest(w);
    for (uint64_t i = 0; i < SERVER_ROUNDS; i++) {
        server_worker_1(w, i, &stacks);
        server_worker_2(w, i, &stacks);
        server_main(w, i, &stacks);
        server_flusher(w, i);
    }
    trace_writer_meta_u64(w, "start_unix_ns", 1700000000123456789);
    trace_writer_meta_u64(w, "duration_ns", US(1000) * SERVER_ROUNDS);
    return trace_writer_close(w, US(1000) * SERVER_ROUNDS, err);
}

#endif
