#include "analyze/tally.h"

void tally_vote(struct tally_votes *v, uint64_t id, uint64_t weight)
{
    *map64_put(&v->weights, id, NULL) += weight;
}

uint64_t tally_winner(const struct tally_votes *v, uint64_t otherwise)
{
    size_t pos = 0;
    uint64_t id, weight, best = otherwise, best_weight = 0;
    bool any = false;
    while (map64_next(&v->weights, &pos, &id, &weight)) {
        if (any && (weight < best_weight || (weight == best_weight && id > best)))
            continue;
        any = true;
        best = id;
        best_weight = weight;
    }
    return best;
}

void tally_votes_release(struct tally_votes *v)
{
    map64_release(&v->weights);
}

uint32_t tally_group(struct tally_groups *g, uint64_t key_a, uint64_t key_b)
{
    const uint64_t key[2] = {key_a, key_b};
    return intern_bytes(&g->keys, key, sizeof key);
}

void tally_groups_release(struct tally_groups *g)
{
    intern_release(&g->keys);
}
