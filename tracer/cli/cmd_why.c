/* whyprof why: in plain words, where the time went and why. */
#include "cli/cli.h"
#include "report/why.h"

#include <stdio.h>

static struct analyze_question question;
static struct report_why_options options;
static bool folded;

static int answer(const char *path, struct err *err)
{
    struct trace *t = trace_open(path, err);
    if (!t)
        return cli_fail(err);
    struct arena arena = {0};
    struct analyze_why why;
    int status = CLI_OK;
    uint64_t end = question.range.end_ns ? question.range.end_ns : trace_duration_ns(t);
    if (end > trace_duration_ns(t))
        end = trace_duration_ns(t);
    if (question.range.begin_ns >= end && end) {
        err_set(err, "--from is not before --to, or past the trace's end");
        status = cli_usage(err);
    } else if (!analyze_why(&arena, t, &question, &why, err)) {
        status = cli_fail(err);
    } else if (!(folded ? report_why_folded(&why, t, stdout, err)
                        : report_why(&why, t, &options, stdout, err))) {
        status = cli_fail(err);
    }
    arena_release(&arena);
    trace_close(t);
    return status;
}

static bool one_scope(struct err *err)
{
    if (!!question.thread + !!question.region + !!question.task > 1)
        return err_set(err, "--thread, --region and --task exclude each other");
    if (question.worst && !question.region)
        return err_set(err, "--worst is about a --region");
    return true;
}

int cmd_why(int argc, char **argv)
{
    static const struct opt opts[] = {
        {0, "thread", OPT_STR, &question.thread, "T", "of one thread: its tid or name"},
        {0, "region", OPT_STR, &question.region, "NAME", "of all instances of a region"},
        {0, "worst", OPT_U64, &question.worst, "N", "of its N longest instances only"},
        {0, "task", OPT_STR, &question.task, "TASK", "of a task: its number or name"},
        {0, "from", OPT_DURATION, &question.range.begin_ns, "TIME",
         "only from TIME on (1.5s, 20ms) since the trace's start"},
        {0, "to", OPT_DURATION, &question.range.end_ns, "TIME", "only up to TIME"},
        {0, "json", OPT_FLAG, &options.json, NULL, "JSON: exact numbers, all rows"},
        {0, "folded", OPT_FLAG, &folded, NULL,
         "the path alone as folded stacks with ns, for flame graphs"},
        {'n', "top", OPT_U64, &options.style.top, "N", "at most N rows of each table"},
        {'a', "all", OPT_FLAG, &options.style.all, NULL, "all rows"},
        {0},
    };
    const struct opt_command cmd = {
        .name = "whyprof why",
        .usage = "[OPTIONS] FILE",
        .summary = "Says in plain words where the time went and why: the answer first, then each\n"
                   "finding with its evidence and what to do, most time to save first.",
        .opts = opts,
    };
    int status;
    int n = cli_parse(&cmd, argc, argv, &status);
    if (n < 0)
        return status;
    struct err err = {0};
    if (n != 1) {
        err_set(&err, "why needs a trace file");
        err_hint(&err, "whyprof why FILE");
        return cli_usage(&err);
    }
    if (!one_scope(&err))
        return cli_usage(&err);
    return answer(argv[1], &err);
}
