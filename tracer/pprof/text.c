/* The tables: top and text, tree and peek. */
#include "pprof/report.h"

#include <stdlib.h>

static const char *inline_label(const struct pprof_graph *g, const struct pprof_node *n)
{
    bool inlined = false, called = false;
    size_t row = pprof_node_index(g, n);
    for (uint32_t i = g->in_first[row]; i < g->in_first[row + 1]; i++) {
        const struct pprof_edge *e = &g->edges[g->in[i]];
        inlined = inlined || (!e->dead && e->inlined);
        called = called || (!e->dead && !e->inlined);
    }
    return !inlined ? "" : called ? " (partial-inline)" : " (inline)";
}

/* The five columns that all tables begin with. */
static void put_columns(const struct pprof_report *r, int64_t flat, int64_t flat_sum, int64_t cum,
                        struct strbuf *out)
{
    char a[MEASURE_MAX], b[MEASURE_MAX], c[MEASURE_MAX], d[MEASURE_MAX], e[MEASURE_MAX];
    strbuf_printf(out, "%10s %s %s %10s %s", pprof_value(r, a, flat),
                  measure_percent(b, flat, r->total), measure_percent(c, flat_sum, r->total),
                  pprof_value(r, d, cum), measure_percent(e, cum, r->total));
}

bool pprof_write_text(struct pprof_report *r, struct strbuf *out, struct err *err)
{
    (void)err;
    struct pprof_trimmed t;
    pprof_trimmed_init(&t, r);
    pprof_report_labels(r, &t, 0, false, out);
    strbuf_puts(out, "      flat  flat%   sum%        cum   cum%\n");
    uint64_t flat_sum = 0;
    for (size_t i = 0; i < t.graph.count; i++) {
        const struct pprof_node *n = t.graph.order[i];
        int64_t flat = pprof_node_flat(n);
        flat_sum += (uint64_t)flat;
        put_columns(r, flat, (int64_t)flat_sum, pprof_node_cum(n), out);
        strbuf_printf(out, "  %s%s\n", pprof_frame_name(&t.frames, n->frame),
                      inline_label(&t.graph, n));
    }
    pprof_trimmed_release(&t);
    return true;
}

static const char separator[] =
    "----------------------------------------------------------+-------------\n";

static void put_edges(const struct pprof_report *r, struct pprof_trimmed *t,
                      const struct pprof_node *n, bool incoming, struct strbuf *out)
{
    char a[MEASURE_MAX], b[MEASURE_MAX];
    size_t count;
    struct pprof_graph *g = &t->graph;
    struct pprof_edge **edges =
        incoming ? pprof_edges_in(g, n, &count) : pprof_edges_out(g, n, &count);
    for (size_t i = 0; i < count; i++) {
        const struct pprof_edge *e = edges[i];
        const struct pprof_node *other = &g->nodes[incoming ? e->src : e->dest];
        strbuf_printf(out, "%50s %s |   %s%s\n", pprof_value(r, a, e->weight),
                      measure_percent(b, e->weight, pprof_node_cum(n)),
                      pprof_frame_name(&t->frames, other->frame), e->inlined ? " (inline)" : "");
    }
    free(edges);
}

bool pprof_write_tree(struct pprof_report *r, struct strbuf *out, struct err *err)
{
    struct pprof_trimmed t;
    pprof_trimmed_init(&t, r);
    pprof_report_labels(r, &t, 0, false, out);
    strbuf_puts(out, separator);
    strbuf_puts(out,
                "      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t \n");
    uint64_t flat_sum = 0;
    size_t matched = 0;
    for (size_t i = 0; i < t.graph.count; i++) {
        const struct pprof_node *n = t.graph.order[i];
        const char *name = pprof_frame_name(&t.frames, n->frame);
        if (r->symbol && !pprof_rx_match(r->symbol, name))
            continue;
        matched++;
        strbuf_puts(out, separator);
        put_edges(r, &t, n, true, out);
        int64_t flat = pprof_node_flat(n);
        flat_sum += (uint64_t)flat;
        put_columns(r, flat, (int64_t)flat_sum, pprof_node_cum(n), out);
        strbuf_printf(out, "                | %s\n", name);
        put_edges(r, &t, n, false, out);
    }
    if (t.graph.count)
        strbuf_puts(out, separator);
    pprof_trimmed_release(&t);
    if (r->symbol && !matched)
        return err_set(err, "no matches found for regexp: %s", pprof_rx_pattern(r->symbol));
    return true;
}
