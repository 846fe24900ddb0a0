/* Two threads that do all their work under one mutex. Healthy: only the sum is. */
#include "why.h"

enum {
    ROUNDS = 100
};
static pthread_mutex_t totals = PTHREAD_MUTEX_INITIALIZER;
static uint64_t total, waited_ns[2];
static bool healthy;

static NOINLINE void add_to_total(int self)
{
    if (healthy)
        burn_us(2000);
    uint64_t begin = awake_ns();
    pthread_mutex_lock(&totals);
    waited_ns[self] += awake_ns() - begin;
    if (!healthy)
        burn_us(2000);
    total++;
    pthread_mutex_unlock(&totals);
    burn_us(200); /* lets the other have it */
}

static NOINLINE void *worker(void *data)
{
    for (int i = 0; i < ROUNDS; i++)
        add_to_total(*(int *)data);
    return NULL;
}

int main(int argc, char **argv)
{
    int ids[2] = {0, 1};
    pthread_t threads[2];
    healthy = is_healthy(argc, argv);
    uint64_t begin = now_ns();
    for (int i = 0; i < 2; i++)
        start(&threads[i], worker, &ids[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    /* until the first one ended, main waited for it alone; then nobody was in its way */
    return expect("lock_convoy", "add_to_total", 0, waited_ns[0], now_ns() - begin);
}
