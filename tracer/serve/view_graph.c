/* The tables and pictures made of the call graph: top and graph. */
#include "pprof/callgraph.h"
#include "serve/view.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    TOP_ROWS = 500
};

/* ---- top ---- */

/* What the two sides of a comparison have of each frame. */
struct side {
    int64_t flat, cum;
};

struct sides {
    struct side *base, *now; /* of each frame */
};

static void add_sample(struct sides *s, const struct pprof_report *r, const struct pprof_frames *f,
                       const struct profile_sample *sample, uint64_t *seen, uint64_t number)
{
    struct side *to = pprof_is_base(sample) ? s->base : s->now;
    int64_t v = measure_abs(sample->values[r->value]);
    uint32_t last = PROFILE_NONE;
    for (uint32_t d = sample->depth; d > 0; d--) {
        uint32_t loc = sample->locations[d - 1];
        for (uint32_t l = f->first[loc + 1]; l > f->first[loc]; l--) {
            last = f->of_line[l - 1];
            if (seen[last] == number)
                continue;
            seen[last] = number;
            to[last].cum = measure_add(to[last].cum, v);
        }
    }
    if (last != PROFILE_NONE)
        to[last].flat = measure_add(to[last].flat, v);
}

static void add_sides(struct sides *s, const struct pprof_report *r, const struct pprof_frames *f)
{
    s->base = calloc(f->count + 1, sizeof *s->base);
    s->now = calloc(f->count + 1, sizeof *s->now);
    uint64_t *seen = calloc(f->count + 1, sizeof *seen);
    if (!s->base || !s->now || !seen)
        abort();
    for (size_t i = 0; i < r->model->sample_count; i++)
        add_sample(s, r, f, &r->model->samples[i], seen, i + 1);
    free(seen);
}

static const char *inline_label(const struct pprof_graph *g, const struct pprof_node *n)
{
    bool inlined = false, called = false;
    size_t row = pprof_node_index(g, n);
    for (uint32_t i = g->in_first[row]; i < g->in_first[row + 1]; i++) {
        const struct pprof_edge *e = &g->edges[g->in[i]];
        inlined = inlined || (!e->dead && e->inlined);
        called = called || (!e->dead && !e->inlined);
    }
    return !inlined ? "" : called ? "(partial-inline)" : "(inline)";
}

static void put_value(struct strbuf *out, const struct pprof_report *r, int64_t v)
{
    char buf[MEASURE_MAX];
    strbuf_printf(out, ",%" PRId64 ",", v);
    view_string(out, pprof_value(r, buf, v));
}

/* [name, inlined, flat, text, cum, text] and in a comparison
 * [..., base flat, text, new flat, text, base cum, text, new cum, text]. */
static void put_row(struct strbuf *out, struct pprof_report *r, struct pprof_trimmed *t,
                    const struct pprof_node *n, const struct sides *sides)
{
    strbuf_putc(out, '[');
    view_string(out, pprof_frame_name(&t->frames, n->frame));
    strbuf_putc(out, ',');
    view_string(out, inline_label(&t->graph, n));
    put_value(out, r, pprof_node_flat(n));
    put_value(out, r, pprof_node_cum(n));
    if (sides->base) {
        put_value(out, r, sides->base[n->frame].flat);
        put_value(out, r, sides->now[n->frame].flat);
        put_value(out, r, sides->base[n->frame].cum);
        put_value(out, r, sides->now[n->frame].cum);
    }
    strbuf_putc(out, ']');
}

bool view_top(struct view *v, struct err *err)
{
    struct view_report r = {0};
    struct pprof_trimmed t;
    struct sides sides = {0};
    struct strbuf labels = {0};
    if (v->config.nodecount == -1)
        v->config.nodecount = TOP_ROWS;
    bool ok = view_begin(v, &r, "top", NULL, err);
    if (ok) {
        strbuf_putc(v->out, '{');
        view_head(v, &r.report);
        pprof_trimmed_init(&t, &r.report);
        if (pprof_has_base(&r.model))
            add_sides(&sides, &r.report, &t.frames);
        pprof_report_labels(&r.report, &t, 0, false, &labels);
        view_member(v->out, "shown", strbuf_str(&labels));
        view_key(v->out, "rows");
        strbuf_putc(v->out, '[');
        for (size_t i = 0; i < t.graph.count; i++) {
            strbuf_puts(v->out, i ? "," : "");
            put_row(v->out, &r.report, &t, t.graph.order[i], &sides);
        }
        strbuf_puts(v->out, "]}");
        pprof_trimmed_release(&t);
    }
    free(sides.base);
    free(sides.now);
    strbuf_release(&labels);
    view_end(&r);
    return ok;
}

