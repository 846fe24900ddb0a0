#include "trace/block.h"

#include <string.h>
#include <zlib.h>

/* How one column is going to be packed. */
struct plan {
    enum trace_pack pack;
    uint64_t base;
    uint64_t range; /* greatest value - base */
    unsigned width;
    unsigned dict_len;
    uint64_t dict[256];
};

enum {
    DICT_MAX = 256,
    DICT_BITS = 9,
    DICT_SLOTS = 1 << DICT_BITS,
    TILE_ROWS = 32
};

/* A block's rows column by column, which is how everything here reads them. */
struct columns {
    uint64_t v[TRACE_MAX_COLUMNS][TRACE_BLOCK_ROWS];
};

/* A tile at a time: its rows stay in the nearest cache for all columns. */
static void turn(struct columns *to, const uint64_t *values, unsigned rows, unsigned columns)
{
    for (unsigned tile = 0; tile < rows; tile += TILE_ROWS) {
        unsigned end = tile + TILE_ROWS < rows ? tile + TILE_ROWS : rows;
        for (unsigned c = 0; c < columns; c++) {
            const uint64_t *from = values + (size_t)tile * columns + c;
            for (unsigned r = tile; r < end; r++, from += columns)
                to->v[c][r] = *from;
        }
    }
}

static unsigned bits_for(uint64_t range)
{
    return range ? 64u - (unsigned)__builtin_clzll(range) : 0;
}

static bool all_equal(const uint64_t *v, unsigned rows)
{
    uint64_t differs = 0;
    for (unsigned i = 1; i < rows; i++)
        differs |= v[i] ^ v[0];
    return !differs;
}

static void plan_frame(struct plan *p, const uint64_t *v, unsigned rows, bool is_signed)
{
    uint64_t flip = is_signed ? (uint64_t)1 << 63 : 0; /* orders negative words first */
    uint64_t lo = v[0] ^ flip, hi = lo;
    for (unsigned i = 1; i < rows; i++) {
        uint64_t x = v[i] ^ flip;
        lo = x < lo ? x : lo;
        hi = x > hi ? x : hi;
    }
    p->pack = TRACE_PACK_FRAME;
    p->base = lo ^ flip;
    p->range = hi - lo;
    p->width = bits_for(p->range);
    p->dict_len = 0;
}

/* The index of `value` in the dictionary being built, or DICT_MAX when it is full. */
static inline unsigned dict_index(struct plan *p, uint16_t slots[DICT_SLOTS], uint64_t value)
{
    uint64_t above = value - p->base;
    unsigned i =
        (unsigned)(p->range < DICT_SLOTS ? above
                                         : (above * 0x9e3779b97f4a7c15u) >> (64 - DICT_BITS));
    for (;; i = (i + 1) % DICT_SLOTS) {
        if (!slots[i]) {
            if (p->dict_len == DICT_MAX)
                return DICT_MAX;
            p->dict[p->dict_len++] = value;
            slots[i] = (uint16_t)p->dict_len;
            return p->dict_len - 1;
        }
        if (p->dict[slots[i] - 1] == value)
            return slots[i] - 1u;
    }
}

/* Replaces the plan by a dictionary where that is smaller, and then the column's values
 * by indexes into it. */
static void plan_dict(struct plan *p, uint64_t *v, unsigned rows)
{
    uint16_t slots[DICT_SLOTS] = {0};
    uint8_t index[TRACE_BLOCK_ROWS];
    uint64_t frame_bits = (uint64_t)p->width * rows;
    unsigned words = 0;
    for (unsigned i = 0; i < rows; i++) {
        unsigned at = dict_index(p, slots, v[i]);
        if (p->dict_len > words) {
            words = p->dict_len;
            uint64_t dict_bits = 64u * words + (uint64_t)bits_for(words - 1) * rows;
            if (dict_bits >= frame_bits)
                return;
        }
        if (at == DICT_MAX)
            return;
        index[i] = (uint8_t)at;
    }
    for (unsigned i = 0; i < rows; i++)
        v[i] = index[i];
    p->pack = TRACE_PACK_DICT;
    p->width = bits_for(words - 1);
}

/* Packs v[i] - base, `width` bits each. */
static void pack_bits(const uint64_t *v, unsigned rows, uint64_t base, unsigned width,
                      struct strbuf *out)
{
    uint64_t words[TRACE_BLOCK_ROWS + 1];
    uint64_t *to = words, acc = 0;
    unsigned used = 0; /* bits in acc, < 64 */
    for (unsigned i = 0; i < rows; i++) {
        uint64_t value = v[i] - base;
        acc |= value << used;
        used += width;
        if (used >= 64) {
            *to++ = acc;
            used -= 64;
            acc = used ? value >> (width - used) : 0;
        }
    }
    *to = acc;
    strbuf_append(out, words, ((uint64_t)rows * width + 7) / 8);
}

