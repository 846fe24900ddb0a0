#include "cli/trace_start.h"

#include "cli/cli.h"
#include "cli/live.h"
#include "cli/record.h"
#include "cli/relay.h"
#include "cli/targets.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct record_options options = {.cpu_hz = RECORD_CPU_HZ_UNSET,
                                        .chunk_bytes = RECORD_CHUNK_BYTES};
static struct relay_options relay = {.live_port = RELAY_LIVE_PORT};
static bool all;

static const struct opt rows[] = {
    {0, "all", OPT_FLAG, &all, NULL, "every process running the agent, also later ones"},
    {0, "flight-recorder", OPT_OPT_STR, &options.flight, "SECONDS",
     "keep only the last ones (default 30), for whyprof trace snapshot"},
    {0, "relay", OPT_STR, &relay.url, "URL",
     "record to the LTTng relay daemon (lttng-relayd) at net://HOST[:CONTROL[:DATA]];\n"
     "at the end its copy is converted"},
    {0, "live-port", OPT_U64, &relay.live_port, "PORT",
     "where the relay daemon lets it be read (default 5344)"},
    {0, "no-convert", OPT_FLAG, &relay.leave, NULL,
     "with --relay: what is recorded stays at the relay daemon"},
    RECORD_OPTION_ROWS(options),
    {0},
};

static const struct opt_command command = {
    .name = "whyprof trace start",
    .usage = "[OPTIONS] [PID | NAME | --all | -- PROGRAM ARG...]",
    .summary = "Begins recording in the background and returns. The target may be left out when\n"
               "one program runs the agent (see whyprof run).",
    .opts = rows,
    .more = "Examples:\n  whyprof trace start 1234\n  whyprof trace start -- redis-server\n"
            "  whyprof trace start --all --relay net://collector.example",
};

/* What the background process tells the one that started it. */
struct report {
    bool ok;
    int exit_code;
    struct err err;
};

static void detach_stdio(void)
{
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= 2; fd++)
        dup2(null_fd, fd);
    close(null_fd);
}

/* What was not converted meanwhile `trace stop` converts by itself, in sight of its user;
 * after any other end the recorder does, and leaves the outcome for `trace stop` to tell. */
static void end_recording(struct record *rec, struct recorder *r, struct live *live,
                          enum recorder_end end)
{
    static const char *const why[] = {[RECORDER_TARGET_ENDED] = "the target's end",
                                      [RECORDER_STOPPED] = "whyprof trace stop",
                                      [RECORDER_CUT_SHORT] = "a failure"};
    struct recorder_result result;
    struct err err = {0};
    bool asked = r->stop_fd >= 0;
    bool complete = recorder_finish(r, &result, &err);
    record_note_end(&rec->state, r, &result,
                    !complete                           ? err.text
                    : end == RECORDER_STOPPED && !asked ? "a signal"
                                                        : why[end]);
    state_set(&rec->state, "phase", asked && !live->pid ? "stopped" : "converting");
    state_save(&rec->state, NULL);
    if (relay_leaves(&rec->state)) {
        record_save_outcome(&rec->state, true, &(struct convert_result){0}, &err);
    } else if (!live_finish(live, &err) && !asked) {
        struct convert_result converted;
        bool ok = record_convert(&rec->state, NULL, &converted, &err);
        record_save_outcome(&rec->state, ok, &converted, &err);
    }
    recorder_release(r);
}

static void background(struct record *rec, const struct recorder_options *ro, struct live *live,
                       int report_fd)
{
    struct recorder r;
    struct report report = {0};
    char socket_path[sizeof rec->state.path];
    setsid();
    state_socket_path(&rec->state, socket_path, sizeof socket_path);
    report.ok = recorder_begin(&r, ro, &report.exit_code, &report.err);
    signal(SIGPIPE, SIG_IGN);
    if (report.ok) {
        record_note_recorder(&rec->state);
        record_note_start(&rec->state, &r);
        if (!recorder_listen(&r, socket_path, &report.err) ||
            !state_save(&rec->state, &report.err)) {
            struct recorder_result unused;
            report.ok = false;
            recorder_finish(&r, &unused, NULL);
            recorder_release(&r);
        }
    }
    if (!report.ok)
        record_abandon(rec);
    detach_stdio();
    (void)!write(report_fd, &report, sizeof report);
    close(report_fd);
    if (report.ok)
        end_recording(rec, &r, live, recorder_wait(&r));
}

