/* Sorting graphs and making them smaller. */
#include "base/strbuf.h"
#include "pprof/graph.h"
#include "pprof/measure.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_NODELETS = 4 /* tags drawn at a node; more do not count as nodes */
};

size_t pprof_node_index(const struct pprof_graph *g, const struct pprof_node *n)
{
    return (size_t)(n - g->nodes);
}

/* ---- order ---- */

static int descending(int64_t a, int64_t b)
{
    a = measure_abs(a);
    b = measure_abs(b);
    return (a < b) - (a > b);
}

/* All that tells two frames apart, so that there are no ties. */
static int compare_frames(const struct pprof_frame *a, const struct pprof_frame *b)
{
    struct strbuf x = {0}, y = {0};
    const struct pprof_frame *f[] = {a, b};
    struct strbuf *out[] = {&x, &y};
    for (int i = 0; i < 2; i++)
        strbuf_printf(out[i], "%s  %" PRIu64 " %s %" PRId64 " %" PRId64 " %" PRId64 " %s",
                      f[i]->name, f[i]->address, f[i]->file, f[i]->start_line, f[i]->line,
                      f[i]->column, f[i]->objfile);
    int order = strcmp(x.p, y.p);
    strbuf_release(&x);
    strbuf_release(&y);
    return order;
}

static int compare_names(struct pprof_graph *g, const struct pprof_node *a,
                         const struct pprof_node *b)
{
    if (a->frame == b->frame)
        return 0;
    return strcmp(pprof_frame_name(g->frames, a->frame), pprof_frame_name(g->frames, b->frame));
}

static int last_resort(struct pprof_graph *g, const struct pprof_node *a,
                       const struct pprof_node *b)
{
    int order = a->frame == b->frame
                    ? 0
                    : compare_frames(&g->frames->frames[a->frame], &g->frames->frames[b->frame]);
    return order ? order : (a > b) - (a < b);
}

static int by_flat(const void *x, const void *y, void *data)
{
    const struct pprof_node *a = *(struct pprof_node *const *)x,
                            *b = *(struct pprof_node *const *)y;
    int order = descending(a->flat, b->flat);
    if (!order)
        order = compare_names(data, a, b);
    if (!order)
        order = descending(a->cum, b->cum);
    return order ? order : last_resort(data, a, b);
}

static int by_score(const void *x, const void *y, void *data)
{
    const struct pprof_node *a = *(struct pprof_node *const *)x,
                            *b = *(struct pprof_node *const *)y;
    int order = descending(a->score, b->score);
    if (!order)
        order = compare_names(data, a, b);
    if (!order)
        order = descending(a->flat, b->flat);
    return order ? order : last_resort(data, a, b);
}

struct edge_list {
    const uint32_t *edges;
    size_t count;
};

static struct edge_list list_in(const struct pprof_graph *g, const struct pprof_node *n)
{
    size_t i = pprof_node_index(g, n);
    return (struct edge_list){g->in + g->in_first[i], g->in_first[i + 1] - g->in_first[i]};
}

static struct edge_list list_out(const struct pprof_graph *g, const struct pprof_node *n)
{
    size_t i = pprof_node_index(g, n);
    return (struct edge_list){g->out + g->out_first[i], g->out_first[i + 1] - g->out_first[i]};
}

static double surprise(int64_t part, int64_t total)
{
    double share = (double)measure_abs(part) / (double)total;
    return -share * log2(share);
}

/* Entropy (Shannon) of how weight spreads over the edges and the node itself; 1
 * where there are none, which favours entries and leaves. */
static double entropy(const struct pprof_graph *g, struct edge_list list, int64_t self)
{
    int64_t total = self;
    size_t alive = 0;
    for (size_t i = 0; i < list.count; i++) {
        const struct pprof_edge *e = &g->edges[list.edges[i]];
        alive += !e->dead;
        if (!e->dead && e->weight > 0)
            total = measure_add(total, e->weight);
    }
    if (!alive)
        return 1;
    if (!total)
        return 0;
    double score = self > 0 ? surprise(self, total) : 0;
    for (size_t i = 0; i < list.count; i++)
        if (!g->edges[list.edges[i]].dead)
            score += surprise(g->edges[list.edges[i]].weight, total);
    return score;
}

/* int64_t(x) as amd64 does it: NaN and what does not fit become the smallest. */
static int64_t to_score(double v)
{
    return v >= -0x1p63 && v < 0x1p63 ? (int64_t)v : INT64_MIN;
}

