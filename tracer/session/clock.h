/* clock: time for time-outs. */
#ifndef SESSION_CLOCK_H
#define SESSION_CLOCK_H

#include <time.h>

static inline long clock_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

#endif
