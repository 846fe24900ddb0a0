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
struct ticks_scale ticks_scale(void)
{
    struct ticks_scale s = {.ns = agent_now(), .ns_per_tick = 1};
    s.ticks = ticks_by_tsc ? ticks_now() : s.ns;
    if (ticks_by_tsc && s.ticks > base.ticks)
        s.ns_per_tick = (double)(s.ns - base.ns) / (double)(s.ticks - base.ticks);
    return s;
}

uint64_t ticks_to_ns(uint64_t ticks)
{
    if (!ticks_by_tsc)
        return ticks;
    struct ticks_scale s = ticks_scale();
    return ticks < s.ticks ? s.ns - (uint64_t)((double)(s.ticks - ticks) * s.ns_per_tick) : s.ns;
}
