/* pprof: any class of events as a profile that `go tool pprof` reads. */
#include "export/export.h"
#include "profile/build.h"

static bool find_kind(const struct export_options *options, enum reduce_kind *kind, struct err *err)
{
    return reduce_kind_find(options->kind ? options->kind : "cpu", kind, err);
}

bool export_pprof_check(const struct export_options *options, struct err *err)
{
    enum reduce_kind kind;
    return find_kind(options, &kind, err);
}

bool export_pprof(struct trace *t, const struct export_options *options, struct export_out *out,
                  uint64_t *events, struct err *err)
{
    enum reduce_kind kind;
    struct strbuf file = {0};
    const struct reduce_range range = {options->range.begin_ns, options->range.end_ns};
    if (!find_kind(options, &kind, err))
        return false;
    bool ok = profile_build_file(t, kind, range, &file, events, err);
    export_out_is_packed(out);
    if (ok)
        export_out_write(out, file.p, file.len);
    strbuf_release(&file);
    return ok;
}
