/* difference: the tab that compares the shown trace with another one that is open. */
#ifndef VIEWS_DIFFERENCE_H
#define VIEWS_DIFFERENCE_H

#include "model/difference.h"
#include "views/asked.h"

struct views_difference {
    struct views_asked ask; /* variant: the other trace's tab */
    struct model_difference now, next;
    const char *before, *after; /* borrowed: paths that `next` is made of */
    size_t other;               /* tab to compare with */
    int matter;                 /* enum compare_matter */
    struct views_grid grid;
};

void views_difference_stop(struct views_difference *d);
void views_difference_release(struct views_difference *d);
/* What a key does: shows the tab, or says what it takes. */
void views_difference_open(struct views *v);

#endif
