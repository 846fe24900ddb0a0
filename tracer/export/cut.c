/* A part of a trace as a trace. */
#include "trace/cut.h"
#include "base/arena.h"
#include "export/export.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Marks the threads with that id or name; false where there is none. */
static bool choose(const struct trace *t, const char *word, size_t len, bool *chosen)
{
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    char *end;
    uint64_t tid = strtoull(word, &end, 10);
    bool any = false;
    for (uint64_t row = 0; row < c.total_rows; row++) {
        const char *name = trace_string(t, trace_get(&c, row, TRACE_THREAD_name));
        bool is = (end == word + len && trace_get(&c, row, TRACE_THREAD_tid) == tid) ||
                  (strlen(name) == len && !memcmp(name, word, len));
        chosen[row] |= is;
        any |= is;
    }
    return any;
}

static bool *choose_threads(const struct trace *t, const char *list, struct err *err)
{
    bool *chosen = calloc((size_t)trace_rows(t, TRACE_THREAD_TABLE, 0) + 1, sizeof *chosen);
    if (!chosen)
        abort();
    for (size_t len; *list; list += len + (list[len] == ',')) {
        len = strcspn(list, ",");
        if (!len || choose(t, list, len, chosen))
            continue;
        err_set(err, "--threads: the trace has no thread '%.*s'", (int)len, list);
        free(chosen);
        return NULL;
    }
    return chosen;
}

bool export_cut(struct trace *t, const char *path, const struct export_options *options,
                struct export_result *result, struct err *err)
{
    struct stat st;
    if (!strcmp(path, "-"))
        return err_set(err, "-o -: a trace cannot be written to the standard output");
    bool *threads = options->threads ? choose_threads(t, options->threads, err) : NULL;
    if (options->threads && !threads)
        return false;
    struct trace_cut cut = {.begin_ns = options->range.begin_ns,
                            .end_ns = options->range.end_ns,
                            .threads = threads,
                            .progress = options->progress};
    *result = (struct export_result){.parts = 1};
    bool ok = trace_cut(t, &cut, path, &result->events, err);
    free(threads);
    if (ok && stat(path, &st) == 0)
        result->bytes = (uint64_t)st.st_size;
    return ok;
}
