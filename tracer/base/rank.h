/* rank: puts things in order by a 64-bit key (a time), without moving them.
 *
 *     for (i ...) ranks[i] = (struct rank){thing[i].ts, i};
 *     struct rank *sorted = ranks_sort(ranks, scratch, n);
 *     for (i ...) use(thing[sorted[i].item]);
 *
 * Stable, and quick where much is in order already. */
#ifndef BASE_RANK_H
#define BASE_RANK_H

#include <stddef.h>
#include <stdint.h>

struct rank {
    uint64_t key;
    uint32_t item;
};

/* Sorts n ranks; the result is in one of the two arrays, which is returned. */
struct rank *ranks_sort(struct rank *ranks, struct rank *scratch, size_t n);

#endif
