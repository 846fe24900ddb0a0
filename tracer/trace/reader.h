/* reader: a trace file, mapped and read in place.
 *
 *     struct trace *t = trace_open("x.out", &err);
 *     for (uint32_t th = 0; th < trace_rows(t, TRACE_THREAD_TABLE, 0); th++) {
 *         struct trace_cursor c = trace_cursor(t, TRACE_SYSCALL_TABLE, th);
 *         for (uint64_t r = trace_lower_bound(&c, from_ns); r < c.total_rows; r++) {
 *             uint64_t ts = trace_get(&c, r, TRACE_SYSCALL_ts);
 *             const char *name = trace_string(t, trace_get(&c, r, TRACE_SYSCALL_name));
 *         }
 *         if (c.damaged) ...   // trace_damage(t) says where
 *     }
 *     trace_close(t);
 *
 * The file is data from outside: every offset and index is checked before use,
 * each block when a cursor enters it. Damage found late makes values read as 0,
 * sets the cursor's flag and is told by trace_damage. A `struct trace` may be
 * read from several threads, each with cursors of its own. */
#ifndef TRACE_READER_H
#define TRACE_READER_H

#include "base/err.h"
#include "trace/format.h"

#include <stddef.h>
#include <string.h>

struct trace; /* an open file */

/* NULL with err when it cannot be read, is not a trace, is cut short, damaged or
 * of a newer major version. Constant time. */
struct trace *trace_open(const char *path, struct err *err);
/* The same on memory aligned to 8 bytes, borrowed until close (tests, fuzzing). */
struct trace *trace_open_memory(const void *data, size_t bytes, const char *name, struct err *err);
void trace_close(struct trace *t);

/* From now on keeps at most about so many bytes of the file in the process's
 * resident memory: when reading it has taken more, all of its pages are given back.
 * They stay in the system's cache and are mapped again as they are read. */
void trace_limit_resident(struct trace *t, uint64_t bytes);

const char *trace_path(const struct trace *t);
uint64_t trace_file_bytes(const struct trace *t);
uint64_t trace_duration_ns(const struct trace *t);

/* Borrowed until close; "" for an id out of range. Never NULL. */
const char *trace_string(const struct trace *t, uint64_t id);
uint64_t trace_string_count(const struct trace *t);
/* meta's value for a key, or NULL. */
const char *trace_meta(const struct trace *t, const char *key);
/* The same as a number, `otherwise` where missing or not a number. */
uint64_t trace_meta_u64(const struct trace *t, const char *key, uint64_t otherwise);

/* Number of rows in a partition (0 where there is none), and in the whole table. */
uint64_t trace_rows(const struct trace *t, enum trace_table table, uint32_t key);
uint64_t trace_table_rows(const struct trace *t, enum trace_table table);

/* The first damage met since open, false when none was. */
bool trace_damage(const struct trace *t, struct err *err);

struct trace_column_view {
    const uint8_t *bits; /* borrowed from the file */
    const uint8_t *dict; /* NULL: frame of reference */
    uint64_t base;       /* or the dictionary's length */
    uint64_t mask;
    unsigned width;
};

/* A place in one partition. A plain value: copy it freely. */
struct trace_cursor {
    struct trace *trace;
    const struct trace_block_entry *blocks; /* the partition's */
    uint64_t total_rows;
    uint64_t first; /* first row of the loaded block */
    uint64_t rows;  /* rows in it; 0 = none loaded */
    enum trace_table table;
    uint32_t key;
    bool damaged;
    struct trace_column_view columns[TRACE_MAX_COLUMNS];
};

/* A cursor on a partition; a missing one is empty. */
struct trace_cursor trace_cursor(const struct trace *t, enum trace_table table, uint32_t key);
/* Loads the block of `row`; false past the end or on damage. Use trace_get. */
bool trace_cursor_load(struct trace_cursor *c, uint64_t row);

/* First row whose ts is >= ts_ns (total_rows where none is). O(log n). Tables
 * without ts column: 0. */
uint64_t trace_lower_bound(struct trace_cursor *c, uint64_t ts_ns);
/* The row whose span may cover ts_ns: the last with ts <= ts_ns, or 0. */
uint64_t trace_row_at(struct trace_cursor *c, uint64_t ts_ns);

static inline uint64_t trace_column_bits(const struct trace_column_view *v, uint64_t i)
{
    uint64_t bit = i * v->width;
    const uint8_t *p = v->bits + (bit >> 3);
    unsigned shift = (unsigned)(bit & 7);
    uint64_t lo;
    memcpy(&lo, p, 8);
    lo >>= shift;
    if (shift)
        lo |= (uint64_t)p[8] << (64 - shift);
    return lo & v->mask;
}

/* The word of the block's row i; 0 where a dictionary has no such word. */
static inline uint64_t trace_view_get(const struct trace_column_view *v, uint64_t i)
{
    uint64_t bits = trace_column_bits(v, i);
    if (!v->dict)
        return v->base + bits;
    uint64_t word = 0;
    if (bits < v->base)
        memcpy(&word, v->dict + bits * 8, 8);
    return word;
}

/* The word in column `col` of row `row`, both below their counts; 0 on damage. */
static inline uint64_t trace_get(struct trace_cursor *c, uint64_t row, unsigned col)
{
    if (row - c->first >= c->rows && !trace_cursor_load(c, row))
        return 0;
    return trace_view_get(&c->columns[col], row - c->first);
}

static inline double trace_get_f64(struct trace_cursor *c, uint64_t row, unsigned col)
{
    uint64_t word = trace_get(c, row, col);
    double d;
    memcpy(&d, &word, sizeof d);
    return d;
}

/* Where the thread_state span in `row` ends: the next one's start, or the thread's end. */
uint64_t trace_state_end(struct trace_cursor *c, uint64_t row, uint64_t thread_end_ts);

/* A frame of a stack, strings borrowed from the trace. */
struct trace_frame {
    uint64_t frame_id; /* row of table frame */
    uint64_t node_id;  /* row of table stack_node: equal prefixes have equal nodes */
    uint64_t address;
    const char *function; /* "" where unknown */
    const char *file;
    uint64_t line;
    const char *module;
    bool inlined;
};

/* Fills frames[0..max) leaf first and returns the stack's depth (may exceed max);
 * 0 for stack 0 or out of range. */
size_t trace_stack(const struct trace *t, uint64_t stack_id, struct trace_frame *frames,
                   size_t max);
/* One frame by its row. */
struct trace_frame trace_frame_at(const struct trace *t, uint64_t frame_id);

#endif
