/* callgrind: the call graph for KCachegrind (valgrind's format, costs by address
 * and line, names and addresses compressed). */
#include "base/map.h"
#include "pprof/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    struct pprof_report *r;
    struct pprof_trimmed t;
    struct strbuf *out;
    struct intern objects, files, names;
    struct arena arena;
    const char **callee_names; /* of each node */
};

/* "(3) name" the first time, "(3)" from then on. */
static void put_name(struct writer *w, const char *what, struct intern *seen, const char *name)
{
    if (!name[0]) {
        strbuf_printf(w->out, "%s=\n", what);
        return;
    }
    uint32_t before = seen->count, id = intern_str(seen, name) + 1;
    strbuf_printf(w->out, seen->count != before ? "%s=(%u) %s\n" : "%s=(%u)\n", what, id, name);
}

/* Relative to the last one where that is shorter, "*" for the same. */
static void put_address(struct writer *w, const struct pprof_frame *last, uint64_t address)
{
    char absolute[32], relative[32];
    int len = snprintf(absolute, sizeof absolute, "0x%" PRIx64, address);
    if (!last) {
        strbuf_puts(w->out, absolute);
        return;
    }
    int short_len =
        snprintf(relative, sizeof relative, "%+" PRId64, (int64_t)(address - last->address));
    strbuf_puts(w->out, last->address == address ? "*" : short_len < len ? relative : absolute);
}

/* KCachegrind takes functions of one file and name for the same: those that are
 * not get a number behind the name. */
static void name_callees(struct writer *w)
{
    struct pprof_graph *g = &w->t.graph;
    struct intern names = {0};
    struct map64 index = {0}, counts = {0};
    struct strbuf key = {0};
    uint32_t *name_of = mem_realloc(NULL, g->node_count + 1, sizeof *name_of);
    w->callee_names = arena_array(&w->arena, g->node_count, sizeof *w->callee_names);
    for (size_t i = 0; i < g->node_count; i++)
        w->callee_names[i] = ""; /* a callee that is not shown has none */
    for (size_t i = 0; i < g->count; i++) {
        const struct pprof_node *n = g->order[i];
        const struct pprof_frame *f = &g->frames->frames[n->frame];
        strbuf_clear(&key);
        strbuf_printf(&key, "%s%c%s", f->file, 1, f->name);
        uint32_t name = intern_bytes(&names, key.p, key.len);
        name_of[pprof_node_index(g, n)] = name;
        w->callee_names[pprof_node_index(g, n)] = f->name;
        bool added;
        uint64_t *at = map64_put(&index, (uint64_t)name << 32 | n->function, &added);
        if (added)
            *at = ++*map64_put(&counts, name, NULL);
    }
    for (size_t i = 0; i < g->count; i++) {
        const struct pprof_node *n = g->order[i];
        size_t row = pprof_node_index(g, n);
        uint64_t count = *map64_get(&counts, name_of[row]);
        if (count > 1)
            w->callee_names[row] =
                arena_printf(&w->arena, "%s [%" PRIu64 "/%" PRIu64 "]", w->callee_names[row],
                             *map64_get(&index, (uint64_t)name_of[row] << 32 | n->function), count);
    }
    free(name_of);
    strbuf_release(&key);
    intern_release(&names);
    map64_release(&index);
    map64_release(&counts);
}

static void put_calls(struct writer *w, const struct pprof_node *n, const struct pprof_frame *last)
{
    size_t count;
    struct pprof_graph *g = &w->t.graph;
    struct pprof_edge **edges = pprof_edges_out(g, n, &count);
    for (size_t i = 0; i < count; i++) {
        const struct pprof_frame *callee = &g->frames->frames[g->nodes[edges[i]->dest].frame];
        put_name(w, "cfl", &w->files, callee->file);
        put_name(w, "cfn", &w->names, w->callee_names[edges[i]->dest]);
        strbuf_puts(w->out, "calls=0 ");
        put_address(w, last, callee->address);
        strbuf_printf(w->out, " %" PRId64 "\n* * %" PRId64 "\n", callee->line,
                      measure_truncate(pprof_scaled(w->r, edges[i]->weight)));
    }
    free(edges);
}

bool pprof_write_callgrind(struct pprof_report *r, struct strbuf *out, struct err *err)
{
    (void)err;
    struct writer w = {.r = r, .out = out};
    pprof_trimmed_init(&w.t, r);
    name_callees(&w);
    strbuf_printf(out, "positions: instr line\nevents: %s(%s)\n", r->type, r->output_unit);
    const struct pprof_frame *last = NULL;
    for (size_t i = 0; i < w.t.graph.count; i++) {
        const struct pprof_node *n = w.t.graph.order[i];
        const struct pprof_frame *f = &w.t.frames.frames[n->frame];
        if (!last || strcmp(f->objfile, last->objfile) || strcmp(f->file, last->file) ||
            strcmp(f->name, last->name)) {
            strbuf_putc(out, '\n');
            put_name(&w, "ob", &w.objects, f->objfile);
            put_name(&w, "fl", &w.files, f->file);
            put_name(&w, "fn", &w.names, f->name);
        }
        put_address(&w, last, f->address);
        strbuf_printf(out, " %" PRId64 " %" PRId64 "\n", f->line,
                      measure_truncate(pprof_scaled(r, pprof_node_flat(n))));
        put_calls(&w, n, last);
        last = f;
    }
    intern_release(&w.objects);
    intern_release(&w.files);
    intern_release(&w.names);
    arena_release(&w.arena);
    pprof_trimmed_release(&w.t);
    return true;
}
