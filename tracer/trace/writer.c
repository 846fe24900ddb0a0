#include "trace/writer.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/map.h"
#include "trace/block.h"
#include "trace/totals.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct rows {
    uint64_t *words; /* owned, row-major */
    size_t cap;      /* in words */
    size_t count;    /* rows */
};

/* A block being packed; blocks are written in order of submission. */
struct packing {
    struct pool_job job;
    enum trace_table table;
    uint32_t part; /* index, where the block's offset goes */
    size_t block;  /* likewise */
    struct rows rows;
    struct strbuf packed; /* the result */
};
enum {
    MOST_PACKING = 64
};

/* Rows wait in `pending` to be packed. Those of a table with a `ts` column, or by thread,
 * go on to `full` when they are a block, and are packed when they are two, so rows that
 * come up to a block's length out of order are still put in order. */
struct part {
    uint32_t key;
    bool sorted;      /* waiting rows are in order */
    uint64_t last_ts; /* of the row that came last, while they are */
    struct rows full; /* a block's, or none */
    struct rows pending;
    struct rows late;                 /* older than what was packed already */
    struct trace_block_entry *blocks; /* owned */
    size_t block_count;
    size_t blocks_cap;
    uint64_t packed_rows;
    uint64_t packed_ts;            /* ts of the last packed row */
    struct totals_builder *totals; /* owned; thread_state only: the packed rows' */
};

enum {
    RECENT_PARTS = 64
};

struct table {
    struct part *parts; /* owned, in order of first use */
    size_t part_count;
    size_t parts_cap;
    struct map64 part_of_key;      /* index into parts */
    uint32_t recent[RECENT_PARTS]; /* index into parts by key, modulo; perhaps another key's */
};

struct trace_writer {
    struct file_out out;
    struct table tables[TRACE_TABLE_COUNT];
    struct intern strings;
    struct intern frames;                 /* a frame's column words as bytes */
    struct map64 node_of_edge;            /* parent << 32 | frame -> node */
    struct pool *pool;                    /* borrowed; NULL: blocks are packed at once */
    struct packing packing[MOST_PACKING]; /* a ring */
    unsigned packing_head, packing_count;
    struct trace_section *toc; /* owned */
    size_t toc_count;
    size_t toc_cap;
};

