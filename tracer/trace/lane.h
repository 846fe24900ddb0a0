/* lane: from rows to blocks. A lane has tables that nobody else works on, so each may have
 * a thread of its own; what it makes waits in `packed` for the writer to put into the file.
 *
 *     lane_insert(lane, TRACE_SYSCALL_TABLE, thread, row) ...      in any order
 *     lane_pack_waiting(lane, TRACE_SYSCALL_TABLE, part) ...       the rest, at the end
 *
 * Rows of a partition that come up to a block's length out of order are put in order;
 * later ones are kept aside in `late`, for the writer to merge at the end. */
#ifndef TRACE_LANE_H
#define TRACE_LANE_H

#include "base/map.h"
#include "base/strbuf.h"
#include "trace/format.h"
#include "trace/rows.h"
#include "trace/totals.h"

/* Rows wait in `pending`. When they are a block they go on to `full`, and when they are two
 * the first is packed. */
struct lane_part {
    uint32_t key;
    bool sorted;      /* waiting rows are in order */
    uint64_t last_ts; /* of the row that came last, while they are */
    struct rows full; /* a block's, or none */
    struct rows pending;
    struct rows late;                 /* older than what was packed already */
    struct trace_block_entry *blocks; /* owned; `off` once the block is in the file */
    size_t block_count, blocks_cap;
    uint64_t packed_rows;
    uint64_t packed_ts;            /* ts of the last packed row */
    struct totals_builder *totals; /* owned; thread_state only: the packed rows' */
};

enum {
    LANE_RECENT = 64
};

struct lane_table {
    struct lane_part *parts; /* owned, in order of first use */
    size_t part_count, parts_cap;
    struct map64 part_of_key;     /* index into parts */
    uint32_t recent[LANE_RECENT]; /* index into parts by key, modulo; perhaps another key's */
};

/* A block in `packed`. */
struct lane_block {
    enum trace_table table;
    uint32_t part; /* with `block`: where its offset goes */
    size_t block;
    size_t off; /* in `packed` */
};

struct lane {
    struct lane_table *tables; /* borrowed: TRACE_TABLE_COUNT of them */
    uint64_t late_rows;        /* in all partitions */
    struct strbuf packed;
    struct lane_block *blocks; /* owned: those in `packed`, in order */
    size_t block_count, blocks_cap;
};

/* The partition, made where it is missing. */
struct lane_part *lane_part(struct lane_table *t, uint32_t key);

void lane_insert(struct lane *lane, enum trace_table table, uint32_t key, const uint64_t *values);
/* A row that belongs behind all that the partition has. */
void lane_append(struct lane *lane, enum trace_table table, uint32_t key, const uint64_t *values);
/* Packs a partition's waiting rows, a block at a time. */
void lane_pack_waiting(struct lane *lane, enum trace_table table, struct lane_part *p);

/* Nothing is packed any more. */
void lane_clear(struct lane *lane);
void lane_release(struct lane *lane);
void lane_table_release(struct lane_table *t);

#endif
