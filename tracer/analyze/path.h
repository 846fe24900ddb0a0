/* path: what a stretch of a thread's time was really spent on. Time running or
 * queueing for a CPU is itself; time blocked becomes what the thread that ended the
 * wait was doing meanwhile, and so on to the end of the chain: somebody running,
 * queueing, asleep, in the disk, or waiting for what is outside the trace.
 *
 *     struct analyze_path path = analyze_path_begin(t);
 *     analyze_path_walk(&path, thread, begin_ns, end_ns, visit, data);
 *     analyze_path_end(&path);
 *
 * From the end of a program's main thread to its begin this is the critical path
 * (Yang and Miller, "Critical path analysis for the execution of parallel and
 * distributed programs"), bounded as in Trace Compass: behind the wait it goes on
 * with the thread that waited. Every instant is visited once, last ones first. */
#ifndef ANALYZE_PATH_H
#define ANALYZE_PATH_H

#include "base/map.h"
#include "trace/reader.h"

#include <stdatomic.h>

enum {
    ANALYZE_PATH_DEPTH = 24 /* waits in one chain that are followed */
};

/* One wait that was followed, outermost first in a chain. */
struct analyze_link {
    uint32_t thread;   /* row of the thread that waited */
    uint64_t row;      /* its span of thread_state */
    uint64_t begin_ns; /* of the whole wait */
    uint64_t end_ns;
    enum trace_reason reason;
    uint64_t object; /* lock address or system call number */
    uint64_t stack_id;
    uint64_t waker_tid; /* who ended it */
};

/* A stretch of time of one thread in one state. */
struct analyze_segment {
    uint32_t thread;
    uint64_t row; /* its span of thread_state, UINT64_MAX: before the thread or behind it */
    uint64_t begin_ns;
    uint64_t end_ns;
    uint64_t span_begin_ns; /* of the whole span */
    enum trace_state state;
    enum trace_reason reason;
    uint64_t object;
    uint64_t stack_id;
    bool cut;                         /* blocked, and the chain is a circle or too long to follow */
    const struct analyze_link *chain; /* the waits that led here; borrowed for the call */
    unsigned depth;
};

typedef void analyze_path_visit(void *data, const struct analyze_segment *segment);

struct analyze_path {
    const struct trace *trace;
    struct path_thread *threads; /* owned, by row */
    uint64_t thread_count;
    struct map64 of_tid; /* tid -> its last row + 1; earlier ones follow `older` */
    struct analyze_link chain[ANALYZE_PATH_DEPTH];
    unsigned depth;
    analyze_path_visit *visit;
    void *data;
    const atomic_bool *cancel; /* set it between begin and walk: once true, walks end soon */
};

struct analyze_path analyze_path_begin(const struct trace *t);
void analyze_path_end(struct analyze_path *p);

/* Visits [begin_ns, end_ns) of the thread (its row), last instants first. Amortised
 * constant time for each span where walks go backwards in time. */
void analyze_path_walk(struct analyze_path *p, uint32_t thread, uint64_t begin_ns, uint64_t end_ns,
                       analyze_path_visit *visit, void *data);

/* The row of the thread that had this tid at that time, or UINT32_MAX. */
uint32_t analyze_path_thread(const struct analyze_path *p, uint64_t tid, uint64_t ts_ns);
uint64_t analyze_path_tid(const struct analyze_path *p, uint32_t thread);

#endif
