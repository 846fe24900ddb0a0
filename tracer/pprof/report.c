#include "pprof/report.h"

#include "pprof/source.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- setting up ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool choose_value(struct pprof_report *r, struct err *err)
{
    const struct pprof_config *c = &r->config;
    if (!pprof_model_value_index(r->model, c->sample_index, &r->value, err))
        return false;
    if (c->divide_by == 0)
        return err_set(err, "zero divisor specified");
    const struct profile_value_type *t = &r->model->types[r->value];
    r->type = c->mean ? arena_printf(&r->arena, "mean_%s", t->type) : t->type;
    r->unit = t->unit;
    r->output_unit = c->unit;
    r->ratio = 1 / c->divide_by;
    return true;
}

/* Sum of absolute values; of the base's samples only, where there is a base. */
static int64_t total_of(const struct pprof_report *r)
{
    uint64_t sum = 0, div = 0, base_sum = 0, base_div = 0;
    for (size_t i = 0; i < r->model->sample_count; i++) {
        const struct profile_sample *s = &r->model->samples[i];
        uint64_t v = (uint64_t)measure_abs(s->values[r->value]);
        uint64_t d = r->config.mean ? (uint64_t)s->values[0] : 0;
        sum += v;
        div += d;
        if (!pprof_is_base(s))
            continue;
        base_sum += v;
        base_div += d;
    }
    if ((int64_t)base_sum > 0) {
        sum = base_sum;
        div = base_div;
    }
    return measure_div((int64_t)sum, (int64_t)div);
}

static bool filter(struct pprof_report *r, const struct pprof_notes *notes, struct err *err)
{
    const struct pprof_config *c = &r->config;
    const struct pprof_filters f = {.focus = c->focus,
                                    .ignore = c->ignore,
                                    .hide = c->hide,
                                    .show = c->show,
                                    .show_from = c->show_from,
                                    .prune_from = c->prune_from,
                                    .tagfocus = c->tagfocus,
                                    .tagignore = c->tagignore,
                                    .tagshow = c->tagshow,
                                    .taghide = c->taghide};
    return pprof_filter(r->model, &f, &r->label_units, notes, err);
}

static void aggregate(struct pprof_report *r)
{
    const struct pprof_config *c = &r->config;
    const char *g = c->granularity[0] ? c->granularity : "functions";
    bool addresses = !strcmp(g, "addresses"), lines = addresses || !strcmp(g, "lines");
    if (addresses && !c->noinlines)
        return;
    pprof_aggregate(r->model, (struct pprof_grain){.inlines = !c->noinlines,
                                                   .function = strcmp(g, "files") != 0,
                                                   .file = strcmp(g, "functions") != 0,
                                                   .line = lines,
                                                   .column = lines && c->showcolumns,
                                                   .address = addresses});
}

bool pprof_report_init(struct pprof_report *r, struct pprof_model *model,
                       const struct pprof_command *command, const char *argument,
                       const struct pprof_config *config, const struct pprof_notes *notes,
                       struct err *err)
{
    *r = (struct pprof_report){.model = model, .command = command, .config = *config, .title = ""};
    struct pprof_config *c = &r->config;
    pprof_config_for_command(c, command);
    r->label_units = pprof_label_units_from_model(&r->arena, model, notes);
    pprof_add_tag_frames(model, c->tagroot, c->tagleaf, c->unit, notes);
    if (c->relative_percentages && !filter(r, notes, err))
        return false;
    if (!choose_value(r, err))
        return false;
    if (argument && !(r->symbol = pprof_rx_new(argument, err)))
        return err_wrap(err, "parsing argument regexp %s", argument);
    if (model->mapping_count && model->mappings[0].filename[0])
        r->title = base_name(model->mappings[0].filename);
    r->total = total_of(r);
    if (!c->relative_percentages && !filter(r, notes, err))
        return false;
    aggregate(r);
    return true;
}

void pprof_report_release(struct pprof_report *r)
{
    pprof_rx_release(r->symbol);
    arena_release(&r->arena);
    *r = (struct pprof_report){0};
}

/* ---- values ---- */

const char *pprof_value(const struct pprof_report *r, char buf[MEASURE_MAX], int64_t value)
{
    if (r->ratio > 0 && r->ratio != 1)
        value = measure_truncate((double)value * r->ratio);
    return measure_label(buf, value, r->unit, r->output_unit);
}

