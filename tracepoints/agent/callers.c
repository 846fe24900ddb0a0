#include "tracepoints/agent/callers.h"

#include <dlfcn.h>
#include <lttng/ust-fork.h>
#include <stdatomic.h>

/* Of liblttng-ust-common, which no public header declares in plain C. */
extern void lttng_ust_common_ctor(void);

enum {
    LOADER,
    LTTNG,
    LTTNG_COMMON
};

/* All addresses, until they are known. */
struct caller_range caller_ranges[3] = {{0, UINTPTR_MAX}};
static struct caller_range self;
static atomic_bool ready;

static struct caller_range range_of(uintptr_t pc)
{
    struct dl_find_object found;
    if (_dl_find_object((void *)pc, &found))
        return (struct caller_range){0};
    uintptr_t begin = (uintptr_t)found.dlfo_map_start;
    return (struct caller_range){begin, (uintptr_t)found.dlfo_map_end - begin};
}

/* Threads that race here write the same values. */
static void find_ranges(void)
{
    caller_ranges[LOADER] = range_of((uintptr_t)_dl_find_object);
    caller_ranges[LTTNG] = range_of((uintptr_t)lttng_ust_before_fork);
    caller_ranges[LTTNG_COMMON] = range_of((uintptr_t)lttng_ust_common_ctor);
    self = range_of((uintptr_t)caller_is_agent);
    atomic_store_explicit(&ready, true, memory_order_release);
}

static bool within(const struct caller_range *r, uintptr_t pc)
{
    if (!atomic_load_explicit(&ready, memory_order_acquire))
        find_ranges();
    return pc - r->begin < r->bytes;
}

bool caller_is_loader(uintptr_t pc)
{
    return within(&caller_ranges[LOADER], pc);
}

bool caller_is_lttng(uintptr_t pc)
{
    return within(&caller_ranges[LTTNG], pc) || within(&caller_ranges[LTTNG_COMMON], pc);
}

void caller_agent_range(uintptr_t *begin, uintptr_t *bytes)
{
    within(&self, 0); /* finds the ranges */
    *begin = self.begin;
    *bytes = self.bytes;
}

bool caller_is_agent(uintptr_t pc)
{
    return within(&self, pc);
}
