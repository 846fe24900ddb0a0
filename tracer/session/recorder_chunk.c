/* Chunks of files. A session that is rotated now and then leaves chunks, each a trace of
 * its own: for a flight recorder, which keeps the last ones, and for converting while the
 * recording goes on. Every chunk of a flight recorder but the first begins with what the
 * agents and the collector know (definitions, names, standing states), so that it can be
 * read without those before it. */
#include "session/clock.h"
#include "session/recorder_process.h"

#include "base/arena.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FLIGHT_CHUNKS = 8, /* a flight recorder's time is that many, and up to one more */
    FLIGHT_CHUNK_LEAST_MS = 1000,
    FOLLOW_CHUNK_MS = 1000, /* while somebody follows */
    LOOK_MS = 250,          /* at a chunk's size */
    POLL_MS = 20,           /* for the end of a chunk */
    SETTLE_MS = 5000,
    DUMP_MS = 1000
};

static bool recording(const struct recorder *r)
{
    return !r->stopped && !r->cut_short && !r->chunks.failed;
}

static void answer_snapshot(struct recorder *r, const char *text)
{
    struct recorder_chunks *c = &r->chunks;
    if (c->snapshot_fd < 0)
        return;
    (void)!send(c->snapshot_fd, text, strlen(text), MSG_NOSIGNAL);
    close(c->snapshot_fd);
    c->snapshot_fd = -1;
}

static void dump_definitions(struct recorder *r)
{
    pid_t *pids = mem_realloc(NULL, r->process_count + 1, sizeof *pids);
    for (size_t i = 0; i < r->process_count; i++)
        pids[i] = r->processes[i].pid;
    /* First: what the agents' helper threads do to answer is theirs only when their names
     * are known. */
    collector_dump(&r->collector, DUMP_MS);
    agents_request(pids, r->process_count, "dump", DUMP_MS);
    free(pids);
}

static void begin_chunk(struct recorder *r)
{
    struct recorder_chunks *c = &r->chunks;
    if (c->snapshot_fd >= 0)
        recorder_flush(r, DUMP_MS);
    uint64_t now = clock_ns();
    if (!session_rotate(&r->session, NULL)) {
        c->failed = true;
        answer_snapshot(r, "LTTng could not end a chunk of the recording");
        return;
    }
    c->begun_ns = now;
    c->snapshot_begun = c->snapshot_fd >= 0;
    if (r->options.keep_ns)
        dump_definitions(r);
}

static void drop_old(struct recorder *r)
{
    struct recorder_chunks *c = &r->chunks;
    uint64_t end_ns = c->begun_ns; /* of the newest complete one */
    size_t old = 0;
    while (old < c->count && end_ns - c->list[old].end_ns > r->options.keep_ns) {
        file_remove_tree(c->list[old].dir, NULL);
        free(c->list[old].dir);
        old++;
    }
    c->count -= old;
    memmove(c->list, c->list + old, c->count * sizeof *c->list);
}

/* The same files under a second name: the recorder may drop its own meanwhile. */
static bool link_tree(const char *from, const char *to)
{
    char *const roots[] = {(char *)(uintptr_t)from, NULL};
    FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    bool ok = fts != NULL;
    char path[2 * PATH_MAX + 32];
    for (FTSENT *e; ok && (e = fts_read(fts));) {
        snprintf(path, sizeof path, "%s%s", to, e->fts_path + strlen(from));
        if (e->fts_info == FTS_D)
            ok = mkdir(path, 0700) == 0;
        else if (e->fts_info == FTS_F)
            ok = link(e->fts_path, path) == 0;
    }
    if (fts)
        fts_close(fts);
    return ok;
}

static bool take_snapshot(struct recorder *r)
{
    struct recorder_chunks *c = &r->chunks;
    char to[PATH_MAX + 32];
    if (mkdir(c->snapshot_dir, 0700) < 0)
        return false;
    for (size_t i = 0; i < c->count; i++) {
        snprintf(to, sizeof to, "%s/%zu", c->snapshot_dir, i);
        if (!link_tree(c->list[i].dir, to))
            return false;
    }
    return true;
}

static void keep(struct recorder *r, const char *dir)
{
    struct recorder_chunks *c = &r->chunks;
    mem_grow(&c->list, &c->cap, c->count + 1, sizeof *c->list);
    c->list[c->count++] = (struct recorder_chunk){strdup(dir), c->begun_ns};
    drop_old(r);
    if (!c->snapshot_begun)
        return;
    c->snapshot_begun = false;
    answer_snapshot(r, take_snapshot(r) ? "ok" : strerror(errno));
}

