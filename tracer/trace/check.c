#include "trace/check.h"

#include "base/arena.h"
#include "trace/totals.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

struct checker {
    const uint8_t *data;
    uint64_t bytes;
    const struct trace_check_sink *sink;
    uint64_t problems;
    struct trace *trace;
    struct trace_header header;
    const struct trace_section *parts[TRACE_TABLE_COUNT];
    const struct trace_section *blocks[TRACE_TABLE_COUNT];
    bool rows_readable[TRACE_TABLE_COUNT]; /* no problem in its blocks */
    uint64_t row_counts[TRACE_TABLE_COUNT];
    uint64_t rows_done;
    uint64_t rows_total;
    uint32_t *node_depths; /* owned: of each stack node, NULL when not known */
    uint64_t node_count;
};

static bool done(const struct checker *ck)
{
    return ck->problems >= ck->sink->max;
}

__attribute__((format(printf, 3, 4))) static void problem(struct checker *ck, uint64_t off,
                                                          const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!done(ck))
        ck->sink->problem(ck->sink->data, off, text);
    ck->problems++;
}

/* ---- the container ---- */

static const void *at(const struct checker *ck, uint64_t off)
{
    return ck->data + off;
}

static uint64_t offset_of(const struct checker *ck, const void *p)
{
    return (uint64_t)((const uint8_t *)p - ck->data);
}

static uint32_t crc_of(const struct checker *ck, uint64_t off, uint64_t bytes)
{
    return (uint32_t)crc32_z(0, at(ck, off), bytes);
}

static void check_header(struct checker *ck)
{
    memcpy(&ck->header, ck->data, sizeof ck->header);
    const struct trace_header *h = &ck->header;
    if (h->header_bytes != sizeof *h)
        problem(ck, offsetof(struct trace_header, header_bytes), "header says it has %u bytes",
                h->header_bytes);
    if (h->file_bytes != ck->bytes)
        problem(ck, h->file_bytes, "%" PRIu64 " bytes behind the file's end",
                ck->bytes - h->file_bytes);
    for (unsigned i = 0; i < 3; i++)
        if (h->reserved[i])
            problem(ck, offsetof(struct trace_header, reserved), "reserved field is not 0");
}

/* Where the section's table number belongs in the checker, or NULL. */
static const struct trace_section **slot_of(struct checker *ck, const struct trace_section *s)
{
    if (s->arg >= TRACE_TABLE_COUNT)
        return NULL;
    if (s->kind == TRACE_SECTION_PARTS)
        return &ck->parts[s->arg];
    return s->kind == TRACE_SECTION_BLOCKS ? &ck->blocks[s->arg] : NULL;
}

static void check_sections(struct checker *ck)
{
    const struct trace_section *toc = at(ck, ck->header.toc_off);
    for (uint32_t i = 0; i < ck->header.toc_entries; i++) {
        const struct trace_section *s = &toc[i];
        if (s->off > ck->bytes || s->bytes > ck->bytes - s->off) {
            problem(ck, offset_of(ck, s), "section %u of table %u lies outside the file", s->kind,
                    s->arg);
            continue;
        }
        if (crc_of(ck, s->off, s->bytes) != s->crc)
            problem(ck, s->off, "section %u of table %u has a wrong checksum", s->kind, s->arg);
        if (s->reserved)
            problem(ck, offset_of(ck, &s->reserved), "reserved field is not 0");
        const struct trace_section **slot = slot_of(ck, s);
        if (slot && *slot)
            problem(ck, offset_of(ck, s), "section %u of table %s twice", s->kind,
                    trace_tables[s->arg].name);
        if (slot)
            *slot = s;
    }
}

