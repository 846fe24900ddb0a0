/* tracks: which lanes there are and in what order: pinned, hidden, moved threads,
 * threads that one interacts with, CPUs and contended locks. */
#ifndef VIEWS_TRACKS_H
#define VIEWS_TRACKS_H

#include "model/cross.h"

struct views;
struct model_lane;
struct model_span;
struct gfx_rect;

/* The threads that one wakes, is woken by, or shares locks with. Made by a worker. */
struct views_partners {
    struct model_work work;
    const struct model_doc *doc;
    uint32_t thread;
    bool *is; /* owned: by thread */
    bool made;
};

struct views_tracks {
    struct model_cross cross;
    struct views_partners partners;
    bool only_partners;
    bool *only;        /* owned: by thread, what lanes.only points to */
    bool was_searched; /* the search was done when lanes were made */
};

/* Once a frame, before drawing: lanes are those that are asked for. */
void views_tracks_update(struct views *v);
void views_tracks_release(struct views_tracks *t);

/* What keys do with the selected thread. */
void views_pin(struct views *v);
void views_hide(struct views *v);
void views_show_hidden(struct views *v);
void views_move_track(struct views *v, int step);
void views_only_partners(struct views *v);

enum {
    VIEWS_STACK_LINE = 15 /* height of a frame in a lane of stacks */
};

/* timeline_stacks.c: a box of a lane of stacks: the frames that its thread blocked in. */
void views_stack_box_draw(struct views *v, uint32_t thread, const struct model_span *span,
                          struct gfx_rect box);
void views_show_stacks(struct views *v); /* or hides those lanes */

/* timeline_cross.c: lanes of CPUs and locks, and the headings above them. */
bool views_lane_is_cross(const struct model_lane *lane);
const char *views_cross_label(struct views *v, const struct model_lane *lane,
                              const struct model_span *span);
void views_cross_hover(struct views *v, const struct model_lane *lane,
                       const struct model_span *span);
/* Of a column that is a sum: how much of it, but not whose. */
struct model_totals;
struct model_words;
void views_cross_share(struct views *v, const struct model_lane *lane,
                       const struct model_totals *totals, int64_t column_ns,
                       struct model_words *words);
void views_cross_name(struct views *v, const struct model_lane *lane, struct gfx_rect r);

#endif