void pprof_graph_sort(struct pprof_graph *g, enum pprof_order by)
{
    for (size_t i = 0; i < g->count; i++) {
        struct pprof_node *n = g->order[i];
        n->score = n->cum;
        if (by == PPROF_BY_ENTROPY) {
            double score = entropy(g, list_in(g, n), 0) + entropy(g, list_out(g, n), n->flat);
            n->score = (int64_t)((uint64_t)to_score(score * (double)n->cum) + (uint64_t)n->flat);
        }
    }
    qsort_r(g->order, g->count, sizeof(struct pprof_node *),
            by == PPROF_BY_FLAT ? by_flat : by_score, g);
}

/* ---- edges ---- */

static int by_weight(const void *x, const void *y, void *data)
{
    const struct pprof_edge *a = *(struct pprof_edge *const *)x,
                            *b = *(struct pprof_edge *const *)y;
    struct pprof_graph *g = data;
    int order = a->weight == b->weight ? 0 : descending(a->weight, b->weight);
    if (!order)
        order = compare_names(g, &g->nodes[a->src], &g->nodes[b->src]);
    if (!order)
        order = compare_names(g, &g->nodes[a->dest], &g->nodes[b->dest]);
    return order ? order : (a > b) - (a < b);
}

void pprof_edges_sort(struct pprof_graph *g, struct pprof_edge **edges, size_t count)
{
    qsort_r(edges, count, sizeof(struct pprof_edge *), by_weight, g);
}

static struct pprof_edge **alive(struct pprof_graph *g, struct edge_list list, size_t *count)
{
    struct pprof_edge **edges = mem_realloc(NULL, list.count + 1, sizeof(struct pprof_edge *));
    *count = 0;
    for (size_t i = 0; i < list.count; i++)
        if (!g->edges[list.edges[i]].dead)
            edges[(*count)++] = &g->edges[list.edges[i]];
    pprof_edges_sort(g, edges, *count);
    return edges;
}

struct pprof_edge **pprof_edges_in(struct pprof_graph *g, const struct pprof_node *n, size_t *count)
{
    return alive(g, list_in(g, n), count);
}

struct pprof_edge **pprof_edges_out(struct pprof_graph *g, const struct pprof_node *n,
                                    size_t *count)
{
    return alive(g, list_out(g, n), count);
}

size_t pprof_graph_trim_edges(struct pprof_graph *g, int64_t cutoff)
{
    size_t dropped = 0;
    for (size_t i = 0; i < g->count; i++) {
        struct edge_list list = list_in(g, g->order[i]);
        for (size_t k = 0; k < list.count; k++) {
            struct pprof_edge *e = &g->edges[list.edges[k]];
            if (e->dead || measure_abs(e->weight) >= cutoff)
                continue;
            e->dead = true;
            dropped++;
        }
    }
    return dropped;
}

/* Is there another way from the edge's source to its destination? */
static bool is_redundant(const struct pprof_graph *g, const struct pprof_edge *edge, uint8_t *seen,
                         uint32_t *queue)
{
    memset(seen, 0, g->node_count);
    size_t head = 0, tail = 0;
    queue[tail++] = edge->dest;
    seen[edge->dest] = 1;
    while (head < tail) {
        struct edge_list list = list_in(g, &g->nodes[queue[head++]]);
        for (size_t i = 0; i < list.count; i++) {
            const struct pprof_edge *e = &g->edges[list.edges[i]];
            if (e == edge || e->dead || seen[e->src])
                continue;
            if (e->src == edge->src)
                return true;
            seen[e->src] = 1;
            queue[tail++] = e->src;
        }
    }
    return false;
}

void pprof_graph_remove_redundant(struct pprof_graph *g)
{
    uint8_t *seen = mem_realloc(NULL, g->node_count + 1, 1);
    uint32_t *queue = mem_realloc(NULL, g->node_count + 1, sizeof *queue);
    for (size_t i = g->count; i > 0; i--) {
        size_t n;
        struct pprof_edge **in = pprof_edges_in(g, g->order[i - 1], &n);
        /* An edge heavier than one that is no detour stays, lest it confuse. */
        while (n > 0 && in[n - 1]->residual) {
            struct pprof_edge *e = in[--n];
            e->dead = is_redundant(g, e, seen, queue);
        }
        free(in);
    }
    free(seen);
    free(queue);
}

/* ---- tags ---- */

