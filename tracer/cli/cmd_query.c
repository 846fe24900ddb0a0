/* whyprof query: SQL over a trace. */
#include "base/fmt.h"
#include "cli/cli.h"
#include "cli/trace_file.h"
#include "query/query.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct query *running; /* for the signal handler */

static void interrupt(int sig)
{
    (void)sig;
    query_interrupt(running);
}

static void catch_interrupts(struct query *q)
{
    running = q;
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
}

static double now_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* For people only: scripts that keep stderr see nothing. */
static void tell_rows(uint64_t rows, double seconds)
{
    char count[FMT_MAX], time[FMT_MAX];
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "%s row%s, %s\n", fmt_count(count, rows), rows == 1 ? "" : "s",
                fmt_ns(time, (uint64_t)(seconds * 1e9)));
}

static bool read_stdin(char **sql, struct err *err)
{
    size_t cap = 0;
    *sql = NULL;
    if (isatty(STDIN_FILENO))
        fprintf(stderr, "SQL, ended by Ctrl-D:\n");
    if (getdelim(sql, &cap, '\0', stdin) >= 0 || feof(stdin))
        return true;
    free(*sql);
    return err_errno(err, "read the SQL");
}

static int run(const char *path, const char *name, const char *sql, enum query_format format)
{
    struct err err = {0};
    struct trace *t = cli_trace_map(path, &err);
    struct query *q = t ? query_open(t, &err) : NULL;
    bool ok = false;
    if (q) {
        catch_interrupts(q);
        struct query_result result;
        double begin_s = now_s();
        ok = query_run(q, name, sql, format, stdout, &result, &err);
        if (ok)
            tell_rows(result.rows, now_s() - begin_s);
        signal(SIGINT, SIG_DFL);
    }
    query_close(q);
    trace_close(t);
    return ok ? CLI_OK : cli_fail(&err);
}

int cmd_query(int argc, char **argv)
{
    static bool csv, json;
    static const struct opt opts[] = {
        {0, "csv", OPT_FLAG, &csv, NULL, "comma-separated values with a header line"},
        {0, "json", OPT_FLAG, &json, NULL, "an array of objects for each statement"},
        {0},
    };
    static char more[4096];
    snprintf(
        more, sizeof more,
        "Between statements, on lines of their own:\n"
        "  .tables           the tables, how many rows each has, what it holds\n"
        "  .schema [TABLE]   columns, their types and units\n\n"
        "%s\n"
        "ts counts ns from the trace's start, dur is ns. NULL is \"none\" or \"not known\": no\n"
        "stack, no waker, not freed. Addresses are 64-bit integers, those above 2^63 are\n"
        "negative; write them as 0x7f12... Conditions on tid, thread_id, ts (ts_end in\n"
        "thread_state), stack_id and ids go straight to the rows; a join on another column\n"
        "is quick when one side is WITH x AS MATERIALIZED (SELECT ...).\n\n"
        "Examples:\n"
        "  whyprof query x.out .tables\n"
        "  whyprof query x.out \"SELECT name, ns(sum(dur)) FROM thread_state\n"
        "    JOIN thread USING (thread_id) WHERE state = 'running' GROUP BY thread_id\"\n"
        "  whyprof query --csv x.out < questions.sql\n",
        query_functions_help);
    static const struct opt_command cmd = {
        .name = "whyprof query",
        .usage = "[--csv|--json] FILE ['SQL' | -]",
        .summary =
            "Runs SQL statements (SQLite's) over a trace, which is read in place: nothing is\n"
            "imported, nothing is written. Without SQL, or with -, reads them from stdin.",
        .opts = opts,
        .more = more,
    };
    int status;
    int n = cli_parse_files(&cmd, argc, argv, 1, 2, "a trace file and SQL",
                            "whyprof query FILE 'SELECT ...'", &status);
    if (n < 0)
        return status;
    struct err err = {0};
    if (csv && json) {
        err_set(&err, "--csv and --json exclude each other");
        return cli_usage(&err);
    }
    enum query_format format = csv ? QUERY_CSV : json ? QUERY_JSON : QUERY_TABLE;
    bool from_stdin = n == 1 || (argv[2][0] == '-' && !argv[2][1]);
    if (!from_stdin)
        return run(argv[1], "SQL", argv[2], format);
    char *sql;
    if (!read_stdin(&sql, &err))
        return cli_fail(&err);
    int result = run(argv[1], "stdin", sql ? sql : "", format);
    free(sql);
    return result;
}
