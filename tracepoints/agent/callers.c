#include "tracepoints/agent/callers.h"

#include <dlfcn.h>
#include <lttng/ust-fork.h>
#include <stdatomic.h>

/* Of liblttng-ust-common, which no public header declares in plain C. */
extern void lttng_ust_common_ctor(void);

struct range {
    uintptr_t begin, end;
};

static struct range loader, lttng[2], self;
static atomic_bool ready;

static struct range range_of(uintptr_t pc)
{
    struct dl_find_object found;
    if (_dl_find_object((void *)pc, &found))
        return (struct range){0};
    return (struct range){(uintptr_t)found.dlfo_map_start, (uintptr_t)found.dlfo_map_end};
}

/* Threads that race here write the same values. */
static void find_ranges(void)
{
    loader = range_of((uintptr_t)_dl_find_object);
    lttng[0] = range_of((uintptr_t)lttng_ust_before_fork);
    lttng[1] = range_of((uintptr_t)lttng_ust_common_ctor);
    self = range_of((uintptr_t)caller_is_agent);
    atomic_store_explicit(&ready, true, memory_order_release);
}

static bool within(const struct range *r, uintptr_t pc)
{
    if (!atomic_load_explicit(&ready, memory_order_acquire))
        find_ranges();
    return pc - r->begin < r->end - r->begin;
}

bool caller_is_loader(uintptr_t pc)
{
    return within(&loader, pc);
}

bool caller_is_lttng(uintptr_t pc)
{
    return within(&lttng[0], pc) || within(&lttng[1], pc);
}

void caller_agent_range(uintptr_t *begin, uintptr_t *bytes)
{
    within(&self, 0); /* finds the ranges */
    *begin = self.begin;
    *bytes = self.end - self.begin;
}

bool caller_is_agent(uintptr_t pc)
{
    return within(&self, pc);
}
