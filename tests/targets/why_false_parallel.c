/* Two threads pass one token to and fro. Healthy: each has its own. */
#include "why.h"

#include <semaphore.h>

static sem_t turn[2];
static bool healthy;

static NOINLINE void take_turn(int self)
{
    if (!healthy)
        sem_wait(&turn[self]);
    burn_us(1000);
    if (!healthy)
        sem_post(&turn[!self]);
}

static void *player(void *data)
{
    for (int i = 0; i < 400; i++)
        take_turn(*(int *)data);
    return NULL;
}

int main(int argc, char **argv)
{
    int ids[2] = {0, 1};
    pthread_t threads[2];
    healthy = is_healthy(argc, argv);
    sem_init(&turn[0], 0, 1);
    sem_init(&turn[1], 0, 0);
    uint64_t begin = now_ns();
    for (int i = 0; i < 2; i++)
        start(&threads[i], player, &ids[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    uint64_t length = now_ns() - begin;
    return expect("false_parallelism", "take_turn", 0, length / 2, length);
}
