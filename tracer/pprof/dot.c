/* dot: the call graph for graphviz. */
#include "pprof/callgraph.h"

#include <inttypes.h>
#include <string.h>

static void put_label_box(const struct callgraph *g, const struct callgraph_box *b,
                          struct strbuf *out)
{
    strbuf_printf(out, "%s [label = \"%s\" id=\"%s\" fontsize=%d shape=box3d tooltip=\"%s\"]\n",
                  b->id, b->label, b->id, b->font_size, b->weight);
    strbuf_printf(out, "%s -> %s [label=\" %s\" weight=100 tooltip=\"%s\" labeltooltip=\"%s\"%s]\n",
                  g->boxes[b->owner].id, b->id, b->weight, b->weight, b->weight,
                  b->dotted ? " style=\"dotted\"" : "");
}

static void put_box(const struct callgraph *g, const struct callgraph_box *b, struct strbuf *out)
{
    if (b->node)
        strbuf_printf(out,
                      "%s [label=\"%s\" id=\"node%u\" fontsize=%d shape=box tooltip=\"%s\" "
                      "color=\"%s\" fillcolor=\"%s\"]\n",
                      b->id, b->label, b->node->id, b->font_size, b->tooltip, b->color, b->fill);
    else
        put_label_box(g, b, out);
}

static void put_arrow(const struct callgraph *g, const struct callgraph_arrow *a,
                      struct strbuf *out)
{
    strbuf_printf(out, "%s -> %s [label=\"%s\"", g->boxes[a->src].id, g->boxes[a->dest].id,
                  a->label);
    if (a->weight > 1)
        strbuf_printf(out, " weight=%" PRId64, a->weight);
    if (a->width > 1)
        strbuf_printf(out, " penwidth=%" PRId64, a->width);
    if (a->weight)
        strbuf_printf(out, " color=\"%s\"", a->color);
    strbuf_printf(out, " tooltip=\"%s\" labeltooltip=\"%s\"%s%s]\n", a->tooltip, a->tooltip,
                  a->residual ? " style=\"dotted\"" : "", a->far ? " minlen=2" : "");
}

static void put_legend(const struct callgraph *g, const struct pprof_report *r, struct strbuf *out)
{
    struct strbuf first = {0};
    strbuf_append(&first, g->legend, strcspn(g->legend, "\n"));
    strbuf_puts(out, "subgraph cluster_L { \"");
    callgraph_escape(out, strbuf_str(&first));
    strbuf_puts(out, "\" [shape=box fontsize=16 label=\"");
    callgraph_escape(out, g->legend);
    strbuf_putc(out, '"');
    if (r->title[0])
        strbuf_printf(out, " tooltip=\"%s\"", r->title);
    strbuf_puts(out, "] }\n");
    strbuf_release(&first);
}

void callgraph_dot(const struct callgraph *g, const struct pprof_report *r, struct strbuf *out)
{
    strbuf_printf(out, "digraph \"%s\" {\nnode [style=filled fillcolor=\"#f8f8f8\"]\n", g->title);
    put_legend(g, r, out);
    for (size_t i = 0; i < g->box_count; i++)
        put_box(g, &g->boxes[i], out);
    for (size_t i = 0; i < g->arrow_count; i++)
        put_arrow(g, &g->arrows[i], out);
    strbuf_puts(out, "}\n");
}
