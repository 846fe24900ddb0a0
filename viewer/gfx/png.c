#include "gfx/png.h"

#include "base/arena.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void put_u32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void put_chunk(struct file_out *out, const char *type, const uint8_t *data, size_t bytes)
{
    uint8_t word[4];
    put_u32(word, (uint32_t)bytes);
    file_out_write(out, word, 4);
    file_out_write(out, type, 4);
    file_out_write(out, data, bytes);
    uLong crc = crc32(0, (const Bytef *)type, 4);
    if (bytes)
        crc = crc32_z(crc, data, bytes);
    put_u32(word, (uint32_t)crc);
    file_out_write(out, word, 4);
}

/* Each row: filter type 2 ("up": difference to the row above), which suits a
 * picture of boxes best, then R, G, B bytes. */
static uint8_t *filtered_rows(const uint32_t *pixels, int w, int h, int pitch, size_t *bytes)
{
    size_t row = (size_t)w * 3 + 1;
    *bytes = row * (size_t)h;
    uint8_t *out = mem_realloc(NULL, *bytes, 1), *p = out;
    for (int y = 0; y < h; y++) {
        const uint32_t *now = pixels + (ptrdiff_t)y * pitch, *up = y ? now - pitch : NULL;
        *p++ = 2;
        for (int x = 0; x < w; x++)
            for (int shift = 16; shift >= 0; shift -= 8)
                *p++ = (uint8_t)((now[x] >> shift) - (up ? up[x] >> shift : 0));
    }
    return out;
}

bool gfx_png_write(const char *path, const uint32_t *pixels, int w, int h, int pitch,
                   struct err *err)
{
    struct file_out out;
    if (!file_out_open(&out, path, err))
        return false;
    file_out_write(&out, "\x89PNG\r\n\x1a\n", 8);
    uint8_t head[13] = {[8] = 8, [9] = 2}; /* 8 bits, RGB */
    put_u32(head, (uint32_t)w);
    put_u32(head + 4, (uint32_t)h);
    put_chunk(&out, "IHDR", head, sizeof head);
    size_t raw_bytes;
    uint8_t *raw = filtered_rows(pixels, w, h, pitch, &raw_bytes);
    uLongf packed_bytes = compressBound(raw_bytes);
    uint8_t *packed = mem_realloc(NULL, packed_bytes, 1);
    int status = compress2(packed, &packed_bytes, raw, raw_bytes, 9);
    if (status == Z_OK) {
        put_chunk(&out, "IDAT", packed, packed_bytes);
        put_chunk(&out, "IEND", NULL, 0);
    }
    free(raw);
    free(packed);
    if (status != Z_OK) {
        file_out_discard(&out);
        return err_set(err, "compress %s: zlib error %d", path, status);
    }
    return file_out_commit(&out, err);
}
