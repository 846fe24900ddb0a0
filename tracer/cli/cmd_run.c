/* whyprof run: start a program with the agent; with --trace, record its whole life
 * and write a trace file when it ends. */
#include "cli/cli.h"
#include "cli/live.h"
#include "cli/record.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct record_options options = {.cpu_hz = RECORD_CPU_HZ_UNSET,
                                        .chunk_bytes = RECORD_CHUNK_BYTES};
static bool trace;

static const struct opt rows[] = {
    {0, "trace", OPT_FLAG, &trace, NULL, "record an execution trace"},
    RECORD_OPTION_ROWS(options),
    {0},
};

static const struct opt_command command = {
    .name = "whyprof run",
    .usage = "[OPTIONS] -- PROGRAM [ARG...]",
    .summary = "Starts PROGRAM with the agent and returns its exit status. Without --trace the\n"
               "program only carries the agent, ready for whyprof trace start PID.",
    .opts = rows,
    .more = "Example:\n  whyprof run --trace -- redis-server --port 7777",
    .stop_at_first = true,
};

enum {
    EXIT_CANNOT_EXECUTE = 126,
    EXIT_NOT_FOUND = 127
};

/* No recording: this process becomes the program. */
static int run_plain(struct record *rec, char **argv, const char *agent)
{
    struct err err = {0};
    if (!runtime_init(&rec->runtime, &err) ||
        !target_set_env(&(struct target_env){.agent_path = agent, .options = rec->agent_options},
                        &err))
        return cli_fail(&err);
    execvp(argv[0], argv);
    int why = errno;
    err_errno(&err, "start %s", argv[0]);
    cli_fail(&err);
    return why == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
}

struct interruptible {
    struct progress *shown;
    struct recorder *recorder;
};

/* The program has ended: from now on Ctrl-C means the conversion. */
static bool step(void *data, const char *phase, uint64_t done, uint64_t total)
{
    struct interruptible *in = data;
    return progress_step(in->shown, phase, done, total) &&
           !signals_take(&in->recorder->signals, NULL);
}

static void print_outcome(const struct record *rec, const struct convert_result *result)
{
    fprintf(stderr, "whyprof: %s\n", state_get(&rec->state, "out"));
    record_print_result(&rec->state, result);
}

static bool convert(struct record *rec, struct recorder *r, struct live *live, struct err *err)
{
    struct convert_result converted;
    if (live_finish(live, err)) {
        if (!record_told_outcome(&rec->state, &converted, err))
            return err_wrap(err, "no trace was written");
        print_outcome(rec, &converted);
        return true;
    }
    while (signals_take(&r->signals, NULL))
        ; /* those that came with the program's end */
    struct interruptible in = {cli_progress_begin(), r};
    const struct progress progress = {step, &in};
    struct convert_result result;
    bool ok = record_convert(&rec->state, &progress, &result, err);
    cli_progress_end(in.shown);
    if (!ok)
        return err_wrap(err, "no trace was written");
    print_outcome(rec, &result);
    return true;
}

static int exit_code(int wait_status)
{
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* The program's status; 1 where it succeeded but its trace did not. */
static int finish(struct record *rec, struct recorder *r, struct live *live)
{
    struct recorder_result result;
    struct err err = {0};
    bool complete = recorder_finish(r, &result, &err);
    record_note_end(&rec->state, r, &result, complete ? "the program's end" : err.text);
    int status = exit_code(r->wait_status);
    if (live->pid) {
        state_set(&rec->state, "phase", "converting");
        state_save(&rec->state, NULL);
    }
    if (!convert(rec, r, live, &err)) {
        cli_fail(&err);
        status = status ? status : CLI_FAILED;
    }
    state_remove(&rec->state);
    recorder_release(r);
    state_release(&rec->state);
    return status;
}

static int run_traced(struct record *rec, char **argv, const char *agent)
{
    struct err err = {0};
    if (!record_prepare(rec, &options, "run", argv[0], &err))
        return cli_fail(&err);
    record_note_command(&rec->state, argv);
    struct recorder r;
    struct live live;
    live_init(&live, rec);
    const struct recorder_options ro = {
        .session_name = rec->session,
        .ctf_dir = state_get(&rec->state, "ctf_dir"),
        .classes = rec->classes,
        .agent_options = rec->agent_options,
        .agent_path = agent,
        .collector_path = cli_program_path("whyprof-collector", NULL),
        .argv = argv,
        .chunk_bytes = options.keep_ctf ? 0 : options.chunk_bytes,
        .chunk_done = live_chunk_done,
        .chunk_data = &live,
    };
    int code;
    if (!recorder_begin(&r, &ro, &code, &err)) {
        record_abandon(rec);
        err_wrap(&err, "%s", argv[0]);
        cli_fail(&err);
        return code;
    }
    record_note_start(&rec->state, &r);
    state_save(&rec->state, NULL);
    recorder_wait(&r);
    return finish(rec, &r, &live);
}

int cmd_run(int argc, char **argv)
{
    int status;
    int n = cli_parse(&command, argc, argv, &status);
    if (n < 0)
        return status;
    struct err err = {0};
    struct record rec;
    if (n == 0) {
        err_set(&err, "no program to run");
        err_hint(&err, "whyprof run --trace -- PROGRAM [ARG...]");
        return cli_usage(&err);
    }
    if (!record_check(&rec, &options, &err))
        return cli_usage(&err);
    argv[n + 1] = NULL;       /* options were before them: the program's arguments have moved */
    signal(SIGCHLD, SIG_DFL); /* ignored by a caller, it would swallow the exit status */
    const char *agent;
    if (!record_choose_agent(argv[1], &agent, trace, &err))
        return cli_fail(&err);
    return trace ? run_traced(&rec, argv + 1, agent) : run_plain(&rec, argv + 1, agent);
}
