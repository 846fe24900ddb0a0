#include "session/ctf_files.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Packet header and context of LTTng-UST's streams, packed, in host order. */
enum {
    HEAD_MAGIC = 0,
    HEAD_CONTENT_BITS = 48,
    HEAD_PACKET_BITS = 56,
    HEAD_DISCARDED = 72,
    HEAD_BYTES = 84
};

static const uint32_t magic = 0xc1fc1fc1;

static uint64_t head_u64(const unsigned char *head, int off)
{
    uint64_t v;
    memcpy(&v, head + off, sizeof v);
    return v;
}

/* A stream's count of discarded events goes on from chunk to chunk of a rotated session. */
struct stream_count {
    char *name; /* owned: its path in the chunk, from "/ust/" on */
    uint64_t discarded;
};

struct stream_counts {
    struct stream_count *list; /* owned */
    size_t count, cap;
};

static void count_discarded(struct stream_counts *counts, const char *path, uint64_t discarded)
{
    const char *name = path;
    for (const char *p = path; (p = strstr(p, "/ust/")); p++)
        name = p;
    for (size_t i = 0; i < counts->count; i++) {
        struct stream_count *c = &counts->list[i];
        if (strcmp(c->name, name))
            continue;
        if (c->discarded < discarded)
            c->discarded = discarded;
        return;
    }
    mem_grow(&counts->list, &counts->cap, counts->count + 1, sizeof *counts->list);
    counts->list[counts->count++] = (struct stream_count){strdup(name), discarded};
}

static uint64_t sum_discarded(struct stream_counts *counts)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < counts->count; i++) {
        sum += counts->list[i].discarded;
        free(counts->list[i].name);
    }
    free(counts->list);
    return sum;
}

/* Walks the whole packets of a stream; returns where they end. */
static uint64_t walk_stream(int fd, uint64_t size, struct ctf_files *files, uint64_t *discarded)
{
    uint64_t off = 0;
    *discarded = 0;
    unsigned char head[HEAD_BYTES];
    while (size - off >= HEAD_BYTES &&
           pread(fd, head, sizeof head, (off_t)off) == (ssize_t)sizeof head) {
        uint64_t bytes = head_u64(head, HEAD_PACKET_BITS) / 8;
        if (memcmp(head + HEAD_MAGIC, &magic, sizeof magic) || bytes < HEAD_BYTES ||
            bytes > size - off)
            break;
        files->packets++;
        files->event_bytes += head_u64(head, HEAD_CONTENT_BITS) / 8 - HEAD_BYTES;
        *discarded = head_u64(head, HEAD_DISCARDED);
        off += bytes;
    }
    files->streams += off > 0;
    files->bytes += off;
    files->torn_bytes += size - off;
    return off;
}

/* FOLDER/index/NAME.idx beside FOLDER/NAME. */
static void drop_index(const char *path)
{
    char *index = NULL;
    const char *name = strrchr(path, '/');
    if (name && asprintf(&index, "%.*s/index/%s.idx", (int)(name - path), path, name + 1) > 0)
        unlink(index);
    free(index);
}

static bool cut(const char *path, uint64_t end, struct err *err)
{
    drop_index(path);
    if (end ? truncate(path, (off_t)end) == 0 : unlink(path) == 0)
        return true;
    return err_errno(err, "mend %s", path);
}

static bool take_stream(const char *path, bool repair, struct ctf_files *files,
                        struct stream_counts *counts, struct err *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return true;
    bool ok = true;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        uint64_t discarded, end = walk_stream(fd, (uint64_t)st.st_size, files, &discarded);
        count_discarded(counts, path, discarded);
        if (repair && end < (uint64_t)st.st_size)
            ok = cut(path, end, err);
    }
    close(fd);
    return ok;
}

static bool walk(const char *dir, bool repair, struct ctf_files *files, struct err *err)
{
    *files = (struct ctf_files){0};
    char *copy = strdup(dir);
    char *const roots[] = {copy, NULL};
    FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    bool ok = true;
    struct stream_counts counts = {0};
    for (FTSENT *e; fts && ok && (e = fts_read(fts));) {
        if (e->fts_info == FTS_D && !strcmp(e->fts_name, "index"))
            fts_set(fts, e, FTS_SKIP);
        else if (e->fts_info == FTS_F && !strcmp(e->fts_name, "metadata"))
            files->metadata |= e->fts_statp->st_size > 0;
        else if (e->fts_info == FTS_F && *e->fts_name != '.')
            ok = take_stream(e->fts_path, repair, files, &counts, err);
    }
    if (fts)
        fts_close(fts);
    free(copy);
    files->discarded = sum_discarded(&counts);
    return ok;
}

void ctf_files_scan(const char *dir, struct ctf_files *files)
{
    walk(dir, false, files, NULL);
}

bool ctf_files_repair(const char *dir, struct ctf_files *files, struct err *err)
{
    return walk(dir, true, files, err);
}
