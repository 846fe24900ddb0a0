/* The texts of a call graph: short names, quoting for graphviz. */
#include "pprof/callgraph.h"

#include <stdlib.h>
#include <string.h>

void callgraph_escape(struct strbuf *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '\\' || *s == '"')
            strbuf_putc(out, '\\');
        if (*s == '\n')
            strbuf_puts(out, "\\l");
        else
            strbuf_putc(out, *s);
    }
}

const char *callgraph_plain(struct arena *a, const char *text)
{
    char *plain = arena_strdup(a, text), *to = plain;
    for (const char *p = text; *p; p++) {
        if (*p == '\\' && p[1])
            p++, *to++ = *p == 'n' || *p == 'l' ? '\n' : *p;
        else
            *to++ = *p;
    }
    *to = 0;
    return plain;
}

struct callgraph_names {
    struct pprof_rx *anonymous, *version, *go, *java, *cpp;
};

struct callgraph_names *callgraph_names_new(void)
{
    struct err ignored; /* patterns of ours */
    struct callgraph_names *n = mem_realloc(NULL, 1, sizeof *n);
    n->anonymous = pprof_rx_new("^\\(anonymous namespace\\)::", &ignored);
    n->version = pprof_rx_new("^(.*?)/v(?:[2-9]|[1-9][0-9]+)([./].*)$", &ignored);
    n->go = pprof_rx_new("^(?:[\\w\\-\\.]+\\/)+([^.]+\\..+)", &ignored);
    n->java =
        pprof_rx_new("^(?:[a-z]\\w*\\.)*([A-Z][\\w\\$]*\\.(?:<init>|[a-z][\\w\\$]*(?:\\$\\d+)?))"
                     "(?:(?:\\()|$)",
                     &ignored);
    n->cpp = pprof_rx_new("^(?:[_a-zA-Z]\\w*::)+(_*[A-Z]\\w*::~?[_a-zA-Z]\\w*(?:<.*>)?)", &ignored);
    return n;
}

void callgraph_names_free(struct callgraph_names *n)
{
    struct pprof_rx *all[] = {n->anonymous, n->version, n->go, n->java, n->cpp};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        pprof_rx_release(all[i]);
    free(n);
}

const char *callgraph_short_name(const struct callgraph_names *n, struct arena *a, const char *name)
{
    struct pprof_rx_span g[PPROF_RX_GROUPS];
    if (pprof_rx_groups(n->anonymous, name, strlen(name), g))
        name += g[0].len;
    if (pprof_rx_groups(n->version, name, strlen(name), g))
        name = arena_printf(a, "%.*s%.*s", (int)g[1].len, g[1].begin, (int)g[2].len, g[2].begin);
    const struct pprof_rx *const shorten[] = {n->go, n->java, n->cpp};
    for (size_t i = 0; i < sizeof shorten / sizeof *shorten; i++)
        if (pprof_rx_groups(shorten[i], name, strlen(name), g))
            return arena_strndup(a, g[1].begin, g[1].len);
    return name;
}
