/* A thread that is sent to another CPU for each small piece of work. Healthy: it stays. */
#include "why.h"

#include <sched.h>

enum {
    PIECES = 12000,
    COLD_US = 20 /* as long as `why` takes caches for cold */
};

static NOINLINE void serve(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
    burn_us(60);
}

int main(int argc, char **argv)
{
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
        puts("skip there is one CPU only");
        return 0;
    }
    bool healthy = is_healthy(argc, argv);
    uint64_t begin = now_ns();
    for (int i = 0; i < PIECES; i++)
        serve(healthy ? 0 : i % 2);
    return expect("migration_storm", "serve", self_tid(), healthy ? 0 : PIECES * COLD_US * 1000ull,
                  now_ns() - begin);
}
