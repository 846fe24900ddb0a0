/* tally: groups rows by a key and keeps, for each group, totals and who
 * contributed most: "mutex 0x40: 12 waits, 3 ms, most of it in queue_take, held
 * by queue_put". */
#ifndef ANALYZE_TALLY_H
#define ANALYZE_TALLY_H

#include "base/map.h"

#include <stddef.h>
#include <stdint.h>

/* Weights by a small set of ids (sites, strings): which one has the most. */
struct tally_votes {
    struct map64 weights;
};

void tally_vote(struct tally_votes *v, uint64_t id, uint64_t weight);
/* The heaviest id (the smallest of equals), `otherwise` where none voted. */
uint64_t tally_winner(const struct tally_votes *v, uint64_t otherwise);
void tally_votes_release(struct tally_votes *v);

/* Dense group numbers for keys of two words. */
struct tally_groups {
    struct intern keys;
};

uint32_t tally_group(struct tally_groups *g, uint64_t key_a, uint64_t key_b);
void tally_groups_release(struct tally_groups *g);

#endif
