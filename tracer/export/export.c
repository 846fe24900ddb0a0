#include "export/export.h"

#include <stdio.h>
#include <string.h>

const struct export_format export_formats[] = {
    {"chrome", "Chrome trace JSON: chrome://tracing, Perfetto's UI", EXPORT_TAKES_SPLIT,
     export_chrome},
    {"perfetto", "the same with thread states of Perfetto's own, stacks in the arguments",
     EXPORT_TAKES_SPLIT, export_perfetto},
    {"speedscope", "the same with spans only, for speedscope.app", EXPORT_TAKES_SPLIT,
     export_speedscope},
    {"folded", "folded stacks (flamegraph.pl, inferno); --kind=cpu", EXPORT_TAKES_KIND,
     export_folded},
    {NULL, NULL, 0, NULL},
};

const struct export_format *export_find(const char *name, struct err *err)
{
    char names[256] = "";
    for (const struct export_format *f = export_formats; f->name; f++) {
        if (!strcmp(f->name, name))
            return f;
        size_t len = strlen(names);
        snprintf(names + len, sizeof names - len, "%s%s", len ? ", " : "", f->name);
    }
    err_set(err, "there is no format '%s'", name);
    err_hint(err, "formats: %s", names);
    return NULL;
}

bool export_trace(const struct trace *t, const struct export_format *format, const char *path,
                  const struct export_options *options, struct export_result *result,
                  struct err *err)
{
    struct export_out *out =
        options->split_bytes ? export_out_open_parts(path, err) : export_out_open(path, err);
    if (!out)
        return false;
    *result = (struct export_result){0};
    if (!format->write(t, options, out, &result->events, err) || trace_damage(t, err)) {
        export_out_discard(out);
        return false;
    }
    result->bytes = export_out_bytes(out);
    result->parts = export_out_parts(out);
    return export_out_commit(out, err);
}