void pprof_graph_trim_tags(struct pprof_graph *g, int64_t cutoff)
{
    for (size_t i = 0; i < g->count; i++) {
        uint32_t *link = &g->order[i]->tags;
        while (*link != PROFILE_NONE) {
            const struct pprof_tag *t = &g->tags[*link];
            if (measure_abs(t->flat) >= cutoff || measure_abs(t->cum) >= cutoff)
                link = &g->tags[*link].next;
            else
                *link = t->next;
        }
    }
}

static size_t count_tags(const struct pprof_graph *g, const struct pprof_node *n)
{
    size_t count = 0;
    for (uint32_t t = n->tags; t != PROFILE_NONE; t = g->tags[t].next)
        count += g->tags[t].flat != 0;
    return count < MAX_NODELETS ? count : MAX_NODELETS;
}

/* ---- nodes ---- */

/* How many of the first nodes make up `max`, tags counted. */
static size_t first_nodes(const struct pprof_graph *g, size_t max, bool visual)
{
    size_t seen = 0;
    for (size_t i = 0; visual && i < g->count; i++) {
        seen += 1 + count_tags(g, g->order[i]);
        if (seen >= max)
            return i + 1;
    }
    return max < g->count ? max : g->count;
}

enum {
    BY_NODE,
    BY_FRAME
};

static uint8_t *keep(const struct pprof_graph *g, int what, int64_t cutoff, size_t first, size_t *n)
{
    size_t rows = what == BY_FRAME ? g->frames->count : g->node_count;
    uint8_t *kept = calloc(rows + 1, 1);
    if (!kept)
        abort();
    *n = 0;
    for (size_t i = 0; i < g->count && i < first; i++) {
        const struct pprof_node *node = g->order[i];
        if (measure_abs(node->cum) < cutoff)
            continue;
        size_t row = what == BY_FRAME ? node->frame : pprof_node_index(g, node);
        *n += !kept[row];
        kept[row] = 1;
    }
    return kept;
}

uint8_t *pprof_graph_keep_heavy(const struct pprof_graph *g, int64_t cutoff, size_t *n)
{
    return keep(g, BY_FRAME, cutoff, g->count, n);
}

uint8_t *pprof_graph_keep_first(const struct pprof_graph *g, size_t max, bool visual, size_t *n)
{
    return keep(g, BY_FRAME, 0, first_nodes(g, max, visual), n);
}

uint8_t *pprof_tree_keep_heavy(const struct pprof_graph *g, int64_t cutoff, size_t *n)
{
    return keep(g, BY_NODE, cutoff, g->count, n);
}

uint8_t *pprof_tree_keep_first(const struct pprof_graph *g, size_t max, bool visual, size_t *n)
{
    return keep(g, BY_NODE, 0, first_nodes(g, max, visual), n);
}

/* The edge that a kept node hangs on once those between are gone, as a copy of its
 * own edge; PROFILE_NONE when it becomes a root. */
static uint32_t rehang(struct pprof_graph *g, const struct pprof_node *n, const uint8_t *gone)
{
    uint32_t own = n->parent_edge;
    if (own == PROFILE_NONE || g->edges[own].dead)
        return PROFILE_NONE;
    struct pprof_edge *e = &g->edges[own];
    while (gone[e->src]) {
        uint32_t up = g->nodes[e->src].parent_edge;
        if (up == PROFILE_NONE || g->edges[up].dead) {
            e->dead = true;
            return PROFILE_NONE;
        }
        e->src = g->edges[up].src;
        e->residual = true;
        e->inlined &= g->edges[up].inlined;
    }
    return own;
}

void pprof_tree_trim(struct pprof_graph *g, const uint8_t *kept)
{
    uint8_t *gone = calloc(g->node_count + 1, 1);
    if (!gone)
        abort();
    size_t n = 0;
    for (size_t i = 0; i < g->count; i++) {
        size_t row = pprof_node_index(g, g->order[i]);
        gone[row] = !kept[row];
    }
    for (size_t i = 0; i < g->node_count; i++)
        if (!gone[i])
            g->nodes[i].parent_edge = rehang(g, &g->nodes[i], gone);
    for (size_t i = 0; i < g->node_count; i++)
        if (gone[i] && g->nodes[i].parent_edge != PROFILE_NONE)
            g->edges[g->nodes[i].parent_edge].dead = true;
    for (size_t i = 0; i < g->count; i++)
        if (!gone[pprof_node_index(g, g->order[i])])
            g->order[n++] = g->order[i];
    g->count = n;
    free(gone);
    pprof_graph_index_edges(g);
}
