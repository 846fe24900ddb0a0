/* alloc_sampled: the set of live addresses that an `alloc` event told, so that
 * free tells those and no others. Lock-free; nearly all frees end at a filter
 * small enough to stay in the caches next to the processor. */
#ifndef WHYPROF_ALLOC_SAMPLED_H
#define WHYPROF_ALLOC_SAMPLED_H

#include "tracepoints/agent/counted.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    SAMPLED_FILTER = 1 << 16
};
extern _Atomic uint8_t sampled_filter[SAMPLED_FILTER]; /* live samples per hash, up to 255 */

static inline uint32_t sampled_hash(const void *p)
{
    return (uint32_t)((uintptr_t)p * 0x9e3779b97f4a7c15u >> 40);
}

/* Neighbours in memory are neighbours in the filter: a program that frees what it used
 * lately finds both in the cache. The upper bits keep apart what lies at the same place of
 * several arenas. */
static inline uint32_t sampled_slot(const void *p)
{
    uintptr_t at = (uintptr_t)p;
    return (uint32_t)((at >> 7) + (at >> 22) * 40503) % SAMPLED_FILTER;
}

static inline bool sampled_maybe(const void *p)
{
    return atomic_load_explicit(&sampled_filter[sampled_slot(p)], memory_order_relaxed);
}

/* False: no room; the allocation must not be told then. */
bool sampled_add(const void *p, const struct counted_alloc *counted);
/* True: it was there, with what it had been added with. */
bool sampled_remove(const void *p, struct counted_alloc *counted);

#endif
