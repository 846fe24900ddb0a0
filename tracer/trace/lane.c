#include "trace/lane.h"

#include "base/arena.h"
#include "trace/block.h"

#include <stdlib.h>
#include <string.h>

struct lane_part *lane_part(struct lane_table *t, uint32_t key)
{
    uint32_t *recent = &t->recent[key % LANE_RECENT];
    if (*recent < t->part_count && t->parts[*recent].key == key)
        return &t->parts[*recent];
    bool added;
    uint64_t *at = map64_put(&t->part_of_key, key, &added);
    *recent = (uint32_t)*at;
    if (added) {
        *recent = (uint32_t)t->part_count;
        *at = t->part_count;
        mem_grow(&t->parts, &t->parts_cap, t->part_count + 1, sizeof *t->parts);
        t->parts[t->part_count++] = (struct lane_part){.key = key, .sorted = true};
    }
    return &t->parts[*recent];
}

static uint64_t ts_of(const struct rows *rows, size_t row, const struct trace_table_info *info)
{
    return rows->words[row * info->columns + (unsigned)info->ts_column];
}

/* Keeps state_total up with the rows of thread_state as they are packed. */
static void add_totals(struct lane *lane, struct lane_part *p, const struct rows *rows)
{
    if (!p->totals && !(p->totals = calloc(1, sizeof *p->totals)))
        abort();
    for (size_t r = 0; r < rows->count; r++) {
        uint64_t sums[TRACE_STATE_TOTAL_COLUMNS];
        if (totals_add(p->totals, rows->words + r * TRACE_THREAD_STATE_COLUMNS, sums))
            lane_insert(lane, TRACE_STATE_TOTAL_TABLE, p->key, sums);
    }
}

/* Packs the rows, a block's at most. */
static void pack(struct lane *lane, enum trace_table table, struct lane_part *p,
                 const struct rows *rows)
{
    const struct trace_table_info *info = &trace_tables[table];
    if (table == TRACE_THREAD_STATE_TABLE)
        add_totals(lane, p, rows);
    mem_grow(&p->blocks, &p->blocks_cap, p->block_count + 1, sizeof *p->blocks);
    mem_grow(&lane->blocks, &lane->blocks_cap, lane->block_count + 1, sizeof *lane->blocks);
    p->blocks[p->block_count] = (struct trace_block_entry){0};
    if (info->ts_column >= 0) {
        p->blocks[p->block_count].first_ts = ts_of(rows, 0, info);
        p->packed_ts = ts_of(rows, rows->count - 1, info);
    }
    lane->blocks[lane->block_count++] = (struct lane_block){
        .table = table,
        .part = (uint32_t)(p - lane->tables[table].parts),
        .block = p->block_count++,
        .off = lane->packed.len,
    };
    p->packed_rows += rows->count;
    block_pack(info, rows->words, (unsigned)rows->count, &lane->packed);
}

static void pack_full(struct lane *lane, enum trace_table table, struct lane_part *p)
{
    const struct trace_table_info *info = &trace_tables[table];
    if (!p->sorted)
        rows_sort(&p->full, &p->pending, info->columns, (unsigned)info->ts_column);
    p->sorted = true;
    if (p->full.count)
        pack(lane, table, p, &p->full);
    p->full.count = 0;
}

/* Makes room for a row where a block of them is pending: they become the full ones. */
static void advance(struct lane *lane, enum trace_table table, struct lane_part *p)
{
    const struct trace_table_info *info = &trace_tables[table];
    if (p->full.count)
        pack_full(lane, table, p);
    struct rows spare = p->full;
    p->full = p->pending;
    p->pending = spare;
    if (info->ts_column >= 0 && p->sorted)
        p->last_ts = ts_of(&p->full, p->full.count - 1, info);
}

/* A row that is older than what its partition has packed already. */
static bool is_late(const struct lane_part *p, uint64_t ts)
{
    return p->packed_rows && ts < p->packed_ts;
}

void lane_insert(struct lane *lane, enum trace_table table, uint32_t key, const uint64_t *values)
{
    const struct trace_table_info *info = &trace_tables[table];
    struct lane_part *p = lane_part(&lane->tables[table], key);
    uint64_t ts = info->ts_column >= 0 ? values[info->ts_column] : p->packed_ts;
    if (!is_late(p, ts) && p->pending.count == TRACE_BLOCK_ROWS)
        advance(lane, table, p);
    if (is_late(p, ts)) { /* perhaps only since a block was packed just now */
        rows_add(&p->late, values, info->columns);
        lane->late_rows++;
        return;
    }
    if (ts < p->last_ts && (p->full.count || p->pending.count))
        p->sorted = false;
    p->last_ts = ts;
    rows_add(&p->pending, values, info->columns);
}

void lane_append(struct lane *lane, enum trace_table table, uint32_t key, const uint64_t *values)
{
    struct lane_part *p = lane_part(&lane->tables[table], key);
    rows_add(&p->pending, values, trace_tables[table].columns);
    if (p->pending.count < TRACE_BLOCK_ROWS)
        return;
    pack(lane, table, p, &p->pending);
    p->pending.count = 0;
}

void lane_pack_waiting(struct lane *lane, enum trace_table table, struct lane_part *p)
{
    const struct trace_table_info *info = &trace_tables[table];
    pack_full(lane, table, p);
    for (size_t done = 0; done < p->pending.count; done += TRACE_BLOCK_ROWS) {
        size_t left = p->pending.count - done;
        struct rows block = {.words = p->pending.words + done * info->columns,
                             .count = left < TRACE_BLOCK_ROWS ? left : TRACE_BLOCK_ROWS};
        pack(lane, table, p, &block);
    }
    p->pending.count = 0;
}

void lane_clear(struct lane *lane)
{
    strbuf_clear(&lane->packed);
    lane->block_count = 0;
}

void lane_release(struct lane *lane)
{
    strbuf_release(&lane->packed);
    free(lane->blocks);
    *lane = (struct lane){0};
}

void lane_table_release(struct lane_table *t)
{
    for (size_t i = 0; i < t->part_count; i++) {
        struct lane_part *p = &t->parts[i];
        rows_release(&p->full);
        rows_release(&p->pending);
        rows_release(&p->late);
        free(p->blocks);
        free(p->totals);
    }
    free(t->parts);
    map64_release(&t->part_of_key);
}
