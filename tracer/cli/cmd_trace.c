/* whyprof trace start | stop | status | snapshot: recordings in the background. */
#include "base/file.h"
#include "base/fmt.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/live.h"
#include "cli/record.h"
#include "cli/relay.h"
#include "cli/trace_start.h"
#include "session/ctf_files.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *session_name;
static bool json;

static const struct opt stop_rows[] = {
    {0, "session", OPT_STR, &session_name, "NAME", "which one, where there are several"},
    {0},
};

static const struct opt_command stop_command = {
    .name = "whyprof trace stop",
    .usage = "[--session NAME]",
    .summary =
        "Stops a recording, converts it and prints the path of its trace file. Of one whose\n"
        "recorder or session daemon was killed, what reached the disk is converted.",
    .opts = stop_rows,
};

static const struct opt status_rows[] = {
    {0, "json", OPT_FLAG, &json, NULL, "machine-readable"},
    {0, "session", OPT_STR, &session_name, "NAME", "only that one"},
    {0},
};

static const struct opt_command status_command = {
    .name = "whyprof trace status",
    .usage = "[--json]",
    .summary = "Tells what is being recorded, since when, and how much so far.",
    .opts = status_rows,
};

static struct record_options snapshot_options;

static const struct opt snapshot_rows[] = {
    {'o', "output", OPT_STR, &snapshot_options.out, "FILE", "the trace file to write"},
    {0, "output-dir", OPT_STR, &snapshot_options.output_dir, "DIR",
     "folder for trace_DATE_TIME.out (default $OUTPUT_DIR or ./profiles)"},
    {0, "session", OPT_STR, &session_name, "NAME", "which one, where there are several"},
    {0},
};

static const struct opt_command snapshot_command = {
    .name = "whyprof trace snapshot",
    .usage = "[-o FILE] [--session NAME]",
    .summary =
        "Writes what a flight recorder (whyprof trace start --flight-recorder) holds now to\n"
        "a trace file and prints its path. It goes on recording.",
    .opts = snapshot_rows,
};

static bool phase_is(const struct state *st, const char *phase)
{
    return !strcmp(state_get(st, "phase"), phase);
}

static bool over(const struct state *st)
{
    return phase_is(st, "done") || phase_is(st, "failed");
}

/* A `whyprof run` that still runs ends with its program, not by `trace stop`. */
static bool stoppable(const struct state *st)
{
    return strcmp(state_get(st, "owner"), "run") || !record_alive(st);
}

static bool several(const struct state_list *list, struct err *err)
{
    struct strbuf names = {0};
    for (size_t i = 0; i < list->count; i++)
        if (stoppable(&list->items[i]) && !over(&list->items[i]))
            strbuf_printf(&names, " %s", state_get(&list->items[i], "session"));
    err_set(err, "there are several recordings");
    err_hint(err, "choose with --session:%s", strbuf_str(&names));
    strbuf_release(&names);
    return false;
}

/* The one named; else the only one under way; else the latest that is over. */
static struct state *choose(const struct state_list *list, struct err *err)
{
    struct state *found = NULL;
    for (size_t i = 0; i < list->count; i++) {
        struct state *st = &list->items[i];
        if (session_name && !strcmp(state_get(st, "session"), session_name))
            return st;
        if (session_name || !stoppable(st))
            continue;
        if (found && !over(found) && !over(st)) {
            several(list, err);
            return NULL;
        }
        if (!found || over(found))
            found = st;
    }
    if (!found && session_name)
        err_set(err, "there is no recording named '%s'", session_name);
    else if (!found)
        err_set(err, "nothing is being recorded");
    return found;
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
    (void)sig;
    interrupted = 1;
}

static bool step(void *data, const char *phase, uint64_t done, uint64_t total)
{
    return progress_step(data, phase, done, total) && !interrupted;
}

static bool convert_in_sight(struct state *st, struct convert_result *result, struct err *err)
{
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    struct progress *shown = cli_progress_begin();
    const struct progress progress = {step, shown};
    bool ok = record_convert(st, &progress, result, err);
    cli_progress_end(shown);
    return ok;
}

/* The recorder was killed, but what converts meanwhile goes on to the end. */
static bool wait_for_converter(struct state *st, struct err *err)
{
    enum {
        EVERY_MS = 20
    };
    char path[sizeof st->path];
    while (live_converting(st))
        poll(NULL, 0, EVERY_MS);
    snprintf(path, sizeof path, "%s", st->path);
    state_release(st);
    return state_load(st, path, err);
}

