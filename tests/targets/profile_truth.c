/* profile_truth SECONDS: a program whose profiles are known beforehand.
 *   CPU       spin_60, spin_30, spin_10: 60, 30 and 10 % of its main thread's time
 *   heap      leak_here keeps 1 MiB of each round, churn_here frees 1 MiB at once
 *   lock      hold_lock holds a mutex half of each 20 ms, while wait_for_lock wants it */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    BLOCK = 16 * 1024,
    BLOCKS = 64,
    HOLD_US = 10000,
    SLICE_NS = 100000
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool done;

static long cpu_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

/* The work is in the named functions themselves: reading the clock is rare. */
#define SPIN(name)                                                                                 \
    __attribute__((noinline)) void name(long ns);                                                  \
    __attribute__((noinline)) void name(long ns)                                                   \
    {                                                                                              \
        static volatile unsigned sink;                                                             \
        for (long end = cpu_ns() + ns; cpu_ns() < end;)                                            \
            for (int i = 0; i < 20000; i++)                                                        \
                sink += (unsigned)i;                                                               \
    }
SPIN(spin_60)
SPIN(spin_30)
SPIN(spin_10)

static void *kept[1 << 16];
static size_t kept_count;

__attribute__((noinline)) void leak_here(void);
__attribute__((noinline)) void leak_here(void)
{
    for (int i = 0; i < BLOCKS && kept_count < sizeof kept / sizeof *kept; i++)
        memset(kept[kept_count++] = malloc(BLOCK), 1, BLOCK);
}

__attribute__((noinline)) void churn_here(void);
__attribute__((noinline)) void churn_here(void)
{
    for (int i = 0; i < BLOCKS; i++) {
        char *volatile p = malloc(BLOCK);
        *p = 1;
        free(p);
    }
}

__attribute__((noinline)) void hold_lock(void);
__attribute__((noinline)) void hold_lock(void)
{
    pthread_mutex_lock(&mutex);
    usleep(HOLD_US);
    pthread_mutex_unlock(&mutex);
    __asm__ volatile("" ::: "memory"); /* no tail call: the frame must be there */
}

__attribute__((noinline)) void wait_for_lock(void);
__attribute__((noinline)) void wait_for_lock(void)
{
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    usleep(HOLD_US / 10);
}

static void *holder(void *arg)
{
    pthread_setname_np(pthread_self(), "holder");
    while (!done) {
        hold_lock();
        usleep(HOLD_US);
    }
    return arg;
}

static void *waiter(void *arg)
{
    pthread_setname_np(pthread_self(), "waiter");
    while (!done)
        wait_for_lock();
    return arg;
}

int main(int argc, char **argv)
{
    pthread_t threads[2];
    time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 5);
    pthread_create(&threads[0], NULL, holder, NULL);
    pthread_create(&threads[1], NULL, waiter, NULL);
    while (time(NULL) < end) {
        for (int i = 0; i < 10; i++) {
            spin_60(60 * SLICE_NS);
            spin_30(30 * SLICE_NS);
            spin_10(10 * SLICE_NS);
        }
        leak_here();
        churn_here();
    }
    done = true;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
