#include "tracepoints/hooks/alloc_sampled.h"

#include "tracepoints/agent/raw.h"

enum {
    ENTRIES = 1 << 17,
    PROBES = 64,
    FILTER_FULL = 255
};

_Atomic uint8_t sampled_filter[SAMPLED_FILTER];

struct sampled {
    _Atomic uintptr_t address;
    struct counted_alloc counted; /* written before anybody else can know the address */
};

static struct sampled *_Atomic entries;

/* Mapped at the first sample. */
static struct sampled *table(void)
{
    struct sampled *t = atomic_load_explicit(&entries, memory_order_acquire);
    if (t)
        return t;
    struct sampled *fresh = raw_map(ENTRIES * sizeof *fresh);
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

bool sampled_add(const void *p, const struct counted_alloc *counted)
{
    struct sampled *t = table();
    for (unsigned i = 0; t && i < PROBES; i++) {
        struct sampled *e = &t[(sampled_hash(p) + i) % ENTRIES];
        uintptr_t none = 0;
        if (atomic_compare_exchange_strong(&e->address, &none, (uintptr_t)p)) {
            e->counted = *counted;
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
    struct sampled *t = atomic_load_explicit(&entries, memory_order_acquire);
    for (unsigned i = 0; t && i < PROBES; i++) {
        uintptr_t there = (uintptr_t)p;
        struct sampled *e = &t[(sampled_hash(p) + i) % ENTRIES];
        if (atomic_load_explicit(&e->address, memory_order_relaxed) != there)
            continue;
        *counted = e->counted; /* ours until the address is gone */
        if (atomic_compare_exchange_strong(&e->address, &there, 0)) {
            filter_count(p, -1);
            return true;
        }
    }
    return false;
}
