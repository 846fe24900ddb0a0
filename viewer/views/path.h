/* path: the tab of the critical path between two points, and the path over the tracks. */
#ifndef VIEWS_PATH_H
#define VIEWS_PATH_H

#include "model/path.h"
#include "views/asked.h"

struct views_grid;

struct views_path {
    struct views_asked ask;
    struct model_path now, next; /* shown; being made */
    bool ok, next_ok;
    struct err err, next_err; /* why there is none */
    bool keep;                /* over the tracks also while another tab is open */
};

void views_path_stop(struct views_path *p);
void views_path_release(struct views_path *p);
/* What a key does: shows the tab. */
void views_path_open(struct views *v);
/* The path over the lanes, which are in r. */
void views_path_mark(struct views *v, struct gfx_rect r);

#endif
