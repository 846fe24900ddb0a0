#include "query/quantile.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEPT_BITS = 22, /* sign, 11 of the exponent, 10 of the fraction */
    DROPPED_BITS = 64 - KEPT_BITS
};

/* Doubles sort as their bits do once negative ones are turned over. */
static uint64_t key_from_double(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static double double_from_key(uint64_t key)
{
    uint64_t bits = key >> 63 ? key & ~((uint64_t)1 << 63) : ~key;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static bool grow(struct quantile *q)
{
    size_t cap = q->cap ? q->cap * 2 : 64;
    uint64_t *keys = sqlite3_realloc64(q->keys, cap * sizeof *keys);
    if (!keys)
        return false;
    q->keys = keys;
    q->cap = cap;
    return true;
}

static bool begin_counting(struct quantile *q)
{
    size_t bytes = ((size_t)1 << KEPT_BITS) * sizeof *q->counts;
    q->counts = sqlite3_malloc64(bytes);
    if (!q->counts)
        return false;
    memset(q->counts, 0, bytes);
    for (uint64_t i = 0; i < q->count; i++)
        q->counts[q->keys[i] >> DROPPED_BITS]++;
    sqlite3_free(q->keys);
    q->keys = NULL;
    return true;
}

bool quantile_add(struct quantile *q, double value)
{
    if (isnan(value))
        return true;
    uint64_t key = key_from_double(value);
    if (!q->count || key < q->min)
        q->min = key;
    if (!q->count || key > q->max)
        q->max = key;
    if (!q->counts && q->count == QUANTILE_EXACT && !begin_counting(q))
        return false;
    if (q->counts) {
        q->counts[key >> DROPPED_BITS]++;
    } else {
        if (q->count == q->cap && !grow(q))
            return false;
        q->keys[q->count] = key;
    }
    q->count++;
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The middle of the bucket that holds the value of this rank. */
static uint64_t key_of_rank(const struct quantile *q, uint64_t rank)
{
    uint64_t below = 0, bucket = 0;
    while (below + q->counts[bucket] < rank)
        below += q->counts[bucket++];
    uint64_t key = bucket << DROPPED_BITS | (uint64_t)1 << (DROPPED_BITS - 1);
    return key < q->min ? q->min : key > q->max ? q->max : key;
}

/* Nearest rank, from 1; 0.07 * 100 must not count as more than 7. */
double quantile_at(struct quantile *q, double share)
{
    uint64_t rank = (uint64_t)ceil(share * (double)q->count - 1e-6);
    rank = rank < 1 ? 1 : rank > q->count ? q->count : rank;
    if (rank == 1)
        return double_from_key(q->min);
    if (rank == q->count)
        return double_from_key(q->max);
    if (q->counts)
        return double_from_key(key_of_rank(q, rank));
    qsort(q->keys, q->count, sizeof *q->keys, compare_keys);
    return double_from_key(q->keys[rank - 1]);
}

void quantile_release(struct quantile *q)
{
    sqlite3_free(q->keys);
    sqlite3_free(q->counts);
    *q = (struct quantile){0};
}
