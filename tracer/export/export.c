#include "export/export.h"

#include <stdio.h>
#include <string.h>

const struct export_format export_formats[] = {
    {"chrome", "Chrome trace JSON: chrome://tracing, Perfetto's UI", EXPORT_TAKES_SPLIT, NULL,
     export_chrome, NULL},
    {"perfetto", "the same with thread states of Perfetto's own, stacks in the arguments",
     EXPORT_TAKES_SPLIT, NULL, export_perfetto, NULL},
    {"speedscope", "the same with spans only, for speedscope.app", EXPORT_TAKES_SPLIT, NULL,
     export_speedscope, NULL},
    {"csv", "the tables of whyprof query: a folder of them, or one with --table",
     EXPORT_TAKES_TABLE, export_csv_check, export_csv, export_csv_folder},
    {"folded",
     "folded stacks (flamegraph.pl, inferno): --kind=cpu, offcpu (both in ns)\n"
     "             or alloc (bytes)",
     EXPORT_TAKES_KIND, export_folded_check, export_folded, NULL},
    {"pprof",
     "a profile for go tool pprof: --kind=cpu, block, mutex, syscall, sched,\n"
     "             heap or allocs",
     EXPORT_TAKES_KIND, export_pprof_check, export_pprof, NULL},
    {"trace", "a part of it as a trace of its own: --from, --to, --threads", EXPORT_TAKES_THREADS,
     NULL, NULL, export_cut},
    {NULL, NULL, 0, NULL, NULL, NULL},
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

bool export_check(const struct export_format *f, const struct export_options *o, struct err *err)
{
    if (o->split_bytes && !(f->takes & EXPORT_TAKES_SPLIT))
        return err_set(err, "--split: %s is one file", f->name);
    if (o->kind && !(f->takes & EXPORT_TAKES_KIND))
        return err_set(err, "--kind: %s has no kinds", f->name);
    if (o->table && !(f->takes & EXPORT_TAKES_TABLE))
        return err_set(err, "--table: %s is not about tables", f->name);
    if (o->threads && !(f->takes & EXPORT_TAKES_THREADS))
        return err_set(err, "--threads: %s is of all threads", f->name);
    return !f->check || f->check(o, err);
}

bool export_trace(struct trace *t, const struct export_format *format, const char *path,
                  const struct export_options *options, struct export_result *result,
                  struct err *err)
{
    if (format->write_path && !options->table)
        return format->write_path(t, path, options, result, err);
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
