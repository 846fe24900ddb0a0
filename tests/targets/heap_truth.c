/* heap_truth SEED: allocates so much in functions of known names, keeps some of it, says
 * "ready" and waits for its input's end. What each holds at the end, in bytes and blocks:
 *   keep_small   20,000 of 96, all kept           keep_mixed  2,000 of 1 to 64,000, half kept
 *   keep_large   40 of 1 MiB, a quarter kept      drop_all    4,000 of 4,096, none kept
 * The mixed sizes are a sequence that is the same in every run. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALL = 20000,
    MIXED = 2000,
    LARGE = 40,
    DROPPED = 4000
};

static char *small[SMALL], *mixed[MIXED], *large[LARGE];

#define ALLOCATE(name)                                                                             \
    __attribute__((noipa)) static char *name(size_t bytes)                                         \
    {                                                                                              \
        char *p = malloc(bytes);                                                                   \
        if (!p)                                                                                    \
            abort();                                                                               \
        *(volatile char *)p = 1; /* no tail call */                                                \
        return p;                                                                                  \
    }
ALLOCATE(keep_small)
ALLOCATE(keep_mixed)
ALLOCATE(keep_large)
ALLOCATE(drop_all)

int main(void)
{
    uint32_t x = 12345;
    unsigned long long mixed_bytes = 0;
    for (int i = 0; i < SMALL; i++)
        small[i] = keep_small(96);
    for (int i = 0; i < MIXED; i++) {
        x = x * 1664525 + 1013904223;
        size_t bytes = 1 + (x >> 8) % 64000;
        mixed[i] = keep_mixed(bytes);
        if (i % 2)
            free(mixed[i]);
        else
            mixed_bytes += bytes;
    }
    for (int i = 0; i < LARGE; i++) {
        large[i] = keep_large(1 << 20);
        if (i % 4)
            free(large[i]);
    }
    for (int i = 0; i < DROPPED; i++)
        free(drop_all(4096));
    printf("ready %llu\n", mixed_bytes);
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return 0;
}
