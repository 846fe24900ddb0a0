#include "pprof/callgraph.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NODELETS = 4 /* of text, and of numbers, at one node */
};

struct drawing {
    struct callgraph *g;
    struct pprof_report *r;
    struct strbuf text; /* of what is being made */
    struct callgraph_names *names;
    size_t box_cap, arrow_cap;
};

/* Takes the text made so far. */
static const char *take_text(struct drawing *d)
{
    const char *text = arena_strdup(&d->g->arena, strbuf_str(&d->text));
    strbuf_clear(&d->text);
    return text;
}

static uint32_t add_box(struct drawing *d, struct callgraph_box box)
{
    mem_grow(&d->g->boxes, &d->box_cap, d->g->box_count + 1, sizeof box);
    d->g->boxes[d->g->box_count] = box;
    return (uint32_t)d->g->box_count++;
}

/* ---- names ---- */

/* A name on lines: broken at "::" and ".", but for Go's "[...]". */
static const char *broken_name(struct drawing *d, const char *name)
{
    struct strbuf escaped = {0}, sb = {0};
    callgraph_escape(&escaped, callgraph_short_name(d->names, &d->g->arena, name));
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
    const char *broken = arena_strdup(&d->g->arena, strbuf_str(&sb));
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
    int n = pprof_frame_parts(&d->g->arena, &shown, parts);
    for (int i = 0; i < n; i++)
        strbuf_printf(&d->text, "%s\\n", parts[i]);
}

/* ---- colours ---- */

/* Grey for nothing, red for much, green for much less. */
static void set_color(char color[CALLGRAPH_COLOR], double score, bool background)
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
    color[0] = '#';
    for (int i = 0; i < 3; i++)
        snprintf(color + 1 + 2 * (size_t)i, 3, "%02x",
                 all[i] == all[i] ? (unsigned)(uint8_t)(int)(all[i] * 255) : 0);
}

/* ---- functions ---- */

static void put_values(struct drawing *d, int64_t flat, int64_t cum)
{
    char buf[MEASURE_MAX], share[MEASURE_MAX];
    if (flat)
        strbuf_printf(&d->text, "%s (%s)", pprof_value(d->r, buf, flat),
                      measure_percent_trimmed(share, flat, d->r->total));
    else
        strbuf_putc(&d->text, '0');
    if (cum != flat)
        strbuf_printf(&d->text, "%sof %s (%s)", flat ? "\\n" : " ", pprof_value(d->r, buf, cum),
                      measure_percent_trimmed(share, cum, d->r->total));
}

