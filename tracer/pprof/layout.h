/* layout: where the boxes and arrows of a call graph go, callers above callees.
 *
 *     struct layout l;
 *     layout_init(&l, box_count, edge_count);
 *     l.boxes[i].width = ...; l.boxes[i].height = ...;      // in any unit
 *     l.edges[e] = (struct layout_edge){.src = 0, .dest = 1, .weight = 5};
 *     layout_run(&l);
 *     ... l.boxes[i].x, .y; l.edges[e].points; l.width, l.height ...
 *     layout_release(&l);
 *
 * In layers, after Sugiyama, Tagawa and Toda (1981): cycles are broken, boxes get
 * the deepest layer that their callers force, arrows over several layers get a bend in
 * each, layers are ordered by medians until fewer arrows cross (Gansner et al., "A
 * technique for drawing directed graphs", 1993), and each layer is moved to where its
 * neighbours are by the least squares that keep its order. A thousand boxes take some
 * 0.1 s. The same input gives the same picture. Depends on nothing else in pprof/. */
#ifndef PPROF_LAYOUT_H
#define PPROF_LAYOUT_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

struct layout_box {
    double width, height; /* told by the caller */
    double x, y;          /* of the centre */
    uint32_t layer;       /* 0 is on top */
};

struct layout_point {
    double x, y;
};

struct layout_edge {
    uint32_t src, dest; /* boxes; the same one for a call of itself */
    double weight;      /* heavy edges are kept short and straight; at least 0 */
    double label_width; /* 0: no label; it goes right of the middle of the edge */
    /* From the edge of src to the edge of dest: one point and then threes, for
     * Bezier curves (two control points and the end). */
    struct layout_point *points;
    uint32_t point_count;      /* 3 n + 1, or 0 for what could not be drawn */
    struct layout_point label; /* left end of the label, its middle in height */
};

struct layout {
    struct arena arena; /* owns what follows */
    struct layout_box *boxes;
    struct layout_edge *edges;
    uint32_t box_count, edge_count;
    double gap_x, gap_y;  /* between boxes of a layer, between layers */
    double width, height; /* of the whole, from (0, 0) on */
};

/* All zero but the gaps, which fit text of some 12 units. */
void layout_init(struct layout *l, uint32_t boxes, uint32_t edges);
void layout_run(struct layout *l);
void layout_release(struct layout *l);

#endif