static bool fork_recorder(struct record *rec, const struct recorder_options *ro, struct live *live,
                          struct report *report)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_errno(&report->err, "start the recorder");
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        background(rec, ro, live, fds[1]);
        _exit(0);
    }
    close(fds[1]);
    ssize_t n;
    while ((n = read(fds[0], report, sizeof *report)) < 0 && errno == EINTR)
        ;
    close(fds[0]);
    if (n != sizeof *report)
        return err_set(&report->err, "the recorder died");
    return report->ok;
}

static int start(struct record *rec, const struct targets *t, char **program)
{
    const char *agent = NULL;
    struct report report = {.exit_code = CLI_FAILED};
    if (program && !record_choose_agent(program[0], &agent, true, &report.err))
        return cli_fail(&report.err);
    if (!record_prepare(rec, &options, "trace", t->text, &report.err))
        return cli_fail(&report.err);
    relay_note(&rec->state, &relay);
    if (program)
        record_note_command(&rec->state, program);
    struct live live;
    live_init(&live, rec);
    const struct recorder_options ro = {
        .session_name = rec->session,
        .ctf_dir = state_get(&rec->state, "ctf_dir"),
        .classes = rec->classes,
        .agent_options = rec->agent_options,
        .cpu_hz = rec->cpu_hz,
        .agent_path = agent,
        .collector_path = cli_program_path("whyprof-collector", NULL),
        .argv = program,
        .pids = t->pids,
        .pid_count = t->count,
        .all = all,
        .keep_ns = rec->keep_ns,
        .chunk_bytes = rec->keep_ns || options.keep_ctf || relay.url ? 0 : options.chunk_bytes,
        .chunk_done = live_chunk_done,
        .chunk_data = &live,
        .relay_url = relay.url,
        .session_stopped = relay_session_stopped,
        .stopped_data = &rec->state,
        .background = true,
    };
    if (!fork_recorder(rec, &ro, &live, &report)) {
        if (program)
            err_wrap(&report.err, "%s", program[0]);
        cli_fail(&report.err);
        return report.exit_code ? report.exit_code : CLI_FAILED;
    }
    printf("recording %s as %s; whyprof trace stop ends it\n", t->text, rec->session);
    state_release(&rec->state);
    return CLI_OK;
}

/* The "--" before a program, or argc: opt_parse would not tell it from a name. */
static int find_program(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--"))
            return i;
    return argc;
}

int trace_start(int argc, char **argv)
{
    int status, dashes = find_program(argc, argv);
    char **program = dashes + 1 < argc ? argv + dashes + 1 : NULL;
    int n = cli_parse(&command, dashes, argv, &status);
    if (n < 0)
        return status;
    struct err err = {0};
    struct record rec;
    static struct targets targets;
    if (n > 1 || (n && (all || program)) || (all && program)) {
        err_set(&err, "more than one target");
        err_hint(&err, "give a pid, a name, --all, or -- PROGRAM ARG...");
        return cli_usage(&err);
    }
    if (relay.url && options.flight) {
        err_set(&err, "--relay: a flight recorder keeps what it has on this machine");
        return cli_usage(&err);
    }
    if (!relay_check(&relay, &err) || !record_check(&rec, &options, &err))
        return cli_usage(&err);
    signal(SIGCHLD, SIG_DFL); /* ignored by a caller, it would swallow exit statuses */
    if (program)
        snprintf(targets.text, sizeof targets.text, "%s", program[0]);
    else if (!targets_choose(&targets, n ? argv[1] : NULL, all, &err))
        return cli_fail(&err);
    return start(&rec, &targets, program);
}
