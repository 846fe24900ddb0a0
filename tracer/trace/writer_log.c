#include "trace/writer_state.h"

#include "base/arena.h"
#include "base/cache.h"

#include <stdlib.h>

static void run_log(void *data)
{
    struct writer_stream *s = data;
    const uint64_t *row = s->working.words, *end = row + s->working.len;
    while (row < end) {
        enum trace_table table = (enum trace_table)(*row >> 32);
        uint32_t key = (uint32_t)*row;
        if (s->append)
            lane_append(&s->lane, table, key, row + 1);
        else
            lane_insert(&s->lane, table, key, row + 1);
        row += 1 + trace_tables[table].columns;
    }
    s->working.len = 0;
}

/* Where that cannot be, blocks go into the file as others do. */
static bool open_aside(struct trace_writer *w)
{
    const char *beside = w->out.temp_path ? w->out.path : "/tmp/whyprof";
    w->no_aside = !file_out_open(&w->aside, beside, NULL);
    if (!w->no_aside)
        file_out_unname(&w->aside);
    return !w->no_aside;
}

/* Where the blocks that a lane makes go for now. */
static struct file_out *place_of(struct trace_writer *w, const struct lane *lane)
{
    if (w->no_aside || lane != &w->streams[WRITER_ASIDE_TABLE].lane)
        return &w->out;
    if (!w->aside.path && !open_aside(w))
        return &w->out;
    return &w->aside;
}

void writer_take_blocks(struct trace_writer *w, struct lane *lane)
{
    if (!lane->block_count)
        return;
    struct file_out *out = place_of(w, lane);
    for (size_t i = 0; i < lane->block_count; i++) {
        const struct lane_block *b = &lane->blocks[i];
        w->tables[b->table].parts[b->part].blocks[b->block].off = out->off + b->off;
    }
    file_out_write(out, lane->packed.p, lane->packed.len);
    lane_clear(lane);
}

/* Waits for the log before, and sends this one on. Tells how many rows were late by then. */
static uint64_t send_log(struct trace_writer *w, struct writer_stream *s)
{
    pool_wait(w->pool, &s->job);
    writer_take_blocks(w, &s->lane);
    uint64_t late = s->lane.late_rows; /* before another thread works on it */
    struct writer_log done = s->working;
    s->working = s->filling;
    s->filling = done;
    s->job = (struct pool_job){.run = run_log, .data = s};
    pool_submit(w->pool, &s->job);
    return late;
}

/* Memory must not grow with the trace: when many rows are late, they are merged meanwhile. */
static void send_full_log(struct trace_writer *w, struct writer_stream *s)
{
    uint64_t late = send_log(w, s);
    if (late >= WRITER_MOST_LATE && !s->append && !w->failed)
        w->failed = !writer_merge_late(w, (enum trace_table)(s - w->streams), &w->cause);
}

void writer_flush(struct trace_writer *w, struct writer_stream *s)
{
    if (s->filling.len)
        send_log(w, s);
    pool_wait(w->pool, &s->job);
    writer_take_blocks(w, &s->lane);
}

void writer_log_row(struct trace_writer *w, enum trace_table table, uint32_t key,
                    const uint64_t *values)
{
    struct writer_stream *s = writer_stream_of(w, table);
    unsigned columns = trace_tables[table].columns;
    if (s->filling.len + 1 + columns > WRITER_LOG_WORDS)
        send_full_log(w, s);
    if (!s->filling.words)
        s->filling.words = mem_realloc(NULL, WRITER_LOG_WORDS, sizeof *s->filling.words);
    uint64_t *to = s->filling.words + s->filling.len;
    s->filling.len += 1 + columns;
    cache_expect_write(to + 4 * columns);
    *to++ = (uint64_t)table << 32 | key;
    for (unsigned i = 0; i < columns; i++)
        to[i] = values[i];
}
