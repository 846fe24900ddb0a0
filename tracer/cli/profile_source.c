#include "cli/profile_source.h"

#include "base/arena.h"
#include "base/file.h"
#include "cli/capture.h"
#include "pprof/model.h"
#include "process/build.h"
#include "process/text.h"
#include "process/threads.h"
#include "profile/write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STEP_MS = 20, /* how often a wait looks whether anybody still waits for it */
    STEP_US = STEP_MS * 1000,
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

/* It says the file's path on its output when that is there, and ends some time later. */
struct recording {
    pid_t pid;
    int output;   /* the reading end of a pipe */
    char dir[32]; /* private, of the files below */
    char path[64];
    char errors[64];
    atomic_int *state; /* of the source */
};

static pid_t spawn(const char *const *argv, int output, const char *errors)
{
    extern char **environ;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none;
    pid_t pid = -1;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
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

static bool recording_begin(struct recording *rec, pid_t target, const struct endpoint_request *r,
                            struct err *err)
{
    char pid_text[16], seconds[32];
    int fds[2];
    snprintf(rec->dir, sizeof rec->dir, "/tmp/whyprof-XXXXXX");
    if (!mkdtemp(rec->dir) || pipe2(fds, O_CLOEXEC) < 0)
        return err_errno(err, "start the recording");
    snprintf(rec->path, sizeof rec->path, "%s/profile", rec->dir);
    snprintf(rec->errors, sizeof rec->errors, "%s/errors", rec->dir);
    snprintf(pid_text, sizeof pid_text, "%d", (int)target);
    snprintf(seconds, sizeof seconds, "%.9fs", r->seconds);
    const char *const argv[] = {"whyprof", r->kind == ENDPOINT_TRACE ? "trace" : "cpu",
                                pid_text,  "--duration",
                                seconds,   "-o",
                                rec->path, NULL};
    rec->pid = spawn(argv, fds[1], rec->errors);
    rec->output = fds[0];
    close(fds[1]);
    return rec->pid > 0 || err_errno(err, "start the recording");
}

/* True once the file is there; a client that hung up ends the recording early. */
static bool recording_wait(const struct recording *rec, const struct endpoint_request *r,
                           bool *hung_up)
{
    struct pollfd p = {.fd = rec->output, .events = POLLIN};
    char said[PATH_MAX];
    while (poll(&p, 1, STEP_MS) == 0)
        if (!*hung_up && http_gone(r->http))
            *hung_up = kill(rec->pid, SIGTERM) == 0;
    return read(rec->output, said, sizeof said) > 0;
}

/* "whyprof: WHAT: WHY": the last such line, without our name. */
static bool fail_as_told(const struct recording *rec, struct err *err)
{
    static const char name[] = "whyprof: ";
    char *text;
    size_t bytes;
    if (!file_read(rec->errors, &text, &bytes, NULL))
        return err_set(err, "the recording failed");
    const char *last = text;
    for (const char *p = text; (p = strstr(p, name)); p++)
        last = p + sizeof name - 1;
    err_set(err, "%.*s", (int)strcspn(last, "\n"), last);
    free(text);
    return false;
}

static void *reap(void *data)
{
    struct recording *rec = data;
    while (waitpid(rec->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    atomic_store(rec->state, SOURCE_IDLE);
    free(rec);
    return NULL;
}

/* The recording's process ends in its own time; rec is the thread's from here on. */
static void recording_leave(struct recording *rec)
{
    pthread_t thread;
    close(rec->output);
    file_remove_tree(rec->dir, NULL);
    atomic_store(rec->state, SOURCE_ENDING);
    if (rec->pid > 0 && pthread_create(&thread, NULL, reap, rec) == 0)
        pthread_detach(thread);
    else
        reap(rec);
}

static bool record_into(pid_t target, const struct endpoint_request *r, atomic_int *state,
                        struct strbuf *body, struct err *err)
{
    struct recording *rec = mem_realloc(NULL, 1, sizeof *rec);
    bool hung_up = false;
    char *bytes;
    size_t count;
    *rec = (struct recording){.pid = -1, .output = -1, .state = state};
    bool ok = recording_begin(rec, target, r, err);
    if (ok && !recording_wait(rec, r, &hung_up))
        ok = fail_as_told(rec, err);
    if (ok && hung_up)
        ok = gone(err);
    if (ok && (ok = file_read(rec->path, &bytes, &count, err))) {
        strbuf_append(body, bytes, count);
        free(bytes);
    }
    recording_leave(rec);
    return ok;
}

/* One that is only being put away is waited for. */
static bool take_turn(atomic_int *state)
{
    for (int was = SOURCE_IDLE; !atomic_compare_exchange_strong(state, &was, SOURCE_RECORDING);
         was = SOURCE_IDLE) {
        if (was == SOURCE_RECORDING)
            return false;
        usleep(STEP_US);
    }
    return true;
}

static bool record(struct profile_source *s, const struct endpoint_request *r, struct strbuf *body,
                   struct err *err)
{
    bool is_trace = r->kind == ENDPOINT_TRACE;
    atomic_int *state = is_trace ? &s->trace : &s->cpu;
    const char *what = is_trace ? "Could not enable tracing" : "Could not enable CPU profiling";
    if (!take_turn(state))
        return err_set(err, "%s: %s", what,
                       is_trace ? "tracing is already enabled" : "cpu profiling already in use");
    return record_into(s->pid, r, state, body, err) || err_wrap(err, "%s", what);
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
