/* whyprof dump: a trace file as text. */
#include "cli/cli.h"
#include "cli/trace_file.h"
#include "trace/dump.h"

#include <stdio.h>

int cmd_dump(int argc, char **argv)
{
    static const char *table;
    static const struct opt opts[] = {
        {'t', "table", OPT_STR, &table, "NAME", "only this table (thread, syscall, ...)"},
        {0},
    };
    static const struct opt_command cmd = {
        .name = "whyprof dump",
        .usage = "[--table NAME] FILE",
        .summary = "Prints a trace file as text, one row a line, strings and enums by name.\n"
                   "The same content gives the same text: compare two traces with diff.",
        .opts = opts,
    };
    int status;
    int n = cli_parse_files(&cmd, argc, argv, 1, 1, "one trace file", "whyprof dump FILE", &status);
    if (n < 0)
        return status;
    struct err err = {0};
    int number = table ? trace_dump_find(table, &err) : -1;
    if (table && number < 0)
        return cli_usage(&err);
    struct trace *t = cli_trace_map(argv[1], &err);
    if (!t)
        return cli_fail(&err);
    bool ok = trace_dump(t, number, stdout, &err);
    trace_close(t);
    return ok ? CLI_OK : cli_fail(&err);
}
