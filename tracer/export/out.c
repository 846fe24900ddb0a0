#include "export/out.h"

#include "base/arena.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum {
    GZ_CHUNK = 64 * 1024,
    GZ_LEVEL = 4,            /* JSON shrinks 15 times; 6 gains 5 % for twice the time */
    GZ_WINDOW_BITS = 15 + 16 /* zlib's way to say gzip */
};

struct export_out {
    char *path; /* owned: of parts, the whole's */
    bool in_parts;
    unsigned part; /* the one under way, from 1 */
    bool broken;   /* there is no file under way: writes are dropped */
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

/* "dir/x.json.gz", 2 -> "dir/x.2.json.gz"; the caller frees it. */
static char *part_path(const struct export_out *out, unsigned part)
{
    const char *slash = strrchr(out->path, '/'), *name = slash ? slash + 1 : out->path;
    const char *dot = strchr(*name == '.' ? name + 1 : name, '.');
    char *path;
    int stem = (int)((dot ? dot : name + strlen(name)) - out->path);
    if (asprintf(&path, "%.*s.%u%s", stem, out->path, part, dot ? dot : "") < 0)
        abort(); /* no memory */
    return path;
}

static bool begin_file(struct export_out *out, struct err *err)
{
    if (out->to_stdout)
        return true;
    char *path = out->in_parts ? part_path(out, out->part) : NULL;
    bool ok = file_out_open(&out->file, path ? path : out->path, err);
    free(path);
    return ok;
}

static void begin_packing(struct export_out *out)
{
    if (!out->compress)
        return;
    out->z = (z_stream){0};
    if (deflateInit2(&out->z, GZ_LEVEL, Z_DEFLATED, GZ_WINDOW_BITS, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        abort(); /* no memory */
}

static void out_free(struct export_out *out)
{
    free(out->packed);
    free(out->path);
    free(out);
}

static struct export_out *out_open(const char *path, bool in_parts, struct err *err)
{
    struct export_out *out = mem_realloc(NULL, 1, sizeof *out);
    *out = (struct export_out){.in_parts = in_parts, .part = 1, .to_stdout = !strcmp(path, "-")};
    out->path = strdup(path);
    if (!out->path)
        abort(); /* no memory */
    out->compress = ends_with(path, ".gz");
    if (!begin_file(out, err)) {
        out_free(out);
        return NULL;
    }
    if (out->compress)
        out->packed = mem_realloc(NULL, GZ_CHUNK, 1);
    begin_packing(out);
    return out;
}

struct export_out *export_out_open(const char *path, struct err *err)
{
    return out_open(path, false, err);
}

struct export_out *export_out_open_parts(const char *path, struct err *err)
{
    return out_open(path, strcmp(path, "-") != 0, err);
}

static void write_raw(struct export_out *out, const void *p, size_t bytes)
{
    if (out->broken)
        return;
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

void export_out_is_packed(struct export_out *out)
{
    if (out->compress)
        deflateEnd(&out->z);
    out->compress = false;
}

uint64_t export_out_bytes(const struct export_out *out)
{
    return out->bytes;
}

bool export_out_failed(const struct export_out *out)
{
    return out->broken || out->file.failed || out->stdout_failed;
}

/* Ends the compressed stream and the file, which gets its name. */
static bool end_file(struct export_out *out, struct err *err)
{
    if (out->compress) {
        deflate_all(out, Z_FINISH);
        deflateEnd(&out->z);
    }
    if (!out->to_stdout)
        return file_out_commit(&out->file, err);
    if (!out->stdout_failed && fflush(stdout))
        out->stdout_failed = !err_errno(&out->stdout_cause, "write the standard output");
    if (out->stdout_failed && err)
        *err = out->stdout_cause;
    return !out->stdout_failed;
}

static void remove_parts(struct export_out *out, unsigned below)
{
    for (unsigned part = 1; out->in_parts && part < below; part++) {
        char *path = part_path(out, part);
        unlink(path);
        free(path);
    }
}

bool export_out_next(struct export_out *out, struct err *err)
{
    if (!out->in_parts)
        return true;
    bool ok = end_file(out, err);
    if (ok) {
        out->part++;
        begin_packing(out);
        ok = begin_file(out, err);
    }
    out->broken = !ok;
    return ok;
}

unsigned export_out_parts(const struct export_out *out)
{
    return out->part;
}

bool export_out_commit(struct export_out *out, struct err *err)
{
    bool ok = end_file(out, err);
    if (!ok)
        remove_parts(out, out->part);
    out_free(out);
    return ok;
}

void export_out_discard(struct export_out *out)
{
    if (out->compress)
        deflateEnd(&out->z);
    if (!out->to_stdout)
        file_out_discard(&out->file);
    remove_parts(out, out->part);
    out_free(out);
}