static uint32_t add_function(struct drawing *d, const struct pprof_node *n, double max_flat)
{
    char buf[MEASURE_MAX];
    int64_t flat = pprof_node_flat(n), cum = pprof_node_cum(n);
    struct callgraph_box box = {
        .id = arena_printf(&d->g->arena, "N%u", n->id), .font_size = 8, .node = n};
    put_node_name(d, &d->g->t.frames.frames[n->frame]);
    put_values(d, flat, cum);
    box.label = take_text(d);
    double own = (double)measure_abs(flat);
    if (max_flat != 0 && flat && own <= max_flat)
        box.font_size += (int)ceil(16 * sqrt(own / max_flat));
    callgraph_escape(&d->text, pprof_frame_name(&d->g->t.frames, n->frame));
    strbuf_printf(&d->text, " (%s)", pprof_value(d->r, buf, cum));
    box.tooltip = take_text(d);
    double share = (double)cum / (double)measure_abs(d->r->total);
    box.name = pprof_frame_name(&d->g->t.frames, n->frame);
    set_color(box.color, share, false);
    set_color(box.fill, share, true);
    return add_box(d, box);
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
        return (struct pprof_tag){
            .name = arena_strdup(&d->g->arena, measure_auto(a, sum.value, sum.unit)),
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
    return (struct pprof_tag){.name = arena_printf(&d->g->arena, "%s..%s",
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
        groups[g] = arena_array(&d->g->arena, count, sizeof **groups);
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

/* Numbers' ids begin with one more N. */
static uint32_t add_nodelet(struct drawing *d, uint32_t owner, const char *prefix, size_t index,
                            const struct pprof_tag *tag, int64_t value, bool dotted)
{
    char buf[MEASURE_MAX];
    const char *of = d->g->boxes[owner].id;
    return add_box(d, (struct callgraph_box){
                          .id = arena_printf(&d->g->arena, "%s%s_%zu", prefix, of, index),
                          .label = tag->name,
                          .font_size = 8,
                          .color = "#000000",
                          .fill = "#f8f8f8",
                          .owner = owner,
                          .weight = arena_strdup(&d->g->arena, pprof_value(d->r, buf, value)),
                          .dotted = dotted});
}

/* The tags of a node: those of text (parent NULL), or numbers under such a one. */
static struct pprof_tag *tags_of(struct drawing *d, const struct pprof_node *n, const char *parent,
                                 size_t *count)
{
    const struct pprof_graph *g = &d->g->t.graph;
    struct pprof_tag *tags = arena_array(&d->g->arena, g->tag_count + 1, sizeof *tags);
    *count = 0;
    for (uint32_t t = n->tags; t != PROFILE_NONE; t = g->tags[t].next) {
        const char *of = g->tags[t].parent;
        if ((!of && !parent) || (of && parent && !strcmp(of, parent)))
            tags[(*count)++] = g->tags[t];
    }
    return tags;
}

static bool add_numbers(struct drawing *d, const struct pprof_node *n, const char *parent,
                        bool flat, uint32_t owner)
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
        add_nodelet(d, owner, "N", i, &tags[i], w, !own);
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
static bool add_nodelets(struct drawing *d, const struct pprof_node *n, uint32_t owner)
{
    if (n->tags == PROFILE_NONE)
        return false;
    size_t count;
    bool flat = has_calls(&d->g->t.graph, n), any = false;
    struct pprof_tag *tags = tags_of(d, n, NULL, &count);
    sort_tags(tags, count, flat);
    for (size_t i = 0; i < count && i < NODELETS; i++) {
        int64_t w = flat ? tag_flat(&tags[i]) : tag_cum(&tags[i]);
        if (!w)
            continue;
        uint32_t box = add_nodelet(d, owner, "", i, &tags[i], w, false);
        add_numbers(d, n, tags[i].name, flat, box);
        any = true;
    }
    return add_numbers(d, n, "", flat, owner) || any;
}

/* ---- calls ---- */

static int64_t share_of(int64_t weight, int64_t parts, int64_t total)
{
    int64_t v = measure_abs(measure_div(measure_mul(weight, parts), total));
    return 1 + (v < parts ? v : parts);
}

static void add_arrow(struct drawing *d, const struct pprof_edge *e, const uint32_t *box_of,
                      const bool *has_nodelets)
{
    char buf[MEASURE_MAX];
    struct callgraph *g = d->g;
    const struct pprof_node *src = &g->t.graph.nodes[e->src], *dest = &g->t.graph.nodes[e->dest];
    int64_t weight = pprof_edge_weight(e), total = d->r->total;
    const char *value = pprof_value(d->r, buf, weight);
    struct callgraph_arrow arrow = {
        .src = box_of[e->src],
        .dest = box_of[e->dest],
        .label = arena_printf(&g->arena, " %s%s", value, e->inlined ? "\\n (inline)" : ""),
        .color = "#000000",
        .residual = e->residual,
        .far = has_nodelets[e->src]};
    if (total) {
        arrow.weight = share_of(weight, 100, total);
        arrow.width = share_of(weight, 5, total);
        set_color(arrow.color, (double)weight / (double)measure_abs(total), false);
    }
    callgraph_escape(&d->text, pprof_frame_name(&g->t.frames, src->frame));
    strbuf_puts(&d->text, e->residual ? " ... " : " -> ");
    callgraph_escape(&d->text, pprof_frame_name(&g->t.frames, dest->frame));
    strbuf_printf(&d->text, " (%s)", value);
    arrow.tooltip = take_text(d);
    mem_grow(&g->arrows, &d->arrow_cap, g->arrow_count + 1, sizeof arrow);
    g->arrows[g->arrow_count++] = arrow;
}

/* All edges out of shown nodes, heaviest first: a hint to the layout. */
static void add_arrows(struct drawing *d, const uint32_t *box_of, const bool *has_nodelets)
{
    struct pprof_graph *g = &d->g->t.graph;
    struct pprof_edge **edges = mem_realloc(NULL, g->edge_count + 1, sizeof(struct pprof_edge *));
    size_t n = 0;
    for (size_t i = 0; i < g->edge_count; i++)
        if (!g->edges[i].dead && g->nodes[g->edges[i].src].id)
            edges[n++] = &g->edges[i];
    pprof_edges_sort(g, edges, n);
    for (size_t i = 0; i < n; i++)
        add_arrow(d, edges[i], box_of, has_nodelets);
    free(edges);
}

static void add_functions(struct drawing *d, uint32_t *box_of, bool *has_nodelets)
{
    struct pprof_graph *g = &d->g->t.graph;
    double max_flat = 0;
    for (size_t i = 0; i < g->count; i++) {
        g->order[i]->id = (uint32_t)i + 1;
        max_flat = fmax(max_flat, (double)measure_abs(pprof_node_flat(g->order[i])));
    }
    for (size_t i = 0; i < g->count; i++) {
        size_t row = pprof_node_index(g, g->order[i]);
        box_of[row] = add_function(d, g->order[i], max_flat);
        has_nodelets[row] = add_nodelets(d, g->order[i], box_of[row]);
    }
}

void callgraph_init(struct callgraph *g, struct pprof_report *r)
{
    *g = (struct callgraph){.title = r->title[0] ? r->title : "unnamed"};
    struct drawing d = {.g = g, .r = r, .names = callgraph_names_new()};
    pprof_trimmed_init(&g->t, r);
    bool *has_nodelets = arena_array(&g->arena, g->t.graph.node_count + 1, sizeof *has_nodelets);
    uint32_t *box_of = arena_array(&g->arena, g->t.graph.node_count + 1, sizeof *box_of);
    add_functions(&d, box_of, has_nodelets);
    add_arrows(&d, box_of, has_nodelets);
    pprof_report_labels(r, &g->t, g->t.dropped_edges, true, &d.text);
    g->legend = take_text(&d);
    callgraph_names_free(d.names);
    strbuf_release(&d.text);
}

void callgraph_release(struct callgraph *g)
{
    free(g->boxes);
    free(g->arrows);
    pprof_trimmed_release(&g->t);
    arena_release(&g->arena);
}
