#include "cli/capture.h"

#include "base/file.h"
#include "base/fmt.h"
#include "profile/build.h"
#include "session/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    NAME_TRIES = 1000
};

const struct capture_kind capture_kinds[] = {
    [CAPTURE_CPU] = {"cpu", "profile", REDUCE_CPU, SESSION_CPU, false, "CPU time by call stack"},
    [CAPTURE_HEAP] = {"heap", "heap", REDUCE_HEAP, SESSION_ALLOC, false,
                      "memory allocated and still in use"},
    [CAPTURE_ALLOCS] = {"allocs", "allocs", REDUCE_ALLOCS, SESSION_ALLOC, false,
                        "memory allocated, in use or not"},
    [CAPTURE_BLOCK] = {"block", "block", REDUCE_BLOCK, SESSION_LOCK, false,
                       "waits for locks, conditions and joins, by the waiter's stack"},
    [CAPTURE_MUTEX] = {"mutex", "mutex", REDUCE_MUTEX, SESSION_LOCK, false,
                       "waits for locks, by the stack of the holder's unlock"},
    [CAPTURE_THREADS] = {"threads", "goroutine", REDUCE_THREADS,
                         SESSION_SCHED | SESSION_SYSCALL | SESSION_LOCK | SESSION_CPU, true,
                         "every thread, where it stands and why"},
    [CAPTURE_GOROUTINE] = {"goroutine", "goroutine", REDUCE_GOROUTINES,
                           SESSION_SCHED | SESSION_SYSCALL | SESSION_LOCK | SESSION_CPU, true,
                           "the same under Go's name"},
    [CAPTURE_KINDS] = {NULL, NULL, REDUCE_CPU, 0, false, NULL},
};

bool capture_folder(const char *option, char dir[PATH_MAX], struct err *err)
{
    const char *env = getenv("OUTPUT_DIR");
    const char *chosen = option ? option : env && *env ? env : "./profiles";
    if (!file_make_dirs(chosen, err))
        return false;
    return realpath(chosen, dir) ? true : err_errno(err, "%s", chosen);
}

char *capture_path(const char *dir, const char *kind, const char *suffix)
{
    char stamp[32], *path = NULL;
    time_t now = time(NULL);
    struct tm tm;
    strftime(stamp, sizeof stamp, "%Y%m%d_%H%M%S", localtime_r(&now, &tm));
    for (int i = 1; i < NAME_TRIES; i++) {
        char more[16] = "";
        if (i > 1)
            snprintf(more, sizeof more, "_%d", i);
        free(path);
        if (asprintf(&path, "%s/%s_%s%s%s", dir, kind, stamp, more, suffix) < 0)
            abort(); /* no memory */
        if (access(path, F_OK) < 0)
            break;
    }
    return path;
}

const char *capture_classes(unsigned kinds, char *buf, size_t cap)
{
    unsigned classes = 0;
    for (int i = 0; capture_kinds[i].name; i++)
        if (kinds & 1u << i)
            classes |= capture_kinds[i].classes;
    return session_classes_text(classes, buf, cap);
}

void capture_trace_path(const char *dir, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/.capture-%d.out", dir, (int)getpid());
}

static bool write_file(const char *path, const struct strbuf *bytes, struct err *err)
{
    struct file_out out;
    if (!file_out_open(&out, path, err))
        return false;
    file_out_write(&out, bytes->p, bytes->len);
    return file_out_commit(&out, err);
}

static bool write_profile(const struct trace *t, const struct capture_kind *kind, const char *dir,
                          FILE *to, struct err *err)
{
    struct strbuf bytes = {0};
    uint64_t rows = 0;
    char *path = capture_path(dir, kind->name, ".prof");
    bool ok =
        profile_build_file(t, kind->reduce, (struct reduce_range){0, trace_duration_ns(t) + 1},
                           &bytes, &rows, err) &&
        write_file(path, &bytes, err);
    char count[FMT_MAX];
    if (ok)
        fprintf(to, "%s\n", path);
    if (ok && !rows)
        fprintf(stderr, "whyprof: %s: nothing of it happened meanwhile: the profile is empty\n",
                kind->name);
    else if (ok)
        fprintf(stderr, "whyprof: %s: %s %s\n", kind->name, fmt_count(count, rows),
                kind->is_a_moment ? "threads" : "events");
    free(path);
    strbuf_release(&bytes);
    return ok;
}

bool capture_write(const char *trace_path, unsigned kinds, const char *dir, FILE *to,
                   struct err *err)
{
    struct trace *t = trace_open(trace_path, err);
    bool ok = t != NULL;
    for (int i = 0; ok && capture_kinds[i].name; i++)
        if (kinds & 1u << i)
            ok = write_profile(t, &capture_kinds[i], dir, to, err);
    if (ok && trace_damage(t, err))
        ok = false;
    if (t)
        trace_close(t);
    return ok;
}
