#include "tracepoints/agent/ticks.h"

#include "tracepoints/agent/raw.h"

#include <string.h>

bool ticks_by_tsc;

static struct {
    uint64_t ns, ticks;
} base;

void ticks_init(void)
{
    char name[16];
    raw_read_file("/sys/devices/system/clocksource/clocksource0/current_clocksource", name,
                  sizeof name);
    ticks_by_tsc = !strcmp(name, "tsc\n") || !strcmp(name, "kvm-clock\n");
    base.ns = agent_now();
    base.ticks = ticks_now();
}

/* The rate is the mean since the start: no calibration to wait for. */
uint64_t ticks_to_ns(uint64_t ticks)
{
    if (!ticks_by_tsc)
        return ticks;
    uint64_t now_ns = agent_now(), now = ticks_now();
    if (now <= base.ticks || now <= ticks)
        return now_ns;
    double ns_per_tick = (double)(now_ns - base.ns) / (double)(now - base.ticks);
    return now_ns - (uint64_t)((double)(now - ticks) * ns_per_tick);
}
