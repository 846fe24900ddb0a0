/* quantile: the value that a share of all values do not exceed, in bounded memory:
 * exact (one of the values) up to QUANTILE_EXACT of them, then within 0.1 % by
 * counts of equal leading bits. Memory is SQLite's: its limit holds. */
#ifndef QUERY_QUANTILE_H
#define QUERY_QUANTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    QUANTILE_EXACT = 1 << 22
};

struct quantile {
    uint64_t count;
    uint64_t *keys;   /* owned: the values, as words that sort as they do */
    size_t cap;       /* of keys */
    uint64_t *counts; /* owned: values by their leading bits, once there are too many */
    uint64_t min, max;
};

/* Valid when zeroed. False when memory is out. NaN does not count. */
bool quantile_add(struct quantile *q, double value);
/* share is from 0 to 1; there must be a value. */
double quantile_at(struct quantile *q, double share);
void quantile_release(struct quantile *q);

#endif
