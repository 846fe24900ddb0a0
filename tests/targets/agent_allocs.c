/* Allocates a known number of blocks of sizes that nothing else asks for, by every
 * entry point, some freed by another thread, some never; prints what it kept. */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    ROUNDS = 20000,
    MARK = 70001, /* sizes from here on are this program's own */
    HANDED = 64
};

static void *handed[HANDED];
static pthread_barrier_t meet;

/* Frees what main allocated, block by block. */
static void *other(void *unused)
{
    (void)unused;
    for (int round = 0; round < ROUNDS / HANDED; round++) {
        pthread_barrier_wait(&meet);
        for (int i = 0; i < HANDED; i++)
            free(handed[i]);
        pthread_barrier_wait(&meet);
    }
    return NULL;
}

static void *allocate(int i)
{
    size_t bytes = (size_t)(MARK + i % 1000);
    void *p = NULL;
    switch (i % 5) {
    case 0:
        return malloc(bytes);
    case 1:
        return calloc(1, bytes);
    case 2:
        return realloc(malloc(MARK), bytes);
    case 3:
        return aligned_alloc(64, bytes / 64 * 64 + 64 * (bytes / 64 * 64 < MARK));
    default:
        return posix_memalign(&p, 32, bytes) ? NULL : p;
    }
}

int main(void)
{
    pthread_t t;
    void *volatile leaked;
    size_t kept = 0;
    pthread_barrier_init(&meet, NULL, 2);
    pthread_create(&t, NULL, other, NULL);
    for (int round = 0; round < ROUNDS / HANDED; round++) {
        for (int i = 0; i < HANDED; i++)
            handed[i] = allocate(round * HANDED + i);
        pthread_barrier_wait(&meet);
        if (round % 10 == 0) {
            leaked = malloc((size_t)(MARK + round));
            kept += MARK + (size_t)round;
            (void)leaked;
        }
        pthread_barrier_wait(&meet);
    }
    pthread_join(t, NULL);
    usleep(300000); /* so that the heap's size is told before the end, too */
    printf("%d blocks, %zu bytes kept\n", (ROUNDS / HANDED + 9) / 10, kept);
    return 0;
}
