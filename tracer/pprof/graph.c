#include "pprof/graph.h"

#include "base/map.h"
#include "base/strbuf.h"
#include "pprof/measure.h"

#include <stdlib.h>
#include <string.h>

struct builder {
    struct pprof_graph *g;
    const struct pprof_model *m;
    const struct pprof_graph_options *o;
    size_t node_cap, edge_cap, tag_cap;
    uint32_t *node_of_frame; /* in a graph: PROFILE_NONE where left out */
    struct map64 children;   /* in a tree: parent and frame to node */
    uint32_t *edge_slots;    /* index + 1 into edges, by hash of (src, dest) */
    size_t edge_slot_count;  /* power of two */
    struct map64 tag_rows;   /* node and tag name to row */
    struct intern tag_names;
    struct strbuf text;

    uint64_t sample; /* number of this one, from 1 */
    int64_t w, dw;
    const char *labels;    /* of this sample, joined; "" for none */
    const char **numbers;  /* of this sample: formatted values of "bytes" */
    const int64_t *values; /* ... and the values */
    size_t number_count;
};

/* ---- nodes and edges ---- */

static uint32_t add_node(struct builder *b, uint32_t frame)
{
    struct pprof_graph *g = b->g;
    mem_grow(&g->nodes, &b->node_cap, g->node_count + 1, sizeof *g->nodes);
    g->nodes[g->node_count] = (struct pprof_node){.frame = frame,
                                                  .parent_edge = PROFILE_NONE,
                                                  .last_edge = PROFILE_NONE,
                                                  .tags = PROFILE_NONE};
    return (uint32_t)g->node_count++;
}

static void grow_slots(struct builder *b)
{
    size_t count = b->edge_slot_count ? 2 * b->edge_slot_count : 1024;
    free(b->edge_slots);
    b->edge_slots = calloc(count, sizeof *b->edge_slots);
    if (!b->edge_slots)
        abort();
    b->edge_slot_count = count;
    for (size_t i = 0; i < b->g->edge_count; i++) {
        const struct pprof_edge *e = &b->g->edges[i];
        size_t at = hash64((uint64_t)e->src << 32 | e->dest) & (count - 1);
        while (b->edge_slots[at])
            at = (at + 1) & (count - 1);
        b->edge_slots[at] = (uint32_t)i + 1;
    }
}

static uint32_t add_edge(struct builder *b, uint32_t src, uint32_t dest)
{
    struct pprof_graph *g = b->g;
    mem_grow(&g->edges, &b->edge_cap, g->edge_count + 1, sizeof *g->edges);
    g->edges[g->edge_count] = (struct pprof_edge){.src = src, .dest = dest, .inlined = true};
    return (uint32_t)g->edge_count++;
}

static uint32_t find_edge(struct builder *b, uint32_t src, uint32_t dest)
{
    struct pprof_graph *g = b->g;
    uint32_t last = g->nodes[dest].last_edge;
    if (last != PROFILE_NONE && g->edges[last].src == src)
        return last;
    if (2 * g->edge_count >= b->edge_slot_count)
        grow_slots(b);
    size_t mask = b->edge_slot_count - 1;
    size_t at = hash64((uint64_t)src << 32 | dest) & mask;
    for (; b->edge_slots[at]; at = (at + 1) & mask) {
        const struct pprof_edge *e = &g->edges[b->edge_slots[at] - 1];
        if (e->src == src && e->dest == dest)
            return g->nodes[dest].last_edge = b->edge_slots[at] - 1;
    }
    uint32_t edge = add_edge(b, src, dest);
    b->edge_slots[at] = edge + 1;
    return g->nodes[dest].last_edge = edge;
}

static void add_to_edge(struct builder *b, uint32_t edge, bool residual, bool inlined)
{
    struct pprof_edge *e = &b->g->edges[edge];
    if (e->seen == b->sample)
        return; /* a sample counts once, however often it goes round */
    e->seen = b->sample;
    e->weight = measure_add(e->weight, b->w);
    e->weight_div = measure_add(e->weight_div, b->dw);
    e->residual |= residual;
    e->inlined &= inlined;
}

/* ---- tags ---- */

static struct pprof_tag *tag_of(struct builder *b, uint32_t node, const char *parent,
                                const char *name, int64_t value)
{
    strbuf_clear(&b->text);
    strbuf_printf(&b->text, "%s%c%s", parent ? "#" : "", 1, name);
    if (parent)
        strbuf_printf(&b->text, "%c%s", 1, parent);
    uint32_t name_id = intern_bytes(&b->tag_names, b->text.p, b->text.len);
    bool added;
    uint64_t *row = map64_put(&b->tag_rows, (uint64_t)node << 32 | name_id, &added);
    struct pprof_graph *g = b->g;
    if (added) {
        *row = g->tag_count;
        mem_grow(&g->tags, &b->tag_cap, g->tag_count + 1, sizeof *g->tags);
        g->tags[g->tag_count++] =
            (struct pprof_tag){.name = arena_strdup(&g->arena, name),
                               .parent = parent ? arena_strdup(&g->arena, parent) : NULL,
                               .unit = parent ? b->o->bytes_unit : "",
                               .value = value,
                               .next = g->nodes[node].tags};
        g->nodes[node].tags = (uint32_t)*row;
    }
    return &g->tags[*row];
}

