/* cross: what lies across threads in a range of time: which thread ran on each CPU,
 * who held each contended lock and who waited for it. The file keeps rows by thread,
 * so this is gathered by a worker: span by span where they are few enough (of the
 * whole of a small trace, of what is in sight and around it in a large one), else as
 * exact sums for each column of the window. */
#ifndef MODEL_CROSS_H
#define MODEL_CROSS_H

#include "model/doc.h"
#include "model/spans.h"
#include "model/window.h"
#include "model/work.h"

enum {
    MODEL_CROSS_ROWS = 1500000, /* kept at most; more are summed up by column */
    MODEL_CROSS_NOBODY = -1,    /* the thread of what is a sum */
    MODEL_CROSS_REST_MS = 150,  /* a window is left alone so long before that is begun */
    MODEL_CROSS_LOCKS = 24,     /* rows of locks at most, the longest waits first */
    MODEL_CROSS_WAITERS = 4,    /* lanes of waiters at most; more share the last */
    MODEL_CROSS_CPUS = 1024
};

struct model_cross_list {
    struct model_spans_item *items; /* owned: in order of time */
    size_t count, cap;
};

struct model_cross_lock {
    uint64_t address;
    uint64_t row; /* of table lock */
    uint64_t wait_ns;
    struct model_cross_list lanes[1 + MODEL_CROSS_WAITERS]; /* holders, then waiters */
    unsigned lane_count;
    bool more_waiters; /* than there are lanes: the last one is shared */
};

/* One gathering. */
struct model_cross_data {
    struct model_range range;
    bool crowded;      /* more rows than MODEL_CROSS_ROWS: sums by column */
    int64_t column_ns; /* of the window that it was asked for */
    int width_px;
    struct model_cross_list *cpus; /* owned */
    uint32_t cpu_count;
    struct model_cross_lock *locks; /* owned */
    size_t lock_count;
};

struct model_cross {
    const struct model_doc *doc; /* NULL: not in use */
    struct model_work work;
    struct model_cross_data now, next;
    struct model_range asked; /* the window that next is for */
    bool made;
    struct model_range window; /* as of the last update, and since when */
    uint64_t window_ms;
    bool window_crowded;
    bool resting;        /* sums are due when the window rests */
    uint32_t generation; /* grows with each new `now` */
};

/* Asks for what the window shows, if that is not there or on its way. Returns true
 * when cross->now is new. */
bool model_cross_update(struct model_cross *cross, const struct model_doc *doc,
                        const struct model_window *w, void (*wake)(void));
/* It is being gathered. */
bool model_cross_is_busy(const struct model_cross *cross);
/* `now` holds all that is in the window. */
bool model_cross_covers(const struct model_cross *cross, const struct model_window *w);
/* `now` has the sums of just these columns. */
bool model_cross_sums(const struct model_cross *cross, const struct model_window *w);
void model_cross_release(struct model_cross *cross);

#endif