static void check_block(struct checker *ck, enum trace_table table,
                        const struct trace_block_entry *e)
{
    const char *name = trace_tables[table].name;
    struct trace_block head;
    if (e->off % 8 || e->off < sizeof(struct trace_header) || e->off > ck->bytes ||
        sizeof head > ck->bytes - e->off) {
        problem(ck, offset_of(ck, e), "block of table %s lies outside the file", name);
        ck->rows_readable[table] = false;
        return;
    }
    memcpy(&head, at(ck, e->off), sizeof head);
    uint64_t covered = offsetof(struct trace_block, crc) + sizeof head.crc;
    if (head.bytes < sizeof head || head.bytes > ck->bytes - e->off)
        problem(ck, e->off, "block of table %s says it has %u bytes", name, head.bytes);
    else if (crc_of(ck, e->off + covered, head.bytes - covered) != head.crc)
        problem(ck, e->off, "block of table %s has a wrong checksum", name);
    else
        return;
    ck->rows_readable[table] = false;
}

/* Partitions take the blocks one after the other, none left over. */
static void check_partitions(struct checker *ck, enum trace_table table)
{
    const struct trace_section *parts = ck->parts[table], *blocks = ck->blocks[table];
    const char *name = trace_tables[table].name;
    uint64_t threads = trace_rows(ck->trace, TRACE_THREAD_TABLE, 0), next = 0;
    uint64_t problems = ck->problems;
    const struct trace_part_entry *p = at(ck, parts->off);
    for (uint64_t i = 0; i < parts->count && !done(ck); i++) {
        uint64_t off = offset_of(ck, &p[i]);
        if (trace_tables[table].by_thread ? p[i].key >= threads : p[i].key != 0)
            problem(ck, off, "table %s has a partition %u", name, p[i].key);
        if (p[i].first_block != next)
            problem(ck, off, "partition %u of table %s begins at block %" PRIu64 ", not %" PRIu64,
                    p[i].key, name, p[i].first_block, next);
        next = p[i].first_block + (p[i].rows + TRACE_BLOCK_ROWS - 1) / TRACE_BLOCK_ROWS;
    }
    if (next != blocks->count)
        problem(ck, parts->off, "table %s has %" PRIu64 " blocks, its partitions use %" PRIu64,
                name, blocks->count, next);
    if (ck->problems != problems) /* else a block may count as rows many times over */
        ck->rows_readable[table] = false;
    const struct trace_block_entry *e = at(ck, blocks->off);
    for (uint64_t i = 0; i < blocks->count && !done(ck); i++)
        check_block(ck, table, &e[i]);
}

static void check_tables(struct checker *ck)
{
    for (int i = 0; i < TRACE_TABLE_COUNT && !done(ck); i++) {
        ck->rows_readable[i] = true;
        if (ck->parts[i] && ck->blocks[i])
            check_partitions(ck, (enum trace_table)i);
        else if (ck->parts[i] || ck->blocks[i])
            problem(ck, 0, "table %s lacks its %s", trace_tables[i].name,
                    ck->parts[i] ? "blocks" : "partitions");
        ck->row_counts[i] = trace_table_rows(ck->trace, (enum trace_table)i);
        ck->rows_total += ck->rows_readable[i] ? ck->row_counts[i] : 0;
    }
}

static void check_strings(struct checker *ck)
{
    uint64_t count = trace_string_count(ck->trace);
    if (!count || trace_string(ck->trace, 0)[0])
        problem(ck, 0, "string 0 is not \"\"");
    for (uint64_t i = 0; i < count; i++)
        trace_string(ck->trace, i);
    struct err err;
    if (trace_damage(ck->trace, &err))
        problem(ck, 0, "%s", err.text);
}

/* ---- rows ---- */

/* Where the loaded block of a cursor stands in the file. */
static uint64_t block_off(const struct trace_cursor *c)
{
    return c->rows ? c->blocks[c->first / TRACE_BLOCK_ROWS].off : 0;
}

/* Rows of a table with problems of its own are not missed: one problem is enough. */
static bool has_row(const struct checker *ck, enum trace_table table, uint64_t row)
{
    return row < ck->row_counts[table] || !ck->rows_readable[table];
}

