/* whyprof check: verifies a trace file down to the row. */
#include "base/file.h"
#include "base/fmt.h"
#include "cli/cli.h"
#include "trace/check.h"

#include <inttypes.h>
#include <stdio.h>

static void print_problem(void *data, uint64_t off, const char *text)
{
    (void)data;
    printf("offset %" PRIu64 ": %s\n", off, text);
}

static int check_file(const char *path, uint64_t max, struct err *err)
{
    struct file_map map;
    struct trace *t = trace_open(path, err); /* no trace at all: say so and no more */
    trace_close(t);
    if (!t)
        return cli_fail(err);
    if (!file_map(&map, path, err))
        return cli_fail(err);
    struct progress *progress = cli_progress_begin();
    struct trace_check_sink sink = {print_problem, NULL, max, progress};
    uint64_t problems = trace_check(map.data, map.bytes, &sink);
    cli_progress_end(progress);
    char size[FMT_MAX];
    if (!problems)
        printf("%s: sound (%s)\n", path, fmt_bytes(size, map.bytes));
    file_unmap(&map);
    if (!problems)
        return CLI_OK;
    err_set(err, "%s: %s%" PRIu64 " problem%s", path, problems >= max ? "at least " : "", problems,
            problems == 1 ? "" : "s");
    return cli_fail(err);
}

int cmd_check(int argc, char **argv)
{
    static uint64_t max = 20;
    static const struct opt opts[] = {
        {0, "max", OPT_U64, &max, "N", "stop after N problems (20)"},
        {0},
    };
    static const struct opt_command cmd = {
        .name = "whyprof check",
        .usage = "[--max N] FILE",
        .summary = "Verifies a trace file: checksums, order, references, stacks, thread states.\n"
                   "Prints each problem with its offset; exit status 1 where there is one.",
        .opts = opts,
    };
    int status;
    int n =
        cli_parse_files(&cmd, argc, argv, 1, 1, "one trace file", "whyprof check FILE", &status);
    if (n < 0)
        return status;
    struct err err = {0};
    if (max == 0) {
        err_set(&err, "--max must be at least 1");
        return cli_usage(&err);
    }
    return check_file(argv[1], max, &err);
}
