#include "tracepoints/hooks/alloc_sampled.h"

#include "tracepoints/agent/raw.h"

enum {
    ENTRIES = 1 << 17,
    PROBES = 64,
    FILTER_FULL = 255
};

_Atomic uint8_t sampled_filter[SAMPLED_FILTER];

static _Atomic uintptr_t *_Atomic entries;

/* Mapped at the first sample. */
static _Atomic uintptr_t *table(void)
{
    _Atomic uintptr_t *t = atomic_load_explicit(&entries, memory_order_acquire);
    if (t)
        return t;
    _Atomic uintptr_t *fresh = raw_map(ENTRIES * sizeof *fresh);
    return fresh && atomic_compare_exchange_strong(&entries, &t, fresh) ? fresh : t;
}

/* A counter that reached its end stays there: the filter may say yes too often,
 * never no. */
static void filter_count(const void *p, int step)
{
    _Atomic uint8_t *f = &sampled_filter[sampled_hash(p) % SAMPLED_FILTER];
    uint8_t was = atomic_load(f);
    while (was != FILTER_FULL && !atomic_compare_exchange_weak(f, &was, (uint8_t)(was + step)))
        ;
}

bool sampled_add(const void *p)
{
    _Atomic uintptr_t *t = table();
    for (unsigned i = 0; t && i < PROBES; i++) {
        uintptr_t none = 0;
        if (atomic_compare_exchange_strong(&t[(sampled_hash(p) + i) % ENTRIES], &none,
                                           (uintptr_t)p)) {
            filter_count(p, 1);
            return true;
        }
    }
    return false;
}

/* Looks at all places the address could be at: those before it may have become
 * free since it was added. */
bool sampled_remove(const void *p)
{
    _Atomic uintptr_t *t = atomic_load_explicit(&entries, memory_order_acquire);
    for (unsigned i = 0; t && i < PROBES; i++) {
        uintptr_t there = (uintptr_t)p;
        _Atomic uintptr_t *e = &t[(sampled_hash(p) + i) % ENTRIES];
        if (atomic_load_explicit(e, memory_order_relaxed) == there &&
            atomic_compare_exchange_strong(e, &there, 0)) {
            filter_count(p, -1);
            return true;
        }
    }
    return false;
}
