#include "export/export.h"

#include <stdio.h>
#include <string.h>

const struct export_format export_formats[] = {
    {"chrome", ".json", "Chrome trace JSON: Perfetto's UI, chrome://tracing, Speedscope",
     export_chrome},
    {"folded", ".folded", "CPU samples as folded stacks with ns: flamegraph.pl, inferno",
     export_folded},
    {NULL, NULL, NULL, NULL},
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
    struct export_out *out = export_out_open(path, err);
    if (!out)
        return false;
    *result = (struct export_result){0};
    if (!format->write(t, options, out, &result->events, err) || trace_damage(t, err)) {
        export_out_discard(out);
        return false;
    }
    result->bytes = export_out_bytes(out);
    return export_out_commit(out, err);
}
