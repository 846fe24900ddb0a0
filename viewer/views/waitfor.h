/* waitfor: the tab that draws who waits for whom at a moment. */
#ifndef VIEWS_WAITFOR_H
#define VIEWS_WAITFOR_H

#include "model/waitfor.h"
#include "views/asked.h"
#include "views/graph.h"

struct views_waitfor {
    struct views_asked ask;
    struct model_waitfor now, next; /* shown; being made */
    struct views_graph graph;
    int64_t ns; /* the moment */
    bool all;   /* with threads that have to do with nobody */
};

void views_waitfor_stop(struct views_waitfor *w);
void views_waitfor_release(struct views_waitfor *w);
/* What a key does: shows the tab, of the moment under the pointer, else of marker A. */
void views_waitfor_open(struct views *v);
/* The moment as a line over the timeline; a click there while the tab is open. */
void views_waitfor_mark(struct views *v, struct gfx_rect r);
void views_waitfor_click(struct views *v, int64_t ns);

#endif