double pprof_scaled(const struct pprof_report *r, int64_t value)
{
    const char *unit;
    return measure_scale(value, r->unit, r->output_unit, &unit);
}

/* ---- the graph ---- */

static void build(struct pprof_trimmed *t, struct pprof_report *r, const uint8_t *kept,
                  bool with_edges)
{
    enum pprof_format f = r->command->format;
    const struct pprof_graph_options o = {.value = r->value,
                                          .mean = r->config.mean,
                                          .call_tree = r->config.call_tree &&
                                                       (f == PPROF_DOT || f == PPROF_CALLGRIND),
                                          .drop_negative = r->config.drop_negative,
                                          .with_edges = with_edges,
                                          .with_tags = f == PPROF_DOT,
                                          .tag_unit = r->output_unit,
                                          .bytes_unit = pprof_label_unit(&r->label_units, "bytes"),
                                          .kept = kept,
                                          .joined = t->joined};
    pprof_graph_init(&t->graph, &t->frames, r->model, &o);
}

static void rebuild(struct pprof_trimmed *t, struct pprof_report *r, const uint8_t *kept)
{
    pprof_graph_release(&t->graph);
    build(t, r, kept, t->with_edges);
}

static int64_t flat_sum(const struct pprof_graph *g)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < g->count; i++)
        sum += (uint64_t)g->order[i]->flat;
    return (int64_t)sum;
}

static void limit_nodes(struct pprof_trimmed *t, struct pprof_report *r, bool tree, bool visual,
                        enum pprof_order order)
{
    size_t max = (size_t)r->config.nodecount, left;
    uint8_t *kept = tree ? pprof_tree_keep_first(&t->graph, max, visual, &left)
                         : pprof_graph_keep_first(&t->graph, max, visual, &left);
    if (left != t->graph.count) {
        if (tree)
            pprof_tree_trim(&t->graph, kept);
        else
            rebuild(t, r, kept);
        pprof_graph_sort(&t->graph, order);
    }
    free(kept);
}

/* Edges are asked for only where they show: a table without inlined calls has no
 * use for them, and finding a call's edge is most of the work. */
static void drop_light_nodes(struct pprof_trimmed *t, struct pprof_report *r, bool tree,
                             int64_t cutoff)
{
    size_t left = t->graph.count;
    uint8_t *kept = NULL;
    if (cutoff > 0)
        kept = tree ? pprof_tree_keep_heavy(&t->graph, cutoff, &left)
                    : pprof_graph_keep_heavy(&t->graph, cutoff, &left);
    t->dropped_nodes = t->graph.count - left;
    if (tree && t->dropped_nodes)
        pprof_tree_trim(&t->graph, kept);
    else if (!tree && (t->dropped_nodes || t->with_edges)) {
        pprof_graph_release(&t->graph);
        build(t, r, t->dropped_nodes ? kept : NULL, t->with_edges);
    }
    free(kept);
}

static void select_unit(const struct pprof_trimmed *t, struct pprof_report *r)
{
    const struct pprof_graph *g = &t->graph;
    if (strcmp(r->output_unit, "minimum") || g->count == 0)
        return;
    int64_t min = 0, max = r->total;
    for (size_t i = 0; i < g->count; i++) {
        int64_t v = measure_abs(pprof_node_flat(g->order[i]));
        if (v == 0)
            v = measure_abs(pprof_node_cum(g->order[i]));
        if (v > 0 && (min == 0 || v < min))
            min = v;
    }
    if (min == 0)
        min = max;
    if (r->ratio > 0 && r->ratio != 1) {
        min = measure_truncate((double)min * r->ratio);
        max = measure_truncate((double)max * r->ratio);
    }
    const char *min_unit, *max_unit;
    measure_scale(min, r->unit, "minimum", &min_unit);
    measure_scale(max, r->unit, "minimum", &max_unit);
    /* callgrind's numbers are whole: a larger unit would lose them */
    if (strcmp(min_unit, max_unit) && (int64_t)((uint64_t)min * 100) < max &&
        r->command->format != PPROF_CALLGRIND)
        measure_scale((int64_t)((uint64_t)min * 100), r->unit, "minimum", &min_unit);
    r->output_unit = min_unit[0] ? min_unit : r->unit;
}

