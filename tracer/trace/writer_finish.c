#include "trace/writer_state.h"

#include "base/arena.h"
#include "trace/block.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* The bytes of a block that was written before. */
static bool read_block(struct file_out *from, uint64_t off, struct strbuf *block, struct err *err)
{
    struct trace_block head;
    if (!file_out_read(from, off, &head, sizeof head, err))
        return false;
    strbuf_clear(block);
    strbuf_reserve(block, head.bytes);
    block->len = head.bytes;
    return file_out_read(from, off, block->p, head.bytes, err);
}

/* Unpacks such a block into rows. */
static bool read_back(struct file_out *from, enum trace_table table, uint64_t off, unsigned rows,
                      struct rows *into, struct err *err)
{
    const struct trace_table_info *info = &trace_tables[table];
    struct trace_column_view views[TRACE_MAX_COLUMNS];
    struct strbuf data = {0};
    bool ok = read_block(from, off, &data, err) &&
              block_open((const uint8_t *)data.p, data.len, rows, info->columns, views, err);
    for (unsigned r = 0; ok && r < rows; r++) {
        uint64_t values[TRACE_MAX_COLUMNS];
        for (unsigned c = 0; c < info->columns; c++)
            values[c] = trace_view_get(&views[c], r);
        rows_add(into, values, info->columns);
    }
    strbuf_release(&data);
    return ok;
}

/* ---- rows that came late */

/* The first block that late rows touch. */
static size_t first_touched(const struct lane_part *p, const struct trace_table_info *info)
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
static void forget_totals(struct trace_writer *w, struct lane_part *p)
{
    struct lane_part *sums = lane_part(&w->tables[TRACE_STATE_TOTAL_TABLE], p->key);
    sums->full.count = sums->pending.count = sums->block_count = sums->packed_rows = 0;
    memset(p->totals, 0, sizeof *p->totals);
}

/* Blocks that were packed already, to be merged with what came after them. */
struct merge {
    enum trace_table table;
    uint32_t key;
    struct trace_block_entry *old; /* owned */
    uint64_t old_rows;
    struct rows rest; /* late and waiting rows; owned */
    uint32_t *order;  /* of the rest; owned */
};

static void merge_release(struct merge *m)
{
    free(m->old);
    free(m->order);
    rows_release(&m->rest);
}

static void take_rows(struct rows *to, const struct rows *from, unsigned columns)
{
    for (size_t i = 0; i < from->count; i++)
        rows_add(to, from->words + i * columns, columns);
}

/* Takes all behind the partition's first `from` blocks off it. */
static struct merge merge_begin(struct lane_part *p, enum trace_table table, size_t from)
{
    const struct trace_table_info *info = &trace_tables[table];
    size_t count = p->block_count - from;
    struct merge m = {
        .table = table,
        .key = p->key,
        .old = mem_realloc(NULL, count + 1, sizeof *m.old),
        .old_rows = p->packed_rows - from * TRACE_BLOCK_ROWS,
        .rest = p->late,
    };
    if (count)
        memcpy(m.old, p->blocks + from, count * sizeof *m.old);
    p->late = (struct rows){0};
    take_rows(&m.rest, &p->full, info->columns);
    take_rows(&m.rest, &p->pending, info->columns);
    m.order = rows_order(&m.rest, info->columns, (unsigned)info->ts_column);
    p->full.count = p->pending.count = 0;
    p->sorted = true;
    p->block_count = from;
    p->packed_rows = from * TRACE_BLOCK_ROWS;
    return m;
}

/* At equal times what came first is first. */
static bool merge_run(struct trace_writer *w, const struct merge *m, struct file_out *from,
                      struct err *err)
{
    const struct trace_table_info *info = &trace_tables[m->table];
    unsigned columns = info->columns, ts = (unsigned)info->ts_column;
    const struct trace_block_entry *old = m->old;
    struct rows block = {0};
    size_t next = 0;
    bool ok = true;
#define REST(i) (m->rest.words + (size_t)m->order[i] * columns)
    for (uint64_t left = m->old_rows; ok && left; left -= block.count) {
        block.count = 0;
        unsigned rows = left < TRACE_BLOCK_ROWS ? (unsigned)left : TRACE_BLOCK_ROWS;
        ok = read_back(from, m->table, old++->off, rows, &block, err);
        for (size_t i = 0; ok && i < block.count; i++) {
            const uint64_t *row = block.words + i * columns;
            for (; next < m->rest.count && REST(next)[ts] < row[ts]; next++)
                writer_log_row(w, m->table, m->key, REST(next));
            writer_log_row(w, m->table, m->key, row);
        }
    }
    for (; ok && next < m->rest.count; next++)
        writer_log_row(w, m->table, m->key, REST(next));
#undef REST
    rows_release(&block);
    return ok;
}

