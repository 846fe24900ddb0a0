#include "base/file.h"

#include "base/arena.h"
#include "base/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    OUT_BUFFER = 256 * 1024
};

bool file_map(struct file_map *map, const char *path, struct err *err)
{
    *map = (struct file_map){.fd = -1};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return err_errno(err, "open %s", path);
    struct stat st;
    if (fstat(fd, &st) < 0) {
        err_errno(err, "stat %s", path);
        close(fd);
        return false;
    }
    if (!S_ISREG(st.st_mode)) {
        close(fd);
        return err_set(err, "%s: %s", path,
                       S_ISDIR(st.st_mode) ? "is a directory" : "is not a regular file");
    }
    if (st.st_size > 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED) {
            err_errno(err, "map %s", path);
            close(fd);
            return false;
        }
        map->data = p;
        map->bytes = (size_t)st.st_size;
        guard_add(p, map->bytes);
    }
    map->fd = fd;
    return true;
}

void file_unmap(struct file_map *map)
{
    if (map->data) {
        union {
            const uint8_t *ro;
            void *rw;
        } p = {.ro = map->data};
        guard_remove(p.ro);
        munmap(p.rw, map->bytes);
    }
    if (map->fd > 0)
        close(map->fd);
    *map = (struct file_map){.fd = -1};
}

bool file_read(const char *path, char **data, size_t *bytes, struct err *err)
{
    *data = NULL;
    *bytes = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, "open %s", path);
    char *buf = NULL;
    size_t cap = 0, len = 0;
    for (;;) {
        mem_grow(&buf, &cap, len + 4096 + 1, 1);
        ssize_t n = read(fd, buf + len, cap - len - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            err_errno(err, "read %s", path);
            free(buf);
            close(fd);
            return false;
        }
        if (n == 0)
            break;
        len += (size_t)n;
    }
    close(fd);
    buf[len] = '\0';
    *data = buf;
    *bytes = len;
    return true;
}

static void out_fail(struct file_out *out, const char *verb)
{
    if (out->failed)
        return;
    out->failed = true;
    bool full = errno == ENOSPC || errno == EDQUOT;
    err_errno(&out->cause, "%s %s", verb, out->path);
    if (full)
        err_hint(&out->cause, "free some space there, or write elsewhere with -o");
}

static void write_all(struct file_out *out, const uint8_t *p, size_t bytes)
{
    while (bytes && !out->failed) {
        ssize_t n = write(out->fd, p, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            out_fail(out, "write");
            return;
        }
        p += n;
        bytes -= (size_t)n;
    }
}

/* A device or a pipe (/dev/null, /dev/stdout) is written to as it is: a file put in
 * its place would take it away from everybody. */
static bool open_special(struct file_out *out, const char *path, struct err *err)
{
    out->fd = open(path, O_WRONLY | O_CLOEXEC);
    return out->fd >= 0 || err_errno(err, "open %s", path);
}

static bool open_temporary(struct file_out *out, const char *path, struct err *err)
{
    if (asprintf(&out->temp_path, "%s.XXXXXX.tmp", path) < 0)
        abort();
    out->fd = mkostemps(out->temp_path, 4, O_CLOEXEC);
    if (out->fd >= 0)
        return true;
    bool no_folder = errno == ENOENT;
    err_errno(err, "create %s", path);
    if (no_folder)
        err_hint(err, "its folder does not exist: make it, or name another with -o");
    free(out->temp_path);
    out->temp_path = NULL;
    return false;
}

bool file_out_open(struct file_out *out, const char *path, struct err *err)
{
    *out = (struct file_out){.fd = -1};
    struct stat st;
    bool exists = stat(path, &st) == 0;
    if (exists && S_ISDIR(st.st_mode))
        return err_set(err, "write %s: is a directory", path);
    char *target = exists ? realpath(path, NULL) : NULL; /* behind links, which stay */
    if (!target)
        target = strdup(path);
    bool ok = exists && !S_ISREG(st.st_mode) ? open_special(out, path, err)
                                             : open_temporary(out, target, err);
    if (!ok) {
        free(target);
        return false;
    }
    out->path = target;
    out->buf = mem_realloc(NULL, OUT_BUFFER, 1);
    return true;
}

static void out_flush(struct file_out *out)
{
    write_all(out, out->buf, out->buf_len);
    out->buf_len = 0;
}

void file_out_write(struct file_out *out, const void *p, size_t bytes)
{
    out->off += bytes;
    if (out->buf_len + bytes > OUT_BUFFER)
        out_flush(out);
    if (bytes > OUT_BUFFER) {
        write_all(out, p, bytes);
        return;
    }
    if (bytes)
        memcpy(out->buf + out->buf_len, p, bytes);
    out->buf_len += bytes;
}

