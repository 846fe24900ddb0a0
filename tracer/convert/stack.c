/* Call stacks: addresses become places in files at once, by the mappings of
 * that moment, and names at the end, each place once. */
#include "convert/model.h"

#include "symbols/symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A place, interned by its bytes. */
struct place_key {
    uint64_t where; /* module, or a process's index | NOT_MAPPED */
    uint64_t at;    /* offset in the module's file, or an address */
};
#define NOT_MAPPED (UINT64_C(1) << 63)
/* In the ids of stacks that were told without one. */
#define TOLD_WHOLE (UINT64_C(1) << 63)

uint32_t stack_meet(struct model *m, struct proc *p, uint64_t id)
{
    if (!id)
        return 0;
    bool added;
    uint64_t *stack = map64_put(&p->stacks, id, &added);
    if (added)
        *stack = trace_writer_stack_new(m->w);
    p->recent_stacks[id % PROC_RECENT_STACKS] = (struct recent_stack){id, (uint32_t)*stack};
    return (uint32_t)*stack;
}

/* -- mappings */

static size_t first_ending_after(const struct proc *p, uint64_t addr)
{
    size_t lo = 0, hi = p->mapping_count;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (p->mappings[mid].end <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static const struct mapping *mapping_at(const struct proc *p, uint64_t addr)
{
    size_t i = first_ending_after(p, addr);
    return i < p->mapping_count && p->mappings[i].begin <= addr ? &p->mappings[i] : NULL;
}

static void add_mapping(struct proc *p, struct mapping map)
{
    size_t from = first_ending_after(p, map.begin), to = from;
    while (to < p->mapping_count && p->mappings[to].begin < map.end)
        to++;
    mem_grow(&p->mappings, &p->mapping_cap, p->mapping_count + 1, sizeof *p->mappings);
    memmove(p->mappings + from + 1, p->mappings + to,
            (p->mapping_count - to) * sizeof *p->mappings);
    p->mapping_count = p->mapping_count - (to - from) + 1;
    p->mappings[from] = map;
}

enum {
    BUILD_ID_MAX = 64
};

static size_t build_id_bytes(const struct event *ev, uint8_t bytes[BUILD_ID_MAX])
{
    const uint64_t *words = event_seq(ev);
    size_t len = ev->seq_len < BUILD_ID_MAX ? ev->seq_len : BUILD_ID_MAX;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)words[i];
    return len;
}

static uint32_t hex_string(struct model *m, const uint8_t *bytes, size_t len)
{
    char text[2 * BUILD_ID_MAX + 1] = "";
    for (size_t i = 0; i < len; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return model_str(m, text);
}

static void take_mapping(struct model *m, struct proc *p, struct mapping map, const char *path,
                         const uint8_t *build_id, size_t len)
{
    map.module = symbols_module(m->symbols, path, build_id, len);
    if (map.end <= map.begin)
        return;
    const struct mapping *known = mapping_at(p, map.begin);
    if (known && !known->inherited && !memcmp(known, &map, offsetof(struct mapping, module)) &&
        known->module == map.module)
        return; /* said again for a session that began later */
    add_mapping(p, map);
    if (p->ours && !p->announced)
        return; /* our own image, before the program's: nobody asked for it */
    MODEL_ROW(m, MODULE, 0, [TRACE_MODULE_pid] = p->pid, [TRACE_MODULE_begin] = map.begin,
              [TRACE_MODULE_end] = map.end, [TRACE_MODULE_file_off] = map.file_off,
              [TRACE_MODULE_path] = model_str(m, path),
              [TRACE_MODULE_build_id] = hex_string(m, build_id, len));
}

void stack_module(struct model *m, const struct event *ev)
{
    uint8_t build_id[BUILD_ID_MAX];
    size_t len = build_id_bytes(ev, build_id);
    struct mapping map = {
        .begin = ev->v[MODULE_begin],
        .end = ev->v[MODULE_end],
        .file_off = ev->v[MODULE_file_off],
    };
    take_mapping(m, proc_get(m, ev->vpid, ev->ts), map, event_str(ev, MODULE_path), build_id, len);
}

void stack_module_of(struct model *m, const struct event *ev)
{
    struct mapping map = {
        .begin = ev->v[MODULE_OF_begin],
        .end = ev->v[MODULE_OF_end],
        .file_off = ev->v[MODULE_OF_file_off],
    };
    take_mapping(m, proc_get(m, (uint32_t)ev->v[MODULE_OF_pid], ev->ts), map,
                 event_str(ev, MODULE_OF_path), NULL, 0);
}

void stack_inherit_mappings(struct proc *child, const struct proc *parent)
{
    if (child->mapping_count || !parent->mapping_count)
        return;
    mem_grow(&child->mappings, &child->mapping_cap, parent->mapping_count, sizeof *child->mappings);
    for (size_t i = 0; i < parent->mapping_count; i++) {
        child->mappings[i] = parent->mappings[i];
        child->mappings[i].inherited = true;
    }
    child->mapping_count = parent->mapping_count;
}

/* -- definitions */

static struct place_key place_of(const struct proc *p, uint64_t addr)
{
    const struct mapping *map = mapping_at(p, addr);
    if (!map)
        return (struct place_key){p->index | NOT_MAPPED, addr};
    return (struct place_key){map->module, addr - map->begin + map->file_off};
}

static void define(struct model *m, const struct proc *p, uint32_t stack, const uint64_t *frames,
                   uint32_t depth, bool leaf_exact)
{
    bool added;
    uint64_t *index = map64_put(&m->stack_def_of, stack, &added);
    if (!stack || !added)
        return;
    *index = m->stack_def_count;
    struct stack_def def = {.stack = stack, .depth = depth, .first = m->stack_place_count};
    mem_grow(&m->stack_places, &m->stack_place_cap, def.first + def.depth, sizeof(uint32_t));
    for (uint32_t i = 0; i < def.depth; i++) {
        /* A return address may be the next function's first byte: look one before it. */
        uint64_t addr = i == 0 && leaf_exact ? frames[i] : frames[i] - 1;
        struct place_key key = place_of(p, addr);
        m->stack_places[m->stack_place_count++] = intern_bytes(&m->places, &key, sizeof key);
    }
    mem_grow(&m->stack_defs, &m->stack_def_cap, m->stack_def_count + 1, sizeof *m->stack_defs);
    m->stack_defs[m->stack_def_count++] = def;
}

void stack_define(struct model *m, const struct event *ev)
{
    struct proc *p = proc_get(m, ev->vpid, ev->ts);
    define(m, p, stack_get(m, p, ev->v[STACK_id]), event_seq(ev), ev->seq_len,
           ev->v[STACK_leaf_exact]);
}

/* Known by its hash, beside the agent's ids, which are short. */
uint32_t stack_of_frames(struct model *m, struct proc *p, const uint64_t *frames, uint32_t count)
{
    if (!count)
        return 0;
    uint32_t stack = stack_get(m, p, hash_bytes(frames, count * sizeof *frames) | TOLD_WHOLE);
    define(m, p, stack, frames, count, true);
    return stack;
}

/* -- names, at the end */

static struct place_key place_get(const struct model *m, uint32_t id)
{
    struct place_key key;
    memcpy(&key, intern_get(&m->places, id), sizeof key);
    if (key.where & NOT_MAPPED) {
        /* Perhaps its mapping was told after the stack (a constructor in dlopen). */
        const struct proc *p = m->procs[key.where & ~NOT_MAPPED];
        if (mapping_at(p, key.at))
            key = place_of(p, key.at);
    }
    return key;
}

/* The frames of one place, appended to *frames. */
static size_t write_frames(struct model *m, uint32_t place_id, uint32_t **frames, size_t *cap,
                           size_t count)
{
    struct place_key key = place_get(m, place_id);
    if (key.where & NOT_MAPPED) {
        mem_grow(frames, cap, count + 1, sizeof **frames);
        (*frames)[count] = trace_writer_frame(
            m->w,
            (uint64_t[TRACE_FRAME_COLUMNS]){[TRACE_FRAME_address] = key.at,
                                            [TRACE_FRAME_function] = model_str(m, "[unknown]")});
        return count + 1;
    }
    const struct symbols_place *place = symbols_resolve(m->symbols, (uint32_t)key.where, key.at);
    uint32_t module = model_str(m, symbols_module_path(m->symbols, (uint32_t)key.where));
    mem_grow(frames, cap, count + place->count, sizeof **frames);
    for (unsigned i = 0; i < place->count; i++) {
        const struct symbols_frame *f = &place->frames[i];
        (*frames)[count + i] =
            trace_writer_frame(m->w, (uint64_t[TRACE_FRAME_COLUMNS]){
                                         [TRACE_FRAME_address] = place->vaddr,
                                         [TRACE_FRAME_function] = model_str(m, f->function),
                                         [TRACE_FRAME_file] = model_str(m, f->file),
                                         [TRACE_FRAME_line] = f->line,
                                         [TRACE_FRAME_module] = module,
                                         [TRACE_FRAME_inlined] = f->inlined,
                                     });
    }
    return count + place->count;
}

void stack_resolve(struct model *m)
{
    for (; m->resolved < m->places.count; m->resolved++) {
        struct place_key key = place_get(m, m->resolved);
        if (!(key.where & NOT_MAPPED))
            symbols_resolve(m->symbols, (uint32_t)key.where, key.at);
    }
}

bool stack_finish(struct model *m)
{
    /* first[i] is where place i's frames begin in frames[]. */
    size_t *first = mem_realloc(NULL, (size_t)m->places.count + 1, sizeof *first);
    uint32_t *frames = NULL, *stack = NULL;
    size_t cap = 0, count = 0, stack_cap = 0;
    bool go_on = true;
    for (uint32_t i = 0; i < m->places.count && go_on; i++) {
        first[i] = count;
        count = write_frames(m, i, &frames, &cap, count);
        go_on = progress_step(m->progress, "finding symbols", i, m->places.count);
    }
    first[m->places.count] = count;
    for (size_t d = 0; d < m->stack_def_count && go_on; d++) {
        const struct stack_def *def = &m->stack_defs[d];
        size_t depth = 0;
        for (uint32_t i = 0; i < def->depth; i++) {
            uint32_t place = m->stack_places[def->first + i];
            size_t n = first[place + 1] - first[place];
            mem_grow(&stack, &stack_cap, depth + n, sizeof *stack);
            memcpy(stack + depth, frames + first[place], n * sizeof *stack);
            depth += n;
        }
        trace_writer_stack_define(m->w, def->stack, stack, depth);
    }
    free(first);
    free(frames);
    free(stack);
    return go_on;
}

uint32_t stack_function(struct model *m, const struct proc *p, uint64_t addr)
{
    const struct mapping *map = p ? mapping_at(p, addr) : NULL;
    char text[24];
    if (map) {
        uint64_t off = addr - map->begin + map->file_off;
        const struct symbols_place *place = symbols_resolve(m->symbols, map->module, off);
        return model_str(m, place->frames[place->count - 1].function);
    }
    snprintf(text, sizeof text, "0x%llx", (unsigned long long)addr);
    return model_str(m, text);
}

const char *stack_data_symbol(struct model *m, const struct proc *p, uint64_t addr)
{
    for (size_t i = 0; i < p->mapping_count; i++) {
        const struct mapping *map = &p->mappings[i];
        const char *name = symbols_data(m->symbols, map->module, map->begin, map->file_off, addr);
        if (name)
            return name;
    }
    return NULL;
}

/* Frames that say nothing about whose lock it is. */
static bool is_plumbing(const char *module_path)
{
    static const char *const files[] = {"libc.so", "libpthread", "libwhyprof-agent", "ld-linux",
                                        "libstdc++"};
    const char *slash = strrchr(module_path, '/');
    const char *file = slash ? slash + 1 : module_path;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (!strncmp(file, files[i], strlen(files[i])))
            return true;
    return false;
}

const char *stack_site(struct model *m, uint32_t stack)
{
    uint64_t *index = stack ? map64_get(&m->stack_def_of, stack) : NULL;
    if (!index)
        return NULL;
    const struct stack_def *def = &m->stack_defs[*index];
    for (uint32_t i = 0; i < def->depth; i++) {
        struct place_key key = place_get(m, m->stack_places[def->first + i]);
        if (key.where & NOT_MAPPED ||
            is_plumbing(symbols_module_path(m->symbols, (uint32_t)key.where)))
            continue;
        const struct symbols_place *place =
            symbols_resolve(m->symbols, (uint32_t)key.where, key.at);
        return place->frames[place->count - 1].function;
    }
    return NULL;
}
