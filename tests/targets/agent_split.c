/* Burns CPU time, measured by its own clock, in three functions: 60, 30 and 10 of a
 * hundred.  agent_split MILLISECONDS */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Its own loop in each, so that each is the leaf of its samples. */
#define BURNER(name)                                                                               \
    __attribute__((noinline, noclone)) void name(uint64_t ns);                                     \
    void name(uint64_t ns)                                                                         \
    {                                                                                              \
        volatile uint64_t x = 1;                                                                   \
        for (uint64_t end = cpu_ns() + ns; cpu_ns() < end;)                                        \
            for (int i = 0; i < 20000; i++)                                                        \
                x = x * 3 + 1;                                                                     \
    }
BURNER(split_sixty)
BURNER(split_thirty)
BURNER(split_ten)

int main(int argc, char **argv)
{
    uint64_t end = cpu_ns() + (argc > 1 ? strtoull(argv[1], NULL, 10) : 1000) * 1000000;
    while (cpu_ns() < end) {
        split_sixty(6000000);
        split_thirty(3000000);
        split_ten(1000000);
    }
    return 0;
}
