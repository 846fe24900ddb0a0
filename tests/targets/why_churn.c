/* Buffers made and torn down again and again. Healthy: they are kept. */
#include "why.h"

enum {
    NODES = 2000,
    LEAST = 1100, /* bytes: too large for the heap's quick lists */
    STEP = 160
};

static char *nodes[NODES];
static uint64_t heap_ns; /* CPU time */

static NOINLINE void make_nodes(void)
{
    for (int i = 0; i < NODES; i++)
        if (!nodes[i])
            nodes[i] = malloc(LEAST + (size_t)(i % 7) * STEP);
}

static NOINLINE void drop_nodes(void)
{
    for (int i = 0; i < NODES; i++) {
        free(nodes[i]);
        nodes[i] = NULL;
    }
}

int main(int argc, char **argv)
{
    bool healthy = is_healthy(argc, argv);
    uint64_t begin = clock_ns(CLOCK_THREAD_CPUTIME_ID), now = begin;
    while (now - begin < 2500000000) {
        uint64_t made = now;
        make_nodes();
        if (!healthy)
            drop_nodes();
        now = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        heap_ns += now - made;
        for (int i = 0; i < NODES && healthy; i++)
            nodes[i][0]++;
    }
    return expect("allocation_churn", "_nodes", self_tid(), healthy ? 0 : heap_ns, now - begin);
}
