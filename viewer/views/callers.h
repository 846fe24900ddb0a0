/* callers: who calls the selected function and whom it calls, one step each, listed
 * beside a trace's flame graph. */
#ifndef VIEWS_CALLERS_H
#define VIEWS_CALLERS_H

#include "model/flame.h"

struct views;
struct views_flame;
struct gfx_rect;

struct views_caller {
    uint32_t name; /* id in the flame's names */
    uint64_t weight;
};

struct views_callers {
    struct views_caller *up, *down; /* owned: heaviest first */
    size_t up_count, up_cap, down_count, down_cap;
    uint64_t total;  /* of the function */
    unsigned serial; /* of the selection that they are of */
    bool made;       /* of the tree that is shown */
    int scroll_px;
};

/* Cuts the list off r's right where a function is selected and there is room. */
void views_callers_draw(struct views *v, struct views_flame *f, struct gfx_rect *r);
void views_callers_release(struct views_callers *c);

#endif