static void init_frames(struct pprof_trimmed *t, struct pprof_report *r)
{
    struct pprof_model *m = r->model;
    enum pprof_format f = r->command->format;
    bool by_binary =
        f == PPROF_CALLGRIND || f == PPROF_LIST || f == PPROF_WEBLIST || f == PPROF_DISASM;
    for (size_t i = 0; i < m->function_count; i++)
        m->functions[i].filename =
            pprof_trim_path(m->functions[i].filename, r->config.trim_path, r->config.source_path);
    pprof_frames_init(&t->frames, m, by_binary);
}

void pprof_whole_init(struct pprof_trimmed *t, struct pprof_report *r)
{
    *t = (struct pprof_trimmed){0};
    init_frames(t, r);
    build(t, r, NULL, false);
}

/* peek shows the calls of a few functions: finding all others' is most of the work. */
static uint8_t *matching_frames(struct pprof_trimmed *t, const struct pprof_report *r)
{
    uint8_t *matching = calloc(t->frames.count + 1, sizeof *matching);
    if (!matching)
        abort();
    for (uint32_t i = 0; i < t->frames.count; i++)
        matching[i] = pprof_rx_match(r->symbol, pprof_frame_name(&t->frames, i));
    return matching;
}

void pprof_trimmed_init(struct pprof_trimmed *t, struct pprof_report *r)
{
    *t = (struct pprof_trimmed){0};
    enum pprof_format f = r->command->format;
    bool visual = f == PPROF_DOT;
    bool tree = r->config.call_tree && (f == PPROF_DOT || f == PPROF_CALLGRIND);
    init_frames(t, r);
    t->with_edges = t->frames.any_inline || (f != PPROF_TEXT && f != PPROF_TOPPROTO);
    if (f == PPROF_TREE && r->symbol)
        t->joined = matching_frames(t, r);
    bool whole = r->config.nodefraction == 0; /* nothing to drop: once is enough */
    build(t, r, NULL, tree || (whole && t->with_edges));
    int64_t sum = flat_sum(&t->graph);
    int64_t node_cutoff = measure_abs(measure_truncate((double)sum * r->config.nodefraction));
    int64_t edge_cutoff = measure_abs(measure_truncate((double)sum * r->config.edgefraction));
    if (!whole)
        drop_light_nodes(t, r, tree, node_cutoff);
    t->original = t->graph.count;
    enum pprof_order order = visual                           ? PPROF_BY_ENTROPY
                             : !strcmp(r->config.sort, "cum") ? PPROF_BY_CUM
                                                              : PPROF_BY_FLAT;
    pprof_graph_sort(&t->graph, order);
    if (r->config.nodecount > 0) {
        pprof_graph_trim_tags(&t->graph, node_cutoff);
        pprof_graph_trim_edges(&t->graph, edge_cutoff);
        limit_nodes(t, r, tree, visual, order);
    }
    pprof_graph_trim_tags(&t->graph, node_cutoff);
    t->dropped_edges = pprof_graph_trim_edges(&t->graph, edge_cutoff);
    if (visual)
        pprof_graph_remove_redundant(&t->graph);
    select_unit(t, r);
}

void pprof_trimmed_release(struct pprof_trimmed *t)
{
    pprof_graph_release(&t->graph);
    pprof_frames_release(&t->frames);
    free(t->joined);
}

/* ---- the lines above ---- */

void pprof_profile_labels(const struct pprof_report *r, struct strbuf *out)
{
    const struct pprof_model *m = r->model;
    char a[MEASURE_MAX], b[MEASURE_MAX], c[MEASURE_MAX];
    if (m->mapping_count && m->mappings[0].filename[0])
        strbuf_printf(out, "File: %s\n", base_name(m->mappings[0].filename));
    if (m->mapping_count && m->mappings[0].build_id[0])
        strbuf_printf(out, "Build ID: %s\n", m->mappings[0].build_id);
    for (size_t i = 0; i < m->comment_count; i++)
        if (m->comments[i][0] != '#')
            strbuf_printf(out, "%s\n", m->comments[i]);
    if (r->type[0])
        strbuf_printf(out, "Type: %s\n", r->type);
    if (m->doc_url[0])
        strbuf_printf(out, "Doc: %s\n", m->doc_url);
    if (m->time_unix_ns) {
        time_t s = (time_t)(m->time_unix_ns / 1000000000);
        s -= m->time_unix_ns % 1000000000 < 0;
        struct tm tm;
        char text[64] = "";
        if (localtime_r(&s, &tm))
            strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z", &tm);
        strbuf_printf(out, "Time: %s\n", text);
    }
    if (m->duration_ns) {
        const char *unit;
        double ns = measure_scale(r->total, r->unit, "nanoseconds", &unit);
        strbuf_printf(out, "Duration: %s, Total samples = %s ",
                      measure_auto(a, m->duration_ns, "nanoseconds"), pprof_value(r, b, r->total));
        if (!strcmp(unit, "ns") && ns != 0)
            strbuf_printf(out, "(%s)", measure_percent(c, measure_truncate(ns), m->duration_ns));
        strbuf_putc(out, '\n');
    }
}

