#include "cli/record.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/fmt.h"
#include "cli/cli.h"
#include "cli/relay.h"
#include "session/ctf_files.h"
#include "session/procfs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    CPU_HZ_MAX = 10000,
    CPU_HZ_DEFAULT = 100, /* the agent's, too */
    NAME_TRIES = 1000
};
#define FLIGHT_DEFAULT_NS 30000000000u

static bool one_of(const char *option, const char *value, const char *a, const char *b,
                   struct err *err)
{
    if (!value || !strcmp(value, a) || !strcmp(value, b))
        return true;
    return err_set(err, "--%s: '%s' is neither %s nor %s", option, value, a, b);
}

static void add_option(struct record *rec, const char *key, const char *value)
{
    size_t len = strlen(rec->agent_options);
    snprintf(rec->agent_options + len, sizeof rec->agent_options - len, "%s%s=%s", len ? "," : "",
             key, value);
}

bool record_choose_agent(const char *program, const char **agent, bool trace, struct err *err)
{
    char path[PATH_MAX];
    enum target_kind kind = target_inspect(program, path);
    *agent = NULL;
    if (kind == TARGET_DYNAMIC || kind == TARGET_MISSING)
        return (*agent = cli_agent_path(err)) != NULL;
    fprintf(stderr, "whyprof: %s %s: the agent cannot be loaded into it%s\n", path,
            target_kind_text(kind), trace ? ", kernel events only" : "");
    return true;
}

static bool check_flight(struct record *rec, const char *flight, struct err *err)
{
    uint64_t least_ns = 1000000000, most_ns = 24 * 3600 * least_ns;
    if (!flight)
        return true;
    rec->keep_ns = FLIGHT_DEFAULT_NS;
    if (*flight && !opt_parse_duration(flight, &rec->keep_ns))
        return err_set(err, "--flight-recorder: '%s' is no length of time", flight);
    if (rec->keep_ns >= least_ns && rec->keep_ns <= most_ns)
        return true;
    return err_set(err, "--flight-recorder: from 1 second to 24 hours");
}

bool record_check(struct record *rec, const struct record_options *o, struct err *err)
{
    *rec = (struct record){0};
    if (!session_classes(o->events, &rec->classes, err) ||
        !one_of("locks", o->locks, "contended", "all", err) ||
        !one_of("alloc", o->alloc, "sampled", "all", err) || !check_flight(rec, o->flight, err))
        return false;
    bool hz_given = o->cpu_hz != RECORD_CPU_HZ_UNSET;
    if (hz_given && o->cpu_hz > CPU_HZ_MAX)
        return err_set(err, "--cpu-hz: at most %d", CPU_HZ_MAX);
    if (o->locks)
        add_option(rec, "locks", o->locks);
    if (o->alloc)
        add_option(rec, "alloc", o->alloc);
    if (o->keep && strcmp(o->keep, "heap") && strcmp(o->keep, "heap+locks") &&
        strcmp(o->keep, "none"))
        return err_set(err, "--keep: '%s' is neither heap, heap+locks nor none", o->keep);
    if (o->keep)
        add_option(rec, "keep", o->keep);
    rec->cpu_hz = hz_given ? (uint32_t)o->cpu_hz : CPU_HZ_DEFAULT;
    char hz[24];
    snprintf(hz, sizeof hz, "%" PRIu64, hz_given ? o->cpu_hz : 0);
    if (hz_given || !(rec->classes & SESSION_CPU))
        add_option(rec, "cpu_hz", rec->classes & SESSION_CPU ? hz : "0");
    if (o->session)
        snprintf(rec->session, sizeof rec->session, "%s", o->session);
    else
        snprintf(rec->session, sizeof rec->session, "whyprof-%d-%lld", (int)getpid(),
                 (long long)time(NULL));
    return true;
}

/* The folder for traces, made where missing. */
static bool output_dir(const struct record_options *o, char dir[PATH_MAX], struct err *err)
{
    const char *env = getenv("OUTPUT_DIR");
    const char *chosen = o->output_dir ? o->output_dir : env && *env ? env : "./profiles";
    if (!file_make_dirs(chosen, err))
        return false;
    return realpath(chosen, dir) ? true : err_errno(err, "%s", chosen);
}

/* Splits -o FILE into its folder (absolute) and name. */
static bool output_file(const char *out, char dir[PATH_MAX], char name[NAME_MAX], struct err *err)
{
    char copy[PATH_MAX];
    struct stat st;
    snprintf(copy, sizeof copy, "%s", out);
    char *slash = strrchr(copy, '/');
    const char *base = slash ? slash + 1 : copy;
    if (!*base || (stat(out, &st) == 0 && S_ISDIR(st.st_mode)))
        return err_set(err, "%s is a folder, not a file", out);
    if (strlen(base) + sizeof ".-999.ctf" >= NAME_MAX)
        return err_set(err, "%s: the name is too long", out);
    snprintf(name, NAME_MAX, "%s", base);
    if (slash)
        *slash = '\0';
    const char *folder = !slash ? "." : slash == copy ? "/" : copy;
    return realpath(folder, dir) ? true : err_errno(err, "folder %s", folder);
}

