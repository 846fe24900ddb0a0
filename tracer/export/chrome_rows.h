/* chrome_rows: which row of the viewer's window an event belongs to. Chrome's
 * format knows processes and threads only, and spans of one row must nest, so
 * what does not nest gets rows of its own with synthetic thread ids:
 *
 *     process   thread            its states
 *               thread: regions   the program's own
 *               thread: waits     locks, conditions, joins
 *               thread: syscalls
 *     CPUs      CPU 0 ...         which thread ran
 *     Locks     one row a lock    who held it (read locks: one a lock and thread)
 *
 * No row has the thread id 0: viewers drop or merge those. */
#ifndef EXPORT_CHROME_ROWS_H
#define EXPORT_CHROME_ROWS_H

#include "analyze/tally.h"
#include "export/chrome_write.h"

enum {
    CHROME_STRIDE = 5000000, /* above any thread or process id of Linux (2^22) */
    CHROME_CPU_PID = CHROME_STRIDE + 1,
    CHROME_LOCK_PID = CHROME_STRIDE + 2,
};

enum chrome_row {
    CHROME_STATES,
    CHROME_REGIONS,
    CHROME_WAITS,
    CHROME_CALLS,
    CHROME_ROWS
};

struct chrome_thread {
    uint64_t tid;
    uint64_t pid;
    uint64_t name; /* string id */
    uint64_t end_ns;
};

struct chrome_rows {
    struct chrome_thread *threads; /* owned, by row of table thread */
    uint64_t thread_count;
    uint64_t first_pid;  /* where what belongs to no thread is shown */
    struct map64 of_tid; /* tid -> row; of several with one tid the last */
    struct tally_groups locks;
};

void chrome_rows_init(struct chrome_rows *rows, const struct trace *t);
/* The thread id under which a thread's row appears. */
uint64_t chrome_row_tid(const struct chrome_rows *rows, uint32_t thread, enum chrome_row row);
/* The thread id of a lock's row in CHROME_LOCK_PID. */
uint64_t chrome_lock_tid(struct chrome_rows *rows, uint64_t pid, uint64_t lock, uint64_t kind,
                         uint64_t tid);
/* The thread's table row for a kernel thread id, or false. */
bool chrome_thread_of_tid(const struct chrome_rows *rows, uint64_t tid, uint32_t *thread);
/* Writes the metadata events: names and order of all rows. */
void chrome_rows_describe(struct chrome_rows *rows, const struct trace *t, struct chrome_writer *w);
void chrome_rows_release(struct chrome_rows *rows);

#endif
