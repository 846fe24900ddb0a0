/* views: what is on screen. One struct holds all that views share; each view is
 * a struct of operations in a file of its own and draws, with the input of this
 * frame, into the rectangle that it is given.
 *
 * A view never blocks: it works on what is loaded, and long work (flame graphs)
 * goes on in slices while views->busy asks for another frame. */
#ifndef VIEWS_VIEWS_H
#define VIEWS_VIEWS_H

#include "model/describe.h"
#include "model/flame.h"
#include "model/lanes.h"
#include "profile/profile.h"
#include "ui/ui.h"
#include "views/callers.h"
#include "views/calls.h"
#include "views/find.h"
#include "views/links.h"
#include "views/panel.h"
#include "views/selection.h"
#include "views/source.h"
#include "views/tracks.h"

/* One row of a thread's table, picked or under the pointer. */
struct views_pick {
    bool set;
    enum model_lane_kind lane;
    uint32_t thread; /* index into doc->threads */
    uint32_t depth;  /* of a region */
    uint64_t row;    /* of the lane's table */
    int64_t begin_ns, end_ns;
};

/* A flame graph on screen: the tree it shows, and the next one being made. */
struct views_flame {
    struct model_flame tree;
    struct model_flame next;
    struct model_flame_job job;
    bool working; /* job goes on */
    bool made;    /* tree shows `range`, `kind`, `thread` */
    struct model_range range;
    enum model_flame_kind kind;
    int thread;
    uint32_t zoom; /* node shown at full width */
    bool flipped;  /* root at the bottom */
    bool as_calls; /* as a call graph instead */
    struct views_calls calls;
    struct views_callers beside;
    bool in_time_order;
    int scroll_px;
    struct model_flame_boxes boxes;
    uint32_t hover; /* node under the pointer, 0: none */
    bool *match;    /* owned: by node, for the search */
    size_t match_cap;
    bool match_made;
    uint64_t matched; /* weight */
    char *function;   /* owned: the sandwich is about it; NULL: the graph is shown */
    struct views_half {
        struct model_flame tree;
        struct model_flame_boxes boxes;
        int scroll_px;
    } callers, callees;
    bool sandwich_made, function_found;
    struct model_table top_table;
    struct views_grid top;
    bool top_made;
    unsigned function_serial; /* of the selection that the table and callers show */
    const char *unit;         /* of weights: "nanoseconds", "bytes", "count" ... */
};

/* An open .prof file. */
struct views_profile {
    char *path; /* owned */
    struct profile profile;
    size_t type; /* value type shown */
    struct views_flame flame;
    int diff;       /* against another open profile: 0 not, 1 absolute, 2 relative */
    bool by_before; /* widths are the other profile's */
    int below;      /* tab under the graph */
    struct views_source source;
    bool lines_made;          /* source.lines are of `type` */
    unsigned function_serial; /* of the selection that is followed */
};

/* What a key asked the app to write. */
enum views_export {
    VIEWS_EXPORT_NONE,
    VIEWS_EXPORT_PNG,
    VIEWS_EXPORT_SVG,
    VIEWS_EXPORT_CSV,
    VIEWS_EXPORT_TRACE
};

struct views_key_help {
    const char *group, *keys, *what;
};

/* Of a recording under way (app/follow.h). */
enum views_follow {
    VIEWS_FOLLOW_NOT,
    VIEWS_FOLLOW_ON,
    VIEWS_FOLLOW_PAUSED, /* a person looks at something */
    VIEWS_FOLLOW_ENDED   /* all of it is shown */
};

enum views_bottom {
    VIEWS_DETAILS,
    VIEWS_WHY,
    VIEWS_FLAME,
    VIEWS_TOP,
    VIEWS_EVENTS,
    VIEWS_LOCKS,
    VIEWS_SYSCALLS,
    VIEWS_ALLOCS,
    VIEWS_LATENCY,
    VIEWS_CURVE,
    VIEWS_SOURCE,
    VIEWS_WAITFOR,
    VIEWS_PATH,
    VIEWS_NOTES,
    VIEWS_COMPARE, /* the last: only with several traces */
    VIEWS_BOTTOMS
};

