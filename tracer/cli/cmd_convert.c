/* convert: LTTng (CTF) folders, and what a relay daemon holds, to a trace file. */
#include "cli/cli.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/fmt.h"
#include "base/json.h"
#include "convert/convert.h"
#include "import/import.h"
#include "remote/relayd.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *output;
static const char *reader_name;
static uint64_t threads;
static bool json;
static bool lines;
static bool follow;

static const struct opt opts[] = {
    {'o', "output", OPT_STR, &output, "FILE", "write the trace to FILE (needed)"},
    {0, "follow", OPT_FLAG, &follow, NULL,
     "of a relay daemon's session: until it ends (or Ctrl-C), not only what is there now"},
    {0, "reader", OPT_STR, &reader_name, "NAME",
     "auto (default), ctf (whyprof's own, fast), ctf.fs (babeltrace2's), or lttng-live\n"
     "(babeltrace2's, of a URL: what comes from now on to the session's end or Ctrl-C)"},
    {0, "threads", OPT_U64, &threads, "N", "0 (default): one for each CPU; the file is the same"},
    {0, "progress", OPT_FLAG, &lines, NULL,
     "tell programs how far it is: lines `progress PERMILLE` on stderr"},
    {0, "json", OPT_FLAG, &json, NULL, "print the result as JSON"},
    {0},
};

static const struct opt_command command = {
    .name = "whyprof convert",
    .usage = "CTF-DIR|FILE|URL... -o FILE",
    .summary =
        "Converts the CTF traces below a folder (an LTTng session's output) to one trace\n"
        "file, or a Go program's execution trace (of Go 1.11 to 1.21), or Chrome's trace\n"
        "JSON. Streams cut short by a crash are read up to their last whole packet. Several\n"
        "are merged by time; of several machines, the ids are kept apart. A URL\n"
        "net://HOST[:PORT]/host/HOSTNAME/SESSION is a session that is being recorded to\n"
        "LTTng's relay daemon on HOST (lttng-relayd); without /host/... the error lists them.",
    .opts = opts,
    .more = "Examples:\n  whyprof convert ~/lttng-traces/my-session-20240101-120000 -o my.out\n"
            "  whyprof convert web1/ web2/ -o both.out\n"
            "  whyprof convert net://collector.example/host/web1/my-session -o web1.out\n",
};

static void print_text(const struct convert_result *result)
{
    char events[FMT_MAX], lost[FMT_MAX], bytes[FMT_MAX];
    printf("%s: %s events, %s", output, fmt_count(events, result->events),
           fmt_bytes(bytes, result->bytes));
    if (result->lost)
        printf(", %s events lost while recording", fmt_count(lost, result->lost));
    putchar('\n');
}

static void print_json(const struct convert_result *result)
{
    struct strbuf sb = {0};
    char number[24];
    strbuf_putc(&sb, '{');
    json_member(&sb, "file", output);
    snprintf(number, sizeof number, "%" PRIu64, result->events);
    json_member_raw(&sb, "events", number);
    snprintf(number, sizeof number, "%" PRIu64, result->lost);
    json_member_raw(&sb, "lost_events", number);
    snprintf(number, sizeof number, "%" PRIu64, result->bytes);
    json_member_raw(&sb, "bytes", number);
    strbuf_puts(&sb, "}\n");
    fputs(strbuf_str(&sb), stdout);
    strbuf_release(&sb);
}

static int usage_error(const char *text)
{
    struct err err = {0};
    err_set(&err, "convert: %s", text);
    err_hint(&err, "whyprof convert CTF-DIR -o FILE");
    return cli_usage(&err);
}

static bool choose_reader(enum convert_reader *reader)
{
    static const char *const names[] = {"auto", "ctf", "ctf.fs", "lttng-live"};
    for (int i = 0; i < 4; i++)
        if (!reader_name || !strcmp(reader_name, names[i])) {
            *reader = (enum convert_reader)i;
            return true;
        }
    return false;
}

/* -- what a relay daemon holds */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
    (void)sig;
    interrupted = 1;
    signal(sig, SIG_DFL); /* a second one ends the conversion too */
}

static bool copy_step(void *data, const char *phase, uint64_t done, uint64_t total)
{
    return progress_step(data, phase, done, total) && !interrupted;
}

/* Copies a session below temp_dir; NULL with err, else its folder, which the caller frees. */
static const char *copy_session(const char *url, const char *temp_dir, size_t number,
                                const struct progress *shown, struct err *err)
{
    char *dir;
    if (asprintf(&dir, "%s/%zu", temp_dir, number) < 0)
        abort();
    const struct progress progress = {copy_step, (void *)(uintptr_t)shown};
    const struct relayd_options options = {
        .url = url, .dir = dir, .follow = follow, .progress = &progress};
    struct relayd_result result;
    if (mkdir(dir, 0700) < 0)
        err_errno(err, "make folder %s", dir);
    else if (relayd_copy(&options, &result, err))
        return dir;
    free(dir);
    return NULL;
}

/* The inputs as folders: copies of what is at a relay daemon are made beside the output. */
struct inputs {
    const char **dirs; /* owned */
    bool *copied;      /* owned: dirs[i] is to be freed */
    size_t count;
    char *temp_dir; /* owned; NULL: none was needed */
};