static bool in_range(const struct checker *ck, enum trace_kind kind, uint64_t word)
{
    switch (kind) {
    case TRACE_STR:
        return word < trace_string_count(ck->trace);
    case TRACE_STACK:
        return word == 0 || has_row(ck, TRACE_STACK_TABLE, word);
    case TRACE_NODE:
        return has_row(ck, TRACE_STACK_NODE_TABLE, word);
    case TRACE_FRAME:
        return word == 0 || has_row(ck, TRACE_FRAME_TABLE, word);
    case TRACE_TS:
    case TRACE_DUR:
        return word <= ck->header.duration_ns;
    case TRACE_TID:
        return word <= INT32_MAX;
    case TRACE_STATE:
    case TRACE_REASON:
    case TRACE_LOCK:
    case TRACE_ALLOC:
    case TRACE_SAMPLE: /* a later minor version may know more values */
        return ck->header.minor > TRACE_VERSION_MINOR || trace_enum_name(kind, word);
    default:
        return true;
    }
}

/* These add up over the trace or hold CPU time of several threads, so they may exceed it. */
static bool is_sum(enum trace_table table, unsigned column)
{
    return (table == TRACE_LOCK_TABLE &&
            (column == TRACE_LOCK_wait_ns || column == TRACE_LOCK_max_wait_ns)) ||
           (table == TRACE_THREAD_TABLE && column == TRACE_THREAD_cpu_ns);
}

static void check_row_values(struct checker *ck, struct trace_cursor *c, uint64_t row)
{
    const struct trace_table_info *info = &trace_tables[c->table];
    for (unsigned col = 0; col < info->columns; col++) {
        uint64_t word = trace_get(c, row, col);
        if (!in_range(ck, info->column[col].kind, word) && !is_sum(c->table, col))
            problem(ck, block_off(c),
                    "table %s, partition %u, row %" PRIu64 ": %s is %" PRIu64 ", out of range",
                    info->name, c->key, row, info->column[col].name, word);
    }
}

/* Order by time, and no span past the trace's end. */
static void check_row_time(struct checker *ck, struct trace_cursor *c, uint64_t row,
                           uint64_t *last_ts)
{
    const struct trace_table_info *info = &trace_tables[c->table];
    if (info->ts_column < 0)
        return;
    uint64_t ts = trace_get(c, row, (unsigned)info->ts_column);
    if (row && ts < *last_ts)
        problem(ck, block_off(c),
                "table %s, partition %u, row %" PRIu64 ": ts %" PRIu64 " after %" PRIu64,
                info->name, c->key, row, ts, *last_ts);
    *last_ts = ts;
    uint64_t first_ts = c->blocks[row / TRACE_BLOCK_ROWS].first_ts;
    if (row % TRACE_BLOCK_ROWS == 0 && first_ts != ts)
        problem(ck, offset_of(ck, &c->blocks[row / TRACE_BLOCK_ROWS].first_ts),
                "table %s, partition %u: block begins at %" PRIu64 ", its directory says %" PRIu64,
                info->name, c->key, ts, first_ts);
    int dur = trace_dur_column(c->table);
    if (dur >= 0 && ts <= ck->header.duration_ns &&
        trace_get(c, row, (unsigned)dur) > ck->header.duration_ns - ts)
        problem(ck, block_off(c),
                "table %s, partition %u, row %" PRIu64 ": ends after the trace does", info->name,
                c->key, row);
}

