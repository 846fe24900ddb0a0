/* graph: boxes and arrows that can be moved and zoomed, laid out in layers.
 *
 *     views_graph_begin(&g, boxes, edges, sideways);
 *     views_graph_box(&g, i, width, height); g.layout.edges[e] = ...;
 *     views_graph_end(&g);
 *     ... each frame:
 *     views_graph_input(v, &g, "calls", r);
 *     views_graph_edge(v, &g, e, &look, r); views_graph_rect(&g, i, r);
 *
 * Sizes are in design units. A drag moves the picture, the wheel zooms at the pointer. */
#ifndef VIEWS_GRAPH_H
#define VIEWS_GRAPH_H

#include "gfx/list.h"
#include "pprof/layout.h"

struct views;

struct views_graph {
    struct layout layout;
    bool made;
    bool sideways; /* layers from left to right instead of down */
    bool placed;   /* the picture was put into its view */
    size_t first;  /* box to begin at where not all has room */
    bool fit;      /* asked for: all of it in sight with the next frame */
    double zoom;   /* px per unit */
    double x, y;   /* px from the view's corner to the picture's */
    int drag_x, drag_y;
};

struct views_graph_look {
    gfx_color color;
    int thick_px;
    bool dashed;
};

void views_graph_begin(struct views_graph *g, size_t boxes, size_t edges, bool sideways);
void views_graph_box(struct views_graph *g, size_t box, double width, double height);
void views_graph_end(struct views_graph *g);
void views_graph_release(struct views_graph *g);

/* Moves and zooms; true where the pointer only moved the picture. */
bool views_graph_input(struct views *v, struct views_graph *g, const char *name, struct gfx_rect r);
/* Brings a box to the middle. */
void views_graph_center(struct views_graph *g, size_t box, struct gfx_rect r);
struct gfx_rect views_graph_rect(const struct views_graph *g, size_t box, struct gfx_rect r);
/* An arrow; true where the pointer is on it. */
bool views_graph_edge(struct views *v, const struct views_graph *g, size_t edge,
                      const struct views_graph_look *look, struct gfx_rect r);
/* A few words at the middle of an arrow, where it was laid out with a label_width. */
void views_graph_label(struct views *v, const struct views_graph *g, size_t edge, const char *text,
                       gfx_color color, struct gfx_rect r);
/* A box's title, and below it a line in a smaller font; only the title, or neither,
 * where the picture is too small. */
void views_graph_text(struct views *v, const struct views_graph *g, struct gfx_rect box,
                      const char *title, const char *line, gfx_color color);
/* The width in units that such a box wants. */
double views_graph_text_width(struct views *v, const char *title, const char *line);

#endif
