#include "cli/live.h"

#include "base/arena.h"
#include "base/file.h"
#include "session/clock.h"
#include "session/procfs.h"

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    NICENESS = 5,         /* the traced program comes first, but the conversion must keep up */
    PICTURE_NICENESS = 5, /* more */
    PICTURE_LEAST_MS = 900,
    PICTURE_BEHIND_MS = 1500, /* later, while chunks wait */
    PICTURE_SHARE = 8,        /* pictures may take one in so many ms of a CPU */
    MESSAGE_MAX = PATH_MAX + 64
};

/* ---- the converting process ---- */

struct converter {
    struct record *rec; /* the recorder's, as it was at the fork */
    struct convert *convert;
    bool ended;            /* the recorder said so, its state is saved */
    pid_t picture;         /* the process that finishes one, 0: none */
    uint64_t picture_ms;   /* when that began */
    uint64_t picture_next; /* no other before */
    struct err err;
};

static bool add(struct converter *c, const char *dir, uint64_t until_ns)
{
    if (c->err.text[0])
        return false;
    if (!c->convert)
        c->convert = convert_begin(state_get(&c->rec->state, "out"), NULL, &c->err);
    bool ok = c->convert && convert_add(c->convert, dir, CONVERT_READER_AUTO, until_ns, &c->err);
    if (ok)
        file_remove_tree(dir, NULL);
    return ok;
}

/* ---- pictures for who follows ---- */

/* In a process of its own, a copy of the converting one: it ends the trace here. */
static void make_picture(struct converter *c)
{
    struct convert_result result;
    char *path = record_live_path(&c->rec->state);
    (void)!nice(PICTURE_NICENESS);
    state_set(&c->rec->state, "meta.session.incomplete", "it is still being recorded");
    if (convert_branch(c->convert, path, NULL))
        convert_end(c->convert, record_meta(&c->rec->state), &result, NULL);
}

/* The next one waits so long that all of them take a small share of one CPU. */
static void end_picture(struct converter *c, int flags)
{
    struct rusage used;
    if (!c->picture || wait4(c->picture, NULL, flags, &used) != c->picture)
        return;
    uint64_t ms = (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
                  (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
    uint64_t pause_ms = ms * PICTURE_SHARE;
    c->picture = 0;
    c->picture_next = c->picture_ms + (pause_ms > PICTURE_LEAST_MS ? pause_ms : PICTURE_LEAST_MS);
}

/* Where chunks wait less often: to keep up comes first, but who follows sees something. */
static void begin_picture(struct converter *c, int fd)
{
    struct pollfd more = {.fd = fd, .events = POLLIN};
    uint64_t now = (uint64_t)clock_ms();
    end_picture(c, WNOHANG);
    uint64_t next = c->picture_next + (poll(&more, 1, 0) > 0 ? PICTURE_BEHIND_MS : 0);
    if (c->picture || now < next || c->err.text[0])
        return;
    convert_resolve(c->convert);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        make_picture(c);
        _exit(0);
    }
    c->picture = pid > 0 ? pid : 0;
    c->picture_ms = now;
}

/* "add UNTIL FOLDER", "show UNTIL FOLDER" where somebody follows, or "end" */
static void take_message(struct converter *c, const char *text, int fd)
{
    uint64_t until_ns;
    int path_at = 0;
    char what[8];
    if (!strcmp(text, "end"))
        c->ended = true;
    else if (sscanf(text, "%7s %" SCNu64 " %n", what, &until_ns, &path_at) == 2 && path_at &&
             add(c, text + path_at, until_ns) && !strcmp(what, "show"))
        begin_picture(c, fd);
}

/* The recorder was killed. */
static void inherit(struct converter *c, struct state *st)
{
    struct recorder_result result;
    recorder_recover(&c->rec->runtime, state_get(st, "session"), state_get(st, "ctf_dir"), NULL,
                     NULL, &result, NULL);
    state_set(st, "meta.session.incomplete", "the recorder was killed");
    state_set(st, "meta.lost.buffers", "%" PRIu64, result.lost_events);
}

/* What is left is the last chunk, or those since one that failed. */
static bool convert_rest(struct converter *c, struct state *st, struct convert_result *result)
{
    const char *ctf = state_get(st, "ctf_dir");
    bool rest = record_has_events(ctf);
    if (rest && !add(c, ctf, UINT64_MAX))
        return false;
    if (c->err.text[0])
        return false;
    const char **meta = record_meta(st);
    struct convert *convert = c->convert;
    c->convert = NULL;
    bool ok = convert_end(convert, meta, result, &c->err);
    free(meta);
    file_remove_tree(ctf, NULL);
    return ok;
}

static void convert_to_end(struct converter *c)
{
    struct state st;
    struct convert_result result = {0};
    end_picture(c, 0); /* it would come back after the end */
    if (!state_load(&st, c->rec->state.path, NULL))
        return;
    if (!c->ended)
        inherit(c, &st);
    bool ok = convert_rest(c, &st, &result);
    if (!ok && c->convert)
        convert_cancel(c->convert);
    if (!ok)
        record_hint_kept(&c->err, state_get(&st, "ctf_dir"));
    record_save_outcome(&st, ok, &result, &c->err);
    state_release(&st);
}

static void run_converter(struct record *rec, int fd)
{
    struct converter c = {.rec = rec};
    char text[MESSAGE_MAX];
    ssize_t n;
    (void)!nice(NICENESS);
    while (!c.ended && ((n = recv(fd, text, sizeof text - 1, 0)) > 0 || (n < 0 && errno == EINTR)))
        if (n > 0) {
            text[n] = '\0';
            take_message(&c, text, fd);
        }
    convert_to_end(&c);
}

/* ---- the recorder's side ---- */

void live_init(struct live *live, struct record *rec)
{
    *live = (struct live){.rec = rec, .fd = -1};
}

/* The process keeps nothing of the recorder's but its messages: somebody may wait for
 * the end of a descriptor. Its signals stay blocked: only the recorder ends it. */
static bool begin(struct live *live)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        return false;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fds[1], STDERR_FILENO + 1);
        close_range(STDERR_FILENO + 2, ~0u, 0);
        run_converter(live->rec, STDERR_FILENO + 1);
        _exit(0);
    }
    close(fds[1]);
    live->fd = fds[0];
    live->pid = pid > 0 ? pid : 0;
    struct state *st = &live->rec->state;
    state_set(st, "converter_pid", "%d", (int)live->pid);
    state_set(st, "converter_ticks", "%" PRIu64, procfs_start_ticks(live->pid));
    state_save(st, NULL);
    return live->pid > 0;
}

