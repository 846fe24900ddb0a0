#include "cli/trace_file.h"

#include "cli/cli.h"

static struct trace *tell(struct trace *t, int told, int *status)
{
    trace_close(t);
    *status = told;
    return NULL;
}

struct trace *cli_trace_open(const char *path, struct analyze_range *range, int *status)
{
    struct err err = {0};
    struct trace *t = trace_open(path, &err);
    if (!t)
        return tell(t, cli_fail(&err), status);
    struct analyze_range whole = analyze_range_whole(t);
    if (!range->end_ns || range->end_ns > whole.end_ns)
        range->end_ns = whole.end_ns;
    if (range->begin_ns < range->end_ns)
        return t;
    err_set(&err, "--from is not before --to, or past the trace's end");
    return tell(t, cli_usage(&err), status);
}
