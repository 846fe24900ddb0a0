#include "model/calls.h"

#include <stdlib.h>

enum {
    LEAST_FUNCTION = 200, /* a function has at least one part in so many of the whole */
    LEAST_CALL = 1000,    /* so does a call */
    SKIPS = 5             /* and more of one through functions that are left out */
};

#define NONE UINT32_MAX

void model_calls_release(struct model_calls *c)
{
    free(c->nodes);
    free(c->edges);
    *c = (struct model_calls){0};
}

static int by_total(const void *a, const void *b)
{
    const struct model_call_node *x = a, *y = b;
    if (x->total != y->total)
        return x->total > y->total ? -1 : 1;
    return x->name < y->name ? -1 : x->name > y->name;
}

static void keep_row(struct model_calls *c, const struct model_top_row *row)
{
    mem_grow(&c->nodes, &c->node_cap, c->node_count + 1, sizeof *c->nodes);
    c->nodes[c->node_count++] = (struct model_call_node){.name = row->name,
                                                         .module = row->module,
                                                         .wait = MODEL_CLASSES,
                                                         .self = row->self,
                                                         .total = row->total};
}

/* Half of them by what they do themselves, the rest by what they lead to. */
static void choose(struct model_calls *c, const struct model_flame *f, size_t most)
{
    struct model_top top = {0};
    struct map64 kept = {0};
    uint64_t least = f->nodes[0].total / LEAST_FUNCTION;
    for (int pass = 0; pass < 2; pass++) {
        size_t limit = pass ? most : most / 2;
        model_top_from_flame(&top, f, pass ? MODEL_TOP_TOTAL : MODEL_TOP_SELF);
        for (size_t i = 0; i < top.count && c->node_count < limit; i++) {
            bool added;
            if (top.rows[i].total < least || !top.rows[i].total)
                continue;
            map64_put(&kept, top.rows[i].name, &added);
            if (added)
                keep_row(c, &top.rows[i]);
        }
    }
    c->left_out = top.count - c->node_count;
    if (c->node_count)
        qsort(c->nodes, c->node_count, sizeof *c->nodes, by_total);
    map64_release(&kept);
    model_top_release(&top);
}

struct walk {
    struct model_calls *c;
    const struct model_flame *f;
    struct map64 by_name; /* -> node + 1 */
    struct map64 by_ends; /* src << 32 | dest -> edge + 1 */
    uint32_t *node;       /* of each frame, or NONE */
    uint32_t *above;      /* of each frame: the nearest frame above it that was kept */
};

/* The same call further up the stack: it was counted there. */
static bool is_nested(const struct walk *w, uint32_t frame)
{
    uint32_t src = w->node[w->above[frame]], dest = w->node[frame];
    for (uint32_t at = w->above[frame]; at;) {
        uint32_t up = w->above[at];
        if (up && w->node[at] == dest && w->node[up] == src)
            return true;
        at = up;
    }
    return false;
}

static void add_call(struct walk *w, uint32_t frame)
{
    struct model_calls *c = w->c;
    uint32_t src = w->node[w->above[frame]], dest = w->node[frame];
    uint64_t *at = map64_put(&w->by_ends, (uint64_t)src << 32 | dest, NULL);
    if (!*at) {
        mem_grow(&c->edges, &c->edge_cap, c->edge_count + 1, sizeof *c->edges);
        c->edges[c->edge_count] = (struct model_call_edge){.src = src, .dest = dest};
        *at = ++c->edge_count;
    }
    struct model_call_edge *e = &c->edges[*at - 1];
    e->skips |= w->above[frame] != w->f->nodes[frame].parent;
    if (!is_nested(w, frame))
        e->weight += w->f->nodes[frame].total;
}

static void add_calls(struct walk *w)
{
    const struct model_flame *f = w->f;
    for (uint32_t i = 1; i < f->count; i++) { /* parents come first */
        const uint64_t *node = map64_get(&w->by_name, f->nodes[i].name);
        uint32_t parent = f->nodes[i].parent;
        w->node[i] = node ? (uint32_t)*node - 1 : NONE;
        w->above[i] = w->node[parent] != NONE ? parent : w->above[parent];
        if (!node)
            continue;
        w->c->nodes[*node - 1].wait = f->nodes[i].wait;
        if (w->above[i])
            add_call(w, i);
    }
}

static void drop_light(struct model_calls *c, uint64_t least)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->edge_count; i++)
        if (c->edges[i].weight > (c->edges[i].skips ? least * SKIPS : least))
            c->edges[kept++] = c->edges[i];
    c->edge_count = kept;
}

void model_calls_from_flame(struct model_calls *c, const struct model_flame *f, size_t most)
{
    struct walk w = {.c = c, .f = f};
    c->node_count = c->edge_count = c->left_out = 0;
    if (!f->count || !f->nodes[0].total)
        return;
    choose(c, f, most);
    for (size_t i = 0; i < c->node_count; i++)
        *map64_put(&w.by_name, c->nodes[i].name, NULL) = i + 1;
    w.node = mem_realloc(NULL, f->count, sizeof *w.node);
    w.above = mem_realloc(NULL, f->count, sizeof *w.above);
    w.node[0] = NONE;
    w.above[0] = 0;
    add_calls(&w);
    drop_light(c, f->nodes[0].total / LEAST_CALL);
    free(w.node);
    free(w.above);
    map64_release(&w.by_name);
    map64_release(&w.by_ends);
}
