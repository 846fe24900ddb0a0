/* whyprof run: start a program with the agent; with --trace, record its whole life
 * and write a trace file when it ends; with --cpu and so on, profiles. */
#include "cli/capture.h"
#include "cli/cli.h"
#include "cli/live.h"
#include "cli/record.h"
#include "cli/serve_profiles.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct record_options options = {
    .cpu_hz = RECORD_CPU_HZ_UNSET, .chunk_bytes = RECORD_CHUNK_BYTES, .keep = "heap"};
static bool trace;
static bool wanted[CAPTURE_KINDS]; /* by place in capture_kinds */

static const struct opt rows[] = {
    {0, "trace", OPT_FLAG, &trace, NULL, "record an execution trace"},
    {0, "cpu", OPT_FLAG, &wanted[CAPTURE_CPU], NULL, "write a CPU profile at its end"},
    {0, "heap", OPT_FLAG, &wanted[CAPTURE_HEAP], NULL, "one of the memory in use by then"},
    {0, "allocs", OPT_FLAG, &wanted[CAPTURE_ALLOCS], NULL, "of all memory allocated"},
    {0, "block", OPT_FLAG, &wanted[CAPTURE_BLOCK], NULL, "of waits for locks"},
    {0, "mutex", OPT_FLAG, &wanted[CAPTURE_MUTEX], NULL, "of who held those locks"},
    {0, "threads", OPT_FLAG, &wanted[CAPTURE_THREADS], NULL, "of where each thread was"},
    {0, "keep", OPT_STR, &options.keep, "WHAT",
     "counted all the time, for profiles at any moment: heap (default),\nheap+locks or none"},
    RECORD_OPTION_ROWS(options),
    {0},
};

static const struct opt_command command = {
    .name = "whyprof run",
    .usage = "[OPTIONS] -- PROGRAM [ARG...]",
    .summary = "Starts PROGRAM with the agent and returns its exit status. Without --trace or a\n"
               "profile's option it only carries the agent, ready for whyprof trace start PID or\n"
               "whyprof cpu PID.",
    .opts = rows,
    .more = "Examples:\n  whyprof run --trace -- redis-server --port 7777\n"
            "  whyprof run --cpu --heap -- make -C src",
    .stop_at_first = true,
};

enum {
    EXIT_CANNOT_EXECUTE = 126,
    EXIT_NOT_FOUND = 127
};

/* ENABLE_PPROF=true: profiles by HTTP, as long as the program runs. */
static void serve_beside(pid_t pid)
{
    serve_profiles_beside(&(struct serve_options){
        .pid = pid, .listen = serve_address(), .token = getenv("PPROF_TOKEN")});
}

/* No recording: this process becomes the program. */
static int run_plain(struct record *rec, char **argv, const char *agent)
{
    struct err err = {0};
    if (!runtime_init(&rec->runtime, &err) ||
        !target_set_env(&(struct target_env){.agent_path = agent, .options = rec->agent_options},
                        &err))
        return cli_fail(&err);
    if (serve_wanted() && agent)
        serve_beside(getpid());
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

static unsigned wanted_kinds(void)
{
    unsigned kinds = 0;
    for (int i = 0; i < CAPTURE_KINDS; i++)
        kinds |= wanted[i] ? 1u << i : 0;
    return kinds;
}

/* Profiles alone: recorded are the classes that they need, under a hidden name. */
static bool prepare_profiles(struct err *err)
{
    static char dir[PATH_MAX], path[PATH_MAX], classes[64];
    if (!capture_folder(options.output_dir, dir, err))
        return false;
    options.output_dir = dir;
    if (trace)
        return true;
    capture_trace_path(dir, path);
    options.out = path;
    if (!options.events)
        options.events = capture_classes(wanted_kinds(), classes, sizeof classes);
    return true;
}

static bool write_profiles(const struct record *rec, struct err *err)
{
    const char *path = state_get(&rec->state, "out");
    bool ok = capture_write(path, wanted_kinds(), options.output_dir, stderr, err);
    if (!trace)
        unlink(path);
    return ok;
}

static void print_outcome(const struct record *rec, const struct convert_result *result)
{
    if (!trace)
        return;
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
    if (!convert(rec, r, live, &err) || (wanted_kinds() && !write_profiles(rec, &err))) {
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
        .cpu_hz = rec->cpu_hz,
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
    char socket_path[sizeof rec->state.path];
    state_socket_path(&rec->state, socket_path, sizeof socket_path);
    recorder_listen(&r, socket_path, NULL); /* without, nobody can follow */
    record_note_start(&rec->state, &r);
    state_save(&rec->state, NULL);
    if (serve_wanted() && agent)
        serve_beside(r.target.pid);
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
    if (options.out && !trace && wanted_kinds()) {
        err_set(&err, "-o is the trace's name: without --trace there is none");
        err_hint(&err, "--output-dir says where profiles go");
        return cli_usage(&err);
    }
    if (wanted_kinds() && !prepare_profiles(&err))
        return cli_fail(&err);
    if (serve_wanted() && !strcmp(options.keep, "heap"))
        options.keep = "heap+locks";
    if (!record_check(&rec, &options, &err))
        return cli_usage(&err);
    bool records = trace || wanted_kinds();
    argv[n + 1] = NULL;       /* options were before them: the program's arguments have moved */
    signal(SIGCHLD, SIG_DFL); /* ignored by a caller, it would swallow the exit status */
    const char *agent;
    if (!record_choose_agent(argv[1], &agent, records, &err))
        return cli_fail(&err);
    return records ? run_traced(&rec, argv + 1, agent) : run_plain(&rec, argv + 1, agent);
}