/* Nobody answers: the recorder was killed, or ended between two looks. */
static bool end_orphan(struct state *st, const struct runtime *rt, struct err *err)
{
    struct recorder_result result;
    if (live_converting(st) && !wait_for_converter(st, err))
        return false;
    if (over(st))
        return true;
    bool was_complete = phase_is(st, "stopped") || phase_is(st, "converting");
    if (!recorder_recover(rt, state_get(st, "session"), state_get(st, "ctf_dir"),
                          relay_session_stopped, st, &result, err))
        return false;
    if (!was_complete) {
        state_set(st, "meta.session.incomplete", "the recorder was killed");
        state_set(st, "meta.lost.buffers", "%" PRIu64, result.lost_events);
    }
    state_set(st, "phase", "stopped");
    return state_save(st, err);
}

static bool stop_recording(struct state *st, const struct runtime *rt, struct err *err)
{
    char socket_path[sizeof st->path], path[sizeof st->path];
    if (over(st))
        return true;
    state_socket_path(st, socket_path, sizeof socket_path);
    if (!recorder_request_stop(socket_path, err))
        return end_orphan(st, rt, err);
    snprintf(path, sizeof path, "%s", st->path);
    state_release(st);
    if (!state_load(st, path, err))
        return false;
    return over(st) || phase_is(st, "stopped") || end_orphan(st, rt, err);
}

/* It may still be stopping the session daemon; afterwards nothing is left running. */
static void wait_for_recorder(const struct state *st)
{
    enum {
        RECORDER_END_MS = 10000,
        EVERY_MS = 10
    };
    if (strcmp(state_get(st, "owner"), "trace"))
        return;
    for (int ms = 0; ms < RECORDER_END_MS && record_alive(st); ms += EVERY_MS)
        poll(NULL, 0, EVERY_MS);
}

/* Nothing was converted: the relay daemon has it all. */
static void tell_left(const struct state *st)
{
    char place[1024];
    file_remove_tree(state_get(st, "ctf_dir"), NULL);
    printf("%s\n", relay_place(st, place, sizeof place));
    fflush(stdout);
}

static int stop_chosen(struct state *st, const struct runtime *rt)
{
    struct err err = {0};
    struct convert_result result = {0};
    if (!stoppable(st)) {
        err_set(&err, "%s belongs to a whyprof run", state_get(st, "session"));
        err_hint(&err, "it ends with its program");
        return cli_fail(&err);
    }
    if (!stop_recording(st, rt, &err))
        return cli_fail(&err);
    bool left = relay_leaves(st);
    bool ok = left       ? true
              : over(st) ? record_told_outcome(st, &result, &err)
                         : convert_in_sight(st, &result, &err);
    state_remove(st);
    if (left) {
        tell_left(st);
        wait_for_recorder(st);
        return CLI_OK;
    }
    if (ok) {
        printf("%s\n", state_get(st, "out"));
        fflush(stdout);
        record_print_result(st, &result);
    } else {
        err_wrap(&err, "no trace was written");
        cli_fail(&err);
    }
    wait_for_recorder(st);
    return ok ? CLI_OK : CLI_FAILED;
}

static int trace_stop(int argc, char **argv)
{
    int status;
    int n = cli_parse(&stop_command, argc, argv, &status);
    if (n < 0)
        return status;
    struct err err = {0};
    struct runtime rt;
    if (n > 0) {
        err_set(&err, "'%s' is too much", argv[1]);
        err_hint(&err, "whyprof trace stop --session NAME");
        return cli_usage(&err);
    }
    if (!runtime_init(&rt, &err))
        return cli_fail(&err);
    struct state_list list;
    state_list_load(&list, &rt);
    struct state *st = choose(&list, &err);
    status = st ? stop_chosen(st, &rt) : cli_fail(&err);
    state_list_release(&list);
    return status;
}