/* The next row is compared with the last one. */
static void merge_end(struct lane_part *p, unsigned columns, unsigned ts)
{
    size_t n = p->pending.count;
    p->last_ts = n ? p->pending.words[(n - 1) * columns + ts] : p->packed_ts;
}

/* Packs anew from the first block that late rows touch on. Of what is not aside, the old
 * blocks stay as unused bytes. */
static bool merge_part(struct trace_writer *w, enum trace_table table, struct lane_part *p,
                       struct file_out *from, struct err *err)
{
    const struct trace_table_info *info = &trace_tables[table];
    struct writer_stream *s = writer_stream_of(w, table);
    size_t first = table == TRACE_THREAD_STATE_TABLE ? 0 : first_touched(p, info);
    if (table == TRACE_THREAD_STATE_TABLE)
        forget_totals(w, p);
    struct merge m = merge_begin(p, table, first);
    s->append = true;
    bool ok = merge_run(w, &m, from, err);
    writer_flush(w, s);
    s->append = false;
    merge_release(&m);
    merge_end(p, info->columns, (unsigned)info->ts_column);
    return ok;
}

bool writer_merge_late(struct trace_writer *w, enum trace_table table, struct err *err)
{
    struct writer_stream *s = writer_stream_of(w, table);
    struct lane_table *t = &w->tables[table];
    writer_flush(w, s);
    bool aside = table == WRITER_ASIDE_TABLE && w->aside.path && !w->no_aside;
    bool ok = true;
    for (size_t i = 0; ok && i < t->part_count; i++)
        if (t->parts[i].late.count)
            ok = merge_part(w, table, &t->parts[i], aside ? &w->aside : &w->out, err);
    s->lane.late_rows = 0;
    return ok;
}

/* Takes the first blocks of a partition from the file aside as they are. */
static bool take_back(struct trace_writer *w, struct lane_part *p, size_t count, struct err *err)
{
    struct strbuf block = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++) {
        ok = read_block(&w->aside, p->blocks[i].off, &block, err);
        p->blocks[i].off = w->out.off;
        if (ok)
            file_out_write(&w->out, block.p, block.len);
    }
    strbuf_release(&block);
    return ok;
}

/* ---- directories */

static int by_key(const void *a, const void *b)
{
    const struct lane_part *x = a, *y = b;
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

/* Puts all rows of a table into blocks in the file. */
static bool finish_rows(struct trace_writer *w, enum trace_table table, struct err *err)
{
    struct writer_stream *s = writer_stream_of(w, table);
    struct lane_table *t = &w->tables[table];
    writer_flush(w, s);
    bool aside = table == WRITER_ASIDE_TABLE && w->aside.path;
    w->no_aside |= table == WRITER_ASIDE_TABLE;
    for (size_t i = 0; i < t->part_count; i++) {
        struct lane_part *p = &t->parts[i];
        size_t in_order = p->late.count ? first_touched(p, &trace_tables[table]) : p->block_count;
        if (aside && !take_back(w, p, in_order, err))
            return false;
        if (p->late.count && !merge_part(w, table, p, aside ? &w->aside : &w->out, err))
            return false;
        lane_pack_waiting(&s->lane, table, p);
        writer_take_blocks(w, &s->lane);
    }
    return true;
}

static bool finish_table(struct trace_writer *w, enum trace_table table, struct err *err)
{
    struct lane_table *t = &w->tables[table];
    if (!finish_rows(w, table, err))
        return false;
    if (!t->part_count)
        return true;
    qsort(t->parts, t->part_count, sizeof *t->parts, by_key); /* nobody looks them up any more */
    struct strbuf parts = {0}, blocks = {0};
    for (size_t i = 0; i < t->part_count; i++) {
        const struct lane_part *p = &t->parts[i];
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

bool trace_writer_close(struct trace_writer *w, uint64_t duration_ns, struct err *err)
{
    bool ok = !w->failed;
    if (!ok && err)
        *err = w->cause;
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