/* "trace_20250101_120000", then "..._2" and on, until neither the trace nor a
 * recording under way has it: the folder for CTF files reserves the name. */
static bool reserve(struct state *st, const char *dir, const char *name, bool exact,
                    struct err *err)
{
    for (int i = 1; i < NAME_TRIES; i++) {
        char suffix[16] = "";
        if (i > 1)
            snprintf(suffix, sizeof suffix, "_%d", i);
        char *out, *ctf;
        if (asprintf(&out, "%s/%s%s%s", dir, name, exact ? "" : suffix, exact ? "" : ".out") < 0 ||
            asprintf(&ctf, "%s/.%s%s.ctf", dir, name, suffix) < 0)
            abort();
        bool taken = !exact && access(out, F_OK) == 0;
        bool made = !taken && mkdir(ctf, 0700) == 0;
        int why = errno;
        if (made) {
            state_set(st, "out", "%s", out);
            state_set(st, "ctf_dir", "%s", ctf);
        }
        free(out);
        free(ctf);
        if (made)
            return true;
        errno = why;
        if (!taken && errno != EEXIST)
            return err_errno(err, "write into folder %s", dir);
    }
    return err_set(err, "folder %s: no free name", dir);
}

bool record_choose_paths(struct state *st, const struct record_options *o, struct err *err)
{
    char dir[PATH_MAX], name[NAME_MAX];
    if (o->out) {
        if (!output_file(o->out, dir, name, err))
            return false;
    } else {
        time_t now = time(NULL);
        struct tm tm;
        if (!output_dir(o, dir, err))
            return false;
        strftime(name, sizeof name, "trace_%Y%m%d_%H%M%S", localtime_r(&now, &tm));
    }
    return reserve(st, dir, name, o->out != NULL, err);
}

/* --keep-ctf=DIR: recorded right there, since a rename could not cross file systems. */
static bool use_kept_dir(struct state *st, const char *dir, struct err *err)
{
    char full[PATH_MAX];
    rmdir(state_get(st, "ctf_dir"));
    if (mkdir(dir, 0700) < 0 && (errno != EEXIST || rmdir(dir) < 0 || mkdir(dir, 0700) < 0)) {
        err_errno(err, "--keep-ctf: folder %s", dir);
        return err_hint(err, "it must be new or empty");
    }
    if (!realpath(dir, full))
        return err_errno(err, "--keep-ctf: folder %s", dir);
    state_set(st, "ctf_dir", "%s", full);
    return true;
}

void record_note_recorder(struct state *st)
{
    state_set(st, "pid", "%d", (int)getpid());
    state_set(st, "pid_ticks", "%" PRIu64, procfs_start_ticks(getpid()));
}

static void note_machine(struct state *st)
{
    struct utsname uts;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    record_note_recorder(st);
    state_set(st, "since_unix_ns", "%lld%09ld", (long long)now.tv_sec, now.tv_nsec);
    state_set(st, "meta.whyprof_version", "%s", WHYPROF_VERSION);
    if (uname(&uts) == 0) {
        state_set(st, "meta.hostname", "%s", uts.nodename);
        state_set(st, "meta.kernel", "%s %s %s", uts.sysname, uts.release, uts.machine);
    }
}

bool record_prepare(struct record *rec, const struct record_options *o, const char *owner,
                    const char *target, struct err *err)
{
    struct state *st = &rec->state;
    if (!runtime_init(&rec->runtime, err) || !state_init(st, &rec->runtime, rec->session, err))
        return false;
    if (access(st->path, F_OK) == 0) {
        err_set(err, "a recording named '%s' exists already", rec->session);
        return err_hint(err, "whyprof trace stop --session %s ends it", rec->session);
    }
    if (!record_choose_paths(st, o, err))
        return false;
    state_set(st, "owner", "%s", owner);
    state_set(st, "target", "%s", target);
    state_set(st, "phase", "starting");
    if (o->keep_ctf)
        state_set(st, "keep_ctf", "%s", *o->keep_ctf ? "here" : "beside");
    note_machine(st);
    char classes[64];
    state_set(st, "meta.session.name", "%s", rec->session);
    state_set(st, "meta.session.events", "%s",
              session_classes_text(rec->classes, classes, sizeof classes));
    if (*rec->agent_options)
        state_set(st, "meta.session.options", "%s", rec->agent_options);
    if (rec->keep_ns)
        state_set(st, "meta.session.flight_recorder_ns", "%" PRIu64, rec->keep_ns);
    if ((!o->keep_ctf || !*o->keep_ctf || use_kept_dir(st, o->keep_ctf, err)) &&
        state_save(st, err))
        return true;
    record_abandon(rec);
    return false;
}