/* The recording's facts with a name and a folder of the snapshot's own. */
static bool prepare_snapshot(struct state *snap, const struct state *st, struct err *err)
{
    for (size_t i = 0; i < st->count; i++)
        if (!strncmp(st->pairs[i].key, "meta.", 5))
            state_set(snap, st->pairs[i].key, "%s", st->pairs[i].value);
    if (!record_choose_paths(snap, &snapshot_options, err))
        return false;
    state_set(snap, "reserved_dir", "%s", state_get(snap, "ctf_dir"));
    state_set(snap, "ctf_dir", "%s.snapshot-%d", state_get(st, "ctf_dir"), (int)getpid());
    state_set(snap, "meta.session.ended_by", "whyprof trace snapshot");
    return true;
}

static bool snapshot(const struct state *st, struct state *snap, struct err *err)
{
    char socket_path[sizeof st->path];
    struct convert_result result;
    state_socket_path(st, socket_path, sizeof socket_path);
    if (!*state_get(st, "meta.session.flight_recorder_ns")) {
        err_set(err, "%s is no flight recorder", state_get(st, "session"));
        return err_hint(err, "whyprof trace start --flight-recorder begins one");
    }
    bool ok = prepare_snapshot(snap, st, err) &&
              recorder_request_snapshot(socket_path, state_get(snap, "ctf_dir"), err) &&
              convert_in_sight(snap, &result, err);
    file_remove_tree(state_get(snap, "ctf_dir"), NULL);
    rmdir(state_get(snap, "reserved_dir"));
    if (!ok)
        return false;
    printf("%s\n", state_get(snap, "out"));
    fflush(stdout);
    record_print_result(snap, &result);
    return true;
}

static int trace_snapshot(int argc, char **argv)
{
    int status;
    int n = cli_parse(&snapshot_command, argc, argv, &status);
    if (n < 0)
        return status;
    struct err err = {0};
    struct runtime rt;
    struct state_list list;
    struct state snap = {0};
    if (n > 0) {
        err_set(&err, "'%s' is too much", argv[1]);
        err_hint(&err, "whyprof trace snapshot -o FILE");
        return cli_usage(&err);
    }
    if (!runtime_init(&rt, &err))
        return cli_fail(&err);
    state_list_load(&list, &rt);
    const struct state *st = choose(&list, &err);
    status = CLI_OK;
    if (!st || !snapshot(st, &snap, &err)) {
        err_wrap(&err, "no snapshot was written");
        status = cli_fail(&err);
    }
    state_release(&snap);
    state_list_release(&list);
    return status;
}

struct situation {
    const char *phase;
    uint64_t since_ns;    /* unix */
    uint64_t duration_ns; /* of a recording under way, else 0 */
    struct ctf_files files;
    bool counted; /* `counts` are known: the recorder answered */
    struct recorder_counts counts;
    uint64_t lost;
};

static struct situation look(const struct state *st)
{
    struct situation s = {.phase = state_get(st, "phase")};
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    s.since_ns = strtoull(state_get(st, "since_unix_ns"), NULL, 10);
    bool alive = record_alive(st) || live_converting(st);
    if (!over(st) && !phase_is(st, "stopped") && !alive)
        s.phase = "cut short";
    if (phase_is(st, "recording") && alive)
        s.duration_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec - s.since_ns;
    ctf_files_scan(state_get(st, "ctf_dir"), &s.files);
    if (s.duration_ns) {
        char socket_path[sizeof st->path];
        state_socket_path(st, socket_path, sizeof socket_path);
        s.counted = recorder_request_counts(socket_path, &s.counts, &(struct err){0});
    }
    /* the files of a recording converted meanwhile are gone, and so are their headers */
    s.lost = s.counted ? s.counts.lost_events + s.counts.lost_kernel : s.files.discarded;
    return s;
}

static void print_status(const struct state *st)
{
    struct situation s = look(st);
    char place[1024], since[32] = "?", bytes[FMT_MAX], lost[FMT_MAX], lasted[FMT_MAX],
                      kernel[FMT_MAX];
    time_t sec = (time_t)(s.since_ns / 1000000000);
    struct tm tm;
    strftime(since, sizeof since, "%Y-%m-%d %H:%M:%S", localtime_r(&sec, &tm));
    printf("%s: %s, %s since %s", state_get(st, "session"), state_get(st, "target"), s.phase,
           since);
    if (s.duration_ns)
        printf(" (%s)", fmt_ns(lasted, s.duration_ns));
    if (over(st)) {
        printf("\n  %s\n", phase_is(st, "done") ? state_get(st, "out") : state_get(st, "error"));
        return;
    }
    if (relay_is_used(st)) {
        printf("\n  to %s\n", relay_place(st, place, sizeof place));
    } else {
        printf("\n  %s to convert", fmt_bytes(bytes, s.files.bytes));
        if (s.counted)
            printf(", %s kernel events so far", fmt_count(kernel, s.counts.kernel_records));
        printf(", %s events lost\n", s.lost ? fmt_count(lost, s.lost) : "no");
    }
    if (!strcmp(s.phase, "cut short"))
        printf("  whyprof trace stop --session %s converts what there is\n",
               state_get(st, "session"));
}

