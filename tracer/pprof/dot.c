/* dot: the call graph for graphviz. Boxes grow with their own time, colours and
 * edges with the total; labels of samples hang on their functions as small boxes. */
#include "pprof/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    NODELETS = 4 /* of text, and of numbers, at one node */
};

struct drawing {
    struct pprof_report *r;
    struct pprof_trimmed t;
    struct strbuf *out;
    struct arena arena;
    struct pprof_rx *anonymous, *version, *go, *java, *cpp; /* for short names */
};

static void put_escaped(struct strbuf *out, const char *s)
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

/* ---- names ---- */

static void compile_names(struct drawing *d)
{
    struct err ignored; /* patterns of ours */
    d->anonymous = pprof_rx_new("^\\(anonymous namespace\\)::", &ignored);
    d->version = pprof_rx_new("^(.*?)/v(?:[2-9]|[1-9][0-9]+)([./].*)$", &ignored);
    d->go = pprof_rx_new("^(?:[\\w\\-\\.]+\\/)+([^.]+\\..+)", &ignored);
    d->java =
        pprof_rx_new("^(?:[a-z]\\w*\\.)*([A-Z][\\w\\$]*\\.(?:<init>|[a-z][\\w\\$]*(?:\\$\\d+)?))"
                     "(?:(?:\\()|$)",
                     &ignored);
    d->cpp = pprof_rx_new("^(?:[_a-zA-Z]\\w*::)+(_*[A-Z]\\w*::~?[_a-zA-Z]\\w*(?:<.*>)?)", &ignored);
}

static void release_names(struct drawing *d)
{
    struct pprof_rx *all[] = {d->anonymous, d->version, d->go, d->java, d->cpp};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        pprof_rx_release(all[i]);
}

/* Without package, namespace and arguments. */
static const char *short_name(struct drawing *d, const char *name)
{
    struct pprof_rx_span g[PPROF_RX_GROUPS];
    if (pprof_rx_groups(d->anonymous, name, strlen(name), g))
        name += g[0].len;
    if (pprof_rx_groups(d->version, name, strlen(name), g))
        name = arena_printf(&d->arena, "%.*s%.*s", (int)g[1].len, g[1].begin, (int)g[2].len,
                            g[2].begin);
    const struct pprof_rx *const shorten[] = {d->go, d->java, d->cpp};
    for (size_t i = 0; i < sizeof shorten / sizeof *shorten; i++)
        if (pprof_rx_groups(shorten[i], name, strlen(name), g))
            return arena_strndup(&d->arena, g[1].begin, g[1].len);
    return name;
}

/* A name on lines: broken at "::" and ".", but for Go's "[...]". */
static const char *broken_name(struct drawing *d, const char *name)
{
    struct strbuf escaped = {0}, sb = {0};
    put_escaped(&escaped, short_name(d, name));
    for (const char *p = strbuf_str(&escaped); *p;) {
        if (!strncmp(p, "::", 2)) {
            strbuf_puts(&sb, "\\n");
            p += 2;
        } else if (!strncmp(p, "[...]", 5)) {
            strbuf_puts(&sb, "[…]");
            p += 5;
        } else if (*p == '.') {
            strbuf_puts(&sb, "\\n");
            p++;
        } else {
            strbuf_putc(&sb, *p++);
        }
    }
    const char *broken = arena_strdup(&d->arena, strbuf_str(&sb));
    strbuf_release(&escaped);
    strbuf_release(&sb);
    return broken;
}

static void put_node_name(struct drawing *d, const struct pprof_frame *frame)
{
    struct pprof_frame shown = *frame;
    shown.name = frame->name[0] ? broken_name(d, frame->name) : "";
    const char *slash = strrchr(frame->file, '/');
    if (slash)
        shown.file = slash + 1;
    const char *parts[3];
    int n = pprof_frame_parts(&d->arena, &shown, parts);
    for (int i = 0; i < n; i++)
        strbuf_printf(d->out, "%s\\n", parts[i]);
}

/* ---- colours ---- */

/* Grey for nothing, red for much, green for much less. */
static void put_color(struct strbuf *out, double score, bool background)
{
    const double shift = 0.7; /* moves scores away from grey */
    double saturation = background ? 0.1 : 1.0, value = background ? 0.93 : 0.7;
    score = score != score ? score : fmax(-1, fmin(1, score));
    if (fabs(score) < 0.2)
        saturation *= fabs(score) / 0.2;
    if (score > 0)
        score = pow(score, 1 - shift);
    if (score < 0)
        score = -pow(-score, 1 - shift);
    double red = value, green = value, blue = value * (1 - saturation);
    if (score < 0)
        red = value * (1 + saturation * score);
    else
        green = value * (1 - saturation * score);
    double all[] = {red, green, blue};
    strbuf_putc(out, '#');
    for (int i = 0; i < 3; i++)
        strbuf_printf(out, "%02x", all[i] == all[i] ? (unsigned)(uint8_t)(int)(all[i] * 255) : 0);
}