static bool make_temp_dir(struct inputs *in, struct err *err)
{
    if (in->temp_dir)
        return true;
    if (asprintf(&in->temp_dir, "%s.relay-XXXXXX", output) < 0)
        abort();
    if (mkdtemp(in->temp_dir))
        return true;
    err_errno(err, "make a folder beside %s", output);
    free(in->temp_dir);
    in->temp_dir = NULL;
    return false;
}

static bool open_inputs(struct inputs *in, char **argv, int n, const struct progress *progress,
                        struct err *err)
{
    *in = (struct inputs){.dirs = mem_realloc(NULL, (size_t)n, sizeof *in->dirs),
                          .copied = mem_realloc(NULL, (size_t)n, sizeof *in->copied)};
    for (; in->count < (size_t)n; in->count++) {
        const char *dir = argv[in->count];
        bool copied = relayd_is_url(dir);
        if (copied && (!make_temp_dir(in, err) ||
                       !(dir = copy_session(dir, in->temp_dir, in->count, progress, err))))
            return false;
        in->dirs[in->count] = dir;
        in->copied[in->count] = copied;
    }
    return true;
}

static void close_inputs(struct inputs *in)
{
    for (size_t i = 0; i < in->count; i++)
        if (in->copied[i])
            free((void *)(uintptr_t)in->dirs[i]);
    if (in->temp_dir)
        file_remove_tree(in->temp_dir, NULL);
    free(in->temp_dir);
    free(in->dirs);
    free(in->copied);
}

static bool tell_line(void *data, const char *phase, uint64_t done, uint64_t total)
{
    static uint64_t told;
    (void)data;
    (void)phase;
    uint64_t permille = total ? (done < total ? done * 1000 / total : 1000) : 0;
    if (permille / 10 != told / 10) {
        fprintf(stderr, "progress %" PRIu64 "\n", permille);
        told = permille;
    }
    return true;
}

static struct progress *begin_progress(void)
{
    struct progress *progress = cli_progress_begin();
    if (lines)
        progress->step = tell_line;
    return progress;
}

/* A file of another tracer. */
static bool import(const char *path, struct convert_result *result, struct err *err)
{
    struct import_result imported;
    struct progress *progress = begin_progress();
    bool ok = import_file(
        &(struct import_options){.path = path, .out_path = output, .progress = progress}, &imported,
        err);
    cli_progress_end(progress);
    if (ok)
        *result = (struct convert_result){.events = imported.events, .bytes = imported.bytes};
    return ok;
}

static bool convert(char **argv, int n, enum convert_reader reader, struct convert_result *result,
                    struct err *err)
{
    if (n == 1 && import_takes(argv[0]))
        return import(argv[0], result, err);
    struct inputs in;
    struct progress *progress = begin_progress();
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    bool ok = open_inputs(&in, argv, n, progress, err);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    if (ok)
        ok = convert_ctf(&(struct convert_options){.ctf_dir = in.dirs[0],
                                                   .more_dirs = in.dirs + 1,
                                                   .more_count = in.count - 1,
                                                   .reader = reader,
                                                   .threads = (unsigned)threads,
                                                   .out_path = output,
                                                   .progress = progress},
                         result, err);
    close_inputs(&in);
    cli_progress_end(progress);
    return ok;
}

/* Through babeltrace2's own source for that, without a copy. */
static bool convert_live(const char *url, struct convert_result *result, struct err *err)
{
    if (!relayd_find(url, err))
        return false;
    struct progress *shown = begin_progress();
    const struct progress progress = {copy_step, shown};
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
    bool ok = convert_ctf(&(struct convert_options){.ctf_dir = url,
                                                    .reader = CONVERT_READER_LIVE,
                                                    .threads = (unsigned)threads,
                                                    .out_path = output,
                                                    .progress = &progress},
                          result, err);
    cli_progress_end(shown);
    return ok && (result->events || err_set(err, "%s: no events came", url));
}

static bool check_urls(char **argv, int n, struct err *err)
{
    for (int i = 0; i < n; i++)
        if (relayd_is_url(argv[i]) && !relayd_check_url(argv[i], err))
            return false;
    return true;
}

int cmd_convert(int argc, char **argv)
{
    int status;
    int n = cli_parse(&command, argc, argv, &status);
    if (n < 0)
        return status;
    if (n < 1)
        return usage_error("no folder was named");
    if (!output || !*output)
        return usage_error("-o FILE is missing");
    struct err err = {0};
    struct convert_result result;
    enum convert_reader reader;
    if (!choose_reader(&reader))
        return usage_error("--reader is auto, ctf, ctf.fs or lttng-live");
    if (!check_urls(argv + 1, n, &err))
        return cli_usage(&err);
    if (reader == CONVERT_READER_LIVE && (n != 1 || !relayd_is_url(argv[1])))
        return usage_error("--reader=lttng-live takes one URL, net://...");
    if (reader == CONVERT_READER_LIVE) {
        if (!convert_live(argv[1], &result, &err))
            return cli_fail(&err);
    } else if (!convert(argv + 1, n, reader, &result, &err)) {
        return cli_fail(&err);
    }
    if (json)
        print_json(&result);
    else
        print_text(&result);
    return CLI_OK;
}