static void number_member(struct strbuf *sb, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    json_member_raw(sb, key, text);
}

static void append_json(struct strbuf *sb, const struct state *st)
{
    struct situation s = look(st);
    strbuf_puts(sb, sb->len > 1 ? ",\n {" : "{");
    json_member(sb, "session", state_get(st, "session"));
    json_member(sb, "phase", s.phase);
    json_member(sb, "owner", state_get(st, "owner"));
    json_member(sb, "target", state_get(st, "target"));
    number_member(sb, "recorder_pid", strtoull(state_get(st, "pid"), NULL, 10));
    number_member(sb, "since_unix_ns", s.since_ns);
    number_member(sb, "duration_ns", s.duration_ns);
    number_member(sb, "bytes",
                  over(st) ? strtoull(state_get(st, "bytes"), NULL, 10) : s.files.bytes);
    number_member(sb, "lost_events", over(st) ? strtoull(state_get(st, "lost"), NULL, 10) : s.lost);
    if (s.counted)
        number_member(sb, "kernel_events", s.counts.kernel_records);
    json_member(sb, "out", state_get(st, "out"));
    if (relay_is_used(st))
        json_member(sb, "relay", state_get(st, "relay"));
    if (phase_is(st, "done"))
        number_member(sb, "events", strtoull(state_get(st, "events"), NULL, 10));
    if (phase_is(st, "failed"))
        json_member(sb, "error", state_get(st, "error"));
    strbuf_putc(sb, '}');
}

static int trace_status(int argc, char **argv)
{
    int status;
    int n = cli_parse(&status_command, argc, argv, &status);
    if (n < 0)
        return status;
    struct err err = {0};
    struct runtime rt;
    if (!runtime_init(&rt, &err))
        return cli_fail(&err);
    struct state_list list;
    struct strbuf sb = {0};
    size_t shown = 0;
    state_list_load(&list, &rt);
    strbuf_putc(&sb, '[');
    for (size_t i = 0; i < list.count; i++) {
        if (session_name && strcmp(session_name, state_get(&list.items[i], "session")))
            continue;
        shown++;
        if (json)
            append_json(&sb, &list.items[i]);
        else
            print_status(&list.items[i]);
    }
    if (json)
        printf("%s]\n", sb.p);
    else if (!shown)
        printf("nothing is being recorded\n");
    strbuf_release(&sb);
    state_list_release(&list);
    return CLI_OK;
}

int cmd_trace(int argc, char **argv)
{
    static const char usage[] =
        "Usage: whyprof trace start|stop|status|snapshot [ARGUMENTS]\n"
        "       whyprof trace [OPTIONS] [PID | NAME | URL]\n\n"
        "  start [PID | NAME | --all | -- PROGRAM ARG...]   begin recording in the background\n"
        "  stop                                             end it and write the trace file\n"
        "  status                                           what is being recorded\n"
        "  snapshot                                         write what a flight recorder holds "
        "now\n\n"
        "Without one of these words: traces a running program for $DURATION (--duration, 30s)\n"
        "and prints the file's path, in $OUTPUT_DIR (--output-dir, ./profiles).\n\n"
        "whyprof trace start --help tells the options.\n";
    const char *what = argc > 1 ? argv[1] : "";
    if (!strcmp(what, "start"))
        return trace_start(argc - 1, argv + 1);
    if (!strcmp(what, "stop"))
        return trace_stop(argc - 1, argv + 1);
    if (!strcmp(what, "status"))
        return trace_status(argc - 1, argv + 1);
    if (!strcmp(what, "snapshot"))
        return trace_snapshot(argc - 1, argv + 1);
    bool help = !strcmp(what, "--help") || !strcmp(what, "-h");
    if (!help && *what)
        return cmd_capture(argc, argv);
    fputs(usage, help ? stdout : stderr);
    return help ? CLI_OK : CLI_USAGE;
}
