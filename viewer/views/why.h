/* why: the tab that says why: what `whyprof why` says, of the selection, what is in
 * sight, or a thread. */
#ifndef VIEWS_WHY_H
#define VIEWS_WHY_H

#include "analyze/why.h"
#include "views/asked.h"

struct views_why {
    struct views_asked ask;
    struct arena arena, next_arena; /* of why; of next */
    struct analyze_why why, next;   /* shown; being made */
    bool ok, next_ok;
    struct err err, next_err; /* why there is no answer */
    size_t selected;          /* finding whose evidence is shown */
    int list_scroll_px, scroll_px;
};

void views_why_stop(struct views_why *w);
void views_why_release(struct views_why *w);
/* The whole answer as text, for the clipboard; in the frame's arena, or NULL. */
const char *views_why_text(struct views *v);

#endif
