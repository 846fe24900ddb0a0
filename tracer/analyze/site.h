/* site: which function a call stack is "about". The leaf of a wait is always
 * some libc function; what a reader wants is who called it.
 *
 *     struct analyze_sites sites = {.trace = t};
 *     uint32_t site = analyze_site(&sites, stack_id, ANALYZE_SITE_CALLER);
 *     puts(analyze_site_name(&sites, site));
 *     analyze_sites_release(&sites);
 *
 * Each stack is looked at once; sites are dense ids, equal for equal names. */
#ifndef ANALYZE_SITE_H
#define ANALYZE_SITE_H

#include "base/map.h"
#include "trace/reader.h"

enum analyze_site_kind {
    ANALYZE_SITE_LEAF,   /* where it stands: the innermost frame */
    ANALYZE_SITE_CALLER, /* innermost frame outside libc, the loader and the agent */
    ANALYZE_SITE_ALLOC,  /* the same, outside wrappers of malloc too (zmalloc, operator new) */
    ANALYZE_SITE_KINDS
};

struct analyze_sites {
    const struct trace *trace; /* borrowed: set it before the first use */
    struct intern names;
    struct map64 of_stack[ANALYZE_SITE_KINDS]; /* stack id -> site */
    struct map64 of_frame;                     /* frame id -> site */
};

/* The site of a stack; that of the name "" for no stack. */
uint32_t analyze_site(struct analyze_sites *sites, uint64_t stack_id, enum analyze_site_kind kind);
/* The site of a frame: its function, or "module+0xaddress" where that is not known. */
uint32_t analyze_site_of_frame(struct analyze_sites *sites, const struct trace_frame *frame);
/* Borrowed until the next new site. */
const char *analyze_site_name(const struct analyze_sites *sites, uint32_t site);
void analyze_sites_release(struct analyze_sites *sites);

/* Whether a module is libc, its loader or what is part of this tracer. */
bool analyze_is_runtime_module(const char *module);

#endif
