/* waitfor: who waits for whom at one instant: threads, what they wait for, and who
 * holds that or ended the wait later. A circle of waits is a deadlock.
 *
 *     struct model_waitfor g = {0};
 *     model_waitfor_at(&g, doc, ns, false, &cancel);
 *     ... g.nodes, g.edges ...
 *     model_waitfor_release(&g);
 *
 * Meant for a worker: reads O(log n) rows of each thread. */
#ifndef MODEL_WAITFOR_H
#define MODEL_WAITFOR_H

#include "model/doc.h"

#include <stdatomic.h>

enum {
    MODEL_WAITFOR_SHOWN = 8 /* threads that wait for one thing and for whom nobody waits; with
                               more of them one node stands for the rest */
};

enum model_waitfor_kind {
    MODEL_WAITFOR_THREAD,
    MODEL_WAITFOR_LOCK,   /* lock or condition */
    MODEL_WAITFOR_CALL,   /* a system call, a sleep, a page fault */
    MODEL_WAITFOR_THREADS /* several that wait for the same */
};

struct model_waitfor_node {
    enum model_waitfor_kind kind;
    enum model_class class;   /* of a thread: its state */
    const char *title;        /* in the arena */
    uint32_t thread;          /* index; of a lock and call the first thread that waits */
    uint32_t count;           /* threads that wait for it, or that it stands for */
    uint64_t row;             /* of a thread: its span of thread_state */
    int64_t begin_ns, end_ns; /* of that span */
    uint64_t address;         /* of a lock */
    bool waits, waited_for;   /* an edge leads from it, to it */
    bool held;                /* of a lock: an edge says by whom */
    bool in_circle;
};

enum model_waitfor_edge_kind {
    MODEL_WAITFOR_WAITS, /* a thread for a thing */
    MODEL_WAITFOR_HELD,  /* a lock by a thread */
    MODEL_WAITFOR_ENDED  /* what a thread ended later: a signal, a wake-up, its own end */
};

struct model_waitfor_edge {
    enum model_waitfor_edge_kind kind;
    uint32_t src, dest;
    bool in_circle;
};

struct model_waitfor {
    struct arena arena;
    struct model_waitfor_node *nodes; /* owned */
    size_t node_count, node_cap;
    struct model_waitfor_edge *edges; /* owned */
    size_t edge_count, edge_cap;
    int64_t ns;
    uint32_t alive, blocked; /* threads at that instant */
    uint32_t circle;         /* threads in circles of waits */
};

/* `all` shows those too for whom nobody waits and who wait for nobody. */
void model_waitfor_at(struct model_waitfor *g, const struct model_doc *doc, int64_t ns, bool all,
                      const atomic_bool *cancel);
void model_waitfor_release(struct model_waitfor *g);

#endif
