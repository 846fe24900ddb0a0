/* Emits a known number of whyprof's events through lttng-ust, as fast as the
 * session takes them: make_events EVENTS. Two threads, each a loop of what the
 * agent tells of a busy thread: a region around two allocations and their frees, a
 * contended lock and a system call. Blocking mode (LTTNG_UST_ALLOW_BLOCKING=1 and
 * the channel's timeout) loses none. */
#include "tracepoints/provider/provider.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    THREADS = 2,
    EVENTS_A_ROUND = 10,
    STACKS = 200
};

static uint64_t rounds;

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void round_of_events(uint64_t i, uint64_t thread)
{
    static const char *const names[] = {"parse", "execute", "reply", "flush"};
    uint64_t addr = (thread << 40) + 0x7f0000000000u + i % 4096 * 64;
    uint32_t stack = (uint32_t)(i * 2654435761u % STACKS);
    uint64_t args[3] = {5 + i % 20, addr, 64 + i % 512};
    lttng_ust_tracepoint(whyprof_user, region_begin, names[i % 4], 0);
    lttng_ust_tracepoint(whyprof_alloc, alloc, 0, addr, 16 + i % 1000, 1.0, stack);
    lttng_ust_tracepoint(whyprof_alloc, alloc, 1, addr + 32, 24, 1.0, stack + 1);
    uint64_t begin = now_ns();
    lttng_ust_tracepoint(whyprof_lock, wait_begin, 0x5000 + i % 7 * 64, 0, 0, stack);
    lttng_ust_tracepoint(whyprof_lock, wait_end, 0x5000 + i % 7 * 64, 0, begin, 0, 0, 0);
    lttng_ust_tracepoint(whyprof_lock, hold, 0x5000 + i % 7 * 64, 0, 1, begin, stack);
    lttng_ust_tracepoint(whyprof_syscall, call, SYS_write, begin, (int64_t)args[2], stack, args, 3);
    lttng_ust_tracepoint(whyprof_alloc, free, addr);
    lttng_ust_tracepoint(whyprof_alloc, free, addr + 32);
    lttng_ust_tracepoint(whyprof_user, region_end);
}

static void *run(void *arg)
{
    for (uint64_t i = 0; i < rounds; i++)
        round_of_events(i, (uint64_t)(uintptr_t)arg);
    return NULL;
}

int main(int argc, char **argv)
{
    rounds = strtoull(argc > 1 ? argv[1] : "1000000", NULL, 10) / (THREADS * EVENTS_A_ROUND);
    lttng_ust_tracepoint(whyprof_sched, process_start, (uint32_t)getppid(), now_ns(), "make_events",
                         argv[0]);
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, run, (void *)i))
            return 1;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
