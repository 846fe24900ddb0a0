/* why: what the why_*.c targets share. Each has one cause planted that makes it slow;
 * with the argument `healthy` it does the same work without. On stdout it tells what
 * `whyprof why` must find: where ("-": any function), in which thread (0: any of its
 * equals), and the ns that this took by the program's own clock, of how many:
 *
 *     expect FINDING FUNCTION TID NS OF_NS */
#ifndef TESTS_TARGETS_WHY_H
#define TESTS_TARGETS_WHY_H

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

static inline uint64_t clock_ns(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static inline uint64_t now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* A clock that stands still while this thread queues for a CPU: of two times only what
 * it ran, or waited for something else, is between. */
static inline uint64_t awake_ns(void)
{
    static __thread int fd;
    char text[64] = "";
    if (!fd)
        fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    if (pread(fd, text, sizeof text - 1, 0) < 0)
        text[0] = '\0';
    char *queued = strchr(text, ' ');
    return now_ns() - (queued ? strtoull(queued, NULL, 10) : 0);
}

static volatile uint64_t why_sink;

/* Computes for so much CPU time, whoever else wants the CPU. */
static inline __attribute__((always_inline)) void burn_us(uint64_t us)
{
    uint64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + us * 1000, x = 1;
    while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end)
        for (int i = 0; i < 1000; i++)
            x = x * 6364136223846793005ULL + 1442695040888963407ULL;
    why_sink = x;
}

static inline bool is_healthy(int argc, char **argv)
{
    return argc > 1 && !strcmp(argv[1], "healthy");
}

static inline long self_tid(void)
{
    return syscall(SYS_gettid);
}

static inline int expect(const char *finding, const char *function, long tid, uint64_t part_ns,
                         uint64_t whole_ns)
{
    printf("expect %s %s %ld %llu %llu\n", finding, function, tid, (unsigned long long)part_ns,
           (unsigned long long)whole_ns);
    return 0;
}

static inline void start(pthread_t *thread, void *(*run)(void *), void *data)
{
    if (pthread_create(thread, NULL, run, data))
        abort();
}

#endif