static void put_filters(const struct pprof_report *r, struct strbuf *out)
{
    enum {
        SHOWN = 80
    };
    const struct pprof_config *c = &r->config;
    const char *const filters[][2] = {
        {"focus", c->focus},         {"ignore", c->ignore},       {"hide", c->hide},
        {"show", c->show},           {"show_from", c->show_from}, {"tagfocus", c->tagfocus},
        {"tagignore", c->tagignore}, {"tagshow", c->tagshow},     {"taghide", c->taghide}};
    bool first = true;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        if (!filters[i][1][0])
            continue;
        struct strbuf text = {0};
        strbuf_printf(&text, "%s=%s", filters[i][0], filters[i][1]);
        strbuf_printf(out, "%s   %.*s%s\n", first ? "Active filters:\n" : "", SHOWN, text.p,
                      text.len > SHOWN ? "…" : "");
        first = false;
        strbuf_release(&text);
    }
}

static void put_dropped(const struct pprof_report *r, size_t n, const char *what, const char *by,
                        double fraction, struct strbuf *out)
{
    char buf[MEASURE_MAX];
    int64_t cutoff = measure_abs(measure_truncate((double)r->total * fraction));
    if (n)
        strbuf_printf(out, "Dropped %zu %s%s (%s <= %s)\n", n, what, n > 1 ? "s" : "", by,
                      pprof_value(r, buf, cutoff));
}

void pprof_report_labels(const struct pprof_report *r, const struct pprof_trimmed *t,
                         size_t dropped_edges, bool full, struct strbuf *out)
{
    char a[MEASURE_MAX], b[MEASURE_MAX], c[MEASURE_MAX];
    if (full || !r->config.compact_labels)
        pprof_profile_labels(r, out);
    uint64_t shown = 0;
    for (size_t i = 0; i < t->graph.count; i++)
        shown += (uint64_t)pprof_node_flat(t->graph.order[i]);
    put_filters(r, out);
    strbuf_printf(
        out, "Showing nodes accounting for %s, %s of %s total\n", pprof_value(r, a, (int64_t)shown),
        measure_percent_trimmed(b, (int64_t)shown, r->total), pprof_value(r, c, r->total));
    if (r->total) {
        put_dropped(r, t->dropped_nodes, "node", "cum", r->config.nodefraction, out);
        put_dropped(r, dropped_edges, "edge", "freq", r->config.edgefraction, out);
        if (t->graph.count && t->graph.count < t->original)
            strbuf_printf(out, "Showing top %zu nodes out of %zu\n", t->graph.count, t->original);
    }
    if (full)
        strbuf_puts(out, "\nSee https://git.io/JfYMW for how to read the graph\n");
}

bool pprof_report_write(struct pprof_report *r, struct strbuf *out, struct err *err)
{
    static bool (*const write[])(struct pprof_report *, struct strbuf *, struct err *) = {
        [PPROF_COMMENTS] = pprof_write_comments, [PPROF_DOT] = pprof_write_dot,
        [PPROF_RAW] = pprof_write_raw,           [PPROF_TAGS] = pprof_write_tags,
        [PPROF_TEXT] = pprof_write_text,         [PPROF_TRACES] = pprof_write_traces,
        [PPROF_TREE] = pprof_write_tree,         [PPROF_CALLGRIND] = pprof_write_callgrind,
        [PPROF_PROTO] = pprof_write_proto,       [PPROF_TOPPROTO] = pprof_write_topproto,
        [PPROF_FOLDED] = pprof_write_folded,     [PPROF_LIST] = pprof_write_list,
        [PPROF_WEBLIST] = pprof_write_weblist,   [PPROF_DISASM] = pprof_write_disasm,
        [PPROF_FLAME] = pprof_write_flame};
    return write[r->command->format](r, out, err);
}
