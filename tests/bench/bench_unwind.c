/* What a call stack costs, by depth: the agent's unwinder when the stack is as it was,
 * when its inner third differs each time, and without memory of the last capture; beside
 * libunwind's and glibc's. Each figure is the median of interleaved rounds; ratios are
 * to ours, varying. */
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/unwind.h"
#include "agent/unwind_table.h"

enum {
    MAX = 256,
    ROUNDS = 15,
    CAPTURES = 2000 /* a round, of each method */
};
#define NOINLINE __attribute__((noinline, noclone))

static int (*g_unw_backtrace)(void **, int);

static size_t with_ours(void **pcs)
{
    return unwind_here((uintptr_t *)pcs, MAX);
}
static size_t with_libunwind(void **pcs)
{
    return (size_t)g_unw_backtrace(pcs, MAX);
}
static size_t with_glibc(void **pcs)
{
    return (size_t)backtrace(pcs, MAX);
}

struct job {
    size_t (*capture)(void **);
    int outer, inner; /* frames that stay and frames that are left and entered each time */
    double ns;        /* a capture, the frames' own calls taken off */
    size_t depth;
};

static uint64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Two of a kind, so that return addresses and frame sizes differ from call to call. */
static NOINLINE size_t inner_a(struct job *job, int left, unsigned path);
static NOINLINE size_t inner_b(struct job *job, int left, unsigned path)
{
    void *pcs[MAX];
    size_t n = !left      ? (job->capture ? job->capture(pcs) : 0)
               : path & 1 ? inner_a(job, left - 1, path >> 1)
                          : inner_b(job, left - 1, path >> 1);
    __asm__ volatile("" : : "r"(pcs) : "memory");
    return n;
}
static NOINLINE size_t inner_a(struct job *job, int left, unsigned path)
{
    void *pcs[MAX + 8];
    size_t n = !left      ? (job->capture ? job->capture(pcs) : 0)
               : path & 1 ? inner_a(job, left - 1, path >> 1)
                          : inner_b(job, left - 1, path >> 1);
    __asm__ volatile("" : : "r"(pcs) : "memory");
    return n;
}

static NOINLINE uint64_t loop(struct job *job)
{
    uint64_t begin = now_ns();
    for (unsigned i = 0; i < CAPTURES; i++)
        job->depth = inner_a(job, job->inner, i * 2654435761u >> 8);
    return now_ns() - begin;
}

static NOINLINE uint64_t outer(struct job *job, int left)
{
    uint64_t ns = left ? outer(job, left - 1) : loop(job);
    __asm__ volatile("" ::: "memory");
    return ns;
}

static void measure(struct job *job)
{
    struct job empty = {.outer = job->outer, .inner = job->inner};
    uint64_t bare = outer(&empty, job->outer);
    uint64_t ns = outer(job, job->outer);
    job->ns = ns > bare ? (double)(ns - bare) / CAPTURES : 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void *forgetful(void *job)
{
    unwind_thread_exit(); /* from here on this thread's captures walk the whole way */
    measure(job);
    return NULL;
}

static void measure_forgetful(struct job *job)
{
    pthread_t thread;
    if (!pthread_create(&thread, NULL, forgetful, job))
        pthread_join(thread, NULL);
}

enum {
    SAME,
    VARYING,
    WALKING,
    LIBUNWIND,
    GLIBC,
    METHODS
};

static void one_depth(int frames)
{
    double ns[METHODS][ROUNDS];
    size_t depth = 0;
    for (int r = 0; r < ROUNDS; r++) {
        struct job jobs[METHODS] = {
            [SAME] = {.capture = with_ours, .outer = frames - 1, .inner = 0},
            [VARYING] = {.capture = with_ours, .outer = frames - frames / 3, .inner = frames / 3},
            [WALKING] = {.capture = with_ours, .outer = frames - frames / 3, .inner = frames / 3},
            [LIBUNWIND] = {.capture = g_unw_backtrace ? with_libunwind : NULL,
                           .outer = frames - frames / 3,
                           .inner = frames / 3},
            [GLIBC] = {.capture = with_glibc, .outer = frames - frames / 3, .inner = frames / 3},
        };
        for (int m = 0; m < METHODS; m++) {
            m == WALKING ? measure_forgetful(&jobs[m]) : measure(&jobs[m]);
            ns[m][r] = jobs[m].ns;
        }
        depth = jobs[VARYING].depth;
    }
    for (int m = 0; m < METHODS; m++)
        qsort(ns[m], ROUNDS, sizeof ns[m][0], by_value);
    double base = ns[VARYING][ROUNDS / 2];
    printf("%5zu", depth);
    for (int m = 0; m < METHODS; m++)
        printf("  %7.0f (%5.2f)", ns[m][ROUNDS / 2], ns[m][ROUNDS / 2] / base);
    putchar('\n');
}

int main(void)
{
    uint64_t begin = now_ns();
    if (!unwind_init())
        return EXIT_FAILURE;
    uint64_t ns = now_ns() - begin;
    struct unwind_stats stats;
    unwind_get_stats(&stats);
    printf("tables of %zu modules: %.1f ms, %zu rows, %zu KiB\n", stats.tables, (double)ns / 1e6,
           stats.rows, stats.bytes / 1024);
    void *libunwind = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
    unwind_modules_changed();
    if (libunwind)
        g_unw_backtrace = (int (*)(void **, int))dlsym(libunwind, "unw_backtrace");
    printf("ns a capture (ratio to ours, varying)%s\n"
           "depth  ours, same       varying          no memory        libunwind        glibc\n",
           g_unw_backtrace ? "" : "; libunwind is not installed");
    static const int frames[] = {5, 12, 20, 50, 95};
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
        one_depth(frames[i]);
    return EXIT_SUCCESS;
}