/* ---- peek ---- */

enum {
    PEEK_NODES = 100,
    PEEK_EDGES = 30 /* of a node, in and out */
};

/* [name, inlined, value, text, share]; then how many more there are. */
static void put_edges(struct strbuf *out, const struct pprof_report *r, struct pprof_trimmed *t,
                      const struct pprof_node *n, bool incoming)
{
    char buf[MEASURE_MAX];
    size_t count;
    struct pprof_graph *g = &t->graph;
    struct pprof_edge **edges =
        incoming ? pprof_edges_in(g, n, &count) : pprof_edges_out(g, n, &count);
    view_key(out, incoming ? "in" : "out");
    strbuf_putc(out, '[');
    for (size_t i = 0; i < count && i < PEEK_EDGES; i++) {
        const struct pprof_node *other = &g->nodes[incoming ? edges[i]->src : edges[i]->dest];
        strbuf_puts(out, i ? ",[" : "[");
        view_string(out, pprof_frame_name(&t->frames, other->frame));
        strbuf_printf(out, ",%d", edges[i]->inlined);
        put_value(out, r, edges[i]->weight);
        strbuf_putc(out, ',');
        view_string(out, measure_percent_trimmed(buf, edges[i]->weight, pprof_node_cum(n)));
        strbuf_putc(out, ']');
    }
    strbuf_putc(out, ']');
    view_number(out, incoming ? "inLeft" : "outLeft",
                count > PEEK_EDGES ? (int64_t)(count - PEEK_EDGES) : 0);
    free(edges);
}

static void put_node(struct strbuf *out, const struct pprof_report *r, struct pprof_trimmed *t,
                     const struct pprof_node *n)
{
    char buf[MEASURE_MAX], share[MEASURE_MAX];
    int64_t flat = pprof_node_flat(n), cum = pprof_node_cum(n);
    strbuf_putc(out, '{');
    view_member(out, "name", pprof_frame_name(&t->frames, n->frame));
    view_member(out, "flat", pprof_value(r, buf, flat));
    view_member(out, "flatShare", measure_percent_trimmed(share, flat, r->total));
    view_member(out, "cum", pprof_value(r, buf, cum));
    view_member(out, "cumShare", measure_percent_trimmed(share, cum, r->total));
    put_edges(out, r, t, n, true);
    put_edges(out, r, t, n, false);
    strbuf_putc(out, '}');
}

static void put_peek(struct view *v, struct pprof_report *r)
{
    struct pprof_trimmed t;
    size_t matches = 0;
    pprof_trimmed_init(&t, r);
    view_key(v->out, "nodes");
    strbuf_putc(v->out, '[');
    for (size_t i = 0; i < t.graph.count; i++) {
        const struct pprof_node *n = t.graph.order[i];
        if (!pprof_rx_match(r->symbol, pprof_frame_name(&t.frames, n->frame)) ||
            matches++ >= PEEK_NODES)
            continue;
        strbuf_puts(v->out, matches > 1 ? "," : "");
        put_node(v->out, r, &t, n);
    }
    strbuf_putc(v->out, ']');
    view_number(v->out, "left", matches > PEEK_NODES ? (int64_t)(matches - PEEK_NODES) : 0);
    pprof_trimmed_release(&t);
}

/* Of all functions the heaviest are told by top; a graph of all their calls would be
 * most of the profile. */
bool view_peek(struct view *v, struct err *err)
{
    struct view_report r = {0};
    if (!v->pattern[0])
        return err_set(err, "peek at which functions? Search for some, or choose one elsewhere");
    bool ok = view_begin(v, &r, "peek", v->pattern, err);
    if (ok) {
        strbuf_putc(v->out, '{');
        view_head(v, &r.report);
        put_peek(v, &r.report);
        strbuf_putc(v->out, '}');
    }
    view_end(&r);
    return ok;
}

/* ---- the graph ---- */

bool view_graph(struct view *v, struct err *err)
{
    struct view_report r = {0};
    struct callgraph g;
    struct strbuf svg = {0};
    bool ok = view_begin(v, &r, "dot", NULL, err);
    if (ok) {
        callgraph_init(&g, &r.report);
        ok = callgraph_own_picture(&g, "svg", &svg, err); /* dot may take seconds */
        strbuf_putc(v->out, '{');
        view_head(v, &r.report);
        view_member(v->out, "svg", strbuf_str(&svg));
        strbuf_putc(v->out, '}');
        callgraph_release(&g);
    }
    strbuf_release(&svg);
    view_end(&r);
    return ok;
}
