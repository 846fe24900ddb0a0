#include "collect/source.h"

#include "base/arena.h"
#include "base/file.h"

#include <stdlib.h>
#include <time.h>

uint64_t source_now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* "0-3,8,10-11" */
static unsigned parse_cpus(const char *text, unsigned *cpus)
{
    unsigned count = 0;
    while (*text >= '0' && *text <= '9') {
        char *end;
        unsigned first = (unsigned)strtoul(text, &end, 10), last = first;
        if (*end == '-')
            last = (unsigned)strtoul(end + 1, &end, 10);
        for (unsigned cpu = first; cpu <= last && cpu < COLLECT_MAX_CPUS; cpu++)
            cpus[count++] = cpu;
        text = *end == ',' ? end + 1 : end;
    }
    return count;
}

unsigned source_online_cpus(unsigned **cpus)
{
    char *text;
    unsigned count = 0;
    *cpus = mem_realloc(NULL, COLLECT_MAX_CPUS, sizeof **cpus);
    if (file_read("/sys/devices/system/cpu/online", &text, &(size_t){0}, NULL)) {
        count = parse_cpus(text, *cpus);
        free(text);
    }
    if (!count)
        (*cpus)[count++] = 0;
    return count;
}
