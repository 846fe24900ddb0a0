#include "cli/capture.h"

#include "base/file.h"
#include "base/fmt.h"
#include "profile/build.h"
#include "profile/write.h"
#include "session/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    NAME_TRIES = 1000
};

#define THREAD_CLASSES (SESSION_SCHED | SESSION_SYSCALL | SESSION_LOCK | SESSION_CPU)

const struct capture_kind capture_kinds[] = {
    [CAPTURE_CPU] = {"cpu", "profile", REDUCE_CPU, SESSION_CPU, CAPTURE_RECORDED, 0, false,
                     "CPU time by call stack"},
    [CAPTURE_HEAP] = {"heap", "heap", REDUCE_HEAP, SESSION_ALLOC, CAPTURE_COUNTED, PROCESS_HEAP,
                      true, "memory allocated and still in use"},
    [CAPTURE_ALLOCS] = {"allocs", "allocs", REDUCE_ALLOCS, SESSION_ALLOC, CAPTURE_COUNTED,
                        PROCESS_ALLOCS, true, "memory allocated, in use or not"},
    [CAPTURE_BLOCK] = {"block", "block", REDUCE_BLOCK, SESSION_LOCK, CAPTURE_COUNTED, PROCESS_BLOCK,
                       false, "waits for locks, conditions and joins, by the waiter's stack"},
    [CAPTURE_MUTEX] = {"mutex", "mutex", REDUCE_MUTEX, SESSION_LOCK, CAPTURE_COUNTED, PROCESS_MUTEX,
                       false, "waits for locks, by the stack of the holder's unlock"},
    [CAPTURE_THREADS] = {"threads", "goroutine", REDUCE_THREADS, THREAD_CLASSES, CAPTURE_SEEN, 0,
                         true, "every thread, where it stands and why"},
    [CAPTURE_GOROUTINE] = {"goroutine", "goroutine", REDUCE_GOROUTINES, THREAD_CLASSES,
                           CAPTURE_SEEN, 0, true, "the same under Go's name"},
    [CAPTURE_THREADCREATE] = {"threadcreate", "threadcreate", REDUCE_THREADS, 0, CAPTURE_COUNTED,
                              PROCESS_THREADCREATE, true, "threads begun, by who made them"},
    [CAPTURE_KINDS] = {NULL, NULL, REDUCE_CPU, 0, CAPTURE_RECORDED, 0, false, NULL},
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

bool capture_save(const char *path, const struct profile *p, const char *default_type,
                  struct err *err)
{
    struct strbuf bytes = {0};
    bool ok = profile_write(p, default_type, &bytes, err) && write_file(path, &bytes, err);
    strbuf_release(&bytes);
    return ok;
}

static bool write_profile(const struct trace *t, const struct capture_kind *kind, const char *path,
                          FILE *to, struct err *err)
{
    struct strbuf bytes = {0};
    uint64_t rows = 0;
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
                kind->way == CAPTURE_SEEN ? "threads" : "events");
    strbuf_release(&bytes);
    return ok;
}

/* Into `exact`, or into `dir` under names of their own. */
static bool write_kinds(const char *trace_path, unsigned kinds, const char *dir, const char *exact,
                        FILE *to, struct err *err)
{
    struct trace *t = trace_open(trace_path, err);
    bool ok = t != NULL;
    for (int i = 0; ok && capture_kinds[i].name; i++) {
        if (!(kinds & 1u << i))
            continue;
        char *path = exact ? strdup(exact) : capture_path(dir, capture_kinds[i].name, ".prof");
        ok = write_profile(t, &capture_kinds[i], path, to, err);
        free(path);
    }
    if (ok && trace_damage(t, err))
        ok = false;
    if (t)
        trace_close(t);
    return ok;
}

bool capture_write(const char *trace_path, unsigned kinds, const char *dir, FILE *to,
                   struct err *err)
{
    return write_kinds(trace_path, kinds, dir, NULL, to, err);
}

bool capture_write_as(const char *trace_path, unsigned kind, const char *path, FILE *to,
                      struct err *err)
{
    return write_kinds(trace_path, kind, NULL, path, to, err);
}