static struct trace_column pack_column(uint64_t *v, unsigned rows, bool is_signed, size_t start,
                                       struct strbuf *out)
{
    struct trace_column column = {.base = v[0], .off = (uint32_t)(out->len - start)};
    if (all_equal(v, rows))
        return column;
    struct plan p;
    plan_frame(&p, v, rows, is_signed);
    if (p.width > 1)
        plan_dict(&p, v, rows);
    bool dict = p.pack == TRACE_PACK_DICT;
    if (dict)
        strbuf_append(out, p.dict, p.dict_len * sizeof *p.dict);
    pack_bits(v, rows, dict ? 0 : p.base, p.width, out);
    column.base = dict ? p.dict_len : p.base;
    column.width = (uint8_t)p.width;
    column.pack = (uint8_t)p.pack;
    return column;
}

void block_pack(const struct trace_table_info *info, const uint64_t *values, unsigned rows,
                struct strbuf *out)
{
    static const char zeros[TRACE_BLOCK_PAD];
    size_t start = out->len;
    struct trace_block head = {.rows = (uint16_t)rows, .columns = (uint16_t)info->columns};
    struct trace_column columns[TRACE_MAX_COLUMNS] = {{0}};
    struct columns turned;
    turn(&turned, values, rows, info->columns);
    strbuf_append(out, &head, sizeof head);
    strbuf_append(out, columns, info->columns * sizeof *columns);
    for (unsigned c = 0; c < info->columns; c++)
        columns[c] = pack_column(turned.v[c], rows, info->column[c].kind == TRACE_I64, start, out);
    strbuf_append(out, zeros, TRACE_BLOCK_PAD);
    while ((out->len - start) % 8)
        strbuf_putc(out, 0);
    char *block = out->p + start;
    size_t bytes = out->len - start;
    memcpy(block + sizeof head, columns, info->columns * sizeof *columns);
    head.bytes = (uint32_t)bytes;
    size_t covered = offsetof(struct trace_block, crc) + sizeof head.crc;
    memcpy(block, &head, sizeof head);
    head.crc = (uint32_t)crc32_z(0, (const uint8_t *)block + covered, bytes - covered);
    memcpy(block, &head, sizeof head);
}

static bool column_open(const uint8_t *data, uint64_t block_bytes, unsigned rows, unsigned number,
                        struct trace_column_view *view, struct err *err)
{
    struct trace_column col;
    memcpy(&col, data + sizeof(struct trace_block) + number * sizeof col, sizeof col);
    if (col.width > 64 || col.pack > TRACE_PACK_DICT)
        return err_set(err, "column %u is packed in an unknown way", number);
    uint64_t dict_bytes = 0;
    if (col.pack == TRACE_PACK_DICT) {
        if (col.base == 0 || col.base > TRACE_BLOCK_ROWS)
            return err_set(err, "column %u has a dictionary of %llu words", number,
                           (unsigned long long)col.base);
        dict_bytes = col.base * 8;
    }
    uint64_t end = col.off + dict_bytes + ((uint64_t)rows * col.width + 7) / 8;
    if (end + TRACE_BLOCK_PAD > block_bytes)
        return err_set(err, "column %u reaches past its block", number);
    *view = (struct trace_column_view){
        .bits = data + col.off + dict_bytes,
        .dict = dict_bytes ? data + col.off : NULL,
        .base = col.base,
        .mask = col.width ? ~(uint64_t)0 >> (64 - col.width) : 0,
        .width = col.width,
    };
    return true;
}

bool block_open(const uint8_t *data, uint64_t bytes, unsigned rows, unsigned known,
                struct trace_column_view *views, struct err *err)
{
    static const uint8_t zeros[TRACE_BLOCK_PAD];
    struct trace_block head;
    if (bytes < sizeof head)
        return err_set(err, "block is cut short");
    memcpy(&head, data, sizeof head);
    uint64_t fixed = sizeof head + head.columns * sizeof(struct trace_column);
    if (head.bytes > bytes || head.bytes < fixed + TRACE_BLOCK_PAD)
        return err_set(err, "block of %u bytes does not fit", head.bytes);
    if (head.rows != rows)
        return err_set(err, "block has %u rows, not %u", head.rows, rows);
    for (unsigned c = 0; c < known; c++) {
        views[c] = (struct trace_column_view){.bits = zeros};
        if (c < head.columns && !column_open(data, head.bytes, rows, c, &views[c], err))
            return false;
    }
    return true;
}