static void check_partition_rows(struct checker *ck, enum trace_table table, uint32_t key)
{
    struct trace_cursor c = trace_cursor(ck->trace, table, key);
    uint64_t last_ts = 0;
    for (uint64_t row = 0; row < c.total_rows && !done(ck); row++) {
        if (row % TRACE_BLOCK_ROWS == 0 && !trace_cursor_load(&c, row)) {
            struct err err = {0};
            trace_damage(ck->trace, &err);
            problem(ck, c.blocks[row / TRACE_BLOCK_ROWS].off, "%s", err.text);
            ck->rows_readable[table] = false;
            return;
        }
        check_row_values(ck, &c, row);
        check_row_time(ck, &c, row, &last_ts);
    }
    ck->rows_done += c.total_rows;
    if (!progress_step(ck->sink->progress, "checking rows", ck->rows_done, ck->rows_total))
        problem(ck, 0, "stopped");
}

static void check_rows(struct checker *ck, enum trace_table table)
{
    uint64_t keys =
        trace_tables[table].by_thread ? trace_rows(ck->trace, TRACE_THREAD_TABLE, 0) : 1;
    for (uint64_t key = 0; key < keys && key <= UINT32_MAX && !done(ck); key++)
        if (ck->rows_readable[table])
            check_partition_rows(ck, table, (uint32_t)key);
}

/* ---- what tables promise each other ---- */

/* A node's parent comes before it, so following parents always ends at node 0. */
static void check_stack_nodes(struct checker *ck)
{
    struct trace_cursor c = trace_cursor(ck->trace, TRACE_STACK_NODE_TABLE, 0);
    if (!ck->rows_readable[TRACE_STACK_NODE_TABLE])
        return;
    ck->node_depths = mem_realloc(NULL, c.total_rows + 1, sizeof *ck->node_depths);
    ck->node_depths[0] = 0;
    ck->node_count = c.total_rows;
    for (uint64_t row = 1; row < c.total_rows && !done(ck); row++) {
        uint64_t parent = trace_get(&c, row, TRACE_STACK_NODE_parent);
        ck->node_depths[row] = parent < row ? ck->node_depths[parent] + 1 : 1;
        if (parent >= row)
            problem(ck, block_off(&c), "stack node %" PRIu64 " has the later parent %" PRIu64, row,
                    parent);
    }
}

static void check_stacks(struct checker *ck)
{
    struct trace_cursor c = trace_cursor(ck->trace, TRACE_STACK_TABLE, 0);
    if (!ck->node_depths || !ck->rows_readable[TRACE_STACK_TABLE])
        return;
    for (uint64_t row = 0; row < c.total_rows && !done(ck); row++) {
        uint64_t node = trace_get(&c, row, TRACE_STACK_node);
        uint64_t depth = trace_get(&c, row, TRACE_STACK_depth);
        if (row == 0 && node)
            problem(ck, block_off(&c), "stack 0 is not empty");
        if (node < ck->node_count && depth != ck->node_depths[node])
            problem(ck, block_off(&c), "stack %" PRIu64 " has depth %" PRIu64 ", its nodes make %u",
                    row, depth, ck->node_depths[node]);
    }
}

/* Spans of a state begin with the thread, follow each other and end with it. */
static void check_thread_states(struct checker *ck, uint32_t thread, uint64_t start, uint64_t end)
{
    struct trace_cursor c = trace_cursor(ck->trace, TRACE_THREAD_STATE_TABLE, thread);
    if (!c.total_rows || !ck->rows_readable[TRACE_THREAD_STATE_TABLE])
        return;
    uint64_t first = trace_get(&c, 0, TRACE_THREAD_STATE_ts);
    if (first != start)
        problem(ck, block_off(&c),
                "states of thread %u begin at %" PRIu64 ", the thread at %" PRIu64, thread, first,
                start);
    uint64_t last = trace_get(&c, c.total_rows - 1, TRACE_THREAD_STATE_ts);
    if (last > end)
        problem(ck, block_off(&c),
                "states of thread %u go on at %" PRIu64 ", the thread ended at %" PRIu64, thread,
                last, end);
}

