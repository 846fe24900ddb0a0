#include "cli/trace_file.h"

#include "base/file.h"
#include "cli/cli.h"
#include "convert/convert.h"
#include "import/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool convert(const char *path, const char *out, struct err *err)
{
    struct progress *progress = cli_progress_begin();
    struct convert_result converted;
    struct import_result imported;
    const struct convert_options options = {.ctf_dir = path, .out_path = out, .progress = progress};
    bool ok = is_folder(path)
                  ? convert_ctf(&options, &converted, err)
                  : import_file(&(struct import_options){path, out, progress}, &imported, err);
    cli_progress_end(progress);
    return ok;
}

/* What is mapped stays, without its name. */
static struct trace *open_converted(const char *path, struct err *err)
{
    const char *temp = getenv("TMPDIR");
    char *dir, *out;
    if (asprintf(&dir, "%s/whyprof-XXXXXX", temp && *temp ? temp : "/tmp") < 0)
        abort();
    if (!mkdtemp(dir)) {
        err_errno(err, "make a folder for the converted trace");
        free(dir);
        return NULL;
    }
    if (asprintf(&out, "%s/trace.out", dir) < 0)
        abort();
    struct trace *t = convert(path, out, err) ? trace_open(out, err) : NULL;
    file_remove_tree(dir, NULL);
    free(out);
    free(dir);
    return t;
}

struct trace *cli_trace_map(const char *path, struct err *err)
{
    return is_folder(path) || import_takes(path) ? open_converted(path, err)
                                                 : trace_open(path, err);
}

static struct trace *tell(struct trace *t, int told, int *status)
{
    trace_close(t);
    *status = told;
    return NULL;
}

struct trace *cli_trace_open(const char *path, struct analyze_range *range, int *status)
{
    struct err err = {0};
    struct trace *t = cli_trace_map(path, &err);
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
