#include "analyze/histogram.h"

#include <math.h>

static unsigned bucket_of(uint64_t value)
{
    unsigned bits = 64u - (unsigned)__builtin_clzll(value | 1);
    if (bits <= HISTOGRAM_SUB_BITS)
        return (unsigned)value;
    unsigned shift = bits - HISTOGRAM_SUB_BITS - 1;
    return ((shift + 1) << HISTOGRAM_SUB_BITS) +
           (unsigned)((value >> shift) - (1u << HISTOGRAM_SUB_BITS));
}

/* The middle of the values that fall into a bucket. */
static uint64_t value_of(unsigned bucket)
{
    unsigned octave = bucket >> HISTOGRAM_SUB_BITS;
    uint64_t sub = bucket & ((1u << HISTOGRAM_SUB_BITS) - 1);
    if (octave == 0)
        return sub;
    unsigned shift = octave - 1;
    return ((sub + (1u << HISTOGRAM_SUB_BITS)) << shift) + (((uint64_t)1 << shift) >> 1);
}

void histogram_add(struct histogram *h, uint64_t value)
{
    h->count++;
    h->buckets[bucket_of(value)]++;
    if (value > h->max)
        h->max = value;
}

uint64_t histogram_at(const struct histogram *h, double share)
{
    uint64_t rank = (uint64_t)ceil(share * (double)h->count), seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen && seen >= rank) {
            uint64_t value = value_of(i);
            return value < h->max ? value : h->max;
        }
    }
    return 0;
}