void record_abandon(struct record *rec)
{
    const char *ctf = state_get(&rec->state, "ctf_dir");
    if (*ctf)
        file_remove_tree(ctf, NULL);
    state_remove(&rec->state);
    state_release(&rec->state);
}

void record_join(struct strbuf *sb, char *const *argv)
{
    for (int i = 0; argv[i]; i++) {
        if (i)
            strbuf_putc(sb, ' ');
        if (*argv[i] && !strpbrk(argv[i], " \t\n\"'\\$`*?[]{}()<>|&;#~")) {
            strbuf_puts(sb, argv[i]);
            continue;
        }
        strbuf_putc(sb, '\'');
        for (const char *p = argv[i]; *p; p++)
            if (*p == '\'')
                strbuf_puts(sb, "'\\''");
            else
                strbuf_putc(sb, *p);
        strbuf_putc(sb, '\'');
    }
}

void record_note_command(struct state *st, char *const *argv)
{
    struct strbuf sb = {0};
    record_join(&sb, argv);
    state_set(st, "meta.command_line", "%s", strbuf_str(&sb));
    strbuf_release(&sb);
}

void record_note_start(struct state *st, const struct recorder *r)
{
    const struct session_buffers *b = &r->buffers;
    const struct collector *c = &r->collector;
    state_set(st, "phase", "recording");
    state_set(st, "meta.session.buffers", "%u CPUs x %u x %" PRIu64 " KiB", b->cpus, b->subbufs,
              b->subbuf_bytes >> 10);
    if (r->target.pid)
        state_set(st, "meta.target_pid", "%d", (int)r->target.pid);
    if (c->mechanism_sched[0])
        state_set(st, "meta.mechanism.sched", "%s", c->mechanism_sched);
    if (c->mechanism_syscall[0])
        state_set(st, "meta.mechanism.syscall", "%s", c->mechanism_syscall);
    if (r->samples)
        state_set(st, "meta.mechanism.cpu", "%s(cpu-clock, %u Hz)", c->mechanism_cpu,
                  r->options.cpu_hz);
    if (c->refused[0])
        state_set(st, "meta.session.kernel_refused", "%s", c->refused);
}

static void note_exit(struct state *st, int status)
{
    if (status < 0)
        return;
    if (WIFSIGNALED(status)) {
        state_set(st, "meta.exit_status", "%d", 128 + WTERMSIG(status));
        state_set(st, "meta.exit_signal", "%d", WTERMSIG(status));
    } else {
        state_set(st, "meta.exit_status", "%d", WEXITSTATUS(status));
    }
}

void record_note_end(struct state *st, const struct recorder *r, const struct recorder_result *res,
                     const char *why)
{
    note_exit(st, r->wait_status);
    state_set(st, "phase", "stopped");
    state_set(st, "meta.session.ended_by", "%s", why);
    state_set(st, "meta.lost.buffers", "%" PRIu64, res->lost_events);
    state_set(st, "meta.lost.kernel", "%" PRIu64, res->lost_kernel);
    if (res->incomplete)
        state_set(st, "meta.session.incomplete", "%s", why);
}

bool record_alive(const struct state *st)
{
    pid_t pid = (pid_t)strtol(state_get(st, "pid"), NULL, 10);
    uint64_t ticks = strtoull(state_get(st, "pid_ticks"), NULL, 10);
    return pid > 0 && ticks && procfs_start_ticks(pid) == ticks;
}

const char **record_meta(const struct state *st)
{
    const char **meta = mem_realloc(NULL, 2 * st->count + 1, sizeof *meta);
    size_t n = 0;
    for (size_t i = 0; i < st->count; i++) {
        if (strncmp(st->pairs[i].key, "meta.", 5))
            continue;
        meta[n++] = st->pairs[i].key + 5;
        meta[n++] = st->pairs[i].value;
    }
    meta[n] = NULL;
    return meta;
}

struct watched_progress {
    const struct progress *inner;
    bool stopped;
};

static bool watch_step(void *data, const char *phase, uint64_t done, uint64_t total)
{
    struct watched_progress *w = data;
    w->stopped |= !progress_step(w->inner, phase, done, total);
    return !w->stopped;
}

/* Cuts off what a crash left half-written; without a single whole packet, or
 * without LTTng's description of them, there is nothing to convert. */
