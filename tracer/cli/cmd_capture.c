/* whyprof cpu, heap, allocs, block, mutex, threads (= goroutine), threadcreate, all: profiles
 * of a running program; and `whyprof trace TARGET`, a trace of a while. CPU samples are
 * recorded, everything else is asked of the program's agent or seen from outside; a URL is
 * asked for all of them. */
#include "base/strbuf.h"
#include "cli/capture.h"
#include "cli/capture_live.h"
#include "cli/capture_record.h"
#include "cli/capture_remote.h"
#include "cli/cli.h"
#include "process/text.h"
#include "process/threads.h"
#include "remote/fetch.h"
#include "session/agents.h"
#include "session/signals.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define S_NS UINT64_C(1000000000)

enum {
    DEFAULT_S = 30,
    TRACE = 1 << CAPTURE_KINDS, /* beside the bits of the profiles */
    /* `all`: goroutine would be threads once more; its name is for who expects Go's */
    ALL_KINDS = (1 << CAPTURE_KINDS) - 1 - (1 << CAPTURE_GOROUTINE),
    ALL_OF_URL = (1 << CAPTURE_KINDS) - 1 - (1 << CAPTURE_THREADS)
};

static struct record_options options = {.cpu_hz = RECORD_CPU_HZ_UNSET};
static uint64_t duration_ns, seconds_ns;
static bool delta, text;

static const struct opt rows[] = {
    {'d', "duration", OPT_DURATION, &duration_ns, "TIME",
     "how long to look (default $DURATION, 30s; heap, allocs, threads\nand threadcreate: at "
     "once)"},
    {'s', "seconds", OPT_DURATION, &seconds_ns, "TIME",
     "the same, and of heap, allocs and threadcreate too only what\ncame in that time"},
    {0, "delta", OPT_FLAG, &delta, NULL, "--seconds with the duration's time"},
    {'o', "output", OPT_STR, &options.out, "FILE", "the file to write, of one kind"},
    {0, "output-dir", OPT_STR, &options.output_dir, "DIR",
     "folder for KIND_DATE_TIME.prof (default $OUTPUT_DIR or ./profiles)"},
    {0, "text", OPT_FLAG, &text, NULL, "of threads: print their stacks, write no file"},
    {0, "cpu-hz", OPT_U64, &options.cpu_hz, "N", "CPU samples per second and thread"},
    {0, "alloc", OPT_STR, &options.alloc, "WHICH",
     "all: record every allocation for the duration, not samples"},
    {0},
};

/* What was asked for. */
struct request {
    unsigned kinds;
    uint64_t ns; /* 0: at once */
    bool delta;
    char dir[PATH_MAX];
    const char *exact; /* -o */
    struct targets targets;
    struct capture_live live;
};

/* What only the agent knows, a program without it does not tell. */
static bool keep_agents(struct targets *t, struct err *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->count; i++)
        if (agent_request(t->pids[i], "ping", NULL, 0, 1000))
            t->pids[kept++] = t->pids[i];
    t->count = kept;
    if (kept)
        return true;
    err_set(err, "%s does not run the agent, which takes the profiles", t->text);
    return err_hint(err, "start it with: whyprof run -- PROGRAM ARG...");
}

/* Every allocation is an event, where all are asked for. */
static unsigned recorded_kinds(unsigned kinds)
{
    unsigned found = kinds & (1u << CAPTURE_CPU | TRACE);
    if (options.alloc && !strcmp(options.alloc, "all"))
        found |= kinds & (1u << CAPTURE_HEAP | 1u << CAPTURE_ALLOCS);
    return found;
}

static void take_live(void *data)
{
    struct request *r = data;
    capture_live_end(&r->live);
}

static bool write_recorded(void *data, const char *path, struct err *err)
{
    struct request *r = data;
    unsigned kinds = recorded_kinds(r->kinds);
    bool ok = true;
    if (kinds == TRACE)
        printf("%s\n", path);
    else
        ok = r->exact ? capture_write_as(path, kinds, r->exact, stdout, err)
                      : capture_write(path, kinds, r->dir, stdout, err);
    fflush(stdout);
    return ok;
}

