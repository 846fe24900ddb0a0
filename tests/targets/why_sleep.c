/* One long pause. Healthy: none. */
#include "why.h"

static NOINLINE void settle(void)
{
    usleep(400000);
}

int main(int argc, char **argv)
{
    uint64_t begin = now_ns(), paused = 0;
    burn_us(300000);
    if (!is_healthy(argc, argv)) {
        paused = now_ns();
        settle();
        paused = now_ns() - paused;
    }
    return expect("sleep", "settle", self_tid(), paused, now_ns() - begin);
}
