/* calls: a flame graph's tree as a call graph. */
#ifndef VIEWS_CALLS_H
#define VIEWS_CALLS_H

#include "model/calls.h"
#include "views/graph.h"

struct views_flame;

struct views_calls {
    struct model_calls calls;
    struct views_graph graph;
    bool made;     /* of the tree that is shown */
    bool sideways; /* it was laid out so */
};

void views_calls_draw(struct views *v, struct views_flame *f, struct gfx_rect r);
void views_calls_release(struct views_calls *c);

#endif
