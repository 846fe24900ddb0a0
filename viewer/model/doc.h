/* doc: an open trace with what the viewer looks up all the time: processes and
 * threads in display order, names by tid, regions by depth, counters by name.
 *
 * model_doc_open costs time by threads and locks. What takes longer is made
 * afterwards on another thread: the depths of regions and the values of counters
 * where they are many, the minimap and the totals of every thread. */
#ifndef MODEL_DOC_H
#define MODEL_DOC_H

#include "base/arena.h"
#include "base/map.h"
#include "model/class.h"
#include "model/regions.h"
#include "trace/reader.h"

#include <stdatomic.h>

enum {
    MODEL_NO_THREAD = -1,
    MODEL_OVERVIEW_BUCKETS = 2048
};

struct model_process {
    uint32_t pid;
    const char *name;
    const char *cmdline;
    int64_t start_ns, end_ns;
    int64_t exit_status; /* -1: not seen */
    uint32_t first;      /* its threads: doc->threads[first, first + count) */
    uint32_t count;
};

struct model_thread {
    uint32_t key; /* row of table thread = partition of the tables by thread */
    uint32_t tid, pid;
    const char *name;
    int64_t start_ns, end_ns;
    uint32_t process;                       /* index */
    uint64_t syscalls, lock_waits, samples; /* rows */
    struct model_regions regions;
};

struct model_counter {
    const char *name;
    uint32_t pid;
    uint32_t *rows; /* owned: rows of table counter, in order of time */
    size_t count, cap;
    double min, max;
};

/* Totals over the whole trace, made by model_overview_run. */
struct model_overview {
    atomic_bool done;     /* the fields below may be read */
    atomic_bool cancel;   /* asks the pass to stop */
    atomic_uint permille; /* how far it is */
    uint64_t *thread_ns;  /* owned: [thread * MODEL_STATES + class] */
    uint64_t *running_ns; /* owned: running time of all threads by bucket */
    uint64_t peak_ns;     /* the largest bucket */
    uint64_t bucket_ns;   /* a bucket's length, rounded up */
};

struct model_doc {
    struct trace *trace; /* owned */
    struct arena arena;
    int64_t duration_ns;
    struct model_process *processes;
    uint32_t process_count;
    struct model_thread *threads;
    uint32_t thread_count;
    struct model_counter *counters; /* owned */
    size_t counter_count, counter_cap;
    uint32_t *by_tid;             /* indices into threads, by tid, then by start */
    struct map64 lock_by_address; /* row of table lock */
    uint8_t *name_class;          /* owned: see model_spans */
    uint64_t events, lost_events;
    atomic_bool rows_read; /* threads[].regions and counters may be read */
    struct model_overview overview;
};

/* NULL with err when the file is no good trace. */
struct model_doc *model_doc_open(const char *path, struct err *err);
void model_doc_close(struct model_doc *doc);

/* Reads regions and counters where open left them for later. Once, on any thread. */
void model_doc_read_rows(struct model_doc *doc);
/* Fills doc->overview; false when cancelled. Call once, on any thread. */
bool model_overview_run(struct model_doc *doc);

/* The thread that had that tid at an instant: a tid is used again after an exec or
 * an end. NULL where no thread of the trace ever had it. */
const struct model_thread *model_doc_thread(const struct model_doc *doc, uint64_t tid, int64_t ns);
/* "name 1234" of a tid at an instant, or "thread 1234" where it is not in the trace. */
const char *model_doc_thread_name(const struct model_doc *doc, uint64_t tid, int64_t ns,
                                  struct arena *a);
/* Index into doc->threads of a row of table thread, or MODEL_NO_THREAD. */
int model_doc_index(const struct model_doc *doc, uint32_t row);
/* Row of table lock for an address, or -1. */
int64_t model_doc_lock(const struct model_doc *doc, uint64_t address);
/* How events of a class ("sched", "syscall" ...) were got, or NULL. */
const char *model_doc_mechanism(const struct model_doc *doc, const char *class);

#endif
