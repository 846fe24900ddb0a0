/* cross: what lies across threads in a range of time: which thread ran on each CPU,
 * who held each contended lock and who waited for it. The file keeps rows by thread,
 * so this is gathered by a worker, and only where the rows are few enough: for the
 * whole of a small trace, in a large one for what is in sight and around it. */
#ifndef MODEL_CROSS_H
#define MODEL_CROSS_H

#include "model/doc.h"
#include "model/spans.h"
#include "model/window.h"
#include "model/work.h"

enum {
    MODEL_CROSS_ROWS = 1500000, /* read at most: some 15 ms */
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
    bool crowded;                  /* more rows than MODEL_CROSS_ROWS: nothing was gathered */
    struct model_cross_list *cpus; /* owned */
    uint32_t cpu_count;
    struct model_cross_lock *locks; /* owned */
    size_t lock_count;
};

struct model_cross {
    const struct model_doc *doc; /* NULL: not in use */
    struct model_work work;
    struct model_cross_data now, next;
    bool made;
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
void model_cross_release(struct model_cross *cross);

#endif