/* ---- nodes ---- */

static void put_values(struct drawing *d, int64_t flat, int64_t cum)
{
    char buf[MEASURE_MAX], share[MEASURE_MAX];
    if (flat)
        strbuf_printf(d->out, "%s (%s)", pprof_value(d->r, buf, flat),
                      measure_percent_trimmed(share, flat, d->r->total));
    else
        strbuf_putc(d->out, '0');
    if (cum != flat)
        strbuf_printf(d->out, "%sof %s (%s)", flat ? "\\n" : " ", pprof_value(d->r, buf, cum),
                      measure_percent_trimmed(share, cum, d->r->total));
}

static void put_node(struct drawing *d, const struct pprof_node *n, double max_flat)
{
    char buf[MEASURE_MAX];
    int64_t flat = pprof_node_flat(n), cum = pprof_node_cum(n);
    strbuf_printf(d->out, "N%u [label=\"", n->id);
    put_node_name(d, &d->t.frames.frames[n->frame]);
    put_values(d, flat, cum);
    int size = 8;
    double own = (double)measure_abs(flat);
    if (max_flat != 0 && flat && own <= max_flat)
        size += (int)ceil(16 * sqrt(own / max_flat));
    strbuf_printf(d->out, "\" id=\"node%u\" fontsize=%d shape=box tooltip=\"", n->id, size);
    put_escaped(d->out, pprof_frame_name(&d->t.frames, n->frame));
    double share = (double)cum / (double)measure_abs(d->r->total);
    strbuf_printf(d->out, " (%s)\" color=\"", pprof_value(d->r, buf, cum));
    put_color(d->out, share, false);
    strbuf_puts(d->out, "\" fillcolor=\"");
    put_color(d->out, share, true);
    strbuf_puts(d->out, "\"]\n");
}

/* ---- labels at nodes ---- */

static int64_t tag_flat(const struct pprof_tag *t)
{
    return measure_div(t->flat, t->flat_div);
}

static int64_t tag_cum(const struct pprof_tag *t)
{
    return measure_div(t->cum, t->cum_div);
}

static int by_flat(const void *x, const void *y)
{
    const struct pprof_tag *a = x, *b = y;
    int64_t v = measure_abs(a->flat), w = measure_abs(b->flat);
    return a->flat != b->flat && v != w ? (v < w) - (v > w) : strcmp(a->name, b->name);
}

static int by_cum(const void *x, const void *y)
{
    const struct pprof_tag *a = x, *b = y;
    int64_t v = measure_abs(a->cum), w = measure_abs(b->cum);
    return a->cum != b->cum && v != w ? (v < w) - (v > w) : by_flat(x, y);
}

static void sort_tags(struct pprof_tag *tags, size_t count, bool flat)
{
    qsort(tags, count, sizeof *tags, flat ? by_flat : by_cum);
}

static double distance(const struct pprof_tag *t, const struct pprof_tag *u)
{
    const char *unit;
    return fabs(measure_scale(u->value, u->unit, t->unit, &unit) - (double)t->value);
}

/* Several numbers as one tag "16B..64B". */
static struct pprof_tag merge_group(struct drawing *d, const struct pprof_tag *group, size_t count)
{
    char a[MEASURE_MAX], b[MEASURE_MAX];
    const struct pprof_tag *min = group, *max = group;
    struct pprof_tag sum = group[0];
    if (count == 1)
        return (struct pprof_tag){.name =
                                      arena_strdup(&d->arena, measure_auto(a, sum.value, sum.unit)),
                                  .flat = tag_flat(&sum),
                                  .cum = tag_cum(&sum)};
    const char *unit;
    for (size_t i = 1; i < count; i++) {
        const struct pprof_tag *t = &group[i];
        if (measure_truncate(measure_scale(t->value, t->unit, min->unit, &unit)) < min->value)
            min = t;
        if (measure_truncate(measure_scale(t->value, t->unit, max->unit, &unit)) > max->value)
            max = t;
        sum.flat = measure_add(sum.flat, t->flat);
        sum.flat_div = measure_add(sum.flat_div, t->flat_div);
        sum.cum = measure_add(sum.cum, t->cum);
        sum.cum_div = measure_add(sum.cum_div, t->cum_div);
    }
    return (struct pprof_tag){.name = arena_printf(&d->arena, "%s..%s",
                                                   measure_auto(a, min->value, min->unit),
                                                   measure_auto(b, max->value, max->unit)),
                              .flat = tag_flat(&sum),
                              .cum = tag_cum(&sum)};
}

