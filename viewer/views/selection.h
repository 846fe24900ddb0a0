/* selection: what the selected range is made of, in the Details tab. */
#ifndef VIEWS_SELECTION_H
#define VIEWS_SELECTION_H

#include "model/stats.h"
#include "model/work.h"

struct views;
struct gfx_rect;

struct views_selection {
    struct model_work work;
    const struct model_doc *doc;
    struct model_stats now, next;
    bool made; /* now is about asked_range */
    struct model_range asked_range;
    uint64_t asked_shown; /* a hash of which threads */
    int scroll_px;
    bool *shown; /* owned: by thread, the worker's */
};

void views_selection_draw(struct views *v, struct gfx_rect r);
void views_selection_release(struct views_selection *s);

#endif
