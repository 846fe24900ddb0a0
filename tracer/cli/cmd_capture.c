/* whyprof cpu, heap, allocs, block, mutex, threads (= goroutine), all: profiles of a
 * running program. A native one is recorded for a while with the classes needed, and
 * the recording reduced; a URL is asked for them. */
#include "cli/capture.h"
#include "cli/capture_remote.h"
#include "cli/cli.h"
#include "cli/record.h"
#include "cli/targets.h"
#include "remote/fetch.h"
#include "session/agents.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define S_NS UINT64_C(1000000000)

enum {
    DEFAULT_S = 30,
    MOMENT_S = 1, /* enough for every thread that waits to say where */
    /* `all`: goroutine would be threads once more */
    ALL_KINDS = (1 << CAPTURE_KINDS) - 1 - (1 << CAPTURE_GOROUTINE)
};

static struct record_options options = {.cpu_hz = RECORD_CPU_HZ_UNSET};
static uint64_t duration_ns;
static bool delta;

static const struct opt rows[] = {
    {'d', "duration", OPT_DURATION, &duration_ns, "TIME",
     "how long to look (default $DURATION, 30s; threads: 1s)"},
    {0, "output-dir", OPT_STR, &options.output_dir, "DIR",
     "folder for KIND_DATE_TIME.prof (default $OUTPUT_DIR or ./profiles)"},
    {0, "cpu-hz", OPT_U64, &options.cpu_hz, "N", "CPU samples per second and thread"},
    {0, "alloc", OPT_STR, &options.alloc, "WHICH",
     "allocations to look at: sampled (default) or all"},
    {0, "delta", OPT_FLAG, &delta, NULL,
     "of a URL: heap, allocs, block and mutex for the duration too,\nnot since the program's "
     "start"},
    {0},
};

/* A flag of a timer's: ends the recording as a person's Ctrl-C does. */
static bool start_timer(timer_t *timer, uint64_t ns, struct err *err)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGTERM};
    const struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(ns / S_NS), .tv_nsec = (long)(ns % S_NS)}};
    if (timer_create(CLOCK_MONOTONIC, &event, timer) < 0)
        return err_errno(err, "start a timer");
    timer_settime(*timer, 0, &when, NULL);
    return true;
}

/* Profiles come from the agent: a program without it gives none. */
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

static bool convert(struct record *rec, struct err *err)
{
    struct convert_result result;
    struct progress *progress = cli_progress_begin();
    bool ok = record_convert(&rec->state, progress, &result, err);
    cli_progress_end(progress);
    if (ok && result.lost)
        fprintf(stderr, "whyprof: %llu events were lost: the figures are too small\n",
                (unsigned long long)result.lost);
    return ok;
}

/* Records until the time is over, Ctrl-C, or the target's end. */
static bool record_trace(struct record *rec, const struct targets *t, uint64_t ns, struct err *err)
{
    static const char *const why[] = {[RECORDER_TARGET_ENDED] = "the target's end",
                                      [RECORDER_STOPPED] = "its time",
                                      [RECORDER_CUT_SHORT] = "a failure"};
    const struct recorder_options ro = {
        .session_name = rec->session,
        .ctf_dir = state_get(&rec->state, "ctf_dir"),
        .classes = rec->classes,
        .agent_options = rec->agent_options,
        .collector_path = cli_program_path("whyprof-collector", NULL),
        .pids = t->pids,
        .pid_count = t->count,
        .background = true,
    };
    struct recorder r;
    struct recorder_result result;
    timer_t timer;
    int code;
    if (!recorder_begin(&r, &ro, &code, err)) {
        record_abandon(rec);
        return false;
    }
    record_note_start(&rec->state, &r);
    state_save(&rec->state, NULL);
    enum recorder_end end = RECORDER_CUT_SHORT;
    bool timed = start_timer(&timer, ns, err);
    if (timed) {
        end = recorder_wait(&r);
        timer_delete(timer);
    }
    struct err stop = {0};
    bool complete = recorder_finish(&r, &result, &stop);
    record_note_end(&rec->state, &r, &result, complete ? why[end] : stop.text);
    bool ok = timed && convert(rec, err);
    state_remove(&rec->state);
    recorder_release(&r);
    state_release(&rec->state);
    return ok;
}

static bool capture_local(const char *word, unsigned kinds, uint64_t ns, const char *dir,
                          struct err *err)
{
    static struct targets targets;
    struct record rec;
    char classes[64], path[PATH_MAX];
    if (!targets_choose(&targets, word, false, err) || !keep_agents(&targets, err))
        return false;
    capture_trace_path(dir, path);
    options.out = path;
    options.events = capture_classes(kinds, classes, sizeof classes);
    if (!record_check(&rec, &options, err) ||
        !record_prepare(&rec, &options, "capture", targets.text, err))
        return false;
    fprintf(stderr, "whyprof: recording %s for %.3g s\n", targets.text, (double)ns / S_NS);
    bool ok = record_trace(&rec, &targets, ns, err) && capture_write(path, kinds, dir, stdout, err);
    unlink(path);
    return ok;
}

/* --duration, else $DURATION ("60", "90s"), else the kind's own. */
static bool choose_duration(bool moment, uint64_t *ns, struct err *err)
{
    const char *env = getenv("DURATION");
    *ns = duration_ns;
    if (!*ns && env && *env && !opt_parse_duration(env, ns))
        return err_set(err, "DURATION: '%s' is not a time", env);
    if (!*ns)
        *ns = (moment ? MOMENT_S : DEFAULT_S) * S_NS;
    return true;
}

static bool find_kinds(const char *name, unsigned *kinds, bool *moment, const char **help)
{
    *moment = false;
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

int cmd_capture(int argc, char **argv)
{
    unsigned kinds;
    bool moment;
    const char *help;
    char name[32], summary[256], dir[PATH_MAX];
    if (!find_kinds(argv[0], &kinds, &moment, &help))
        abort(); /* the command table names only what there is */
    snprintf(name, sizeof name, "whyprof %s", argv[0]);
    snprintf(summary, sizeof summary,
             "Captures a profile of a running program (%s)\nand prints its file's path.", help);
    const struct opt_command command = {
        .name = name,
        .usage = "[OPTIONS] [PID | NAME | URL]",
        .summary = summary,
        .opts = rows,
        .more =
            "The program runs the agent (whyprof run -- PROGRAM); the target may be left out when\n"
            "only one does. A URL is that of a server with /debug/pprof/, such as a Go program's:\n"
            "  whyprof cpu --duration 10s http://localhost:8080\n",
    };
    struct err err = {0};
    int status, n = cli_parse(&command, argc, argv, &status);
    if (n < 0)
        return status;
    uint64_t ns;
    if (n > 1) {
        err_set(&err, "more than one target");
        return cli_usage(&err);
    }
    struct record rec;
    if (!choose_duration(moment, &ns, &err) || !record_check(&rec, &options, &err))
        return cli_usage(&err);
    signal(SIGCHLD, SIG_DFL); /* ignored by a caller, it would swallow exit statuses */
    const char *word = n ? argv[1] : NULL;
    bool ok = capture_folder(options.output_dir, dir, &err) &&
              (word && fetch_is_url(word)
                   ? capture_remote(word, kinds, (ns + S_NS - 1) / S_NS, delta, dir, &err)
                   : capture_local(word, kinds, ns, dir, &err));
    return ok ? CLI_OK : cli_fail(&err);
}