void live_chunk_done(void *data, const char *dir, uint64_t until_ns, bool followed)
{
    struct live *live = data;
    char text[MESSAGE_MAX];
    if (!live->pid && !begin(live))
        return; /* all of it at the end, then */
    int n =
        snprintf(text, sizeof text, "%s %" PRIu64 " %s", followed ? "show" : "add", until_ns, dir);
    (void)!send(live->fd, text, (size_t)n, MSG_NOSIGNAL);
}

/* What it was writing: named after the trace, with six letters between. */
static void remove_unfinished(const struct state *st)
{
    char pattern[PATH_MAX];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s.??????.tmp", state_get(st, "out"));
    if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            unlink(found.gl_pathv[i]);
    globfree(&found);
}

/* Somebody killed it: what it had read is gone with it, but not the rest. */
static void convert_remains(struct state *st)
{
    struct convert_result result = {0};
    struct err why = {0};
    state_set(st, "meta.session.incomplete",
              "the process that converted meanwhile was killed: what it had read is missing");
    remove_unfinished(st);
    bool ok = record_convert(st, NULL, &result, &why);
    if (!ok)
        err_wrap(&why, "the process that converted meanwhile was killed, and the rest");
    record_save_outcome(st, ok, &result, &why);
}

bool live_finish(struct live *live, struct err *err)
{
    struct state *st = &live->rec->state;
    char path[sizeof st->path];
    if (!live->pid)
        return false;
    (void)!send(live->fd, "end", 3, MSG_NOSIGNAL);
    while (waitpid(live->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    close(live->fd);
    live->fd = -1;
    snprintf(path, sizeof path, "%s", st->path);
    struct state after;
    if (state_load(&after, path, err)) {
        state_release(st);
        *st = after;
    }
    const char *phase = state_get(st, "phase");
    if (strcmp(phase, "done") && strcmp(phase, "failed"))
        convert_remains(st);
    return true;
}

bool live_converting(const struct state *st)
{
    pid_t pid = (pid_t)strtol(state_get(st, "converter_pid"), NULL, 10);
    uint64_t ticks = strtoull(state_get(st, "converter_ticks"), NULL, 10);
    return pid > 0 && ticks && procfs_start_ticks(pid) == ticks;
}