struct views {
    struct ui ui;
    struct arena frame; /* cleared each frame */

    struct model_doc *doc;        /* borrowed; NULL: no trace is open */
    const char **trace_paths;     /* borrowed: traces that are tabs; the shown one is */
    const char **trace_files;     /* borrowed: likewise, the trace that is read for it */
    size_t trace_count, trace_at; /* trace_paths[trace_at] */
    int trace_asked;              /* the tab to go to, or to read again; -1: none */
    double zoom_ui;               /* of text and all else, by the user */
    const char *loading;          /* path being opened, or NULL */
    unsigned loading_permille;    /* how far its conversion is, 0: not known or none */
    enum views_follow follow;
    struct model_window window;
    struct model_lanes lanes;
    double lanes_scale; /* UI scale that lanes were made for */
    struct model_range selection;
    struct views_pick pick, hover;
    int thread;       /* selected, or MODEL_NO_THREAD */
    bool only_thread; /* flame and top show that one alone */

    struct views_profile *profiles; /* owned array */
    size_t profile_count, profile_cap;
    int tab; /* 0: the trace, i: profiles[i - 1] */
    enum views_bottom bottom;
    bool help_open;
    int help_scroll_px;
    const struct views_key_help *keys; /* borrowed */
    size_t key_count;

    int names_px, panel_px; /* sizes the user can drag, 0: default */
    int scroll_px;          /* of the lanes */
    int lanes_visible_px;
    int details_scroll_px, facts_scroll_px;
    int64_t press_ns; /* timeline: where a drag began */
    int64_t hover_ns; /* instant under the pointer, -1: none */
    int pan_x, pan_y; /* last place of a middle-button drag */
    bool panning;
    size_t next_row; /* of those in sight: the first to be brought up to date */

    struct views_search search;
    struct views_finder finder;
    struct views_nav nav;
    struct views_tracks tracks;
    struct views_selection chosen; /* what the selected range is made of */
    struct views_panel panel;
    struct views_flame flame;
    struct ui_edit find;      /* frames that every flame graph shows bright */
    char found[UI_EDIT_MAX];  /* what matches were made for */
    char *function;           /* owned: the selected one, NULL for none */
    unsigned function_serial; /* grows with each selection: who shows it follows */
    char *copied;             /* owned: what was copied last, or NULL */
    bool copy_asked;          /* the app puts it on the clipboard */
    struct model_words tip;   /* tooltip of this frame */
    bool tip_set;
    int tip_more; /* lines of stack to add */
    enum views_export export;
    bool busy;         /* work goes on: draw again at once */
    bool waiting;      /* another thread works: draw again now and then */
    char notice[1024]; /* shown in the status line until the next key */
};

struct view {
    const char *name;
    void (*draw)(struct views *v, struct gfx_rect r);
};

extern const struct view view_header, view_source, view_minimap, view_timeline, view_status,
    view_details, view_flame, view_top, view_profile, view_help, view_events, view_locks,
    view_syscalls, view_allocs, view_latency, view_curve, view_notes, view_difference, view_why,
    view_waitfor, view_path;

void views_init(struct views *v);
void views_release(struct views *v);
/* Takes a freshly opened document (borrowed). */
void views_set_doc(struct views *v, struct model_doc *doc);
/* Takes a parsed profile (its content moves). */
void views_add_profile(struct views *v, const char *path, struct profile *p);

/* One frame: input to list. */
void views_draw(struct views *v, int width_px, int height_px);

