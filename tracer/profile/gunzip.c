#include "profile/gunzip.h"

#include "base/arena.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

/* DEFLATE expands at most 1032 times, so nothing honest needs more room; and a
 * profile of more than this would not fit in memory as a model either. */
enum {
    MAX_RATIO = 1032,
    MEMBER_TRAILER = 8
};
#define MAX_BYTES ((size_t)4 << 30)

bool gunzip_is_gzip(const void *data, size_t bytes)
{
    return bytes >= 2 && !memcmp(data, "\x1f\x8b", 2);
}

struct output {
    uint8_t *p;
    size_t len;
    size_t cap;
};

/* A good first guess: the last member's own length, which stands in its trailer. */
static size_t guess_bytes(const uint8_t *in, size_t bytes)
{
    uint32_t told;
    memcpy(&told, in + bytes - sizeof told, sizeof told);
    return told && told / MAX_RATIO <= bytes ? told : bytes * 4;
}

/* Inflates the member at `in`; *used is its size. */
static enum libdeflate_result inflate_member(struct libdeflate_decompressor *d, const uint8_t *in,
                                             size_t bytes, struct output *out, size_t *used)
{
    size_t room = guess_bytes(in, bytes);
    for (;;) {
        if (room > MAX_BYTES - out->len)
            room = MAX_BYTES - out->len;
        mem_grow(&out->p, &out->cap, out->len + room, 1);
        size_t made = 0;
        enum libdeflate_result r = libdeflate_gzip_decompress_ex(d, in, bytes, out->p + out->len,
                                                                 out->cap - out->len, used, &made);
        if (r == LIBDEFLATE_SUCCESS)
            out->len += made;
        if (r != LIBDEFLATE_INSUFFICIENT_SPACE || room / MAX_RATIO > bytes || out->cap >= MAX_BYTES)
            return r;
        room = 2 * (out->cap - out->len);
    }
}

bool gunzip(const void *data, size_t bytes, uint8_t **out, size_t *out_bytes, struct err *err)
{
    const uint8_t *in = data;
    size_t off = 0;
    struct output o = {0};
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    if (!d)
        return err_set(err, "gzip: out of memory");
    enum libdeflate_result r = LIBDEFLATE_SUCCESS;
    while (r == LIBDEFLATE_SUCCESS && bytes - off > MEMBER_TRAILER &&
           gunzip_is_gzip(in + off, bytes - off)) {
        size_t used = 0;
        r = inflate_member(d, in + off, bytes - off, &o, &used);
        off += used;
    }
    libdeflate_free_decompressor(d);
    if (r == LIBDEFLATE_SUCCESS && off) {
        *out = o.p;
        *out_bytes = o.len;
        return true;
    }
    free(o.p);
    if (r == LIBDEFLATE_INSUFFICIENT_SPACE)
        return err_set(err, "gzip: the content is larger than 4 GiB");
    return err_set(err, "gzip: cut short or damaged in the member at byte %zu", off);
}
