/* Waits for a flag by yielding. Healthy: on a semaphore. */
#include "why.h"

#include <sched.h>
#include <semaphore.h>

static volatile int ready;
static sem_t posted;
static uint64_t spun_ns;
static bool healthy;

static void *maker(void *data)
{
    (void)data;
    for (int i = 0; i < 80; i++) {
        burn_us(5000);
        ready++;
        sem_post(&posted);
    }
    return NULL;
}

static NOINLINE void spin_until(int number)
{
    uint64_t begin = awake_ns();
    if (healthy)
        sem_wait(&posted);
    while (ready < number)
        sched_yield();
    spun_ns += awake_ns() - begin;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    healthy = is_healthy(argc, argv);
    sem_init(&posted, 0, 0);
    uint64_t begin = now_ns();
    start(&thread, maker, NULL);
    for (int i = 1; i <= 80; i++)
        spin_until(i);
    uint64_t end = now_ns();
    pthread_join(thread, NULL);
    return expect("spinning", "spin_until", self_tid(), spun_ns, end - begin);
}