/* What keys do. */
void views_zoom(struct views *v, double factor);
void views_pan(struct views *v, double share);
void views_show_all(struct views *v);
void views_fit(struct views *v); /* the selection, else the picked span */
void views_move_thread(struct views *v, int step);
void views_step_span(struct views *v, int step); /* next, previous span of the picked lane */
void views_select_range(struct views *v, int64_t begin_ns, int64_t end_ns);
void views_clear(struct views *v); /* selection and pick; closes help first */
void views_scroll(struct views *v, int px);
void views_scroll_to(struct views *v, const struct model_lane *lane);
void views_toggle_theme(struct views *v);           /* dark or light */
void views_toggle_safe(struct views *v);            /* colours for everybody's eyes, or not */
void views_zoom_ui(struct views *v, double factor); /* 0: as it was */
void views_reload(struct views *v);
void views_hold_follow(struct views *v); /* or lets it go on */
void views_next_file(struct views *v);
/* Range that statistics are about: the selection, else what is visible. */
struct model_range views_range(const struct views *v);

/* Shared by views. */
void views_pick_row(struct views *v, const struct views_pick *pick);
void views_tip(struct views *v, const struct model_words *words, int stack_lines);
void views_draw_tip(struct views *v);
/* The stacks of `words`, with their titles. */
void views_stacks_draw(struct views *v, const struct model_words *words, struct gfx_rect r,
                       int *scroll_px);
/* One stack with its heading; cuts what it used off r's top. */
void views_stack_draw(struct views *v, const char *title, uint64_t stack_id, struct gfx_rect *r);
bool views_timeline_shown(const struct views *v);
/* Lanes were folded, hidden, moved: they are made anew with the next frame. */
void views_lanes_changed(struct views *v);
/* Lane painting and track names (timeline_rows.c, timeline_names.c). */
void views_lane_draw(struct views *v, struct model_lane *lane, struct gfx_rect r);
void views_lane_hover(struct views *v, struct model_lane *lane, struct gfx_rect r, int x);
void views_name_draw(struct views *v, struct model_lane *lane, struct gfx_rect r);
/* One of the places where flame boxes are: the graph, the halves of a sandwich. */
struct views_boxes {
    const char *name; /* for ids */
    const struct model_flame *tree;
    struct model_flame_boxes *boxes;
    uint32_t zoom;
    bool flipped;
    int *scroll_px;
    const bool *match; /* NULL: no search */
    uint32_t hover;    /* out: node under the pointer, UINT32_MAX: none */
    uint32_t clicked;  /* out: the same */
    bool opened;       /* out: by a double click */
};
/* Draws a tree's boxes and tells what the pointer does there. */
void views_boxes_draw(struct views *v, struct views_flame *f, struct views_boxes *b,
                      struct gfx_rect r);
/* The graph alone, also while a function is in focus. */
void views_flame_graph_draw(struct views *v, struct views_flame *f, struct gfx_rect r);
void views_sandwich_draw(struct views *v, struct views_flame *f, struct gfx_rect r);
/* Shows who calls a function and whom it calls; NULL goes back to the graph. */
void views_flame_focus(struct views_flame *f, const char *function);
/* Search, order and other tools that every flame graph has, cut off r's left. */
void views_flame_tools(struct views *v, struct views_flame *f, struct gfx_rect *r);
/* The sandwich of the frame under the pointer, else of the zoomed one; the same key
 * goes back. */
void views_callers(struct views *v);
/* Flame graph and top table of a views_flame, used by the panel and by profiles. */
void views_flame_draw(struct views *v, struct views_flame *f, struct gfx_rect r);
/* Fills the table anew where the tree changed. */
void views_top_update(struct views_flame *f);
void views_top_draw(struct views *v, struct views_flame *f, struct gfx_rect r);
/* Brings v->flame up to date with the range, a slice of work a frame. */
void views_flame_update(struct views *v);
/* The table in sight, or NULL. */
const struct views_grid *views_grid_in_sight(const struct views *v);
void views_flame_release(struct views_flame *f);
/* ns of a unit of time, 0 for other units. */
uint64_t views_unit_ns(const char *unit);
/* A weight in its unit. */
const char *views_weight(char buf[48], const char *unit, uint64_t weight);

#endif
