/* ticks: a clock for the hottest paths: the processor's own counter, 10 ns a
 * reading against the 25 of CLOCK_MONOTONIC, turned into ns only where a reading is
 * told. Where the kernel does not trust the counter, a tick is a ns. */
#ifndef WHYPROF_TICKS_H
#define WHYPROF_TICKS_H

#include "tracepoints/agent/agent.h"

extern bool ticks_by_tsc; /* set once, at start */

/* Chooses the clock. */
void ticks_init(void);

static inline uint64_t ticks_now(void)
{
    return likely(ticks_by_tsc) ? __builtin_ia32_rdtsc() : agent_now();
}

/* How readings relate to CLOCK_MONOTONIC: at `ticks` it was `ns`. */
struct ticks_scale {
    uint64_t ns, ticks;
    double ns_per_tick;
};
struct ticks_scale ticks_scale(void);

/* CLOCK_MONOTONIC ns of a reading of the recent past: off by less than 100 ns, and by
 * what the clock was slewed against its mean. */
uint64_t ticks_to_ns(uint64_t ticks);

#endif
