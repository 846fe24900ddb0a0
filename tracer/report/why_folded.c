#include "analyze/site.h"
#include "report/sections.h"
#include "report/why.h"

#include <inttypes.h>

enum {
    MAX_DEPTH = 512
};

/* A frame without what the format gives a meaning: ';' and the last blank. */
static void put_name(FILE *out, const char *name)
{
    for (; *name; name++)
        fputc(*name == ';' ? ':' : *name == '\n' ? ' ' : *name, out);
    fputc(';', out);
}

static void print_stack(const struct trace *t, struct analyze_sites *sites, uint64_t stack_id,
                        FILE *out)
{
    struct trace_frame frames[MAX_DEPTH];
    size_t depth = trace_stack(t, stack_id, frames, MAX_DEPTH);
    for (size_t i = depth < MAX_DEPTH ? depth : MAX_DEPTH; i-- > 0;)
        put_name(out, analyze_site_name(sites, analyze_site_of_frame(sites, &frames[i])));
}

static void print_class(unsigned class, FILE *out)
{
    const char *state = trace_enum_name(TRACE_STATE, class < TRACE_BLOCKED ? class : TRACE_BLOCKED);
    const char *reason =
        class < TRACE_BLOCKED ? NULL : trace_enum_name(TRACE_REASON, class - TRACE_BLOCKED);
    fprintf(out, "[%s%s%s]", state ? state : "unknown", reason ? ": " : "", reason ? reason : "");
}

bool report_why_folded(const struct analyze_why *why, const struct trace *t, FILE *out,
                       struct err *err)
{
    struct page page = {0};
    struct analyze_sites sites = {.trace = t};
    for (size_t i = 0; i < why->causes.stack_count; i++) {
        const struct analyze_path_stack *s = &why->causes.stacks[i];
        put_name(out, section_thread_name(&page, t, s->tid));
        print_stack(t, &sites, s->stack_id, out);
        print_class(s->class, out);
        fprintf(out, " %" PRIu64 "\n", s->ns);
    }
    analyze_sites_release(&sites);
    page_release(&page);
    if (fflush(out) || ferror(out))
        return err_errno(err, "write the folded stacks");
    return true;
}