void file_out_patch(struct file_out *out, uint64_t off, const void *p, size_t bytes)
{
    out_flush(out);
    if (!out->failed && pwrite(out->fd, p, bytes, (off_t)off) != (ssize_t)bytes)
        out_fail(out, "write");
}

bool file_out_read(struct file_out *out, uint64_t off, void *p, size_t bytes, struct err *err)
{
    out_flush(out);
    if (out->failed) {
        if (err)
            *err = out->cause;
        return false;
    }
    ssize_t n = pread(out->fd, p, bytes, (off_t)off);
    if (n < 0)
        return err_errno(err, "read back %s", out->path);
    if ((size_t)n != bytes)
        return err_set(err, "read back %s: was cut short by somebody else", out->path);
    return true;
}

/* Also where the file system cannot do it by itself (EXDEV, EINVAL on old kernels). */
static bool copy_bytes(int from, int to, uint64_t bytes)
{
    enum {
        PIECE = 1 << 18
    };
    off_t at = 0;
    ssize_t n;
    while ((uint64_t)at < bytes &&
           ((n = copy_file_range(from, &at, to, NULL, bytes - (uint64_t)at, 0)) > 0 ||
            (n < 0 && errno == EINTR)))
        ;
    uint8_t *buf = (uint64_t)at < bytes ? mem_realloc(NULL, PIECE, 1) : NULL;
    while ((uint64_t)at < bytes) {
        uint64_t left = bytes - (uint64_t)at;
        n = pread(from, buf, left < PIECE ? (size_t)left : PIECE, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || write(to, buf, (size_t)n) != n)
            break;
        at += n;
    }
    free(buf);
    return (uint64_t)at == bytes;
}

void file_out_unname(struct file_out *out)
{
    if (out->temp_path)
        unlink(out->temp_path);
    free(out->temp_path);
    out->temp_path = NULL;
}

bool file_out_branch(struct file_out *out, const char *path, struct err *err)
{
    struct file_out next = {.fd = -1, .path = strdup(path)};
    if (!next.path)
        abort();
    if (!open_temporary(&next, path, err)) {
        file_out_discard(&next);
        return false;
    }
    if (!copy_bytes(out->fd, next.fd, out->off - out->buf_len)) {
        err_errno(err, "copy %s to %s", out->path, path);
        file_out_discard(&next);
        return false;
    }
    close(out->fd);
    free(out->path);
    free(out->temp_path);
    out->fd = next.fd;
    out->path = next.path;
    out->temp_path = next.temp_path;
    return true;
}

bool file_out_commit(struct file_out *out, struct err *err)
{
    out_flush(out);
    if (!out->failed && out->temp_path && rename(out->temp_path, out->path) < 0)
        out_fail(out, "name");
    if (out->failed) {
        if (err)
            *err = out->cause;
        file_out_discard(out);
        return false;
    }
    free(out->temp_path);
    out->temp_path = NULL;
    file_out_discard(out);
    return true;
}

void file_out_discard(struct file_out *out)
{
    if (out->temp_path) {
        unlink(out->temp_path);
        free(out->temp_path);
    }
    if (out->path && out->fd >= 0)
        close(out->fd);
    free(out->path);
    free(out->buf);
    *out = (struct file_out){.fd = -1};
}

bool file_make_dirs(const char *path, struct err *err)
{
    char *copy = strdup(path);
    bool ok = true;
    for (char *p = copy + 1; ok; p++) {
        if (*p && *p != '/')
            continue;
        char c = *p;
        *p = '\0';
        struct stat st;
        if (mkdir(copy, 0777) < 0 &&
            (errno != EEXIST || stat(copy, &st) < 0 || !S_ISDIR(st.st_mode)))
            ok = err_errno(err, "create folder %s", copy);
        if (!c)
            break;
        *p = c;
    }
    free(copy);
    return ok;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

bool file_remove_tree(const char *path, struct err *err)
{
    if (nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT)
        return err_errno(err, "remove %s", path);
    return true;
}

static _Thread_local uint64_t tree_bytes;

static int count_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)path;
    (void)ftw;
    if (type == FTW_F && S_ISREG(st->st_mode))
        tree_bytes += (uint64_t)st->st_size;
    return 0;
}

uint64_t file_tree_bytes(const char *path)
{
    tree_bytes = 0;
    nftw(path, count_one, 32, FTW_PHYS);
    return tree_bytes;
}