static bool make_readable(const char *ctf, struct err *err)
{
    struct ctf_files files;
    if (!ctf_files_repair(ctf, &files, err))
        return false;
    if (files.packets && files.metadata)
        return true;
    return err_set(err, files.packets ? "LTTng's description of the events did not reach the disk"
                                      : "no events were recorded");
}

bool record_has_events(const char *ctf_dir)
{
    return make_readable(ctf_dir, NULL);
}

char *record_live_path(const struct state *st)
{
    const char *out = state_get(st, "out"), *slash = strrchr(out, '/');
    int folder = slash ? (int)(slash + 1 - out) : 0;
    char *path;
    if (asprintf(&path, "%.*s.%s.live", folder, out, out + folder) < 0)
        abort();
    return path;
}

void record_save_outcome(struct state *st, bool ok, const struct convert_result *result,
                         const struct err *err)
{
    char *live = record_live_path(st);
    unlink(live);
    free(live);
    state_set(st, "phase", ok ? "done" : "failed");
    if (ok) {
        state_set(st, "events", "%" PRIu64, result->events);
        state_set(st, "bytes", "%" PRIu64, result->bytes);
        state_set(st, "lost", "%" PRIu64, result->lost);
    } else {
        state_set(st, "error", "%s", err->text);
        state_set(st, "hint", "%s", err->hint);
    }
    state_save(st, NULL);
}

bool record_told_outcome(const struct state *st, struct convert_result *result, struct err *err)
{
    if (!strcmp(state_get(st, "phase"), "failed")) {
        err_set(err, "%s", state_get(st, "error"));
        return *state_get(st, "hint") ? err_hint(err, "%s", state_get(st, "hint")) : false;
    }
    result->events = strtoull(state_get(st, "events"), NULL, 10);
    result->bytes = strtoull(state_get(st, "bytes"), NULL, 10);
    result->lost = strtoull(state_get(st, "lost"), NULL, 10);
    return true;
}

static void keep_or_remove(struct state *st)
{
    const char *keep = state_get(st, "keep_ctf"), *ctf = state_get(st, "ctf_dir");
    if (!*keep) {
        file_remove_tree(ctf, NULL);
        return;
    }
    if (strcmp(keep, "beside"))
        return;
    char *beside;
    const char *out = state_get(st, "out");
    size_t stem = strlen(out);
    if (stem > 4 && !strcmp(out + stem - 4, ".out"))
        stem -= 4;
    if (asprintf(&beside, "%.*s.ctf", (int)stem, out) < 0)
        abort();
    file_remove_tree(beside, NULL); /* of an earlier trace of this name */
    if (rename(ctf, beside) == 0)
        state_set(st, "ctf_dir", "%s", beside);
    free(beside);
}

void record_hint_kept(struct err *err, const char *ctf)
{
    size_t len = strlen(err->hint);
    snprintf(err->hint + len, sizeof err->hint - len,
             "%swhat was recorded is kept: whyprof convert %s -o FILE", len ? "; " : "", ctf);
}

bool record_convert(struct state *st, const struct progress *progress,
                    struct convert_result *result, struct err *err)
{
    const char *ctf = state_get(st, "ctf_dir"), *out = state_get(st, "out");
    const char **meta = record_meta(st);
    struct watched_progress watched = {.inner = progress};
    const struct progress watching = {watch_step, &watched};
    *result = (struct convert_result){0};
    bool readable = relay_copied(st, err) && make_readable(ctf, err);
    bool ok = readable && convert_ctf(&(struct convert_options){.ctf_dir = ctf,
                                                                .out_path = out,
                                                                .progress = &watching,
                                                                .meta = meta},
                                      result, err);
    free(meta);
    if (ok) {
        keep_or_remove(st);
    } else if (!readable || (watched.stopped && !*state_get(st, "keep_ctf"))) {
        file_remove_tree(ctf, NULL);
    } else {
        record_hint_kept(err, ctf);
    }
    return ok;
}

void record_print_result(const struct state *st, const struct convert_result *result)
{
    char events[FMT_MAX], bytes[FMT_MAX], lost[FMT_MAX];
    uint64_t kernel = strtoull(state_get(st, "meta.lost.kernel"), NULL, 10);
    fmt_count(events, result->events);
    fmt_bytes(bytes, result->bytes);
    fmt_count(lost, result->lost + kernel);
    fprintf(stderr, "whyprof: %s events, %s; %s lost\n", events, bytes,
            result->lost + kernel ? lost : "none");
    const char *incomplete = state_get(st, "meta.session.incomplete");
    if (*incomplete)
        fprintf(stderr, "whyprof: the recording ends early: %s\n", incomplete);
    if (*state_get(st, "keep_ctf"))
        fprintf(stderr, "whyprof: CTF files: %s\n", state_get(st, "ctf_dir"));
}
