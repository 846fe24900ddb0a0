/* A long phase of one thread before a short one of two. Healthy: no such phase. */
#include "why.h"

#include <stdatomic.h>

enum {
    CHUNKS = 120
};
static atomic_int taken; /* of the work that both share */

static NOINLINE void prepare(void)
{
    burn_us(600000);
}

static NOINLINE void *compute(void *data)
{
    (void)data;
    while (atomic_fetch_add(&taken, 1) < CHUNKS)
        burn_us(5000);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[2];
    uint64_t begin = now_ns();
    if (!is_healthy(argc, argv))
        prepare();
    uint64_t prepared = now_ns();
    for (int i = 0; i < 2; i++)
        start(&threads[i], compute, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return expect("single_threaded_phase", "prepare", self_tid(), (prepared - begin) / 2,
                  now_ns() - begin);
}