/* Collapses numbers to at most NODELETS ranges around the heaviest. */
static size_t collapse(struct drawing *d, struct pprof_tag *tags, size_t count, bool flat)
{
    sort_tags(tags, count, flat);
    if (count <= NODELETS)
        return count;
    struct pprof_tag *groups[NODELETS];
    size_t sizes[NODELETS];
    for (size_t g = 0; g < NODELETS; g++) {
        groups[g] = arena_array(&d->arena, count, sizeof **groups);
        groups[g][0] = tags[g];
        sizes[g] = 1;
    }
    for (size_t i = NODELETS; i < count; i++) {
        size_t best = 0;
        for (size_t g = 1; g < NODELETS; g++)
            if (distance(&tags[i], groups[g]) < distance(&tags[i], groups[best]))
                best = g;
        groups[best][sizes[best]++] = tags[i];
    }
    for (size_t g = 0; g < NODELETS; g++)
        tags[g] = merge_group(d, groups[g], sizes[g]);
    sort_tags(tags, NODELETS, flat);
    return NODELETS;
}

static void put_nodelet(struct drawing *d, const char *source, const char *id, const char *label,
                        int64_t value, const char *style)
{
    char buf[MEASURE_MAX];
    const char *weight = pprof_value(d->r, buf, value);
    strbuf_printf(d->out, "%s [label = \"%s\" id=\"%s\" fontsize=8 shape=box3d tooltip=\"%s\"]\n",
                  id, label, id, weight);
    strbuf_printf(d->out,
                  "%s -> %s [label=\" %s\" weight=100 tooltip=\"%s\" labeltooltip=\"%s\"%s]\n",
                  source, id, weight, weight, weight, style);
}

/* The tags of a node: those of text (parent NULL), or numbers under such a one. */
static struct pprof_tag *tags_of(struct drawing *d, const struct pprof_node *n, const char *parent,
                                 size_t *count)
{
    const struct pprof_graph *g = &d->t.graph;
    struct pprof_tag *tags = arena_array(&d->arena, g->tag_count + 1, sizeof *tags);
    *count = 0;
    for (uint32_t t = n->tags; t != PROFILE_NONE; t = g->tags[t].next) {
        const char *of = g->tags[t].parent;
        if ((!of && !parent) || (of && parent && !strcmp(of, parent)))
            tags[(*count)++] = g->tags[t];
    }
    return tags;
}

static bool put_numbers(struct drawing *d, const struct pprof_node *n, const char *parent,
                        bool flat, const char *source)
{
    size_t count;
    struct pprof_tag *tags = tags_of(d, n, parent, &count);
    count = collapse(d, tags, count, flat);
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        bool own = flat || tag_flat(&tags[i]) == tag_cum(&tags[i]);
        int64_t w = own ? tag_flat(&tags[i]) : tag_cum(&tags[i]);
        if (!w)
            continue;
        const char *id = arena_printf(&d->arena, "N%s_%zu", source, i);
        put_nodelet(d, source, id, tags[i].name, w, own ? "" : " style=\"dotted\"");
        any = true;
    }
    return any;
}

static bool has_calls(const struct pprof_graph *g, const struct pprof_node *n)
{
    size_t row = pprof_node_index(g, n);
    for (uint32_t i = g->out_first[row]; i < g->out_first[row + 1]; i++)
        if (!g->edges[g->out[i]].dead)
            return true;
    return false;
}

/* A leaf's tags are cumulative: they include what was cut off below it. */
static bool put_nodelets(struct drawing *d, const struct pprof_node *n)
{
    if (n->tags == PROFILE_NONE)
        return false;
    size_t count;
    bool flat = has_calls(&d->t.graph, n), any = false;
    struct pprof_tag *tags = tags_of(d, n, NULL, &count);
    sort_tags(tags, count, flat);
    for (size_t i = 0; i < count && i < NODELETS; i++) {
        int64_t w = flat ? tag_flat(&tags[i]) : tag_cum(&tags[i]);
        if (!w)
            continue;
        const char *id = arena_printf(&d->arena, "N%u_%zu", n->id, i);
        put_nodelet(d, arena_printf(&d->arena, "N%u", n->id), id, tags[i].name, w, "");
        put_numbers(d, n, tags[i].name, flat, id);
        any = true;
    }
    return put_numbers(d, n, "", flat, arena_printf(&d->arena, "N%u", n->id)) || any;
}

/* ---- edges ---- */

