#include "analyze/site.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

enum {
    SEARCH_DEPTH = 64 /* frames looked at: who calls malloc this deep is no help */
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool starts_with(const char *s, const char *prefix)
{
    return !strncmp(s, prefix, strlen(prefix));
}

bool analyze_is_runtime_module(const char *module)
{
    static const char *const prefixes[] = {"libc.so",    "libc-2",     "libpthread",   "ld-linux",
                                           "ld-2",       "libwhyprof", "liblttng-ust", "[vdso]",
                                           "linux-vdso", "libm.so"};
    const char *name = base_name(module);
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (starts_with(name, prefixes[i]))
            return true;
    return false;
}

/* zmalloc, xrealloc, g_slice_alloc, je_malloc, operator new, std::allocator<...>::allocate:
 * they do not say what the memory is for. */
static bool is_allocator(const char *function)
{
    return strcasestr(function, "alloc") || strcasestr(function, "strdup") ||
           starts_with(function, "operator new");
}

static bool is_about(const struct trace_frame *f, enum analyze_site_kind kind)
{
    if (kind == ANALYZE_SITE_LEAF)
        return true;
    if (analyze_is_runtime_module(f->module))
        return false;
    return kind != ANALYZE_SITE_ALLOC || !is_allocator(f->function);
}

uint32_t analyze_site_of_frame(struct analyze_sites *sites, const struct trace_frame *f)
{
    bool added;
    uint64_t *at = map64_put(&sites->of_frame, f->frame_id, &added);
    if (!added)
        return (uint32_t)*at;
    char name[256];
    const char *text = f->function;
    if (!*text) {
        snprintf(name, sizeof name, "%s+0x%" PRIx64, *f->module ? base_name(f->module) : "?",
                 f->address);
        text = name;
    }
    return (uint32_t)(*at = intern_str(&sites->names, text));
}

static uint32_t find_site(struct analyze_sites *sites, uint64_t stack_id,
                          enum analyze_site_kind kind)
{
    struct trace_frame frames[SEARCH_DEPTH];
    size_t depth = trace_stack(sites->trace, stack_id, frames, SEARCH_DEPTH);
    if (depth > SEARCH_DEPTH)
        depth = SEARCH_DEPTH;
    for (; kind != ANALYZE_SITE_LEAF; kind--) /* nothing found: a less exact answer */
        for (size_t i = 0; i < depth; i++)
            if (is_about(&frames[i], kind))
                return analyze_site_of_frame(sites, &frames[i]);
    return depth ? analyze_site_of_frame(sites, &frames[0]) : intern_str(&sites->names, "");
}

uint32_t analyze_site(struct analyze_sites *sites, uint64_t stack_id, enum analyze_site_kind kind)
{
    bool added;
    uint64_t *at = map64_put(&sites->of_stack[kind], stack_id, &added);
    if (added)
        *at = find_site(sites, stack_id, kind);
    return (uint32_t)*at;
}

const char *analyze_site_name(const struct analyze_sites *sites, uint32_t site)
{
    return intern_get(&sites->names, site);
}

void analyze_sites_release(struct analyze_sites *sites)
{
    for (int i = 0; i < ANALYZE_SITE_KINDS; i++)
        map64_release(&sites->of_stack[i]);
    map64_release(&sites->of_frame);
    intern_release(&sites->names);
}
