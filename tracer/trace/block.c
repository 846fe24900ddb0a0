#include "trace/block.h"

#include "base/arena.h"
#include "base/map.h"

#include <string.h>
#include <zlib.h>

/* How one column is going to be packed. */
struct plan {
    enum trace_pack pack;
    uint64_t base;
    unsigned width;
    unsigned dict_len;
    uint64_t dict[256];
};

enum {
    DICT_MAX = 256,
    DICT_SLOTS = 512
};

static unsigned bits_for(uint64_t range)
{
    return range ? 64u - (unsigned)__builtin_clzll(range) : 0;
}

static void plan_frame(struct plan *p, const uint64_t *v, unsigned rows, unsigned stride,
                       bool is_signed)
{
    uint64_t flip = is_signed ? (uint64_t)1 << 63 : 0; /* orders negative words first */
    uint64_t lo = v[0] ^ flip, hi = lo;
    for (unsigned i = 1; i < rows; i++) {
        uint64_t x = v[i * stride] ^ flip;
        if (x < lo)
            lo = x;
        if (x > hi)
            hi = x;
    }
    p->pack = TRACE_PACK_FRAME;
    p->base = lo ^ flip;
    p->width = bits_for(hi - lo);
}

/* The index of `value` in the dictionary being built, or DICT_MAX when it is full. */
static unsigned dict_index(struct plan *p, uint16_t slots[DICT_SLOTS], uint64_t value)
{
    for (unsigned i = (unsigned)hash64(value) % DICT_SLOTS;; i = (i + 1) % DICT_SLOTS) {
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

/* Replaces the plan by a dictionary where that is smaller; fills index[]. */
static void plan_dict(struct plan *p, const uint64_t *v, unsigned rows, unsigned stride,
                      uint8_t *index)
{
    uint16_t slots[DICT_SLOTS] = {0};
    uint64_t frame_bits = (uint64_t)p->width * rows;
    p->dict_len = 0;
    for (unsigned i = 0; i < rows; i++) {
        unsigned at = dict_index(p, slots, v[i * stride]);
        uint64_t dict_bits = 64u * p->dict_len + (uint64_t)bits_for(p->dict_len - 1) * rows;
        if (at == DICT_MAX || dict_bits >= frame_bits)
            return;
        index[i] = (uint8_t)at;
    }
    p->pack = TRACE_PACK_DICT;
    p->base = p->dict_len;
    p->width = bits_for(p->dict_len - 1);
}

struct bit_writer {
    struct strbuf *out;
    uint64_t acc;
    unsigned used; /* bits in acc, < 64 */
};

static void bits_put(struct bit_writer *b, uint64_t value, unsigned width)
{
    if (!width)
        return;
    b->acc |= value << b->used;
    if (b->used + width < 64) {
        b->used += width;
        return;
    }
    strbuf_append(b->out, &b->acc, 8);
    unsigned taken = 64 - b->used;
    b->acc = taken < 64 ? value >> taken : 0;
    b->used = width - taken;
}

static void bits_end(struct bit_writer *b)
{
    strbuf_append(b->out, &b->acc, (b->used + 7) / 8);
}

static void pack_column(const struct plan *p, const uint64_t *v, unsigned rows, unsigned stride,
                        const uint8_t *index, struct strbuf *out)
{
    if (p->pack == TRACE_PACK_DICT)
        strbuf_append(out, p->dict, p->dict_len * sizeof *p->dict);
    struct bit_writer b = {.out = out};
    for (unsigned i = 0; i < rows; i++)
        bits_put(&b, p->pack == TRACE_PACK_DICT ? index[i] : v[i * stride] - p->base, p->width);
    bits_end(&b);
}

void block_pack(const struct trace_table_info *info, const uint64_t *values, unsigned rows,
                struct strbuf *out)
{
    static const char zeros[TRACE_BLOCK_PAD];
    size_t start = out->len;
    struct trace_block head = {.rows = (uint16_t)rows, .columns = (uint16_t)info->columns};
    struct trace_column columns[TRACE_MAX_COLUMNS] = {{0}};
    strbuf_append(out, &head, sizeof head);
    strbuf_append(out, columns, info->columns * sizeof *columns);
    for (unsigned c = 0; c < info->columns; c++) {
        struct plan plan;
        uint8_t index[TRACE_BLOCK_ROWS];
        plan_frame(&plan, values + c, rows, info->columns, info->column[c].kind == TRACE_I64);
        if (plan.width > 1)
            plan_dict(&plan, values + c, rows, info->columns, index);
        columns[c] = (struct trace_column){.base = plan.base,
                                           .off = (uint32_t)(out->len - start),
                                           .width = (uint8_t)plan.width,
                                           .pack = (uint8_t)plan.pack};
        pack_column(&plan, values + c, rows, info->columns, index, out);
    }
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
