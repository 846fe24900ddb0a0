/* whyprof report: tables about a trace. */
#include "analyze/scope.h"
#include "cli/cli.h"
#include "cli/trace_file.h"
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool wants_colour(void)
{
    const char *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && term && strcmp(term, "dumb");
}

static unsigned terminal_width(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_col < 40)
        return 0;
    return size.ws_col;
}

static int print(const char *path, const char *name, const char *thread, bool dot,
                 struct report_options *options)
{
    uint32_t row = 0;
    int status;
    struct err err = {0};
    const struct report *report = report_find(name, &err);
    if (!report)
        return cli_usage(&err);
    struct trace *t = cli_trace_open(path, &options->range, &status);
    if (!t)
        return status;
    bool ok = !thread || analyze_thread_find(t, thread, &row, &err);
    options->range.thread = thread ? row + 1 : 0;
    ok = ok && (dot ? report_lock_dot(t, options->range, stdout, &err)
                    : report_print(report, t, options, stdout, &err));
    trace_close(t);
    return ok ? CLI_OK : cli_fail(&err);
}

int cmd_report(int argc, char **argv)
{
    static struct report_options options;
    static const char *thread;
    static bool dot;
    static const struct opt opts[] = {
        {0, "json", OPT_FLAG, &options.json, NULL, "JSON: exact numbers, all rows"},
        CLI_RANGE_OPTIONS(options.range),
        {0, "thread", OPT_STR, &thread, "T", "of one thread: its tid or name"},
        {0, "dot", OPT_FLAG, &dot, NULL, "of locks: their order alone, as a graph for Graphviz"},
        {'n', "top", OPT_U64, &options.style.top, "N", "at most N rows of each table"},
        {'a', "all", OPT_FLAG, &options.style.all, NULL, "all rows"},
        {0},
    };
    char more[2048] = "Reports:\n";
    for (const struct report *r = report_table; r->name; r++) {
        size_t len = strlen(more);
        snprintf(more + len, sizeof more - len, "  %-13s %s\n", r->name, r->help);
    }
    const struct opt_command cmd = {
        .name = "whyprof report",
        .usage = "[OPTIONS] FILE [REPORT]",
        .summary = "Prints tables about a trace; REPORT is summary where it is left out.",
        .opts = opts,
        .more = more,
    };
    int status;
    int n = cli_parse_files(&cmd, argc, argv, 1, 2, "a trace file, and takes one report's name",
                            "whyprof report FILE [summary]", &status);
    if (n < 0)
        return status;
    struct err err = {0};
    if (dot && (n != 2 || strcmp(argv[2], "locks"))) {
        err_set(&err, "--dot is about the report locks");
        return cli_usage(&err);
    }
    options.style.colour = !options.json && wants_colour();
    options.style.width = terminal_width();
    return print(argv[1], n == 2 ? argv[2] : "summary", thread, dot, &options);
}
