#include "process/build.h"

#include <stdlib.h>
#include <string.h>

enum {
    BUILD_ID_MAX = 64
};

/* ---- tables ---- */

static const char *hex(struct arena *a, const uint8_t *bytes, size_t len)
{
    char *text = arena_alloc(a, 2 * len + 1);
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    return text;
}

static uint32_t module_of(struct process_builder *b, const struct process_map *m)
{
    return symbols_module(b->symbols, m->open, NULL, 0);
}

static uint32_t mapping_at(struct process_builder *b, const struct process_map *m)
{
    bool added;
    uint8_t id[BUILD_ID_MAX];
    uint64_t *mapping = map64_put(&b->mapping_of, m->begin, &added);
    if (!added)
        return (uint32_t)*mapping;
    *mapping = b->mapping_count++;
    mem_grow(&b->mappings, &b->mapping_cap, b->mapping_count, sizeof *b->mappings);
    struct arena *a = &b->profile->arena;
    size_t len = symbols_module_build_id(b->symbols, module_of(b, m), id);
    b->mappings[*mapping] = (struct profile_mapping){
        .id = *mapping + 1,
        .start = m->begin,
        .limit = m->end,
        .file_off = m->file_off,
        .filename = arena_strdup(a, m->path),
        .build_id = hex(a, id, len),
        /* complete: nobody shall look anything up again */
        .has_functions = true,
        .has_filenames = true,
        .has_line_numbers = true,
        .has_inline_frames = true,
    };
    return (uint32_t)*mapping;
}

static uint32_t function_at(struct process_builder *b, const char *name, const char *file)
{
    struct arena *a = &b->profile->arena;
    size_t name_len = strlen(name) + 1, file_len = strlen(file) + 1;
    char *key = arena_alloc(&b->scratch, name_len + file_len);
    memcpy(key, name, name_len);
    memcpy(key + name_len, file, file_len);
    uint32_t known = b->functions.count;
    uint32_t id = intern_bytes(&b->functions, key, name_len + file_len);
    if (id == known) {
        const char *own = arena_strdup(a, name);
        mem_grow(&b->function_list, &b->function_cap, (size_t)id + 1, sizeof *b->function_list);
        b->function_list[id] = (struct profile_function){
            .id = id + 1, .name = own, .system_name = own, .filename = arena_strdup(a, file)};
    }
    return id;
}

static uint32_t add_location(struct process_builder *b, struct profile_location l)
{
    mem_grow(&b->locations, &b->location_cap, b->location_count + 1, sizeof *b->locations);
    l.id = b->location_count + 1;
    b->locations[b->location_count] = l;
    return (uint32_t)b->location_count++;
}

static uint32_t location_at(struct process_builder *b, uint64_t addr, const struct process_map *m)
{
    bool added;
    uint64_t *at = map64_put(&b->location_of, addr, &added);
    if (!added)
        return (uint32_t)*at;
    const struct symbols_place *place =
        symbols_resolve(b->symbols, module_of(b, m), addr - m->begin + m->file_off);
    struct profile_line *lines = arena_array(&b->profile->arena, place->count, sizeof *lines);
    for (unsigned i = 0; i < place->count; i++)
        lines[i] = (struct profile_line){
            .function = function_at(b, place->frames[i].function, place->frames[i].file),
            .line = place->frames[i].line};
    *at = add_location(b, (struct profile_location){.address = addr,
                                                    .mapping = mapping_at(b, m),
                                                    .line_count = place->count,
                                                    .lines = lines});
    return (uint32_t)*at;
}

/* A frame that says why there is none. */
static uint32_t pseudo_at(struct process_builder *b, const char *name)
{
    bool added;
    uint32_t function = function_at(b, name, "");
    uint64_t *at = map64_put(&b->pseudo_of, function, &added);
    if (added) {
        struct profile_line line = {.function = function};
        const struct profile_line *lines = arena_memdup(&b->profile->arena, &line, sizeof line);
        *at = add_location(
            b, (struct profile_location){.mapping = PROFILE_NONE, .line_count = 1, .lines = lines});
    }
    return (uint32_t)*at;
}

/* The main program's mapping comes first, whether or not anything is in it: it is what
 * the kernel maps lowest. */
bool process_build_begin(struct process_builder *b, struct profile *p, pid_t pid, struct err *err)
{
    *p = (struct profile){0};
    *b = (struct process_builder){.profile = p, .symbols = symbols_new()};
    if (!process_maps_read(&b->scratch, pid, &b->maps, err)) {
        process_build_end(b);
        return false;
    }
    mapping_at(b, &b->maps.v[0]);
    return true;
}

/* ---- stacks and samples ---- */

static bool is_agent(const struct process_map *m)
{
    const char *slash = strrchr(m->path, '/');
    return slash && !strcmp(slash + 1, "libwhyprof-agent.so");
}

struct process_stack process_build_stack(struct process_builder *b, const uint64_t *pcs,
                                         size_t count, bool leaf_exact, const char *otherwise)
{
    uint32_t *locations = arena_array(&b->profile->arena, count + 1, sizeof *locations), depth = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t addr = pcs[i] - !(leaf_exact && i == 0);
        const struct process_map *m = process_map_at(&b->maps, addr);
        if (m && !is_agent(m))
            locations[depth++] = location_at(b, addr, m);
    }
    if (!depth)
        locations[depth++] = pseudo_at(b, otherwise);
    return (struct process_stack){locations, depth};
}

const char *process_build_name(struct process_builder *b, uint64_t addr)
{
    const struct process_map *m = process_map_at(&b->maps, addr);
    if (!m)
        return "";
    uint32_t at = location_at(b, addr, m);
    const struct profile_location *l = &b->locations[at];
    return b->function_list[l->lines[0].function].name;
}

void process_build_sample(struct process_builder *b, const struct process_stack *stack,
                          const int64_t *values, size_t value_count,
                          const struct profile_label *labels, size_t label_count)
{
    struct arena *a = &b->profile->arena;
    mem_grow(&b->samples, &b->sample_cap, b->sample_count + 1, sizeof *b->samples);
    b->samples[b->sample_count++] = (struct profile_sample){
        .locations = stack->locations,
        .depth = stack->depth,
        .values = arena_memdup(a, values, value_count * sizeof *values),
        .labels = label_count ? arena_memdup(a, labels, label_count * sizeof *labels) : NULL,
        .label_count = (uint32_t)label_count,
    };
}

#define PUBLISH(p, field, list, number)                                                            \
    do {                                                                                           \
        (p)->field = (number) ? arena_memdup(&(p)->arena, list, (number) * sizeof *(list)) : NULL; \
        free(list);                                                                                \
    } while (0)

void process_build_end(struct process_builder *b)
{
    struct profile *p = b->profile;
    p->location_count = b->location_count;
    p->function_count = b->functions.count;
    p->mapping_count = b->mapping_count;
    p->sample_count = b->sample_count;
    PUBLISH(p, locations, b->locations, b->location_count);
    PUBLISH(p, functions, b->function_list, b->functions.count);
    PUBLISH(p, mappings, b->mappings, b->mapping_count);
    PUBLISH(p, samples, b->samples, b->sample_count);
    map64_release(&b->location_of);
    map64_release(&b->pseudo_of);
    map64_release(&b->mapping_of);
    intern_release(&b->functions);
    symbols_free(b->symbols);
    arena_release(&b->scratch);
    *b = (struct process_builder){0};
}
