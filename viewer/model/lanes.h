/* lanes: the rows of the timeline from top to bottom. A thread has a state lane
 * and, where it has any, lanes of lock waits, system calls, regions by depth and
 * samples; processes have a heading; counters come last. */
#ifndef MODEL_LANES_H
#define MODEL_LANES_H

#include "base/fmt.h"
#include "model/cross.h"
#include "model/doc.h"
#include "model/row.h"

enum model_lane_kind {
    MODEL_LANE_PROCESS,
    MODEL_LANE_STATE,
    MODEL_LANE_LOCKS,
    MODEL_LANE_REGION,
    MODEL_LANE_SYSCALLS,
    MODEL_LANE_SAMPLES,
    MODEL_LANE_COUNTERS, /* the heading of counters */
    MODEL_LANE_COUNTER,
    MODEL_LANE_PINNED, /* the heading of pinned threads */
    MODEL_LANE_CPUS,   /* the heading of CPUs */
    MODEL_LANE_CPU,
    MODEL_LANE_LOCKING, /* the heading of contended locks */
    MODEL_LANE_LOCK,    /* depth 0: who held it; 1 and more: who waited */
    MODEL_LANE_STACK,   /* a thread's states again, for the stacks that it blocked in */
    MODEL_LANE_KINDS
};

/* Which columns of a window have a hit of a search (model/search.h). */
struct model_lane_hits {
    uint64_t *bits; /* owned: by column */
    int width_px;   /* 0: none were made */
    int64_t begin_ns, column_ns;
    uint64_t of; /* how many hits the lane has */
    int done_px; /* columns made so far */
};

struct model_lane {
    enum model_lane_kind kind;
    uint32_t owner;        /* index of the process, thread, counter, CPU or lock */
    uint32_t depth;        /* regions, locks */
    int y, h;              /* px from the top of the first lane */
    struct model_row row;  /* what is drawn, empty while out of sight */
    struct model_row next; /* under construction */
    struct model_lane_hits hits;
    bool seen; /* drawn in this frame */
};

struct model_lanes {
    struct model_lane *items; /* owned */
    size_t count, cap;
    int height_px;                        /* of all */
    bool *process_closed, *thread_closed; /* owned: folded by the user */
    bool counters_closed, cpus_closed, locks_closed;
    bool stacks_shown; /* threads have a lane of stacks */
    /* What the user made of the threads, by index; owned. */
    bool *pinned, *hidden;
    uint32_t *order;                 /* place to thread: a process' places are its threads' */
    const bool *only;                /* borrowed: others are not shown; NULL: all are */
    const struct model_cross *cross; /* borrowed: CPUs and locks; NULL: none */
    bool rows_read;                  /* doc's regions and counters are among the lanes */
    int lane_px[MODEL_LANE_KINDS];   /* heights, set by the caller before build */
    int gap_px;                      /* under each thread */
};

/* Moves a thread up (step -1) or down among its process' threads. */
void model_lanes_move(struct model_lanes *l, const struct model_doc *doc, uint32_t thread,
                      int step);
/* The thread is among the lanes, or would be if its process were not folded. */
bool model_lanes_shows(const struct model_lanes *l, uint32_t thread);

/* (Re)makes the lanes of a document after a change of folding or scale. */
void model_lanes_build(struct model_lanes *l, const struct model_doc *doc);
void model_lanes_release(struct model_lanes *l);

/* Gives back what a lane out of sight does not need. */
void model_lane_forget(struct model_lane *lane);

/* The lane at height y, or NULL. Gaps belong to the lane above. */
struct model_lane *model_lanes_at(const struct model_lanes *l, int y);
/* Index of the first lane that ends below y. */
size_t model_lanes_first(const struct model_lanes *l, int y);
/* The lane of that kind and owner, or NULL while it is folded away. */
struct model_lane *model_lanes_find(const struct model_lanes *l, enum model_lane_kind kind,
                                    uint32_t owner, uint32_t depth);
/* The state lane of a thread, or NULL while its process is folded. */
struct model_lane *model_lanes_thread(const struct model_lanes *l, uint32_t thread);

/* The spans that a lane shows; false for lanes without. */
bool model_lane_spans(const struct model_lane *lane, const struct model_doc *doc,
                      struct model_spans *spans);
/* The same for CPUs and locks too. */
bool model_lanes_spans(const struct model_lanes *l, const struct model_lane *lane,
                       const struct model_doc *doc, struct model_spans *spans);
/* What a CPU's or lock's lane shows, or NULL. */
const struct model_cross_list *model_lanes_cross(const struct model_lanes *l,
                                                 const struct model_lane *lane);
/* The table that a lane's rows are in, or TRACE_TABLE_COUNT. */
enum trace_table model_lane_table(enum model_lane_kind kind);
/* The lane belongs to a thread. */
bool model_lane_is_thread(enum model_lane_kind kind);

/* The sample nearest to ns within `reach` ns, or -1. */
int64_t model_sample_near(const struct model_doc *doc, uint32_t thread, int64_t ns, int64_t reach);

/* A value in the unit that the counter's name speaks of ("heap bytes", "wait ns"), or
 * as a plain number. */
const char *model_counter_text(const struct model_counter *counter, double value,
                               char buf[FMT_MAX]);
/* The name speaks of a unit. */
bool model_counter_unit(const struct model_counter *counter);

/* Least, greatest and last value of a counter in each column. */
struct model_counter_column {
    double min, max, last;
    bool known; /* a value was set in this column or before */
};
void model_counter_row(const struct model_doc *doc, const struct model_counter *counter,
                       const struct model_window *w, struct model_counter_column *columns);

#endif
