/* Five times as many threads as CPUs. Healthy: one. */
#include "why.h"

enum {
    MOST = 64
};

static NOINLINE void *crunch(void *queued_ns)
{
    uint64_t begin = now_ns(), awake = awake_ns();
    for (int i = 0; i < 50; i++)
        burn_us(2000);
    awake = awake_ns() - awake;
    *(uint64_t *)queued_ns = now_ns() - begin - awake;
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[MOST];
    static uint64_t queued_ns[MOST];
    int count = 5 * (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (count > MOST)
        count = MOST;
    if (is_healthy(argc, argv))
        count = 1;
    uint64_t begin = now_ns();
    for (int i = 0; i < count; i++)
        start(&threads[i], crunch, &queued_ns[i]);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    /* main waits for the first one; the others end with it */
    return expect("oversubscription", "crunch", 0, queued_ns[0], now_ns() - begin);
}
