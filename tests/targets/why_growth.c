/* A cache that nothing is ever removed from. Healthy: it holds the last ones only. What
 * it tells is no time but bytes: those kept, of all. */
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
    for (int i = 0; i < ENTRIES; i++) {
        cache_insert(i, is_healthy(argc, argv));
        burn_us(5);
    }
    return expect("heap_growth", "cache_insert", self_tid(), ENTRIES * 1000ull, ENTRIES * 1000ull);
}