/* The running totals of states are what the states add up to. */
static void check_state_totals(struct checker *ck, uint32_t thread)
{
    struct trace_cursor states = trace_cursor(ck->trace, TRACE_THREAD_STATE_TABLE, thread);
    struct trace_cursor totals = trace_cursor(ck->trace, TRACE_STATE_TOTAL_TABLE, thread);
    if (!totals.total_rows || !ck->rows_readable[TRACE_THREAD_STATE_TABLE] ||
        !ck->rows_readable[TRACE_STATE_TOTAL_TABLE])
        return;
    /* columns that the file's version lacks read as 0 */
    unsigned columns =
        ck->header.minor ? TRACE_STATE_TOTAL_COLUMNS : (unsigned)TRACE_STATE_TOTAL_preempted;
    struct totals_builder builder = {0};
    uint64_t span[TRACE_THREAD_STATE_COLUMNS], sums[TRACE_STATE_TOTAL_COLUMNS], row = 0;
    for (uint64_t i = 0; i < states.total_rows; i++) {
        for (unsigned col = 0; col < TRACE_THREAD_STATE_COLUMNS; col++)
            span[col] = trace_get(&states, i, col);
        if (!totals_add(&builder, span, sums))
            continue;
        for (unsigned col = 0; col < columns; col++)
            if (row < totals.total_rows && trace_get(&totals, row, col) != sums[col]) {
                problem(ck, block_off(&totals),
                        "state_total of thread %u, row %" PRIu64
                        ": %s is not what its states add up to",
                        thread, row, trace_tables[TRACE_STATE_TOTAL_TABLE].column[col].name);
                return;
            }
        row++;
    }
    if (row != totals.total_rows)
        problem(ck, block_off(&totals), "thread %u has %" PRIu64 " state_total rows, not %" PRIu64,
                thread, totals.total_rows, row);
}

static bool has_process(struct checker *ck, uint64_t pid)
{
    struct trace_cursor c = trace_cursor(ck->trace, TRACE_PROCESS_TABLE, 0);
    for (uint64_t row = 0; row < c.total_rows && !c.damaged; row++)
        if (trace_get(&c, row, TRACE_PROCESS_pid) == pid)
            return true;
    return false;
}

static void check_threads(struct checker *ck)
{
    struct trace_cursor c = trace_cursor(ck->trace, TRACE_THREAD_TABLE, 0);
    uint64_t last_pid = 0;
    for (uint64_t row = 0; row < c.total_rows && row <= UINT32_MAX && !done(ck); row++) {
        uint64_t start = trace_get(&c, row, TRACE_THREAD_start_ts);
        uint64_t end = trace_get(&c, row, TRACE_THREAD_end_ts);
        uint64_t pid = trace_get(&c, row, TRACE_THREAD_pid);
        if (end < start)
            problem(ck, block_off(&c), "thread %" PRIu64 " ends before it starts", row);
        if (pid && pid != last_pid && !has_process(ck, pid)) /* 0: not known */
            problem(ck, block_off(&c), "thread %" PRIu64 " belongs to no process (%" PRIu64 ")",
                    row, pid);
        last_pid = pid;
        check_thread_states(ck, (uint32_t)row, start, end);
        check_state_totals(ck, (uint32_t)row);
    }
}

uint64_t trace_check(const void *data, size_t bytes, const struct trace_check_sink *sink)
{
    struct checker ck = {.data = data, .bytes = bytes, .sink = sink};
    struct err err;
    ck.trace = trace_open_memory(data, bytes, "file", &err);
    if (!ck.trace) {
        problem(&ck, 0, "%s", err.text);
        return ck.problems;
    }
    check_header(&ck);
    check_sections(&ck);
    check_tables(&ck);
    check_strings(&ck);
    for (int i = 0; i < TRACE_TABLE_COUNT && !done(&ck); i++)
        check_rows(&ck, (enum trace_table)i);
    check_stack_nodes(&ck);
    check_stacks(&ck);
    if (ck.rows_readable[TRACE_THREAD_TABLE])
        check_threads(&ck);
    free(ck.node_depths);
    trace_close(ck.trace);
    return ck.problems;
}
