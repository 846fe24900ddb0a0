/* graph: samples summed up into frames and the calls between them.
 *
 * Each line of each location gets the dense number of its frame once
 * (pprof_frames), so that summing up samples only indexes arrays. A graph is built
 * again, from the samples, when frames are left out: what they called then hangs
 * on their callers by residual edges. */
#ifndef PPROF_GRAPH_H
#define PPROF_GRAPH_H

#include "pprof/measure.h"
#include "pprof/model.h"

/* What tells frames apart; what the report does not show is blank. */
struct pprof_frame {
    const char *name;
    const char *file;    /* cleaned path */
    const char *objfile; /* "" unless asked for, or the only thing known */
    uint64_t address;
    int64_t line;
    int64_t column;
    int64_t start_line;
    char *printable; /* made by pprof_frame_name */
};

struct pprof_frames {
    struct arena arena;
    struct pprof_frame *frames; /* owned by realloc: grows */
    size_t count;
    uint32_t *first;   /* of each location (and one past the last): index into `of_line` */
    uint32_t *of_line; /* frame of each line, innermost first */
    bool any_inline;   /* some location has several lines */
};

/* with_objects keeps functions of different binaries apart. */
void pprof_frames_init(struct pprof_frames *f, const struct pprof_model *m, bool with_objects);
void pprof_frames_release(struct pprof_frames *f);
/* "0000000000401000 name file:12": the parts that are known. */
const char *pprof_frame_name(struct pprof_frames *f, uint32_t frame);
/* The parts one by one; returns how many (at most 3), in the arena given. */
int pprof_frame_parts(struct arena *a, const struct pprof_frame *frame, const char *parts[3]);
/* A path without "." and "x/.." and doubled slashes. */
const char *pprof_clean_path(struct arena *a, const char *path);

/* A label's share of a node: "key:value\nkey:value", or a number under one. */
struct pprof_tag {
    const char *name;
    const char *parent; /* of a number: the text labels of its samples, else NULL */
    const char *unit;
    int64_t value; /* of a number */
    int64_t flat, flat_div, cum, cum_div;
    uint32_t next; /* of the same node: index into tags, or PROFILE_NONE */
};

struct pprof_node {
    uint32_t frame;
    uint32_t parent_edge; /* in a tree: the edge it hangs on, or PROFILE_NONE */
    int64_t flat, flat_div, cum, cum_div;
    int64_t score;
    uint64_t seen;      /* last sample counted in cum */
    uint32_t last_edge; /* found last: samples come in runs */
    uint32_t function;  /* equal for nodes of the same function (and place in a tree) */
    uint32_t id;        /* position in `order`, from 1; 0: not shown */
    uint32_t tags;      /* first, or PROFILE_NONE */
};

struct pprof_edge {
    uint32_t src, dest;
    int64_t weight, weight_div;
    uint64_t seen;
    bool residual; /* goes through nodes left out */
    bool inlined;  /* every call was inlined */
    bool dead;
};

struct pprof_graph_options {
    size_t value;
    bool mean; /* divide by the first value */
    bool call_tree;
    bool drop_negative;
    bool with_edges;
    bool with_tags;
    const char *tag_unit;   /* what numeric tags are shown in */
    const char *bytes_unit; /* of the label "bytes" */
    const uint8_t *kept;    /* of each frame; NULL: all */
    const uint8_t *joined;  /* of each frame: its calls are wanted; NULL: all calls */
};

struct pprof_graph {
    struct arena arena;
    struct pprof_frames *frames; /* borrowed */
    struct pprof_node *nodes;    /* owned */
    size_t node_count;
    struct pprof_edge *edges; /* owned */
    size_t edge_count;
    struct pprof_tag *tags; /* owned */
    size_t tag_count;
    struct pprof_node **order; /* owned: the nodes to show */
    size_t count;
    uint32_t *in, *in_first; /* owned: edges by destination, also dead ones */
    uint32_t *out, *out_first;
};

void pprof_graph_init(struct pprof_graph *g, struct pprof_frames *frames,
                      const struct pprof_model *m, const struct pprof_graph_options *o);
void pprof_graph_release(struct pprof_graph *g);

static inline int64_t pprof_node_flat(const struct pprof_node *n)
{
    return measure_div(n->flat, n->flat_div);
}
static inline int64_t pprof_node_cum(const struct pprof_node *n)
{
    return measure_div(n->cum, n->cum_div);
}
static inline int64_t pprof_edge_weight(const struct pprof_edge *e)
{
    return measure_div(e->weight, e->weight_div);
}

enum pprof_order {
    PPROF_BY_FLAT,
    PPROF_BY_CUM,
    PPROF_BY_ENTROPY /* what makes a call graph interesting */
};
void pprof_graph_sort(struct pprof_graph *g, enum pprof_order by);
/* Which frames to keep for a smaller graph: those of at least `cutoff`, or the
 * first `max` (in a visual graph tags count too). Returns a table for `kept`, and
 * in *n how many of the shown nodes stay. The caller frees it. */
uint8_t *pprof_graph_keep_heavy(const struct pprof_graph *g, int64_t cutoff, size_t *n);
uint8_t *pprof_graph_keep_first(const struct pprof_graph *g, size_t max, bool visual, size_t *n);
/* A tree is cut without the samples: keep is a table over nodes, made by these. */
uint8_t *pprof_tree_keep_heavy(const struct pprof_graph *g, int64_t cutoff, size_t *n);
uint8_t *pprof_tree_keep_first(const struct pprof_graph *g, size_t max, bool visual, size_t *n);
void pprof_tree_trim(struct pprof_graph *g, const uint8_t *keep);
void pprof_graph_trim_tags(struct pprof_graph *g, int64_t cutoff);
/* Returns how many edges went. */
size_t pprof_graph_trim_edges(struct pprof_graph *g, int64_t cutoff);
/* Removes residual edges whose ends are joined some other way. */
void pprof_graph_remove_redundant(struct pprof_graph *g);

/* Living edges into or out of a node, heaviest first. The caller frees. */
struct pprof_edge **pprof_edges_in(struct pprof_graph *g, const struct pprof_node *n,
                                   size_t *count);
struct pprof_edge **pprof_edges_out(struct pprof_graph *g, const struct pprof_node *n,
                                    size_t *count);
void pprof_edges_sort(struct pprof_graph *g, struct pprof_edge **edges, size_t count);
size_t pprof_node_index(const struct pprof_graph *g, const struct pprof_node *n);
/* Makes the lists of edges by node anew. */
void pprof_graph_index_edges(struct pprof_graph *g);

#endif