static int64_t share_of(int64_t weight, int64_t parts, int64_t total)
{
    int64_t v = measure_abs(measure_div(measure_mul(weight, parts), total));
    return 1 + (v < parts ? v : parts);
}

static void put_edge(struct drawing *d, const struct pprof_edge *e, bool has_nodelets)
{
    char buf[MEASURE_MAX];
    const struct pprof_node *src = &d->t.graph.nodes[e->src], *dest = &d->t.graph.nodes[e->dest];
    int64_t weight = pprof_edge_weight(e), total = d->r->total;
    const char *value = pprof_value(d->r, buf, weight);
    strbuf_printf(d->out, "N%u -> N%u [label=\" %s%s\"", src->id, dest->id, value,
                  e->inlined ? "\\n (inline)" : "");
    if (total) {
        if (share_of(weight, 100, total) > 1)
            strbuf_printf(d->out, " weight=%" PRId64, share_of(weight, 100, total));
        if (share_of(weight, 5, total) > 1)
            strbuf_printf(d->out, " penwidth=%" PRId64, share_of(weight, 5, total));
        strbuf_puts(d->out, " color=\"");
        put_color(d->out, (double)weight / (double)measure_abs(total), false);
        strbuf_putc(d->out, '"');
    }
    for (int i = 0; i < 2; i++) {
        strbuf_puts(d->out, i ? " labeltooltip=\"" : " tooltip=\"");
        put_escaped(d->out, pprof_frame_name(&d->t.frames, src->frame));
        strbuf_puts(d->out, e->residual ? " ... " : " -> ");
        put_escaped(d->out, pprof_frame_name(&d->t.frames, dest->frame));
        strbuf_printf(d->out, " (%s)\"", value);
    }
    strbuf_printf(d->out, "%s%s]\n", e->residual ? " style=\"dotted\"" : "",
                  has_nodelets ? " minlen=2" : "");
}

/* All edges out of shown nodes, heaviest first: a hint to the layout. */
static void put_edges(struct drawing *d, const bool *has_nodelets)
{
    struct pprof_graph *g = &d->t.graph;
    struct pprof_edge **edges = mem_realloc(NULL, g->edge_count + 1, sizeof(struct pprof_edge *));
    size_t n = 0;
    for (size_t i = 0; i < g->edge_count; i++)
        if (!g->edges[i].dead && g->nodes[g->edges[i].src].id)
            edges[n++] = &g->edges[i];
    pprof_edges_sort(g, edges, n);
    for (size_t i = 0; i < n; i++)
        put_edge(d, edges[i], has_nodelets[edges[i]->src]);
    free(edges);
}

static void put_legend(struct drawing *d)
{
    struct strbuf labels = {0};
    pprof_report_labels(d->r, &d->t, d->t.dropped_edges, true, &labels);
    strbuf_puts(d->out, "subgraph cluster_L { \"");
    char *first = arena_strndup(&d->arena, labels.p, strcspn(labels.p, "\n"));
    put_escaped(d->out, first);
    strbuf_puts(d->out, "\" [shape=box fontsize=16 label=\"");
    put_escaped(d->out, labels.p);
    strbuf_putc(d->out, '"');
    if (d->r->title[0])
        strbuf_printf(d->out, " tooltip=\"%s\"", d->r->title);
    strbuf_puts(d->out, "] }\n");
    strbuf_release(&labels);
}

bool pprof_write_dot(struct pprof_report *r, struct strbuf *out, struct err *err)
{
    (void)err;
    struct drawing d = {.r = r, .out = out};
    pprof_trimmed_init(&d.t, r);
    compile_names(&d);
    struct pprof_graph *g = &d.t.graph;
    strbuf_printf(out, "digraph \"%s\" {\nnode [style=filled fillcolor=\"#f8f8f8\"]\n",
                  r->title[0] ? r->title : "unnamed");
    put_legend(&d);
    double max_flat = 0;
    for (size_t i = 0; i < g->count; i++) {
        g->order[i]->id = (uint32_t)i + 1;
        max_flat = fmax(max_flat, (double)measure_abs(pprof_node_flat(g->order[i])));
    }
    bool *has_nodelets = calloc(g->node_count + 1, sizeof *has_nodelets);
    if (!has_nodelets)
        abort();
    for (size_t i = 0; i < g->count; i++) {
        put_node(&d, g->order[i], max_flat);
        has_nodelets[pprof_node_index(g, g->order[i])] = put_nodelets(&d, g->order[i]);
    }
    put_edges(&d, has_nodelets);
    strbuf_puts(out, "}\n");
    free(has_nodelets);
    release_names(&d);
    arena_release(&d.arena);
    pprof_trimmed_release(&d.t);
    return true;
}
