/* Locks and unlocks a mutex that nobody else wants: lock_pair PAIRS. Prints the ns of a pair,
 * the least of many stretches. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

enum {
    STRETCH = 10000
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

int main(int argc, char **argv)
{
    uint64_t pairs = strtoull(argc > 1 ? argv[1] : "10000000", NULL, 10), least = UINT64_MAX;
    for (uint64_t done = 0; done < pairs; done += STRETCH) {
        uint64_t begin = now_ns();
        for (int i = 0; i < STRETCH; i++) {
            pthread_mutex_lock(&mutex);
            pthread_mutex_unlock(&mutex);
        }
        uint64_t ns = now_ns() - begin;
        least = ns < least ? ns : least;
    }
    printf("%.2f\n", (double)least / STRETCH);
    return 0;
}
