#include "export/out.h"

#include "base/arena.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    GZ_CHUNK = 64 * 1024,
    GZ_LEVEL = 4,            /* JSON shrinks 15 times; 6 gains 5 % for twice the time */
    GZ_WINDOW_BITS = 15 + 16 /* zlib's way to say gzip */
};

struct export_out {
    bool to_stdout;
    struct file_out file;
    bool stdout_failed;
    struct err stdout_cause;
    bool compress;
    z_stream z;
    uint8_t *packed; /* owned, GZ_CHUNK */
    uint64_t bytes;
};

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && !strcmp(s + n - m, end);
}

struct export_out *export_out_open(const char *path, struct err *err)
{
    struct export_out *out = mem_realloc(NULL, 1, sizeof *out);
    memset(out, 0, sizeof *out);
    out->to_stdout = !strcmp(path, "-");
    out->compress = ends_with(path, ".gz");
    if (!out->to_stdout && !file_out_open(&out->file, path, err)) {
        free(out);
        return NULL;
    }
    if (out->compress) {
        if (deflateInit2(&out->z, GZ_LEVEL, Z_DEFLATED, GZ_WINDOW_BITS, 9, Z_DEFAULT_STRATEGY) !=
            Z_OK)
            abort(); /* no memory */
        out->packed = mem_realloc(NULL, GZ_CHUNK, 1);
    }
    return out;
}

static void write_raw(struct export_out *out, const void *p, size_t bytes)
{
    if (!out->to_stdout)
        file_out_write(&out->file, p, bytes);
    else if (!out->stdout_failed && bytes && fwrite(p, bytes, 1, stdout) != 1)
        out->stdout_failed = !err_errno(&out->stdout_cause, "write the standard output");
}

static void deflate_all(struct export_out *out, int flush)
{
    do {
        out->z.next_out = out->packed;
        out->z.avail_out = GZ_CHUNK;
        deflate(&out->z, flush);
        write_raw(out, out->packed, GZ_CHUNK - out->z.avail_out);
    } while (out->z.avail_out == 0);
}

void export_out_write(struct export_out *out, const void *p, size_t bytes)
{
    out->bytes += bytes;
    if (!out->compress) {
        write_raw(out, p, bytes);
        return;
    }
    union {
        const void *ro;
        void *rw;
    } in = {.ro = p}; /* zlib's older interface has no const */
    out->z.next_in = in.rw;
    out->z.avail_in = (unsigned)bytes;
    deflate_all(out, Z_NO_FLUSH);
}

void export_out_puts(struct export_out *out, const char *s)
{
    export_out_write(out, s, strlen(s));
}

uint64_t export_out_bytes(const struct export_out *out)
{
    return out->bytes;
}

bool export_out_failed(const struct export_out *out)
{
    return out->file.failed || out->stdout_failed;
}

static void out_free(struct export_out *out)
{
    if (out->compress)
        deflateEnd(&out->z);
    free(out->packed);
    free(out);
}

bool export_out_commit(struct export_out *out, struct err *err)
{
    bool ok;
    if (out->compress)
        deflate_all(out, Z_FINISH);
    if (out->to_stdout) {
        if (!out->stdout_failed && fflush(stdout))
            out->stdout_failed = !err_errno(&out->stdout_cause, "write the standard output");
        ok = !out->stdout_failed;
        if (!ok && err)
            *err = out->stdout_cause;
    } else {
        ok = file_out_commit(&out->file, err);
    }
    out_free(out);
    return ok;
}

void export_out_discard(struct export_out *out)
{
    if (!out->to_stdout)
        file_out_discard(&out->file);
    out_free(out);
}
