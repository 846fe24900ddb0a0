/* convert: an LTTng (CTF) folder to a trace file. */
#include "cli/cli.h"

#include "base/fmt.h"
#include "base/json.h"
#include "convert/convert.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *output;
static const char *reader_name;
static uint64_t threads;
static bool json;

static const struct opt opts[] = {
    {'o', "output", OPT_STR, &output, "FILE", "write the trace to FILE (needed)"},
    {0, "reader", OPT_STR, &reader_name, "NAME",
     "auto (default), ctf (whyprof's own, fast) or ctf.fs (babeltrace2's)"},
    {0, "threads", OPT_U64, &threads, "N", "0 (default): one for each CPU; the file is the same"},
    {0, "json", OPT_FLAG, &json, NULL, "print the result as JSON"},
    {0},
};

static const struct opt_command command = {
    .name = "whyprof convert",
    .usage = "CTF-DIR -o FILE",
    .summary = "Converts the CTF traces below a folder (an LTTng session's output) to one trace\n"
               "file. Streams cut short by a crash are read up to their last whole packet.",
    .opts = opts,
    .more = "Example:\n  whyprof convert ~/lttng-traces/my-session-20240101-120000 -o my.out\n",
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
    static const char *const names[] = {"auto", "ctf", "ctf.fs"};
    for (int i = 0; i < 3; i++)
        if (!reader_name || !strcmp(reader_name, names[i])) {
            *reader = (enum convert_reader)i;
            return true;
        }
    return false;
}

int cmd_convert(int argc, char **argv)
{
    int status;
    int n = cli_parse(&command, argc, argv, &status);
    if (n < 0)
        return status;
    if (n != 1)
        return usage_error(n ? "one folder at a time" : "no folder was named");
    if (!output || !*output)
        return usage_error("-o FILE is missing");
    struct err err = {0};
    struct convert_result result;
    enum convert_reader reader;
    if (!choose_reader(&reader))
        return usage_error("--reader is auto, ctf or ctf.fs");
    struct progress *progress = cli_progress_begin();
    struct convert_options options = {.ctf_dir = argv[1],
                                      .reader = reader,
                                      .threads = (unsigned)threads,
                                      .out_path = output,
                                      .progress = progress};
    bool ok = convert_ctf(&options, &result, &err);
    cli_progress_end(progress);
    if (!ok)
        return cli_fail(&err);
    if (json)
        print_json(&result);
    else
        print_text(&result);
    return CLI_OK;
}
