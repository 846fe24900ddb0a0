/* disasm: machine code of functions with what each instruction cost. */
#include "pprof/report.h"
#include "symbols/object.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A function in a program's file that matches. */
struct routine {
    const char *const *names; /* the one that matched; all at its address otherwise */
    size_t name_count;
    uint64_t begin, end; /* in the file */
    struct object *object;
    const char *path;
    size_t first, last; /* of `nodes`: samples in it */
    int64_t flat, cum;
};

/* A sampled address as a file has it. */
struct hit {
    uint64_t vaddr;
    const struct pprof_node *node;
    const struct pprof_frame *frame;
};

struct work {
    struct pprof_report *r;
    struct pprof_trimmed t;
    struct arena arena;
    bool has_address;
    uint64_t address; /* the command's argument, where it is a number */
    struct routine *routines;
    size_t count, cap;
    struct hit *hits; /* of all files, one after the other */
    size_t hit_count, hit_cap;
};

/* ---- which functions ---- */

static const char *const *one_name(struct work *w, const char *name)
{
    const char **names = arena_array(&w->arena, 1, sizeof *names);
    names[0] = name;
    return names;
}

/* Tries the names as they are and demangled; a number matches whatever is there. */
static bool matches(struct work *w, const struct object_symbol *symbols, size_t count, uint64_t end,
                    struct routine *routine)
{
    static const enum object_names forms[] = {OBJECT_NAMES_FULL, OBJECT_NAMES_TEMPLATES,
                                              OBJECT_NAMES_SHORT};
    if (w->has_address && w->address && w->address >= symbols->vaddr && w->address <= end) {
        const char **names = arena_array(&w->arena, count, sizeof *names);
        for (size_t i = 0; i < count; i++)
            names[i] = symbols[i].name;
        routine->names = names;
        routine->name_count = count;
        return true;
    }
    routine->name_count = 1;
    for (size_t i = 0; i < count; i++) {
        if (pprof_rx_match(w->r->symbol, symbols[i].name)) {
            routine->names = one_name(w, symbols[i].name);
            return true;
        }
        if (symbols[i].name[0] != '_')
            continue;
        for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
            const char *name = object_readable_name(&w->arena, symbols[i].name, forms[f]);
            if (name != symbols[i].name && pprof_rx_match(w->r->symbol, name)) {
                routine->names = one_name(w, name);
                return true;
            }
        }
    }
    return false;
}

