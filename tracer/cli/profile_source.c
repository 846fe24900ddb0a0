#include "cli/profile_source.h"

#include "base/file.h"
#include "cli/capture.h"
#include "pprof/model.h"
#include "process/build.h"
#include "process/text.h"
#include "process/threads.h"
#include "profile/write.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STEP_US = 20000, /* how often a wait looks whether anybody still waits for it */
    US_PER_S = 1000000
};

static const enum process_kind counted[ENDPOINT_KINDS] = {
    [ENDPOINT_ALLOCS] = PROCESS_ALLOCS,
    [ENDPOINT_BLOCK] = PROCESS_BLOCK,
    [ENDPOINT_HEAP] = PROCESS_HEAP,
    [ENDPOINT_MUTEX] = PROCESS_MUTEX,
    [ENDPOINT_THREADCREATE] = PROCESS_THREADCREATE,
};

static bool gone(struct err *err)
{
    return err_set(err, "context canceled");
}

/* False where the client hung up meanwhile. */
static bool wait_s(const struct endpoint_request *r, struct err *err)
{
    for (double left = r->seconds; left > 0; left -= (double)STEP_US / US_PER_S) {
        if (http_gone(r->http))
            return gone(err);
        usleep(left * US_PER_S < STEP_US ? (unsigned)(left * US_PER_S) : STEP_US);
    }
    return true;
}

/* ---- recorded: `whyprof cpu` and `whyprof trace` in a process of their own ---- */

static pid_t spawn(const char *const *argv, const char *errors)
{
    extern char **environ;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none;
    pid_t pid = -1;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, errors, O_WRONLY | O_CREAT, 0600);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none); /* ours are blocked */
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    if (posix_spawn(&pid, "/proc/self/exe", &files, &attr, (char *const *)(uintptr_t)argv, environ))
        pid = -1;
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return pid;
}

/* "whyprof: WHAT: WHY": its first line, without our name. */
static bool fail_as_told(const char *errors, struct err *err)
{
    static const char name[] = "whyprof: ";
    char *text;
    size_t bytes;
    if (!file_read(errors, &text, &bytes, NULL))
        return err_set(err, "the recording failed");
    const char *last = text;
    for (const char *p = text; (p = strstr(p, name)); p++)
        last = p + sizeof name - 1;
    err_set(err, "%.*s", (int)strcspn(last, "\n"), last);
    free(text);
    return false;
}

/* A client that hung up ends it early. */
static bool wait_for(pid_t pid, const struct endpoint_request *r, const char *errors,
                     struct err *err)
{
    bool asked = false;
    int status;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (!asked && http_gone(r->http))
            asked = kill(pid, SIGTERM) == 0;
        usleep(STEP_US);
    }
    if (asked)
        return gone(err);
    return (WIFEXITED(status) && !WEXITSTATUS(status)) || fail_as_told(errors, err);
}

static bool record_into(const struct profile_source *s, const struct endpoint_request *r,
                        const char *dir, struct strbuf *body, struct err *err)
{
    char pid_text[16], seconds[32], path[PATH_MAX], errors[PATH_MAX], *bytes;
    size_t count;
    snprintf(pid_text, sizeof pid_text, "%d", (int)s->pid);
    snprintf(seconds, sizeof seconds, "%.9fs", r->seconds);
    snprintf(path, sizeof path, "%s/profile", dir);
    snprintf(errors, sizeof errors, "%s/errors", dir);
    const char *const argv[] = {"whyprof", r->kind == ENDPOINT_TRACE ? "trace" : "cpu",
                                pid_text,  "--duration",
                                seconds,   "-o",
                                path,      NULL};
    pid_t pid = spawn(argv, errors);
    if (pid < 0)
        return err_errno(err, "start the recording");
    if (!wait_for(pid, r, errors, err) || !file_read(path, &bytes, &count, err))
        return false;
    strbuf_append(body, bytes, count);
    free(bytes);
    return true;
}

static bool record(struct profile_source *s, const struct endpoint_request *r, struct strbuf *body,
                   struct err *err)
{
    bool is_trace = r->kind == ENDPOINT_TRACE;
    atomic_flag *busy = is_trace ? &s->trace_busy : &s->cpu_busy;
    char dir[] = "/tmp/whyprof-XXXXXX";
    if (atomic_flag_test_and_set(busy))
        return err_set(err, is_trace
                                ? "Could not enable tracing: tracing is already enabled"
                                : "Could not enable CPU profiling: cpu profiling already in use");
    bool ok = mkdtemp(dir) ? record_into(s, r, dir, body, err) : err_errno(err, "%s", dir);
    file_remove_tree(dir, NULL);
    atomic_flag_clear(busy);
    return ok ||
           err_wrap(err, is_trace ? "Could not enable tracing" : "Could not enable CPU profiling");
}

/* ---- threads ---- */

/* Those of the model, which owns what it points to. */
static struct profile profile_from_model(const struct pprof_model *m)
{
    return (struct profile){
        .value_types = m->types,
        .value_type_count = m->type_count,
        .samples = m->samples,
        .sample_count = m->sample_count,
        .mappings = m->mappings,
        .mapping_count = m->mapping_count,
        .functions = m->functions,
        .function_count = m->function_count,
        .locations = m->locations,
        .location_count = m->location_count,
        .period_type = m->period_type,
        .period = m->period,
        .time_unix_ns = m->time_unix_ns,
        .duration_ns = m->duration_ns,
        .drop_frames = "",
        .keep_frames = "",
        .doc_url = "",
    };
}