static void add_to_tag(const struct builder *b, struct pprof_tag *t, bool flat)
{
    if (flat) {
        t->flat = measure_add(t->flat, b->w);
        t->flat_div = measure_add(t->flat_div, b->dw);
    } else {
        t->cum = measure_add(t->cum, b->w);
        t->cum_div = measure_add(t->cum_div, b->dw);
    }
}

static void add_to_node(struct builder *b, uint32_t node, bool flat)
{
    struct pprof_node *n = &b->g->nodes[node];
    if (flat) {
        n->flat = measure_add(n->flat, b->w);
        n->flat_div = measure_add(n->flat_div, b->dw);
    } else {
        n->cum = measure_add(n->cum, b->w);
        n->cum_div = measure_add(n->cum_div, b->dw);
    }
    if (!b->o->with_tags)
        return;
    if (b->labels[0])
        add_to_tag(b, tag_of(b, node, NULL, b->labels, 0), flat);
    for (size_t i = 0; i < b->number_count; i++)
        add_to_tag(b, tag_of(b, node, b->labels, b->numbers[i], b->values[i]), flat);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "key:value\nkey:value" (the backslash as written: it is dot's), sorted. */
static const char *join_labels(struct arena *a, const struct profile_sample *s)
{
    const char **all = arena_array(a, s->label_count, sizeof *all);
    size_t n = 0;
    for (uint32_t k = 0; k < s->label_count; k++) {
        const struct profile_label *l = &s->labels[k];
        if (l->text && strcmp(l->key, "pprof::base"))
            all[n++] = arena_printf(a, "%s:%s", l->key, l->text);
    }
    qsort(all, n, sizeof *all, by_text);
    const char *joined = n ? all[0] : "";
    for (size_t i = 1; i < n; i++)
        joined = arena_printf(a, "%s\\n%s", joined, all[i]);
    return joined;
}

static void set_tags(struct builder *b, struct arena *a, const struct profile_sample *s)
{
    arena_clear(a);
    b->labels = join_labels(a, s);
    const char **numbers = arena_array(a, s->label_count, sizeof *numbers);
    int64_t *values = arena_array(a, s->label_count, sizeof *values);
    char buf[MEASURE_MAX];
    b->number_count = 0;
    for (uint32_t k = 0; k < s->label_count; k++) {
        const struct profile_label *l = &s->labels[k];
        if (l->text || strcmp(l->key, "bytes"))
            continue;
        values[b->number_count] = l->number;
        numbers[b->number_count++] =
            arena_strdup(a, measure_label(buf, l->number, b->o->bytes_unit, b->o->tag_unit));
    }
    b->numbers = numbers;
    b->values = values;
}

/* ---- samples ---- */

static bool wants_edge(const struct builder *b, uint32_t src, uint32_t dest)
{
    const struct pprof_node *nodes = b->g->nodes;
    return !b->o->joined || b->o->joined[nodes[src].frame] || b->o->joined[nodes[dest].frame];
}

static void add_graph_sample(struct builder *b, const struct profile_sample *s)
{
    const struct pprof_frames *f = b->g->frames;
    uint32_t parent = PROFILE_NONE;
    bool residual = false;
    for (uint32_t d = s->depth; d > 0; d--) {
        uint32_t loc = s->locations[d - 1], begin = f->first[loc], end = f->first[loc + 1];
        for (uint32_t l = end; l > begin; l--) {
            uint32_t node = b->node_of_frame[f->of_line[l - 1]];
            if (node == PROFILE_NONE) {
                residual = true;
                continue;
            }
            if (b->g->nodes[node].seen != b->sample) {
                b->g->nodes[node].seen = b->sample;
                add_to_node(b, node, false);
            }
            if (b->o->with_edges && parent != PROFILE_NONE && parent != node &&
                wants_edge(b, parent, node))
                add_to_edge(b, find_edge(b, parent, node), residual, l != end);
            parent = node;
            residual = false;
        }
    }
    if (parent != PROFILE_NONE && !residual)
        add_to_node(b, parent, true);
}

static uint32_t child_node(struct builder *b, uint32_t parent, uint32_t frame)
{
    bool added;
    /* Roots hang on the number no node can have. */
    uint64_t *at = map64_put(&b->children, (uint64_t)parent << 32 | frame, &added);
    if (added) {
        *at = b->g->node_count;
        add_node(b, frame);
        if (parent != PROFILE_NONE)
            b->g->nodes[*at].parent_edge = add_edge(b, parent, (uint32_t)*at);
    }
    return (uint32_t)*at;
}

static void add_tree_sample(struct builder *b, const struct profile_sample *s)
{
    const struct pprof_frames *f = b->g->frames;
    uint32_t parent = PROFILE_NONE;
    for (uint32_t d = s->depth; d > 0; d--) {
        uint32_t loc = s->locations[d - 1], begin = f->first[loc], end = f->first[loc + 1];
        for (uint32_t l = end; l > begin; l--) {
            uint32_t node = child_node(b, parent, f->of_line[l - 1]);
            add_to_node(b, node, false);
            if (parent != PROFILE_NONE)
                add_to_edge(b, b->g->nodes[node].parent_edge, false, l != end);
            parent = node;
        }
    }
    if (parent != PROFILE_NONE)
        add_to_node(b, parent, true);
}

static void add_samples(struct builder *b)
{
    const struct pprof_model *m = b->m;
    struct arena scratch = {0};
    for (size_t i = 0; i < m->sample_count; i++) {
        const struct profile_sample *s = &m->samples[i];
        b->w = s->values[b->o->value];
        b->dw = b->o->mean ? s->values[0] : 0;
        if (b->w == 0 && b->dw == 0)
            continue;
        b->sample = i + 1;
        if (b->o->with_tags)
            set_tags(b, &scratch, s);
        if (b->o->call_tree)
            add_tree_sample(b, s);
        else
            add_graph_sample(b, s);
    }
    arena_release(&scratch);
}

/* ---- the graph ---- */

static void make_nodes(struct builder *b)
{
    const struct pprof_frames *f = b->g->frames;
    b->node_of_frame = mem_realloc(NULL, f->count + 1, sizeof *b->node_of_frame);
    for (uint32_t i = 0; i < f->count; i++)
        b->node_of_frame[i] = b->o->kept && !b->o->kept[i] ? PROFILE_NONE : add_node(b, i);
}

/* Lines of one function are told apart by address and line only. */
static void number_functions(struct builder *b)
{
    struct pprof_graph *g = b->g;
    struct intern keys = {0};
    for (size_t i = 0; i < g->node_count; i++) {
        struct pprof_node *n = &g->nodes[i];
        const struct pprof_frame *f = &g->frames->frames[n->frame];
        strbuf_clear(&b->text);
        strbuf_printf(&b->text, "%s\n%s\n%s\n%lld", f->name, f->file, f->objfile,
                      (long long)f->start_line);
        if (b->o->call_tree)
            strbuf_printf(&b->text, "\n%u",
                          n->parent_edge == PROFILE_NONE ? PROFILE_NONE
                                                         : g->edges[n->parent_edge].src);
        n->function = intern_bytes(&keys, b->text.p, b->text.len);
    }
    intern_release(&keys);
}

static bool is_negative(const struct pprof_node *n)
{
    return n->flat < 0 || (n->flat == 0 && n->cum < 0);
}

static void select_nodes(struct pprof_graph *g, bool drop_negative)
{
    g->order = mem_realloc(NULL, g->node_count + 1, sizeof(struct pprof_node *));
    for (size_t i = 0; i < g->node_count; i++) {
        struct pprof_node *n = &g->nodes[i];
        if ((n->cum == 0 && n->flat == 0) || (drop_negative && is_negative(n)))
            continue;
        g->order[g->count++] = n;
    }
}

void pprof_graph_index_edges(struct pprof_graph *g)
{
    free(g->in);
    free(g->out);
    free(g->in_first);
    free(g->out_first);
    g->in = mem_realloc(NULL, g->edge_count + 1, sizeof *g->in);
    g->out = mem_realloc(NULL, g->edge_count + 1, sizeof *g->out);
    g->in_first = calloc(g->node_count + 2, sizeof *g->in_first);
    g->out_first = calloc(g->node_count + 2, sizeof *g->out_first);
    if (!g->in_first || !g->out_first)
        abort();
    for (size_t i = 0; i < g->edge_count; i++) {
        g->in_first[g->edges[i].dest + 2]++;
        g->out_first[g->edges[i].src + 2]++;
    }
    for (size_t i = 2; i < g->node_count + 2; i++) {
        g->in_first[i] += g->in_first[i - 1];
        g->out_first[i] += g->out_first[i - 1];
    }
    for (uint32_t i = 0; i < g->edge_count; i++) {
        g->in[g->in_first[g->edges[i].dest + 1]++] = i;
        g->out[g->out_first[g->edges[i].src + 1]++] = i;
    }
}

void pprof_graph_init(struct pprof_graph *g, struct pprof_frames *frames,
                      const struct pprof_model *m, const struct pprof_graph_options *o)
{
    *g = (struct pprof_graph){.frames = frames};
    struct builder b = {.g = g, .m = m, .o = o};
    if (!o->call_tree)
        make_nodes(&b);
    add_samples(&b);
    number_functions(&b);
    select_nodes(g, o->drop_negative);
    pprof_graph_index_edges(g);
    free(b.node_of_frame);
    free(b.edge_slots);
    map64_release(&b.children);
    map64_release(&b.tag_rows);
    intern_release(&b.tag_names);
    strbuf_release(&b.text);
}

void pprof_graph_release(struct pprof_graph *g)
{
    free(g->nodes);
    free(g->edges);
    free(g->tags);
    free(g->order);
    free(g->in);
    free(g->in_first);
    free(g->out);
    free(g->out_first);
    arena_release(&g->arena);
    *g = (struct pprof_graph){0};
}
