/* whyprof export: a trace in another tool's format. */
#include "base/fmt.h"
#include "cli/cli.h"
#include "cli/trace_file.h"
#include "export/export.h"

#include <stdio.h>
#include <string.h>

static bool check_options(const struct export_format *f, const struct export_options *o,
                          const char *out, struct err *err)
{
    if (o->split_bytes && !strcmp(out, "-"))
        return err_set(err, "--split: the standard output is one file");
    return export_check(f, o, err);
}

static void tell(const char *out, const struct export_result *result)
{
    char count[FMT_MAX], size[FMT_MAX], files[FMT_MAX + 8] = "";
    if (result->parts > 1)
        snprintf(files, sizeof files, ", %u files", result->parts);
    printf("%s: %s events, %s%s\n", out, fmt_count(count, result->events),
           fmt_bytes(size, result->bytes), files);
}

static int run(const char *path, const char *out, const char *format_name,
               struct export_options *options)
{
    int status;
    struct err err = {0};
    const struct export_format *format = export_find(format_name, &err);
    if (!format || !check_options(format, options, out, &err))
        return cli_usage(&err);
    struct trace *t = cli_trace_open(path, &options->range, &status);
    if (!t)
        return status;
    struct progress *progress = cli_progress_begin();
    struct export_result result;
    options->progress = progress;
    bool ok = export_trace(t, format, out, options, &result, &err);
    cli_progress_end(progress);
    trace_close(t);
    if (!ok)
        return cli_fail(&err);
    if (strcmp(out, "-"))
        tell(out, &result);
    return CLI_OK;
}

int cmd_export(int argc, char **argv)
{
    static const char needs[] = "a trace file and -o OUT";
    static const char example[] = "whyprof export trace_20240101_120000.out -o trace.json.gz";
    static const char *out, *format = "chrome";
    static struct export_options options;
    static const struct opt opts[] = {
        {'o', "output", OPT_STR, &out, "FILE",
         "where to; .gz compresses, - is the standard output"},
        {'f', "for", OPT_STR, &format, "FORMAT", "one of those below (chrome)"},
        CLI_RANGE_OPTIONS(options.range),
        {0, "min-dur", OPT_DURATION, &options.min_dur_ns, "TIME", "leave out shorter spans"},
        {0, "split", OPT_U64, &options.split_bytes, "SIZE",
         "JSON: begin another file after SIZE bytes (100M), OUT.1.json, OUT.2.json and on"},
        {0, "kind", OPT_STR, &options.kind, "KIND", "what a profile is about (cpu)"},
        {0, "threads", OPT_STR, &options.threads, "LIST",
         "trace: only these, by id or name (4250,worker)"},
        {0, "table", OPT_STR, &options.table, "TABLE", "csv: this table, into the file OUT"},
        {0},
    };
    char more[2048] = "Formats:\n";
    for (const struct export_format *f = export_formats; f->name; f++) {
        size_t len = strlen(more);
        snprintf(more + len, sizeof more - len, "  %-10s %s\n", f->name, f->help);
    }
    const struct opt_command cmd = {
        .name = "whyprof export",
        .usage = "FILE -o OUT [OPTIONS]",
        .summary = "Writes a trace in another tool's format.",
        .opts = opts,
        .more = more,
    };
    int status;
    int n = cli_parse_files(&cmd, argc, argv, 1, 1, needs, example, &status);
    if (n < 0)
        return status;
    struct err err = {0};
    if (!out) {
        err_set(&err, "export needs %s", needs);
        err_hint(&err, "%s", example);
        return cli_usage(&err);
    }
    return run(argv[1], out, format, &options);
}