static bool write_difference(const struct profile *before, const struct profile *after,
                             struct strbuf *body, struct err *err)
{
    struct pprof_model models[2], out;
    struct pprof_model *const in[] = {&models[0], &models[1]};
    pprof_model_from_profile(&models[0], before);
    pprof_model_from_profile(&models[1], after);
    pprof_scale(&models[0], -1);
    bool ok = pprof_merge(&out, in, 2, err);
    if (ok) {
        out.time_unix_ns = after->time_unix_ns;
        out.duration_ns = after->time_unix_ns - before->time_unix_ns;
        struct profile p = profile_from_model(&out);
        ok = profile_write(&p, "", body, err);
        pprof_model_release(&out);
    }
    pprof_model_release(&models[0]);
    pprof_model_release(&models[1]);
    return ok;
}

static bool take_threads(const struct profile_source *s, const struct endpoint_request *r,
                         struct strbuf *body, struct err *err)
{
    struct profile before = {0}, p = {0};
    bool ok = r->seconds <= 0 ||
              (process_threads_profile(&before, s->pid, "goroutine", err) && wait_s(r, err));
    ok = ok && process_threads_profile(&p, s->pid, "goroutine", err);
    if (ok && r->debug >= 2)
        process_text_threads(body, &p);
    else if (ok && r->debug)
        process_text(body, &p, "goroutine");
    else if (ok)
        ok = r->seconds > 0 ? write_difference(&before, &p, body, err)
                            : profile_write(&p, "", body, err);
    profile_release(&before);
    profile_release(&p);
    return ok;
}

/* ---- counted ---- */

static bool write_counted(const struct profile_source *s, const struct endpoint_request *r,
                          const struct process_counts *now, const struct process_counts *before,
                          struct strbuf *body, struct err *err)
{
    struct profile p;
    enum process_kind kind = counted[r->kind];
    bool ok = process_counts_profile(&p, s->pid, kind, now, before, err);
    if (ok && r->debug)
        process_text(body, &p, process_kind_name(kind));
    else if (ok)
        ok = profile_write(&p, process_kind_default(kind), body, err);
    profile_release(&p);
    return ok;
}

static bool take_counted(const struct profile_source *s, const struct endpoint_request *r,
                         struct strbuf *body, struct err *err)
{
    struct process_counts before = {0}, now = {0};
    bool delta = r->seconds > 0;
    bool ok = (!delta || (process_counts_read(&before, s->pid, err) && wait_s(r, err))) &&
              process_counts_read(&now, s->pid, err) &&
              write_counted(s, r, &now, delta ? &before : NULL, body, err);
    process_counts_release(&before);
    process_counts_release(&now);
    return ok;
}

/* ---- the vtable ---- */

static bool take(void *data, const struct endpoint_request *r, struct strbuf *body, struct err *err)
{
    struct profile_source *s = data;
    if (r->kind == ENDPOINT_PROFILE || r->kind == ENDPOINT_TRACE)
        return record(s, r, body, err);
    return r->kind == ENDPOINT_GOROUTINE ? take_threads(s, r, body, err)
                                         : take_counted(s, r, body, err);
}

/* As Go counts: the records of each profile. */
static void count(void *data, int64_t counts[ENDPOINT_KINDS])
{
    const struct profile_source *s = data;
    struct process_counts now;
    if (process_counts_read(&now, s->pid, NULL)) {
        for (int k = 0; k < ENDPOINT_KINDS; k++)
            if (k != ENDPOINT_GOROUTINE && k != ENDPOINT_PROFILE && k != ENDPOINT_TRACE)
                counts[k] = (int64_t)process_counts_records(&now, counted[k]);
        counts[ENDPOINT_GOROUTINE] = process_threads_count(s->pid, &now);
        process_counts_release(&now);
    }
}

static void cmdline(void *data, struct strbuf *body)
{
    const struct profile_source *s = data;
    char path[64], *text;
    size_t bytes;
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)s->pid);
    if (!file_read(path, &text, &bytes, NULL))
        return;
    strbuf_append(body, text, bytes && !text[bytes - 1] ? bytes - 1 : bytes);
    free(text);
}

static void symbols(void *data, const uint64_t *pcs, size_t pc_count, struct strbuf *body)
{
    const struct profile_source *s = data;
    struct process_builder b;
    struct profile p;
    if (!pc_count || !process_build_begin(&b, &p, s->pid, NULL))
        return;
    for (size_t i = 0; i < pc_count; i++) {
        const char *name = process_build_name(&b, pcs[i]);
        if (*name)
            strbuf_printf(body, "0x%llx %s\n", (unsigned long long)pcs[i], name);
    }
    process_build_end(&b);
    profile_release(&p);
}

void profile_source_endpoints(struct profile_source *s, struct endpoints *e)
{
    e->data = s;
    e->take = take;
    e->count = count;
    e->cmdline = cmdline;
    e->symbols = symbols;
}
