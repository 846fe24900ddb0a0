#include "tracepoints/hooks/alloc_sampled.h"

#include "tracepoints/agent/raw.h"

enum {
    ENTRIES = 1 << 17,
    PROBES = 64,
    FILTER_FULL = 255
};

_Atomic uint8_t sampled_filter[SAMPLED_FILTER];

/* Apart, so that looking for an address touches few cache lines. */
struct table {
    _Atomic uintptr_t addresses[ENTRIES];
    struct counted_alloc counted[ENTRIES]; /* written before anybody else can know the address */
};

static struct table *_Atomic entries;

/* Mapped at the first sample. */
static struct table *table(void)
{
    struct table *t = atomic_load_explicit(&entries, memory_order_acquire);
    if (t)
        return t;
    struct table *fresh = raw_map(sizeof *fresh);
    return fresh && atomic_compare_exchange_strong(&entries, &t, fresh) ? fresh : t;
}

/* A counter that reached its end stays there: the filter may say yes too often,
 * never no. */
static void filter_count(const void *p, int step)
{
    _Atomic uint8_t *f = &sampled_filter[sampled_slot(p)];
    uint8_t was = atomic_load(f);
    while (was != FILTER_FULL && !atomic_compare_exchange_weak(f, &was, (uint8_t)(was + step)))
        ;
}

bool sampled_add(const void *p, const struct counted_alloc *counted)
{
    struct table *t = table();
    for (unsigned i = 0; t && i < PROBES; i++) {
        size_t at = (sampled_hash(p) + i) % ENTRIES;
        uintptr_t none = 0;
        if (atomic_compare_exchange_strong(&t->addresses[at], &none, (uintptr_t)p)) {
            t->counted[at] = *counted;
            filter_count(p, 1);
            return true;
        }
    }
    return false;
}

/* Looks at all places the address could be at: those before it may have become
 * free since it was added. */
bool sampled_remove(const void *p, struct counted_alloc *counted)
{
    struct table *t = atomic_load_explicit(&entries, memory_order_acquire);
    for (unsigned i = 0; t && i < PROBES; i++) {
        size_t at = (sampled_hash(p) + i) % ENTRIES;
        uintptr_t there = (uintptr_t)p;
        if (atomic_load_explicit(&t->addresses[at], memory_order_relaxed) != there)
            continue;
        *counted = t->counted[at]; /* ours until the address is gone */
        if (atomic_compare_exchange_strong(&t->addresses[at], &there, 0)) {
            filter_count(p, -1);
            return true;
        }
    }
    return false;
}