/* Who closed their connection has gone. */
static bool followed(struct recorder_chunks *c)
{
    char none;
    for (size_t i = c->follower_count; i-- > 0;) {
        if (recv(c->followers[i], &none, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN)
            continue;
        close(c->followers[i]);
        c->followers[i] = c->followers[--c->follower_count];
    }
    return c->follower_count > 0;
}

/* Is a chunk still being ended? */
static bool ending(struct recorder *r)
{
    char dir[PATH_MAX];
    struct recorder_chunks *c = &r->chunks;
    switch (session_rotation(&r->session, dir, sizeof dir)) {
    case SESSION_ROTATION_ONGOING:
        return true;
    case SESSION_ROTATION_DONE:
        if (r->options.keep_ns)
            keep(r, dir);
        else if (r->options.chunk_done)
            r->options.chunk_done(r->options.chunk_data, dir, c->begun_ns, followed(c));
        return false;
    case SESSION_ROTATION_FAILED:
        c->failed = true;
        answer_snapshot(r, "LTTng could not end a chunk of the recording");
        return false;
    case SESSION_ROTATION_NONE:
        break;
    }
    return false;
}

static uint64_t flight_chunk_ns(const struct recorder *r)
{
    uint64_t ns = r->options.keep_ns / FLIGHT_CHUNKS, least = FLIGHT_CHUNK_LEAST_MS * 1000000ull;
    return ns > least ? ns : least;
}

/* Of the chunk being written: complete ones are in `archives`. */
static uint64_t current_bytes(const char *ctf_dir)
{
    uint64_t bytes = 0;
    DIR *dir = opendir(ctf_dir);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        char path[PATH_MAX + NAME_MAX + 2];
        if (e->d_name[0] == '.' || !strcmp(e->d_name, "archives"))
            continue;
        snprintf(path, sizeof path, "%s/%s", ctf_dir, e->d_name);
        bytes += file_tree_bytes(path);
    }
    if (dir)
        closedir(dir);
    return bytes;
}

static bool due(struct recorder *r)
{
    struct recorder_chunks *c = &r->chunks;
    uint64_t now = clock_ns();
    if (!c->begun_ns)
        c->begun_ns = now;
    if (r->options.keep_ns)
        return (c->snapshot_fd >= 0 && !c->snapshot_begun) ||
               now - c->begun_ns >= flight_chunk_ns(r);
    if (followed(c) && now - c->begun_ns >= FOLLOW_CHUNK_MS * 1000000ull)
        return true;
    if (!r->options.chunk_bytes || now - c->looked_ns < LOOK_MS * 1000000ull)
        return false;
    c->looked_ns = now;
    return current_bytes(r->options.ctf_dir) >= r->options.chunk_bytes;
}

void recorder_chunks_step(struct recorder *r)
{
    if (!recording(r) || ending(r) || !due(r))
        return;
    begin_chunk(r);
}

int recorder_chunks_timeout_ms(const struct recorder *r)
{
    if (!recording(r) || (!r->options.keep_ns && !r->options.chunk_bytes))
        return -1;
    return r->session.rotation || r->chunks.snapshot_fd >= 0 ? POLL_MS : LOOK_MS;
}

void recorder_chunks_snapshot(struct recorder *r, int fd, const char *dir)
{
    struct recorder_chunks *c = &r->chunks;
    if (!r->options.keep_ns || c->snapshot_fd >= 0 || !recording(r) ||
        strlen(dir) >= sizeof c->snapshot_dir) {
        const char *why = !r->options.keep_ns   ? "this recording is no flight recorder"
                          : c->snapshot_fd >= 0 ? "another snapshot is being taken"
                                                : "the recording has ended";
        (void)!send(fd, why, strlen(why), MSG_NOSIGNAL);
        close(fd);
        return;
    }
    c->snapshot_fd = fd;
    c->snapshot_begun = false;
    snprintf(c->snapshot_dir, sizeof c->snapshot_dir, "%s", dir);
}

void recorder_chunks_follow(struct recorder *r, int fd)
{
    struct recorder_chunks *c = &r->chunks;
    const char *why = !recording(r)        ? "the recording has ended"
                      : r->options.keep_ns ? "a flight recorder cannot be followed"
                      : !r->options.chunk_bytes || !r->options.chunk_done
                          ? "this recording is not converted before its end (--keep-ctf)"
                          : NULL;
    const char *answer = why ? why : "ok";
    (void)!send(fd, answer, strlen(answer), MSG_NOSIGNAL);
    if (why) {
        close(fd);
        return;
    }
    mem_grow(&c->followers, &c->follower_cap, c->follower_count + 1, sizeof *c->followers);
    c->followers[c->follower_count++] = fd;
}

void recorder_chunks_settle(struct recorder *r)
{
    for (int ms = 0; recording(r) && ms < SETTLE_MS && ending(r); ms += POLL_MS)
        poll(NULL, 0, POLL_MS);
    answer_snapshot(r, "the recording has ended");
}

void recorder_chunks_release(struct recorder *r)
{
    struct recorder_chunks *c = &r->chunks;
    for (size_t i = 0; i < c->count; i++)
        free(c->list[i].dir);
    for (size_t i = 0; i < c->follower_count; i++)
        close(c->followers[i]);
    free(c->followers);
    free(c->list);
    c->list = NULL;
    c->followers = NULL;
    c->count = c->cap = c->follower_count = c->follower_cap = 0;
}