static bool record(struct request *r, unsigned kinds, struct err *err)
{
    char hidden[PATH_MAX], classes[64];
    const struct capture_record c = {&options,  &r->targets,    r->ns ? r->ns : DEFAULT_S * S_NS,
                                     take_live, write_recorded, r};
    if (kinds == TRACE) {
        options.out = r->exact;
        options.output_dir = r->dir;
        return capture_record(&c, err);
    }
    capture_trace_path(r->dir, hidden);
    options.out = hidden;
    options.events = capture_classes(kinds, classes, sizeof classes);
    bool ok = capture_record(&c, err);
    unlink(hidden);
    return ok;
}

/* Until the time is over, Ctrl-C, or the end of one of them. */
static bool wait_while(const struct request *r, struct err *err)
{
    struct signals signals;
    struct pollfd fds[2] = {{.events = POLLIN}, {.fd = -1, .events = POLLIN}};
    if (!r->ns)
        return true;
    if (!signals_block(&signals, err))
        return false;
    fprintf(stderr, "whyprof: looking at %s for %.3g s\n", r->targets.text, (double)r->ns / S_NS);
    fds[0].fd = signals.fd;
    fds[1].fd = (int)syscall(SYS_pidfd_open, r->targets.pids[0], 0);
    struct timespec left = {(time_t)(r->ns / S_NS), (long)(r->ns % S_NS)};
    ppoll(fds, 2, &left, NULL);
    if (fds[1].fd >= 0)
        close(fds[1].fd);
    signals_release(&signals);
    return true;
}

static bool capture_local(struct request *r, const char *word, struct err *err)
{
    unsigned recorded = recorded_kinds(r->kinds);
    /* The recorder takes CPU samples of any program where the kernel allows that, and says
     * why where not. */
    bool needs_agent =
        r->kinds & ~(1u << CAPTURE_THREADS | 1u << CAPTURE_GOROUTINE | 1u << CAPTURE_CPU | TRACE);
    if (!targets_choose(&r->targets, word, false, err) ||
        (needs_agent && !keep_agents(&r->targets, err)))
        return false;
    if (r->exact && r->targets.count > 1)
        return err_set(err, "%s: -o is one file's name", r->targets.text);
    bool ok = capture_live_begin(&r->live, &r->targets, r->kinds & ~recorded, r->delta, err);
    if (ok && recorded) {
        ok = record(r, recorded, err);
    } else if (ok) {
        ok = wait_while(r, err);
        capture_live_end(&r->live);
    }
    ok = ok && capture_live_write(&r->live, r->dir, r->exact, err);
    capture_live_release(&r->live);
    return ok;
}

/* Stacks as a person reads them. */
static bool print_threads(struct request *r, const char *word, struct err *err)
{
    struct strbuf out = {0};
    bool ok = targets_choose(&r->targets, word, false, err);
    for (size_t i = 0; ok && i < r->targets.count; i++) {
        struct profile p;
        ok = process_threads_profile(&p, r->targets.pids[i], "threads", err);
        if (ok)
            process_text_threads(&out, &p);
        profile_release(&p);
    }
    if (ok)
        fputs(strbuf_str(&out), stdout);
    strbuf_release(&out);
    return ok;
}

/* --seconds, --duration, else $DURATION ("60", "90s") for what takes a while. */
static bool choose_duration(struct request *r, bool moment, struct err *err)
{
    const char *env = getenv("DURATION");
    uint64_t env_ns = 0;
    if (env && *env && !opt_parse_duration(env, &env_ns))
        return err_set(err, "DURATION: '%s' is not a time", env);
    r->ns = seconds_ns ? seconds_ns : duration_ns;
    r->delta = seconds_ns || delta || (duration_ns && moment);
    if (!r->ns && (!moment || delta))
        r->ns = env_ns ? env_ns : DEFAULT_S * S_NS;
    return true;
}