static int by_vaddr(const void *x, const void *y)
{
    const struct hit *a = x, *b = y;
    if (a->vaddr != b->vaddr)
        return a->vaddr < b->vaddr ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

/* All sampled addresses in this file's terms; returns where they begin. */
static size_t add_hits(struct work *w, const struct object *o)
{
    size_t first = w->hit_count;
    for (size_t i = 0; i < w->t.graph.count; i++) {
        const struct pprof_node *n = w->t.graph.order[i];
        const struct pprof_frame *f = &w->t.frames.frames[n->frame];
        uint64_t vaddr;
        if (!object_vaddr(o, f->address, &vaddr))
            continue;
        mem_grow(&w->hits, &w->hit_cap, w->hit_count + 1, sizeof *w->hits);
        w->hits[w->hit_count++] = (struct hit){vaddr, n, f};
    }
    if (w->hit_count > first)
        qsort(w->hits + first, w->hit_count - first, sizeof *w->hits, by_vaddr);
    return first;
}

static size_t find_hit(const struct work *w, size_t first, uint64_t vaddr)
{
    size_t lo = first, hi = w->hit_count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (w->hits[mid].vaddr < vaddr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void add_routine(struct work *w, struct routine routine, size_t first_hit)
{
    routine.first = find_hit(w, first_hit, routine.begin);
    routine.last = find_hit(w, routine.first, routine.end);
    for (size_t i = routine.first; i < routine.last; i++) {
        routine.flat = measure_add(routine.flat, w->hits[i].node->flat);
        routine.cum = measure_add(routine.cum, w->hits[i].node->cum);
    }
    if (routine.first == routine.last)
        return;
    mem_grow(&w->routines, &w->cap, w->count + 1, sizeof routine);
    w->routines[w->count++] = routine;
}

/* The functions of one file that have samples. The last one ends where it begins: its
 * size is not told. */
static void add_file(struct work *w, struct object *o, const char *path)
{
    size_t count, first_hit = add_hits(w, o);
    const struct object_symbol *s = object_symbols(o, &count);
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i; next < count && s[next].vaddr == s[i].vaddr; next++)
            ;
        uint64_t end = next < count ? s[next].vaddr - 1 : s[i].vaddr;
        struct routine routine = {.begin = s[i].vaddr, .end = end, .object = o, .path = path};
        if (find_hit(w, first_hit, s[i].vaddr) < find_hit(w, first_hit, end) &&
            matches(w, s + i, next - i, end, &routine))
            add_routine(w, routine, first_hit);
    }
}

/* Whether samples in a binary match: looking at all symbols of all others would take
 * long. */
static bool has_samples(struct work *w, const struct profile_mapping *m)
{
    if (w->has_address && m->start <= w->address && w->address <= m->limit)
        return true;
    for (size_t i = 0; i < w->t.graph.count; i++) {
        uint32_t frame = w->t.graph.order[i]->frame;
        const char *object = w->t.frames.frames[frame].objfile;
        if (object[0] && !strcmp(object, m->filename) &&
            pprof_rx_match(w->r->symbol, pprof_frame_name(&w->t.frames, frame)))
            return true;
    }
    return false;
}

static int by_name(const void *x, const void *y)
{
    const struct routine *a = x, *b = y;
    int c = strcmp(a->names[0], b->names[0]);
    return c ? c : (a->begin > b->begin) - (a->begin < b->begin);
}

static int by_weight(const void *x, const void *y)
{
    const struct routine *a = x, *b = y;
    return a->flat != b->flat ? (a->flat < b->flat) - (a->flat > b->flat) : by_name(x, y);
}

/* ---- their code ---- */

struct location {
    const char *function, *file;
    int64_t line;
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void put_inst(const struct pprof_report *r, const struct object_inst *in, int64_t flat,
                     int64_t cum, const struct location *at, bool changed, struct strbuf *out)
{
    enum {
        SHORT = 40
    };
    char a[MEASURE_MAX], b[MEASURE_MAX];
    struct strbuf place = {0};
    if (changed && at->function[0])
        strbuf_printf(&place, "%s ", at->function);
    if (changed && at->file[0])
        strbuf_puts(&place, at->file);
    if (changed && at->file[0] && at->line)
        strbuf_printf(&place, ":%" PRId64, at->line);
    if (place.len && strlen(in->text) >= SHORT)
        strbuf_printf(out, "%74s;%s\n", "", place.p);
    strbuf_printf(out, "%10s %10s %10" PRIx64 ": ", pprof_value_or_dot(r, a, flat),
                  pprof_value_or_dot(r, b, cum), in->vaddr);
    if (place.len && strlen(in->text) < SHORT)
        strbuf_printf(out, "%-*s;%s\n", SHORT, in->text, place.p);
    else
        strbuf_printf(out, "%s\n", in->text);
    strbuf_release(&place);
}

/* An instruction is charged with all up to the next one; what it does not tell of
 * itself its samples do. */
static void put_code(const struct work *w, const struct routine *routine,
                     const struct object_code *code, struct strbuf *out)
{
    size_t hit = routine->first;
    struct location last = {"", "", 0};
    for (size_t i = 0; i < code->count; i++) {
        const struct object_inst *in = &code->insts[i];
        uint64_t next = i + 1 < code->count ? code->insts[i + 1].vaddr : UINT64_MAX;
        struct location at = {in->function, base_name(in->file), in->line};
        int64_t flat = 0, flat_div = 0, cum = 0, cum_div = 0;
        for (; hit < routine->last && w->hits[hit].vaddr < next; hit++) {
            const struct pprof_node *n = w->hits[hit].node;
            const struct pprof_frame *f = w->hits[hit].frame;
            flat = measure_add(flat, n->flat);
            flat_div = measure_add(flat_div, n->flat_div);
            cum = measure_add(cum, n->cum);
            cum_div = measure_add(cum_div, n->cum_div);
            at.file = at.file[0] ? at.file : base_name(f->file);
            at.line = at.line ? at.line : f->line;
            at.function = at.function[0] ? at.function : f->name;
        }
        bool changed = strcmp(at.function, last.function) != 0 || strcmp(at.file, last.file) != 0 ||
                       at.line != last.line;
        put_inst(w->r, in, measure_div(flat, flat_div), measure_div(cum, cum_div), &at, changed,
                 out);
        last = at;
    }
}

/* objdump's words where it is installed, which are those of google/pprof; capstone's
 * where it is not. */
static bool get_code(const struct work *w, const struct routine *routine, struct object_code *code,
                     struct err *err)
{
    const struct pprof_config *c = &w->r->config;
    if (strcmp(c->tools, PPROF_NO_TOOLS) != 0 &&
        object_objdump(routine->path, routine->begin, routine->end, c->intel_syntax, c->tools,
                       code))
        return true;
    if (strcmp(c->tools, PPROF_NO_TOOLS) != 0)
        arena_release(&code->arena);
    return object_disassemble(routine->object, routine->begin, routine->end, c->intel_syntax, code,
                              err);
}

static bool put_routine(const struct work *w, const struct routine *routine, struct strbuf *out,
                        struct err *err)
{
    char a[MEASURE_MAX], b[MEASURE_MAX], c[MEASURE_MAX];
    struct object_code code;
    bool ok = get_code(w, routine, &code, err);
    if (ok) {
        strbuf_printf(out, "ROUTINE ======================== %s\n", routine->names[0]);
        for (size_t i = 1; i < routine->name_count; i++)
            strbuf_printf(out, "    AKA ======================== %s\n", routine->names[i]);
        strbuf_printf(out, "%10s %10s (flat, cum) %s of Total\n",
                      pprof_value(w->r, a, routine->flat), pprof_value(w->r, b, routine->cum),
                      measure_percent(c, routine->cum, w->r->total));
        put_code(w, routine, &code, out);
    }
    arena_release(&code.arena);
    return ok;
}

static bool put_routines(struct work *w, struct strbuf *out, struct err *err)
{
    char buf[MEASURE_MAX];
    if (!w->count)
        return err_set(err, "no matches found for regexp: %s", pprof_rx_pattern(w->r->symbol));
    size_t max = w->r->config.max_functions;
    qsort(w->routines, w->count, sizeof *w->routines, max ? by_weight : by_name);
    w->count = max && max < w->count ? max : w->count;
    strbuf_printf(out, "Total: %s\n", pprof_value(w->r, buf, w->r->total));
    for (size_t i = 0; i < w->count; i++)
        if (!put_routine(w, &w->routines[i], out, err))
            return false;
    return true;
}

bool pprof_write_disasm(struct pprof_report *r, struct strbuf *out, struct err *err)
{
    struct work w = {.r = r};
    char *end;
    if (!r->symbol)
        return err_set(err, "which functions? An expression is needed");
    const char *pattern = pprof_rx_pattern(r->symbol);
    w.address = strtoull(pattern, &end, 0);
    w.has_address = *pattern && !*end;
    pprof_whole_init(&w.t, r);
    size_t count = r->model->mapping_count;
    struct object **objects = arena_array(&w.arena, count + 1, sizeof(struct object *));
    struct err problem = {0};
    for (size_t i = 0; i < count; i++) {
        const struct profile_mapping *m = &r->model->mappings[i];
        const struct object_map map = {m->start, m->limit, m->file_off};
        if (!has_samples(&w, m))
            continue;
        objects[i] = object_open(m->filename, &map, &problem);
        if (objects[i])
            add_file(&w, objects[i], m->filename);
    }
    bool ok = put_routines(&w, out, err);
    if (!ok && problem.text[0])
        err_hint(err, "%s", problem.text);
    for (size_t i = 0; i < count; i++)
        object_close(objects[i]);
    free(w.routines);
    free(w.hits);
    arena_release(&w.arena);
    pprof_trimmed_release(&w.t);
    return ok;
}
