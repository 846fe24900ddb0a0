/* writer_state: what the files of the writer share. Rows of tables that need not be kept
 * whole (those with a `ts` column) are logged, and a lane turns a log full of them into
 * blocks, on another thread where there is one, while the next log fills. The file's bytes
 * follow from the order of the rows alone. */
#ifndef TRACE_WRITER_STATE_H
#define TRACE_WRITER_STATE_H

#include "base/file.h"
#include "base/pool.h"
#include "trace/lane.h"
#include "trace/writer.h"

/* Rows of table alloc come when their life is known, so some long after later ones: the
 * blocks that they are packed into meanwhile would be left behind in the file, a third of
 * it. So they go to a file aside, and from there to their place at the end. */
#define WRITER_ASIDE_TABLE TRACE_ALLOC_TABLE

enum {
    WRITER_LOG_WORDS = 32768,
    WRITER_RECENT_STRINGS = 256,
    WRITER_MOST_LATE = 1 << 20 /* late rows of a table in memory, about 100 MB */
};

/* Rows, each with a word before it that says whose it is. */
struct writer_log {
    uint64_t *words; /* owned; NULL: none came yet */
    size_t len;
};

struct writer_stream {
    struct writer_log filling;
    char apart[64]; /* what follows is written by another thread */
    struct writer_log working;
    struct lane lane;
    bool append; /* rows come in order, behind all others */
    struct pool_job job;
};

struct trace_writer {
    struct file_out out;
    struct file_out aside; /* no name; path NULL: not needed yet */
    bool no_aside;         /* its rows go where they belong */
    bool failed;           /* putting late rows in their place; close will fail with: */
    struct err cause;
    struct lane_table tables[TRACE_TABLE_COUNT];
    struct writer_stream streams[TRACE_TABLE_COUNT]; /* by table; see writer_stream_of */
    struct intern strings;
    uint32_t recent_strings[WRITER_RECENT_STRINGS]; /* some of their ids; "" is 0 */
    struct intern frames;                           /* a frame's column words as bytes */
    struct map64 node_of_edge;                      /* parent << 32 | frame -> node */
    struct pool *pool;                              /* borrowed; NULL: this thread does all */
    struct trace_section *toc;                      /* owned */
    size_t toc_count;
    size_t toc_cap;
};

/* Rows that may be forgotten once they are packed; the others may be updated. */
static inline bool writer_streams(enum trace_table table)
{
    return trace_tables[table].ts_column >= 0 || trace_tables[table].by_thread;
}

static inline struct writer_stream *writer_stream_of(struct trace_writer *w, enum trace_table table)
{
    if (table == TRACE_STATE_TOTAL_TABLE) /* made along with it */
        table = TRACE_THREAD_STATE_TABLE;
    return &w->streams[table];
}

void writer_log_row(struct trace_writer *w, enum trace_table table, uint32_t key,
                    const uint64_t *values);
/* Puts the blocks that a lane has made, its thread being at rest, into the file. */
void writer_take_blocks(struct trace_writer *w, struct lane *lane);
/* The same after all that was logged has passed the lane. */
void writer_flush(struct trace_writer *w, struct writer_stream *s);
/* Puts a table's late rows in their place; its thread is at rest. False with err. */
bool writer_merge_late(struct trace_writer *w, enum trace_table table, struct err *err);
void writer_free(struct trace_writer *w);

#endif
