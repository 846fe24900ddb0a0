/* make_big_trace FILE [MILLIONS [THREADS]]: a trace of so many thread_state rows
 * over 8 threads, for measuring readers. Each thread runs, waits for a system call
 * or a lock, is woken, queues for a CPU; a twentieth as many syscall and lock_wait
 * rows go along, a region for each request and a sample a millisecond. The same
 * content each time. */
#include "base/map.h"
#include "trace/writer.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    THREADS = 8,
    MOST_THREADS = 1000,
    FIRST_TID = 1000,
    SAMPLE_NS = 1000000,
    SITES = 50
};

struct thread {
    uint32_t row;
    uint64_t now_ns;
    uint64_t sample_ns;  /* when the next is due */
    uint64_t request_ns; /* begin of the region under way */
    uint64_t turns;
};

struct names {
    uint32_t calls[4], region;
};

static uint64_t threads_made = THREADS;

static uint64_t random_state = 1;

static uint64_t random_below(uint64_t n)
{
    return hash64(random_state++) % n;
}

static void write_stacks(struct trace_writer *w)
{
    uint32_t module = trace_writer_string(w, "/usr/bin/server");
    for (uint32_t i = 0; i < SITES; i++) {
        uint32_t frames[8];
        for (uint32_t depth = 0; depth < 8; depth++) {
            char name[32];
            snprintf(name, sizeof name, "function_%u", depth < 4 ? i * 8 + depth : depth);
            frames[depth] =
                trace_writer_frame(w, (uint64_t[]){0x1000 + i * 64 + depth,
                                                   trace_writer_string(w, name), 0, 0, module, 0});
        }
        trace_writer_stack_define(w, trace_writer_stack_new(w), frames, 8);
    }
}

static void state(struct trace_writer *w, struct thread *t, uint64_t state, uint64_t reason,
                  uint64_t waker, uint64_t stack, uint64_t dur_ns)
{
    uint64_t object = reason == TRACE_REASON_LOCK ? 0x55550000 + random_below(20) * 64 : 0;
    trace_writer_row(w, TRACE_THREAD_STATE_TABLE, t->row,
                     (uint64_t[]){t->now_ns, state, random_below(2), reason, object, waker, stack});
    t->now_ns += dur_ns;
}

static void lock_wait(struct trace_writer *w, const struct thread *t, uint64_t stack, uint64_t dur)
{
    trace_writer_row(w, TRACE_LOCK_WAIT_TABLE, t->row,
                     (uint64_t[]){t->now_ns, dur, 0x55550000 + random_below(20) * 64,
                                  TRACE_LOCK_MUTEX, stack, FIRST_TID + random_below(threads_made),
                                  stack, 0, 0});
}

/* Running, blocked, runnable: three rows, and sometimes a system call. */
static void turn(struct trace_writer *w, struct thread *t, const struct names *names)
{
    bool lock = random_below(3) == 0;
    uint64_t blocked_ns = 500 + random_below(20000);
    uint64_t stack = 1 + random_below(SITES);
    state(w, t, TRACE_RUNNING, 0, 0, 0, 200 + random_below(5000));
    if (t->now_ns >= t->sample_ns) {
        trace_writer_row(w, TRACE_SAMPLE_TABLE, t->row,
                         (uint64_t[]){t->now_ns - 1, TRACE_SAMPLE_CPU, SAMPLE_NS, stack});
        t->sample_ns = t->now_ns + SAMPLE_NS;
    }
    if (lock && random_below(2))
        lock_wait(w, t, stack, blocked_ns);
    else if (random_below(7) == 0)
        trace_writer_row(w, TRACE_SYSCALL_TABLE, t->row,
                         (uint64_t[]){t->now_ns, blocked_ns, 0, names->calls[random_below(4)], 3,
                                      0x7f0000001000, 4096, 0, 0, 0, 4096, stack, 0, 0});
    state(w, t, TRACE_BLOCKED, lock ? TRACE_REASON_LOCK : TRACE_REASON_SYSCALL, 0, stack,
          blocked_ns);
    bool preempted = random_below(10) == 0;
    state(w, t, TRACE_RUNNABLE, preempted ? TRACE_REASON_PREEMPTED : 0,
          FIRST_TID + random_below(threads_made), 0, 100 + random_below(3000));
    if (++t->turns % 32)
        return;
    trace_writer_row(w, TRACE_REGION_TABLE, t->row,
                     (uint64_t[]){t->request_ns, t->now_ns - t->request_ns, names->region, 0});
    t->request_ns = t->now_ns;
}

static void write_locks(struct trace_writer *w)
{
    for (uint64_t i = 0; i < 20; i++)
        trace_writer_row(
            w, TRACE_LOCK_TABLE, 0,
            (uint64_t[]){0x55550000 + i * 64, TRACE_LOCK_MUTEX, 0, 0, 0, 0, 0, FIRST_TID});
}

int main(int argc, char **argv)
{
    struct err err;
    if (argc < 2) {
        fprintf(stderr, "usage: make_big_trace FILE [MILLIONS [THREADS]]\n");
        return 2;
    }
    uint64_t rows = (argc > 2 ? strtoull(argv[2], NULL, 10) : 10) * 1000000;
    if (argc > 3)
        threads_made = strtoull(argv[3], NULL, 10);
    if (!threads_made || threads_made > MOST_THREADS) {
        fprintf(stderr, "make_big_trace: 1 to %d threads\n", MOST_THREADS);
        return 2;
    }
    struct trace_writer *w = trace_writer_open(argv[1], &err);
    if (!w) {
        fprintf(stderr, "make_big_trace: %s\n", err.text);
        return 1;
    }
    static struct thread threads[MOST_THREADS];
    uint32_t name = trace_writer_string(w, "server");
    trace_writer_row(w, TRACE_PROCESS_TABLE, 0, (uint64_t[]){FIRST_TID, 1, name, name, 0, 0, 0});
    for (uint64_t i = 0; i < threads_made; i++)
        threads[i].row = trace_writer_row(w, TRACE_THREAD_TABLE, 0,
                                          (uint64_t[]){FIRST_TID + i, FIRST_TID, name, 0, 0, 0});
    write_stacks(w);
    write_locks(w);
    struct names names = {.region = trace_writer_string(w, "request")};
    static const char *const calls[] = {"read", "write", "epoll_wait", "futex"};
    for (int i = 0; i < 4; i++)
        names.calls[i] = trace_writer_string(w, calls[i]);
    for (uint64_t done = 0; done < rows; done += 3)
        turn(w, &threads[done / 3 % threads_made], &names);
    uint64_t end_ns = 0;
    for (uint32_t i = 0; i < threads_made; i++) {
        trace_writer_update(w, TRACE_THREAD_TABLE, threads[i].row, TRACE_THREAD_end_ts,
                            threads[i].now_ns);
        end_ns = end_ns > threads[i].now_ns ? end_ns : threads[i].now_ns;
    }
    trace_writer_update(w, TRACE_PROCESS_TABLE, 0, TRACE_PROCESS_end_ts, end_ns);
    trace_writer_meta_u64(w, "duration_ns", end_ns);
    if (trace_writer_close(w, end_ns, &err))
        return 0;
    fprintf(stderr, "make_big_trace: %s\n", err.text);
    return 1;
}
