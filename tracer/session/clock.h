/* clock: CLOCK_MONOTONIC, for time-outs and as the events' own time. */
#ifndef SESSION_CLOCK_H
#define SESSION_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline long clock_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static inline uint64_t clock_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

#endif
