/* calls: a flame graph's functions as a call graph: each once, with what it calls.
 *
 *     struct model_calls c = {0};
 *     model_calls_from_flame(&c, flame, 60);
 *     model_calls_release(&c);
 *
 * Of a large tree the heaviest functions are kept; calls between them that go through
 * others become edges of their own. A recursion counts once. */
#ifndef MODEL_CALLS_H
#define MODEL_CALLS_H

#include "model/flame.h"

struct model_call_node {
    uint32_t name, module; /* ids in the flame's names */
    enum model_class wait; /* of a pseudo-frame that names a wait, else MODEL_CLASSES */
    uint64_t self, total;
};

struct model_call_edge {
    uint32_t src, dest; /* nodes; the same one for a call of itself */
    uint64_t weight;
    bool skips; /* some of it goes through functions that were left out */
};

struct model_calls {
    struct model_call_node *nodes; /* owned: heaviest first */
    size_t node_count, node_cap;
    struct model_call_edge *edges; /* owned */
    size_t edge_count, edge_cap;
    size_t left_out; /* functions */
};

/* At most `most` functions. Time by nodes of the tree and their depth. */
void model_calls_from_flame(struct model_calls *c, const struct model_flame *f, size_t most);
void model_calls_release(struct model_calls *c);

#endif
