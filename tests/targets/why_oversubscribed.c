/* Five times as many threads as CPUs. Healthy: one. */
#include "why.h"

enum {
    MOST = 64
};

static NOINLINE void *crunch(void *data)
{
    (void)data;
    for (int i = 0; i < 50; i++)
        burn_us(2000);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[MOST];
    int count = 5 * (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (count > MOST)
        count = MOST;
    if (is_healthy(argc, argv))
        count = 1;
    uint64_t begin = now_ns();
    for (int i = 0; i < count; i++)
        start(&threads[i], crunch, NULL);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    uint64_t length = now_ns() - begin;
    return expect("oversubscription", "crunch", 0, length - 100000000, length);
}
