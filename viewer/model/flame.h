/* flame: a tree of call stacks with weights, made from a trace's samples or
 * waits in a range, or from a pprof profile.
 *
 *     struct model_flame f = {0};
 *     struct model_flame_job job;
 *     model_flame_job_init(&job, doc, MODEL_FLAME_CPU, range, MODEL_NO_THREAD);
 *     while (!model_flame_job_step(&job, &f, 100000)) ...   // in slices
 *     model_flame_job_release(&job);
 *
 * Node 0 is the root (all samples). After finishing, children are linked in
 * order of weight, heaviest first, and parents precede children. */
#ifndef MODEL_FLAME_H
#define MODEL_FLAME_H

#include "base/map.h"
#include "model/doc.h"
#include "model/window.h"
#include "profile/profile.h"

enum {
    MODEL_FLAME_DEPTH = 512
}; /* frames kept of a stack, from the root */

struct model_flame_node {
    uint32_t name;   /* id in flame->names */
    uint32_t module; /* id in flame->names: the file it comes from, short */
    uint32_t source; /* id in flame->names: "file:line" of one place, or "" */
    uint32_t parent;
    uint32_t child;        /* first, 0 = none */
    uint32_t sibling;      /* next, 0 = none */
    uint32_t depth;        /* root: 0 */
    enum model_class wait; /* of a pseudo-frame that names a wait, else MODEL_CLASSES */
    uint64_t self;         /* weight that ends here */
    uint64_t total;        /* with all below */
};

struct model_flame {
    struct model_flame_node *nodes; /* owned */
    size_t count, cap;
    struct intern names;
    struct map64 by_name; /* parent << 32 | name -> node */
    uint64_t samples;     /* stacks added */
    uint64_t unknown;     /* weight without a stack */
    uint32_t deepest;
};

void model_flame_clear(struct model_flame *f);
void model_flame_release(struct model_flame *f);
static inline const char *model_flame_name(const struct model_flame *f, uint32_t node)
{
    return intern_get(&f->names, f->nodes[node].name);
}

enum model_flame_kind {
    MODEL_FLAME_CPU,   /* samples: ns of CPU time */
    MODEL_FLAME_WAITS, /* blocked states: ns of waiting, by stack and reason */
};

struct model_flame_job {
    const struct model_doc *doc;
    enum model_flame_kind kind;
    struct model_range range;
    uint32_t thread, thread_end; /* left to do: indices into doc->threads */
    uint64_t row;                /* next row of `thread` */
    bool entered;                /* `row` was set for `thread` */
    struct map64 leaf_by_stack;
};

/* `thread` is an index into doc->threads or MODEL_NO_THREAD for all. */
void model_flame_job_init(struct model_flame_job *job, const struct model_doc *doc,
                          enum model_flame_kind kind, struct model_range range, int thread);
/* Adds at most about `rows` rows; true when the tree is finished. */
bool model_flame_job_step(struct model_flame_job *job, struct model_flame *f, uint64_t rows);
void model_flame_job_release(struct model_flame_job *job);

/* The whole profile, weighted by its value `type`; negative values count as 0. */
void model_flame_from_profile(struct model_flame *f, const struct profile *p, size_t type);

/* Boxes on screen, for drawing and hit test alike. */
struct model_flame_box {
    int x0, x1;
    uint32_t node;
    uint32_t row; /* 0: the top row */
};

struct model_flame_boxes {
    struct model_flame_box *items; /* owned */
    size_t count, cap;
    uint32_t rows;
};

/* Lays out the subtree of `zoom` over the width, its ancestors above it at full
 * width. Boxes narrower than a pixel are left out. */
void model_flame_layout(const struct model_flame *f, uint32_t zoom, int width_px,
                        struct model_flame_boxes *boxes);
const struct model_flame_box *model_flame_hit(const struct model_flame_boxes *boxes, int x,
                                              uint32_t row);

/* A function's weight: alone, and with what it calls (recursion counted once). */
struct model_top_row {
    uint32_t name;
    uint32_t module;
    uint64_t self;
    uint64_t total;
};

struct model_top {
    struct model_top_row *rows; /* owned */
    size_t count, cap;
};

enum model_top_order {
    MODEL_TOP_SELF,
    MODEL_TOP_TOTAL,
    MODEL_TOP_NAME
};

void model_top_from_flame(struct model_top *top, const struct model_flame *f,
                          enum model_top_order order);

#endif