static bool find_kinds(const char *name, unsigned *kinds, bool *moment, const char **help)
{
    *moment = false;
    if (!strcmp(name, "trace")) {
        *kinds = TRACE;
        *help = "all events, as a trace file";
        return true;
    }
    *kinds = ALL_KINDS;
    *help = "all of these at once";
    for (int i = 0; capture_kinds[i].name; i++)
        if (!strcmp(capture_kinds[i].name, name)) {
            *kinds = 1u << i;
            *moment = capture_kinds[i].is_a_moment;
            *help = capture_kinds[i].help;
            return true;
        }
    return !strcmp(name, "all");
}

static bool check(const struct request *r, int words, struct err *err)
{
    struct record unused;
    if (words > 1)
        return err_set(err, "more than one target");
    if (r->exact && r->kinds & (r->kinds - 1))
        return err_set(err, "-o is one file's name: --output-dir says where several go");
    if (text && !(r->kinds & (1u << CAPTURE_THREADS | 1u << CAPTURE_GOROUTINE)))
        return err_set(err, "--text is about threads");
    return record_check(&unused, &options, err);
}

static bool capture_url(struct request *r, const char *url, struct err *err)
{
    const struct capture_url u = {
        .url = url,
        .kinds = r->kinds == ALL_KINDS ? ALL_OF_URL : r->kinds & ~TRACE,
        .trace = r->kinds == TRACE,
        .seconds = (r->ns + S_NS - 1) / S_NS,
        .delta = r->delta,
        .dir = r->dir,
        .exact = r->exact,
    };
    return capture_remote(&u, err);
}

/* Where files go; with -o the recording's own, for a while, beside that file. */
static bool choose_folder(struct request *r, struct err *err)
{
    const char *slash = r->exact ? strrchr(r->exact, '/') : NULL;
    char *folder = !r->exact           ? NULL
                   : !slash            ? strdup(".")
                   : slash == r->exact ? strdup("/")
                                       : strndup(r->exact, (size_t)(slash - r->exact));
    bool ok = capture_folder(folder ? folder : options.output_dir, r->dir, err);
    free(folder);
    return ok;
}

int cmd_capture(int argc, char **argv)
{
    static struct request r;
    bool moment;
    const char *help;
    char name[32], summary[256];
    if (!find_kinds(argv[0], &r.kinds, &moment, &help))
        abort(); /* the command table names only what there is */
    snprintf(name, sizeof name, "whyprof %s", argv[0]);
    snprintf(summary, sizeof summary,
             "Captures a %s of a running program (%s)\nand prints its file's path.",
             r.kinds == TRACE ? "trace" : "profile", help);
    const struct opt_command command = {
        .name = name,
        .usage = "[OPTIONS] [PID | NAME | URL]",
        .summary = summary,
        .opts = rows,
        .more =
            "The program runs the agent (whyprof run -- PROGRAM), but for threads; the target may\n"
            "be left out when only one does. A URL is that of a server with /debug/pprof/, such "
            "as\n"
            "a Go program's:\n"
            "  whyprof cpu --duration 10s http://localhost:8080\n",
    };
    struct err err = {0};
    int status, n = cli_parse(&command, argc, argv, &status);
    if (n < 0)
        return status;
    r.exact = options.out;
    options.out = NULL;
    if (!choose_duration(&r, moment, &err) || !check(&r, n, &err))
        return cli_usage(&err);
    signal(SIGCHLD, SIG_DFL); /* ignored by a caller, it would swallow exit statuses */
    const char *word = n ? argv[1] : NULL;
    if (text)
        return print_threads(&r, word, &err) ? CLI_OK : cli_fail(&err);
    bool ok =
        choose_folder(&r, &err) &&
        (word && fetch_is_url(word) ? capture_url(&r, word, &err) : capture_local(&r, word, &err));
    return ok ? CLI_OK : cli_fail(&err);
}
