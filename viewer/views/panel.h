/* panel: what the bottom panel keeps between frames: its tables, each filled by a
 * worker of its own. */
#ifndef VIEWS_PANEL_H
#define VIEWS_PANEL_H

#include "analyze/utilization.h"
#include "model/notes.h"
#include "model/tables.h"
#include "model/window.h"
#include "model/work.h"
#include "ui/edit.h"
#include "views/path.h"
#include "views/source.h"
#include "views/waitfor.h"
#include "views/why.h"

struct views;

/* A table on screen, whatever fills it. */
struct views_grid {
    const char *name; /* for ids and exported files */
    struct model_table *table;
    struct ui_edit filter;
    int scroll_px;
    uint32_t selected; /* row of the table, UINT32_MAX: none */
    int stack_scroll_px;
    int follow; /* 1: bring the selected row into sight */
};

enum views_grid_event {
    VIEWS_GRID_NONE,
    VIEWS_GRID_PICKED, /* another row was selected */
    VIEWS_GRID_OPENED, /* double click or Enter */
};

/* Draws head and rows; the selected row's stacks to the right where there is room. */
enum views_grid_event views_grid_draw(struct views *v, struct views_grid *g, struct gfx_rect r);
/* The filter's box, cut off r's left. */
void views_grid_filter(struct views *v, struct views_grid *g, struct gfx_rect *r);
/* After the table was filled anew: sorts as before. */
void views_grid_refresh(struct views_grid *g);

/* A table that a worker fills for the range in sight or selected. */
struct views_list {
    struct views_grid grid;
    struct model_table table, next; /* shown; being made */
    struct model_latency latency, next_latency;
    struct model_table_query asked, made; /* of next; of table */
    struct model_work work;
    const struct model_doc *doc; /* that the work reads */
    bool is_made;
    int variant;
    bool held; /* the range stays, whatever is in sight, until it is let go */
    struct model_range range;
    struct model_range held_for; /* the selection then: another one lets go */
    uint64_t least_ns, most_ns;  /* latency: brushed, most 0: not */
    uint64_t brush_ns;           /* where a drag over the histogram began */
};

/* The utilisation curve, made by a worker. */
struct views_curve {
    struct arena arena, next_arena;
    struct analyze_utilization curve, next; /* shown; being made */
    struct model_range made, asked;
    int made_thread, asked_thread;
    struct model_work work;
    const struct model_doc *doc;
    bool is_made;
    bool held; /* shows what it was made for while the window it points to is looked at */
    struct model_range held_for;
};

struct views_notes {
    struct model_notes notes;
    size_t selected; /* being written; SIZE_MAX: none */
    struct ui_edit text;
    int scroll_px;
};

#include "views/difference.h"

struct views_panel {
    struct views_list lists[MODEL_TABLE_KINDS];
    struct views_why why;
    struct views_waitfor waitfor;
    struct views_path path;
    struct views_code code;
    struct views_grid path_grid;
    struct views_difference difference;
    struct views_curve curve;
    struct views_notes notes;
};

void views_panel_init(struct views_panel *p);
/* Ends all work on the document, which is about to be closed. */
void views_panel_stop(struct views_panel *p);
void views_panel_release(struct views_panel *p);

/* Brings a list up to date, off this thread; the tab's tools, then its grid. */
void views_list_update(struct views *v, enum model_table_kind kind);
void views_list_draw(struct views *v, enum model_table_kind kind, struct gfx_rect r);
/* The histogram above the list of latencies. */
void views_latency_draw(struct views *v, struct views_list *l, struct gfx_rect r);

void views_curve_stop(struct views_curve *c);
void views_curve_release(struct views_curve *c);

/* A note on what is selected, picked or pointed at; it can be typed at once. */
void views_note_add(struct views *v);
/* The notes' flags on the time axis. */
void views_notes_axis(struct views *v, struct gfx_rect axis);

/* Picks a row's span on the timeline; `zoom` also shows it large. */
void views_jump(struct views *v, const struct model_target *target, bool zoom);

#endif
