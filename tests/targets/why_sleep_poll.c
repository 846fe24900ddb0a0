/* Results are looked for every ten milliseconds. Healthy: their maker wakes. */
#include "why.h"

#include <semaphore.h>

static volatile int results;
static sem_t ready, wanted;
static uint64_t slept_ns;
static bool healthy;

static void *maker(void *data)
{
    (void)data;
    for (int i = 0; i < 60; i++) {
        sem_wait(&wanted);
        burn_us(healthy ? 10000 : 200);
        results++;
        if (healthy)
            sem_post(&ready);
    }
    return NULL;
}

static NOINLINE void await_result(int number)
{
    sem_post(&wanted);
    uint64_t begin = awake_ns();
    if (healthy)
        sem_wait(&ready);
    while (results < number)
        usleep(10000);
    slept_ns += awake_ns() - begin;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    healthy = is_healthy(argc, argv);
    sem_init(&ready, 0, 0);
    sem_init(&wanted, 0, 0);
    uint64_t begin = now_ns();
    start(&thread, maker, NULL);
    for (int i = 1; i <= 60; i++)
        await_result(i);
    pthread_join(thread, NULL);
    return expect("sleeping_poll", "await_result", self_tid(), slept_ns, now_ns() - begin);
}
