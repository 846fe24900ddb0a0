/* whyprof why: in plain words, where the time went and why. */
#include "analyze/path_profile.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/trace_file.h"
#include "report/why.h"

#include <stdio.h>

static struct analyze_question question;
static struct report_why_options options;
static bool folded;
static const char *pprof_path;

static bool write_profile(const struct analyze_why *why, const struct trace *t, struct err *err)
{
    struct strbuf file = {0};
    struct file_out out;
    bool ok = analyze_path_profile(t, &why->scope, &why->causes, &file, err) &&
              file_out_open(&out, pprof_path, err);
    if (ok) {
        file_out_write(&out, file.p, file.len);
        ok = file_out_commit(&out, err);
    }
    strbuf_release(&file);
    return ok;
}

static bool print(const struct analyze_why *why, const struct trace *t, struct err *err)
{
    if (pprof_path)
        return write_profile(why, t, err);
    return folded ? report_why_folded(why, t, stdout, err)
                  : report_why(why, t, &options, stdout, err);
}

static int answer(const char *path)
{
    int status;
    struct err err = {0};
    struct trace *t = cli_trace_open(path, &question.range, &status);
    if (!t)
        return status;
    struct arena arena = {0};
    struct analyze_why why;
    bool ok = analyze_why(&arena, t, &question, &why, &err) && print(&why, t, &err);
    arena_release(&arena);
    trace_close(t);
    return ok ? CLI_OK : cli_fail(&err);
}

static bool options_agree(struct err *err)
{
    if (!!question.thread + !!question.region + !!question.task > 1)
        return err_set(err, "--thread, --region and --task exclude each other");
    if (folded + options.json + !!pprof_path > 1)
        return err_set(err, "--json, --folded and --pprof exclude each other");
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
        CLI_RANGE_OPTIONS(question.range),
        {0, "json", OPT_FLAG, &options.json, NULL, "JSON: exact numbers, all rows"},
        {0, "folded", OPT_FLAG, &folded, NULL,
         "the path alone as folded stacks with ns, for flame graphs"},
        {0, "pprof", OPT_STR, &pprof_path, "OUT", "the path alone as a pprof profile (.prof)"},
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
    int n = cli_parse_files(&cmd, argc, argv, 1, 1, "a trace file", "whyprof why FILE", &status);
    if (n < 0)
        return status;
    struct err err = {0};
    if (!options_agree(&err))
        return cli_usage(&err);
    return answer(argv[1]);
}
