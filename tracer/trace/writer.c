#include "trace/writer_state.h"

#include "base/arena.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct trace_writer *trace_writer_open(const char *path, struct err *err)
{
    struct trace_writer *w = calloc(1, sizeof *w);
    if (!w)
        abort();
    if (!file_out_open(&w->out, path, err)) {
        free(w);
        return NULL;
    }
    for (int i = 0; i < TRACE_TABLE_COUNT; i++)
        w->streams[i].lane.tables = w->tables;
    struct trace_header header = {.header_bytes = 0};
    file_out_write(&w->out, &header, sizeof header);
    intern_str(&w->strings, "");
    trace_writer_row(w, TRACE_STACK_TABLE, 0, (uint64_t[]){0, 0});
    trace_writer_row(w, TRACE_STACK_NODE_TABLE, 0, (uint64_t[]){0, 0});
    return w;
}

uint32_t trace_writer_string_n(struct trace_writer *w, const char *s, size_t len)
{
    return intern_bytes(&w->strings, s, len);
}

/* The same few strings come again and again: these are found by their first characters. */
uint32_t trace_writer_string(struct trace_writer *w, const char *s)
{
    unsigned slot = 0;
    for (unsigned i = 0; i < 4 && s[i]; i++)
        slot = slot * 5 + (unsigned char)s[i];
    uint32_t *recent = &w->recent_strings[slot % WRITER_RECENT_STRINGS];
    if (strcmp(intern_get(&w->strings, *recent), s) != 0)
        *recent = intern_str(&w->strings, s);
    return *recent;
}

uint32_t trace_writer_row(struct trace_writer *w, enum trace_table table, uint32_t key,
                          const uint64_t *values)
{
    if (writer_streams(table)) {
        writer_log_row(w, table, key, values);
        return 0;
    }
    struct lane_part *p = lane_part(&w->tables[table], key);
    rows_add(&p->pending, values, trace_tables[table].columns);
    return (uint32_t)p->pending.count - 1;
}

void trace_writer_update(struct trace_writer *w, enum trace_table table, uint32_t row,
                         unsigned column, uint64_t value)
{
    struct lane_part *p = lane_part(&w->tables[table], 0);
    if (row < p->pending.count)
        p->pending.words[(size_t)row * trace_tables[table].columns + column] = value;
}

uint32_t trace_writer_stack_new(struct trace_writer *w)
{
    return trace_writer_row(w, TRACE_STACK_TABLE, 0, (uint64_t[]){0, 0});
}

uint32_t trace_writer_frame(struct trace_writer *w, const uint64_t values[TRACE_FRAME_COLUMNS])
{
    uint32_t known = w->frames.count;
    uint32_t id = intern_bytes(&w->frames, values, TRACE_FRAME_COLUMNS * sizeof *values);
    if (id == known)
        trace_writer_row(w, TRACE_FRAME_TABLE, 0, values);
    return id;
}

void trace_writer_stack_define(struct trace_writer *w, uint32_t stack, const uint32_t *frames,
                               size_t depth)
{
    uint32_t node = 0;
    for (size_t i = depth; i-- > 0;) {
        bool added;
        uint64_t *at = map64_put(&w->node_of_edge, (uint64_t)node << 32 | frames[i], &added);
        if (added)
            *at = trace_writer_row(w, TRACE_STACK_NODE_TABLE, 0, (uint64_t[]){node, frames[i]});
        node = (uint32_t)*at;
    }
    trace_writer_update(w, TRACE_STACK_TABLE, stack, TRACE_STACK_node, node);
    trace_writer_update(w, TRACE_STACK_TABLE, stack, TRACE_STACK_depth, depth);
}

void trace_writer_meta(struct trace_writer *w, const char *key, const char *value)
{
    uint64_t row[] = {trace_writer_string(w, key), trace_writer_string(w, value)};
    struct rows *rows = &lane_part(&w->tables[TRACE_META_TABLE], 0)->pending;
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->words[i * TRACE_META_COLUMNS] == row[0]) { /* later wins */
            rows->words[i * TRACE_META_COLUMNS + TRACE_META_value] = row[1];
            return;
        }
    }
    trace_writer_row(w, TRACE_META_TABLE, 0, row);
}

void trace_writer_meta_u64(struct trace_writer *w, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    trace_writer_meta(w, key, text);
}

void trace_writer_use(struct trace_writer *w, struct pool *pool)
{
    for (int i = 0; i < TRACE_TABLE_COUNT; i++) /* by the pool that has them */
        writer_flush(w, &w->streams[i]);
    w->pool = pool;
}

bool trace_writer_branch(struct trace_writer *w, const char *path, struct err *err)
{
    if (!file_out_branch(&w->out, path, err))
        return false;
    if (!w->aside.path)
        return true;
    bool ok = file_out_branch(&w->aside, path, err);
    file_out_unname(&w->aside);
    return ok;
}

uint64_t trace_writer_bytes(const struct trace_writer *w)
{
    return w->out.off;
}

void writer_free(struct trace_writer *w)
{
    for (int i = 0; i < TRACE_TABLE_COUNT; i++) {
        struct writer_stream *s = &w->streams[i];
        pool_wait(w->pool, &s->job);
        free(s->filling.words);
        free(s->working.words);
        lane_release(&s->lane);
    }
    for (int i = 0; i < TRACE_TABLE_COUNT; i++)
        lane_table_release(&w->tables[i]);
    intern_release(&w->strings);
    intern_release(&w->frames);
    map64_release(&w->node_of_edge);
    free(w->toc);
    file_out_discard(&w->aside);
    file_out_discard(&w->out);
    free(w);
}

void trace_writer_abort(struct trace_writer *w)
{
    writer_free(w);
}
