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
    uint64_t before_self;  /* of a difference: the same in the first profile */
    uint64_t before;
};

struct model_flame {
    struct model_flame_node *nodes; /* owned */
    size_t count, cap;
    struct intern names;
    struct map64 by_name; /* parent << 32 | name -> node */
    uint64_t samples;     /* stacks added */
    uint64_t unknown;     /* weight without a stack */
    uint32_t deepest;
    bool in_time_order; /* equal stacks apart in time are nodes of their own; set it after clear */
    bool is_diff;
    bool by_before; /* of a difference: `total` is the first profile's, `before` the second's */
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
    MODEL_FLAME_BOTH,  /* both: where the time of threads went */
};

struct model_flame_job {
    const struct model_doc *doc;
    enum model_flame_kind kind;
    struct model_range range;
    uint32_t thread, thread_end; /* left to do: indices into doc->threads */
    uint64_t row, wait_row;      /* next row of `thread`: of its samples, of its states */
    bool entered;                /* they were set for `thread` */
    bool all_threads;
    bool in_time_order; /* children from left to right as they ran, by thread */
    uint32_t base;      /* node that the thread's stacks hang from */
    struct map64 leaf_by_stack;
};

/* `thread` is an index into doc->threads or MODEL_NO_THREAD for all. Set
 * job->in_time_order before the first step. */
void model_flame_job_init(struct model_flame_job *job, const struct model_doc *doc,
                          enum model_flame_kind kind, struct model_range range, int thread);
/* Adds at most about `rows` rows; true when the tree is finished. */
bool model_flame_job_step(struct model_flame_job *job, struct model_flame *f, uint64_t rows);
void model_flame_job_release(struct model_flame_job *job);

/* The whole profile, weighted by its value `type`; negative values count as 0. */
void model_flame_from_profile(struct model_flame *f, const struct profile *p, size_t type);

/* What changed between two profiles of one kind: `total` is `after`'s weight, or
 * with by_before the first one's; node->before always that of `before`. Relative
 * scales `before` as if both had the same sum. */
void model_flame_diff(struct model_flame *out, const struct model_flame *before,
                      const struct model_flame *after, bool relative, bool by_before);

/* The halves of a sandwich: what a function calls, wherever it is called from, and
 * who calls it, node 0 being the function itself. A recursion counts once. False
 * where the function is not in the tree. */
bool model_flame_callees(struct model_flame *out, const struct model_flame *f, const char *name);
bool model_flame_callers(struct model_flame *out, const struct model_flame *f, const char *name);

/* match[node] tells which names contain `text`, ignoring case. Returns the weight of
 * stacks with such a frame. */
uint64_t model_flame_match(const struct model_flame *f, const char *text, bool *match);

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
    uint64_t before_self, before; /* of a difference */
    uint32_t source;              /* id in flame->names: one place of it, or "" */
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
void model_top_release(struct model_top *top);

#endif