struct trace_writer *trace_writer_open(const char *path, struct err *err)
{
    struct trace_writer *w = calloc(1, sizeof *w);
    if (!w)
        abort();
    if (!file_out_open(&w->out, path, err)) {
        free(w);
        return NULL;
    }
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

uint32_t trace_writer_string(struct trace_writer *w, const char *s)
{
    return intern_str(&w->strings, s);
}

static void rows_add(struct rows *r, const uint64_t *values, unsigned columns)
{
    mem_grow(&r->words, &r->cap, (r->count + 1) * columns, sizeof *r->words);
    memcpy(r->words + r->count * columns, values, columns * sizeof *values);
    r->count++;
}

static struct part *part_of(struct table *t, uint32_t key)
{
    uint32_t *recent = &t->recent[key % RECENT_PARTS];
    if (*recent < t->part_count && t->parts[*recent].key == key)
        return &t->parts[*recent];
    bool added;
    uint64_t *at = map64_put(&t->part_of_key, key, &added);
    *recent = (uint32_t)*at;
    if (added) {
        *recent = (uint32_t)t->part_count;
        *at = t->part_count;
        mem_grow(&t->parts, &t->parts_cap, t->part_count + 1, sizeof *t->parts);
        t->parts[t->part_count++] = (struct part){.key = key, .sorted = true};
    }
    return &t->parts[*at];
}

/* A row's time and its number. */
struct rank {
    uint64_t ts;
    uint32_t row;
};

/* Stable: rows of equal ts keep their order of arrival. Leaves the order in one of the
 * two arrays of n, and returns it. */
static struct rank *ranks_sort(struct rank *from, struct rank *to, size_t n)
{
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t lo = 0; lo < n; lo += 2 * width) {
            size_t mid = lo + width < n ? lo + width : n;
            size_t hi = mid + width < n ? mid + width : n;
            if (mid == hi || from[mid - 1].ts <= from[mid].ts) {
                memcpy(to + lo, from + lo, (hi - lo) * sizeof *to);
                continue;
            }
            for (size_t k = lo, a = lo, b = mid; k < hi; k++)
                to[k] = b >= hi || (a < mid && from[a].ts <= from[b].ts) ? from[a++] : from[b++];
        }
        struct rank *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

static void ranks_add(struct rank *ranks, const struct rows *r, size_t first, unsigned columns,
                      unsigned ts)
{
    for (size_t i = 0; i < r->count; i++)
        ranks[first + i] = (struct rank){r->words[i * columns + ts], (uint32_t)(first + i)};
}

/* Sorts the rows of `a` and then `b` together; each keeps its count. */
static void rows_sort(struct rows *a, struct rows *b, unsigned columns, unsigned ts)
{
    size_t n = a->count + b->count;
    struct rank *ranks = mem_realloc(NULL, 2 * n, sizeof *ranks);
    ranks_add(ranks, a, 0, columns, ts);
    ranks_add(ranks, b, a->count, columns, ts);
    const struct rank *order = ranks_sort(ranks, ranks + n, n);
    uint64_t *words = mem_realloc(NULL, n * columns, sizeof *words), *to = words;
    for (size_t i = 0; i < n; i++, to += columns) {
        size_t row = order[i].row;
        const uint64_t *from =
            row < a->count ? a->words + row * columns : b->words + (row - a->count) * columns;
        memcpy(to, from, columns * sizeof *to);
    }
    if (a->count)
        memcpy(a->words, words, a->count * columns * sizeof *words);
    if (b->count)
        memcpy(b->words, words + a->count * columns, b->count * columns * sizeof *words);
    free(words);
    free(ranks);
}

/* Keeps state_total up with the rows of thread_state as they are packed. */
static void add_totals(struct trace_writer *w, struct part *p, const uint64_t *words, unsigned rows)
{
    if (!p->totals && !(p->totals = calloc(1, sizeof *p->totals)))
        abort();
    for (unsigned r = 0; r < rows; r++) {
        uint64_t sums[TRACE_STATE_TOTAL_COLUMNS];
        if (totals_add(p->totals, words + r * TRACE_THREAD_STATE_COLUMNS, sums))
            trace_writer_row(w, TRACE_STATE_TOTAL_TABLE, p->key, sums);
    }
}

static void pack_rows(void *data)
{
    struct packing *k = data;
    strbuf_clear(&k->packed);
    block_pack(&trace_tables[k->table], k->rows.words, (unsigned)k->rows.count, &k->packed);
}

/* Writes the oldest block out. */
static void write_packed(struct trace_writer *w)
{
    struct packing *k = &w->packing[w->packing_head];
    pool_wait(w->pool, &k->job);
    w->tables[k->table].parts[k->part].blocks[k->block].off = w->out.off;
    file_out_write(&w->out, k->packed.p, k->packed.len);
    w->packing_head = (w->packing_head + 1) % MOST_PACKING;
    w->packing_count--;
}

static void write_all_packed(struct trace_writer *w)
{
    while (w->packing_count)
        write_packed(w);
}

/* Packs rows soon; takes them, giving the memory of a block that is done in return. */
static void submit_block(struct trace_writer *w, enum trace_table table, const struct part *p,
                         struct rows *rows)
{
    if (w->packing_count == MOST_PACKING)
        write_packed(w);
    struct packing *k = &w->packing[(w->packing_head + w->packing_count++) % MOST_PACKING];
    struct rows done = k->rows;
    k->rows = *rows;
    *rows = done;
    rows->count = 0;
    k->table = table;
    k->part = (uint32_t)(p - w->tables[table].parts);
    k->block = p->block_count - 1;
    k->job = (struct pool_job){.run = pack_rows, .data = k};
    pool_submit(w->pool, &k->job);
}

/* Takes the rows, a block's at most. */
static void write_block(struct trace_writer *w, enum trace_table table, struct part *p,
                        struct rows *rows)
{
    const struct trace_table_info *info = &trace_tables[table];
    if (table == TRACE_THREAD_STATE_TABLE)
        add_totals(w, p, rows->words, (unsigned)rows->count);
    mem_grow(&p->blocks, &p->blocks_cap, p->block_count + 1, sizeof *p->blocks);
    struct trace_block_entry *e = &p->blocks[p->block_count++];
    *e = (struct trace_block_entry){0};
    if (info->ts_column >= 0) {
        e->first_ts = rows->words[info->ts_column];
        p->packed_ts = rows->words[(rows->count - 1) * info->columns + (unsigned)info->ts_column];
    }
    p->packed_rows += rows->count;
    submit_block(w, table, p, rows);
}

static void sort_waiting(struct part *p, const struct trace_table_info *info)
{
    if (!p->sorted)
        rows_sort(&p->full, &p->pending, info->columns, (unsigned)info->ts_column);
    p->sorted = true;
}

/* Makes room for a row where a block of them is pending: they become the full ones. */
static void advance_window(struct trace_writer *w, enum trace_table table, struct part *p)
{
    const struct trace_table_info *info = &trace_tables[table];
    if (p->full.count) {
        sort_waiting(p, info);
        write_block(w, table, p, &p->full);
    }
    struct rows spare = p->full;
    p->full = p->pending;
    p->pending = spare;
    if (info->ts_column >= 0 && p->sorted)
        p->last_ts = p->full.words[(p->full.count - 1) * info->columns + (unsigned)info->ts_column];
}

/* Packs all rows that wait, a block at a time. */
static void pack_waiting(struct trace_writer *w, enum trace_table table, struct part *p)
{
    const struct trace_table_info *info = &trace_tables[table];
    sort_waiting(p, info);
    if (p->full.count)
        write_block(w, table, p, &p->full);
    struct rows block = {0};
    for (size_t done = 0, n; done < p->pending.count; done += n) {
        n = p->pending.count - done < TRACE_BLOCK_ROWS ? p->pending.count - done : TRACE_BLOCK_ROWS;
        const uint64_t *rows = p->pending.words + done * info->columns;
        mem_grow(&block.words, &block.cap, n * info->columns, sizeof *block.words);
        memcpy(block.words, rows, n * info->columns * sizeof *rows);
        block.count = n;
        write_block(w, table, p, &block);
    }
    p->pending.count = 0;
    free(block.words);
}

/* A row that is older than what its partition has packed already. */
static bool is_late(const struct part *p, uint64_t ts)
{
    return p->packed_rows && ts < p->packed_ts;
}

uint32_t trace_writer_row(struct trace_writer *w, enum trace_table table, uint32_t key,
                          const uint64_t *values)
{
    const struct trace_table_info *info = &trace_tables[table];
    struct part *p = part_of(&w->tables[table], key);
    uint32_t index = (uint32_t)(p->packed_rows + p->full.count + p->pending.count + p->late.count);
    bool streams = info->ts_column >= 0 || info->by_thread; /* the others may be updated */
    uint64_t ts = info->ts_column >= 0 ? values[info->ts_column] : p->packed_ts;
    if (streams && !is_late(p, ts) && p->pending.count == TRACE_BLOCK_ROWS)
        advance_window(w, table, p);
    if (is_late(p, ts)) { /* perhaps only since it was packed just now */
        rows_add(&p->late, values, info->columns);
        return index;
    }
    if (ts < p->last_ts && (p->full.count || p->pending.count))
        p->sorted = false;
    p->last_ts = ts;
    rows_add(&p->pending, values, info->columns);
    return index;
}

void trace_writer_update(struct trace_writer *w, enum trace_table table, uint32_t row,
                         unsigned column, uint64_t value)
{
    struct part *p = part_of(&w->tables[table], 0);
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
    struct rows *rows = &part_of(&w->tables[TRACE_META_TABLE], 0)->pending;
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
    write_all_packed(w); /* by the pool that has them */
    w->pool = pool;
}

bool trace_writer_branch(struct trace_writer *w, const char *path, struct err *err)
{
    return file_out_branch(&w->out, path, err);
}

uint64_t trace_writer_bytes(const struct trace_writer *w)
{
    return w->out.off;
}

/* Unpacks a block that was written before into rows. */
static bool read_back(struct trace_writer *w, enum trace_table table, uint64_t off, unsigned rows,
                      struct rows *into, struct err *err)
{
    const struct trace_table_info *info = &trace_tables[table];
    struct trace_block head;
    if (!file_out_read(&w->out, off, &head, sizeof head, err))
        return false;
    uint8_t *data = mem_realloc(NULL, head.bytes, 1);
    struct trace_column_view views[TRACE_MAX_COLUMNS];
    bool ok = file_out_read(&w->out, off, data, head.bytes, err) &&
              block_open(data, head.bytes, rows, info->columns, views, err);
    for (unsigned r = 0; ok && r < rows; r++) {
        uint64_t values[TRACE_MAX_COLUMNS];
        for (unsigned c = 0; c < info->columns; c++)
            values[c] = trace_view_get(&views[c], r);
        rows_add(into, values, info->columns);
    }
    free(data);
    return ok;
}

/* The first block that late rows touch. */
static size_t first_touched(const struct part *p, const struct trace_table_info *info)
{
    uint64_t first_late = UINT64_MAX;
    for (size_t i = 0; i < p->late.count; i++) {
        uint64_t ts = p->late.words[i * info->columns + (unsigned)info->ts_column];
        if (ts < first_late)
            first_late = ts;
    }
    size_t from = p->block_count;
    while (from > 0 && p->blocks[from - 1].first_ts > first_late)
        from--;
    return from ? from - 1 : 0; /* that one may end after the first late row */
}

/* Totals start anew with the first block. */
static void forget_totals(struct trace_writer *w, struct part *p)
{
    struct part *sums = part_of(&w->tables[TRACE_STATE_TOTAL_TABLE], p->key);
    sums->full.count = sums->pending.count = sums->block_count = sums->packed_rows = 0;
    memset(p->totals, 0, sizeof *p->totals);
}

/* Adds a row that is in order; full blocks go out at once. */
static void add_in_order(struct trace_writer *w, enum trace_table table, struct part *p,
                         const uint64_t *row)
{
    rows_add(&p->pending, row, trace_tables[table].columns);
    if (p->pending.count == TRACE_BLOCK_ROWS)
        write_block(w, table, p, &p->pending);
}

/* Merges the rows of old blocks (`total` rows) with the sorted `rest`. At equal times
 * what came first is first. */
static bool merge_blocks(struct trace_writer *w, enum trace_table table, struct part *p,
                         const struct trace_block_entry *old, uint64_t total,
                         const struct rows *rest, struct err *err)
{
    const struct trace_table_info *info = &trace_tables[table];
    unsigned columns = info->columns, ts = (unsigned)info->ts_column;
    struct rows block = {0};
    size_t next = 0;
    bool ok = true;
    for (; ok && total; old++, total -= block.count) {
        block.count = 0;
        ok =
            read_back(w, table, old->off,
                      (unsigned)(total < TRACE_BLOCK_ROWS ? total : TRACE_BLOCK_ROWS), &block, err);
        for (size_t i = 0; ok && i < block.count; i++) {
            const uint64_t *row = block.words + i * columns;
            for (; next < rest->count && rest->words[next * columns + ts] < row[ts]; next++)
                add_in_order(w, table, p, rest->words + next * columns);
            add_in_order(w, table, p, row);
        }
    }
    for (; ok && next < rest->count; next++)
        add_in_order(w, table, p, rest->words + next * columns);
    free(block.words);
    return ok;
}

/* Puts late rows in their place: packs anew from the first block that they touch on,
 * a block at a time. The old blocks stay as unused bytes. */
static bool merge_late(struct trace_writer *w, enum trace_table table, struct part *p,
                       struct err *err)
{
    const struct trace_table_info *info = &trace_tables[table];
    write_all_packed(w); /* to have the old blocks' places */
    size_t from = table == TRACE_THREAD_STATE_TABLE ? 0 : first_touched(p, info);
    if (table == TRACE_THREAD_STATE_TABLE)
        forget_totals(w, p);
    size_t count = p->block_count - from;
    struct trace_block_entry *old = mem_realloc(NULL, count + 1, sizeof *old);
    if (count)
        memcpy(old, p->blocks + from, count * sizeof *old);
    uint64_t total = p->packed_rows - from * TRACE_BLOCK_ROWS;
    struct rows rest = p->late;
    p->late = (struct rows){0};
    for (size_t i = 0; i < p->full.count; i++)
        rows_add(&rest, p->full.words + i * info->columns, info->columns);
    for (size_t i = 0; i < p->pending.count; i++)
        rows_add(&rest, p->pending.words + i * info->columns, info->columns);
    rows_sort(&rest, &(struct rows){0}, info->columns, (unsigned)info->ts_column);
    p->full.count = p->pending.count = 0;
    p->sorted = true;
    p->block_count = from;
    p->packed_rows = from * TRACE_BLOCK_ROWS;
    bool ok = merge_blocks(w, table, p, old, total, &rest, err);
    free(old);
    free(rest.words);
    return ok;
}

static int by_key(const void *a, const void *b)
{
    const struct part *x = a, *y = b;
    return x->key < y->key ? -1 : x->key > y->key;
}

static void write_section(struct trace_writer *w, enum trace_section_kind kind, uint32_t arg,
                          const void *data, uint64_t bytes, uint64_t count)
{
    static const char zeros[8];
    file_out_write(&w->out, zeros, (8 - w->out.off % 8) % 8);
    mem_grow(&w->toc, &w->toc_cap, w->toc_count + 1, sizeof *w->toc);
    w->toc[w->toc_count++] = (struct trace_section){
        .kind = kind,
        .arg = arg,
        .off = w->out.off,
        .bytes = bytes,
        .count = count,
        .crc = (uint32_t)crc32_z(0, data, bytes),
    };
    file_out_write(&w->out, data, bytes);
}

/* Writes the rows that still wait, partition by partition. */
static bool finish_parts(struct trace_writer *w, enum trace_table table, struct err *err)
{
    struct table *t = &w->tables[table];
    write_all_packed(w); /* they know their partition by its place */
    qsort(t->parts, t->part_count, sizeof *t->parts, by_key);
    for (size_t i = 0; i < t->part_count; i++) {
        if (t->parts[i].late.count && !merge_late(w, table, &t->parts[i], err))
            return false;
        pack_waiting(w, table, &t->parts[i]);
    }
    write_all_packed(w);
    return true;
}

static bool finish_table(struct trace_writer *w, enum trace_table table, struct err *err)
{
    struct table *t = &w->tables[table];
    if (!t->part_count)
        return true;
    if (!finish_parts(w, table, err))
        return false;
    struct strbuf parts = {0}, blocks = {0};
    for (size_t i = 0; i < t->part_count; i++) {
        const struct part *p = &t->parts[i];
        struct trace_part_entry entry = {
            .key = p->key,
            .rows = p->packed_rows,
            .first_block = blocks.len / sizeof(struct trace_block_entry),
        };
        strbuf_append(&parts, &entry, sizeof entry);
        strbuf_append(&blocks, p->blocks, p->block_count * sizeof *p->blocks);
    }
    write_section(w, TRACE_SECTION_PARTS, table, parts.p, parts.len, t->part_count);
    write_section(w, TRACE_SECTION_BLOCKS, table, blocks.p, blocks.len,
                  blocks.len / sizeof(struct trace_block_entry));
    strbuf_release(&parts);
    strbuf_release(&blocks);
    return true;
}

static void write_strings(struct trace_writer *w)
{
    struct intern *in = &w->strings;
    mem_grow(&in->offs, &in->offs_cap, (size_t)in->count + 1, sizeof *in->offs);
    in->offs[in->count] = in->bytes_len;
    write_section(w, TRACE_SECTION_STRINGS, 0, in->offs,
                  ((uint64_t)in->count + 1) * sizeof *in->offs, in->count);
    write_section(w, TRACE_SECTION_BYTES, 0, in->bytes, in->bytes_len, in->bytes_len);
}

static void write_contents(struct trace_writer *w, uint64_t duration_ns)
{
    static const char zeros[8];
    file_out_write(&w->out, zeros, (8 - w->out.off % 8) % 8);
    struct trace_header header = {
        .magic = TRACE_MAGIC,
        .major = TRACE_VERSION_MAJOR,
        .minor = TRACE_VERSION_MINOR,
        .header_bytes = sizeof header,
        .toc_off = w->out.off,
        .toc_entries = (uint32_t)w->toc_count,
        .toc_crc = (uint32_t)crc32_z(0, (const void *)w->toc, w->toc_count * sizeof *w->toc),
        .duration_ns = duration_ns,
    };
    file_out_write(&w->out, w->toc, w->toc_count * sizeof *w->toc);
    header.file_bytes = w->out.off;
    header.header_crc = (uint32_t)crc32_z(0, (const void *)&header, sizeof header);
    file_out_patch(&w->out, 0, &header, sizeof header);
}

static void writer_free(struct trace_writer *w)
{
    for (int i = 0; i < TRACE_TABLE_COUNT; i++) {
        struct table *t = &w->tables[i];
        for (size_t p = 0; p < t->part_count; p++) {
            free(t->parts[p].full.words);
            free(t->parts[p].pending.words);
            free(t->parts[p].late.words);
            free(t->parts[p].blocks);
            free(t->parts[p].totals);
        }
        free(t->parts);
        map64_release(&t->part_of_key);
    }
    intern_release(&w->strings);
    intern_release(&w->frames);
    map64_release(&w->node_of_edge);
    for (int i = 0; i < MOST_PACKING; i++) {
        pool_wait(w->pool, &w->packing[i].job);
        free(w->packing[i].rows.words);
        strbuf_release(&w->packing[i].packed);
    }
    free(w->toc);
    file_out_discard(&w->out);
    free(w);
}

bool trace_writer_close(struct trace_writer *w, uint64_t duration_ns, struct err *err)
{
    bool ok = true;
    for (int i = 0; ok && i < TRACE_TABLE_COUNT; i++)
        ok = finish_table(w, (enum trace_table)i, err);
    if (ok) {
        write_strings(w);
        write_contents(w, duration_ns);
        ok = file_out_commit(&w->out, err);
    }
    writer_free(w);
    return ok;
}

void trace_writer_abort(struct trace_writer *w)
{
    writer_free(w);
}
