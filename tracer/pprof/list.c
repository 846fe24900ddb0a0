/* list: source lines of functions with what each cost. */
#include "pprof/report.h"
#include "pprof/source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    MARGIN = 5 /* lines before the first and after the last sample */
};

const char *pprof_value_or_dot(const struct pprof_report *r, char buf[MEASURE_MAX], int64_t value)
{
    return value ? pprof_value(r, buf, value) : ".";
}

/* A frame of a function that is listed, and its place in the graph's order. */
struct entry {
    const struct pprof_node *node;
    const struct pprof_frame *frame;
};

static int by_place(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;
    int c = strcmp(a->frame->name, b->frame->name);
    if (!c)
        c = strcmp(a->frame->file, b->frame->file);
    return c ? c : (a->node > b->node) - (a->node < b->node);
}

struct lines {
    int64_t first, last;
};

/* Which lines: from the function's start, where it is known. */
static struct lines range_of(const struct entry *e, size_t count)
{
    int64_t begin = e[0].frame->start_line, line = e[0].frame->line;
    struct lines r = {begin ? begin : line - MARGIN, line + MARGIN};
    for (size_t i = 0; i < count; i++) {
        line = e[i].frame->line;
        begin = e[i].frame->start_line ? e[i].frame->start_line : line - MARGIN;
        if (begin < r.first)
            r.first = begin;
        else if (line + MARGIN > r.last)
            r.last = line + MARGIN;
    }
    r.first = r.first < 1 ? 1 : r.first;
    return r;
}

static int by_line(const void *x, const void *y)
{
    const struct entry *a = x, *b = y;
    return (a->frame->line > b->frame->line) - (a->frame->line < b->frame->line);
}

static void put_lines(const struct pprof_report *r, struct pprof_sources *sources, struct entry *e,
                      size_t count, struct strbuf *out)
{
    char a[MEASURE_MAX], b[MEASURE_MAX];
    const char *file = e[0].frame->file, *text;
    struct lines range = range_of(e, count);
    qsort(e, count, sizeof *e, by_line);
    size_t at = 0;
    while (at < count && e[at].frame->line < range.first)
        at++;
    for (int64_t line = range.first;
         line <= range.last && (text = pprof_source_line(sources, file, line)); line++) {
        int64_t flat = 0, cum = 0;
        for (; at < count && e[at].frame->line == line; at++) {
            flat = measure_add(flat, e[at].node->flat);
            cum = measure_add(cum, e[at].node->cum);
        }
        strbuf_printf(out, "%10s %10s %6" PRId64 ":%s\n", pprof_value_or_dot(r, a, flat),
                      pprof_value_or_dot(r, b, cum), line, text);
    }
}

/* One file's part of a function. */
static void put_file(const struct pprof_report *r, struct pprof_sources *sources, struct entry *e,
                     size_t count, struct strbuf *out)
{
    char a[MEASURE_MAX], b[MEASURE_MAX], c[MEASURE_MAX];
    int64_t flat = 0, cum = 0;
    for (size_t i = 0; i < count; i++) {
        flat = measure_add(flat, e[i].node->flat);
        cum = measure_add(cum, e[i].node->cum);
    }
    strbuf_printf(out, "ROUTINE ======================== %s in %s\n", e->frame->name,
                  e->frame->file);
    strbuf_printf(out, "%10s %10s (flat, cum) %s of Total\n", pprof_value(r, a, flat),
                  pprof_value(r, b, cum), measure_percent(c, cum, r->total));
    const char *problem = pprof_source_problem(sources, e->frame->file);
    if (problem)
        strbuf_printf(out, " Error: %s\n", problem);
    else
        put_lines(r, sources, e, count, out);
}

static void put_function(const struct pprof_report *r, struct pprof_sources *sources,
                         struct entry *e, size_t count, struct strbuf *out)
{
    size_t i = 0;
    while (i < count && !e[i].frame->file[0])
        i++; /* those without a file come first */
    if (i == count)
        strbuf_printf(out, "No source information for %s\n", e->frame->name);
    for (size_t end; i < count; i = end) {
        for (end = i; end < count && !strcmp(e[end].frame->file, e[i].frame->file); end++)
            ;
        put_file(r, sources, e + i, end - i, out);
    }
}

static struct entry *matching(const struct pprof_report *r, const struct pprof_trimmed *t,
                              size_t *count)
{
    struct entry *e = mem_realloc(NULL, t->graph.count + 1, sizeof *e);
    *count = 0;
    for (size_t i = 0; i < t->graph.count; i++) {
        const struct pprof_node *n = t->graph.order[i];
        const struct pprof_frame *f = &t->frames.frames[n->frame];
        if (!r->symbol || pprof_rx_match(r->symbol, f->name))
            e[(*count)++] = (struct entry){n, f};
    }
    qsort(e, *count, sizeof *e, by_place);
    return e;
}

bool pprof_write_list(struct pprof_report *r, struct strbuf *out, struct err *err)
{
    char buf[MEASURE_MAX];
    struct pprof_trimmed t;
    struct pprof_sources sources;
    size_t count;
    pprof_whole_init(&t, r);
    pprof_sources_init(&sources, r->config.source_path, r->config.trim_path);
    struct entry *e = matching(r, &t, &count);
    strbuf_printf(out, "Total: %s\n", pprof_value(r, buf, r->total));
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i; end < count && !strcmp(e[end].frame->name, e[i].frame->name); end++)
            ;
        put_function(r, &sources, e + i, end - i, out);
    }
    free(e);
    pprof_sources_release(&sources);
    pprof_trimmed_release(&t);
    if (count)
        return true;
    strbuf_clear(out);
    return err_set(err, "no matches found for regexp: %s", pprof_rx_pattern(r->symbol));
}
