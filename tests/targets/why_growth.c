/* A cache that nothing is ever removed from. Healthy: it holds the last ones only. */
#include "why.h"

enum {
    ENTRIES = 100000,
    KEPT = 100
};
static void *cache[ENTRIES];

static NOINLINE void cache_insert(int i, bool healthy)
{
    cache[i] = malloc(1000);
    memset(cache[i], 1, 1000);
    if (healthy && i >= KEPT) {
        free(cache[i - KEPT]);
        cache[i - KEPT] = NULL;
    }
}

int main(int argc, char **argv)
{
    uint64_t begin = now_ns();
    for (int i = 0; i < ENTRIES; i++) {
        cache_insert(i, is_healthy(argc, argv));
        burn_us(5);
    }
    return expect("heap_growth", "cache_insert", 0, now_ns() - begin);
}
