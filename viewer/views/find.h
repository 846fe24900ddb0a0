/* find: getting to places: search, the track finder and the time prompt, the history
 * of what was in sight, markers, and wake-ups to follow. */
#ifndef VIEWS_FIND_H
#define VIEWS_FIND_H

#include "model/search.h"
#include "model/window.h"
#include "ui/edit.h"

struct views;
struct views_pick;

struct views_search {
    struct model_search run;
    struct ui_edit edit;
    bool dim;    /* what does not match recedes, threads without a match are hidden */
    bool placed; /* `place` is the hit that was gone to last */
    struct model_search_place place;
    uint64_t ordinal;      /* of it among all hits, from 0 */
    int owed;              /* a step asked for before there was a hit to go to */
    char problem[256];     /* why the line cannot be searched for, or "" */
    struct gfx_rect field; /* where the field is, for the list below it */
};

enum views_finder_mode {
    VIEWS_FINDER_CLOSED,
    VIEWS_FINDER_TRACKS,
    VIEWS_FINDER_TIME
};

struct views_finder {
    enum views_finder_mode mode;
    bool fresh; /* opened in this frame: takes the focus */
    struct ui_edit edit;
    int chosen, count;
    char problem[128];
};

enum {
    VIEWS_HISTORY = 64,
    VIEWS_WAKES = 32,
    VIEWS_MARKERS = 2
};

struct views_nav {
    struct model_range history[VIEWS_HISTORY];    /* windows left, oldest first */
    int count;                                    /* of them */
    int at;                                       /* the next undo goes to at - 1 */
    struct model_range now;                       /* as of the last frame */
    int width_px;                                 /* of that window */
    uint64_t changed_ms;                          /* when it changed last */
    int64_t marker_ns[VIEWS_MARKERS];             /* -1: not set */
    struct model_search_place wakes[VIEWS_WAKES]; /* picks that [ left */
    int wake_count;
    /* Scroll there when lanes are up to date: to the pick, else to the thread, else
     * to the lane named here. */
    bool reveal;
    enum model_lane_kind reveal_kind;
    uint32_t reveal_owner;
};

/* search.c: the field in the header, cut off row's right; the list below it. */
void views_search_field(struct views *v, struct gfx_rect *row);
void views_search_list(struct views *v);
void views_search_set(struct views *v, const char *line);
void views_search_focus(struct views *v);
void views_search_step(struct views *v, int step);
void views_search_dim(struct views *v); /* on or off */

/* finder.c */
void views_finder_open(struct views *v, enum views_finder_mode mode);
void views_finder_draw(struct views *v);

/* timeline_marks.c: over the lanes (in r), the timeline with its axis, a lane, the
 * minimap. */
void views_arrows_draw(struct views *v, struct gfx_rect r);
void views_markers_draw(struct views *v, struct gfx_rect r, int axis_h);
void views_hits_draw(struct views *v, const struct model_lane *lane, struct gfx_rect r);
void views_hits_map(struct views *v, struct gfx_rect r);

/* navigate.c */
void views_nav_init(struct views_nav *n);
/* Once a frame: remembers the window that a move has left. */
void views_nav_update(struct views *v);
void views_undo(struct views *v);
void views_redo(struct views *v);
void views_set_marker(struct views *v, int marker);
/* Picks a row and brings it into sight. */
void views_go(struct views *v, const struct model_search_place *place);
/* Moves the window so that the instant is in sight, at the same zoom. */
void views_go_ns(struct views *v, int64_t ns);
/* Scrolls to the thread, unfolds it. */
void views_go_thread(struct views *v, uint32_t thread);
/* To what a thread did at an instant; ] comes back. */
void views_go_thread_at(struct views *v, uint64_t tid, int64_t ns);
void views_follow_wake(struct views *v); /* to who ended the picked wait */
void views_follow_back(struct views *v);
/* The thread that ended a wait, and where it was then; false where that is not known. */
bool views_waker_of(const struct views *v, const struct views_pick *pick,
                    struct model_search_place *place);
/* Reads "1.5s", "+20ms" (from the window's begin) or "10ms 20ms". */
bool views_go_text(struct views *v, const char *text, struct err *err);

#endif
