/* flame: samples as a tree of boxes as wide as what they cost, cut to what can be seen.
 *
 * The tree is grown from the root a layer at a time, and only where a box is wide enough:
 * the work is for what is shown, not for every stack of the profile. */
#ifndef PPROF_FLAME_H
#define PPROF_FLAME_H

#include "pprof/report.h"

struct pprof_flame_box {
    uint32_t frame;  /* index into frames; PROFILE_NONE for the root */
    uint32_t parent; /* box; PROFILE_NONE for the root */
    uint32_t depth;  /* 0: the root */
    bool inlined;    /* at every place into its caller */
    /* Sums of what is above and below zero (as a positive number): in a comparison what
     * the one and the other profile have. self is the part without callees. */
    int64_t more, less;
    int64_t self_more, self_less;
};

struct pprof_flame_options {
    const struct pprof_rx *pivot; /* NULL: from the root; else from matching functions on */
    bool callers;                 /* of the pivot, instead of what it calls */
    double least;        /* share of the whole that a box must have: 0.0005 is a pixel of 2000 */
    uint32_t most_boxes; /* the widest are kept */
};

struct pprof_flame {
    struct pprof_frames frames;
    struct pprof_flame_box *boxes; /* owned; parents before children, which stand together,
                                      the widest first */
    size_t count;
    uint64_t cut; /* boxes that were left out because they are narrow */
};

/* Of r's value; r has been set up (filters, granularity). */
void pprof_flame_init(struct pprof_flame *f, struct pprof_report *r,
                      const struct pprof_flame_options *o);
void pprof_flame_release(struct pprof_flame *f);

static inline int64_t pprof_flame_width(const struct pprof_flame_box *b)
{
    return measure_add(b->more, b->less);
}

#endif
