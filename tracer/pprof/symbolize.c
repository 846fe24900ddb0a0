#include "pprof/symbolize.h"

#include "base/map.h"
#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- what is wanted ---- */

static bool take_demangle(struct pprof_symbolize *how, const char *value)
{
    static const struct {
        const char *word;
        enum object_names names;
    } modes[] = {{"full", OBJECT_NAMES_FULL},
                 {"none", OBJECT_NAMES_RAW},
                 {"templates", OBJECT_NAMES_TEMPLATES}};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(value, modes[i].word)) {
            how->names = modes[i].names;
            how->force = true;
            return true;
        }
    return !strcmp(value, "default");
}

static bool take_word(struct pprof_symbolize *how, const char *word)
{
    if (!strcmp(word, "none") || !strcmp(word, "no")) {
        how->nothing = true;
    } else if (!strcmp(word, "local") || !strcmp(word, "fastlocal")) {
        how->local = true;
        how->remote = false;
        how->fast = word[0] == 'f';
    } else if (!strcmp(word, "remote")) {
        how->remote = true;
        how->local = false;
    } else if (!strcmp(word, "force")) {
        how->force = true;
    } else {
        return take_demangle(how, strncmp(word, "demangle=", 9) ? word : word + 9);
    }
    return true;
}

struct pprof_symbolize pprof_symbolize_parse(const char *mode, const struct pprof_notes *notes)
{
    struct pprof_symbolize how = {.local = true, .remote = true};
    struct arena a = {0};
    char *words = arena_strdup(&a, mode);
    for (char *p = words; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + 32);
    for (char *word; !how.nothing && (word = strsep(&words, ":"));) {
        if (!*word || take_word(&how, word))
            continue;
        pprof_note(notes, "ignoring unrecognized symbolization option: %s", mode);
        pprof_note(notes, "expecting -symbolize=[local|fastlocal|remote|none][:force]"
                          "[:demangle=[none|full|templates|default]");
    }
    arena_release(&a);
    return how;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool pprof_wants_symbols(const struct profile_mapping *m, bool force)
{
    const char *base = base_name(m->filename);
    if (!force && (m->has_functions || m->has_filenames || m->has_line_numbers))
        return false;
    if (!m->build_id[0] && !strncasecmp(m->filename, "http", 4) && strstr(m->filename, "://"))
        return false;
    return base[0] != '[' && strncmp(base, "linux-vdso", 10) != 0 &&
           strncmp(m->filename, "/dev/dri/", 9) != 0;
}

static struct object *open_mapping(const char *path, const struct profile_mapping *m,
                                   struct err *err)
{
    const struct object_map map = {m->start, m->limit, m->file_off};
    return object_open(path, &map, err);
}

/* ---- setting ---- */

struct setter {
    struct pprof_model *m;
    struct profile_function *functions; /* owned until done */
    size_t count, cap;
    struct intern keys;
    struct map64 by_key; /* of those added */
    struct strbuf text;
    uint64_t next_id;
};

static uint32_t set_function(struct setter *s, const struct object_frame *f)
{
    strbuf_clear(&s->text);
    strbuf_printf(&s->text, "%s\n%s", f->function, f->file);
    bool added;
    uint64_t *row = map64_put(&s->by_key, intern_bytes(&s->keys, s->text.p, s->text.len), &added);
    if (added) {
        *row = s->count;
        const char *name = arena_strdup(&s->m->arena, f->function);
        mem_grow(&s->functions, &s->cap, s->count + 1, sizeof *s->functions);
        s->functions[s->count++] =
            (struct profile_function){.id = s->next_id++,
                                      .name = name,
                                      .system_name = name,
                                      .filename = arena_strdup(&s->m->arena, f->file)};
    }
    return (uint32_t)*row;
}

static void set_location(struct setter *s, const struct pprof_place *place)
{
    struct profile_location *loc = &s->m->locations[place->location];
    struct profile_mapping *mapping =
        loc->mapping == PROFILE_NONE ? NULL : &s->m->mappings[loc->mapping];
    struct profile_line *lines = arena_array(&s->m->arena, place->count, sizeof *lines);
    for (unsigned i = 0; i < place->count; i++) {
        const struct object_frame *f = &place->frames[i];
        lines[i] = (struct profile_line){.function = set_function(s, f), .line = f->line};
        if (!mapping)
            continue;
        mapping->has_functions |= f->function[0] != 0;
        mapping->has_filenames |= f->file[0] != 0;
        mapping->has_line_numbers |= f->line != 0;
        mapping->has_inline_frames = true;
    }
    loc->lines = lines;
    loc->line_count = place->count;
    loc->is_folded = false;
}

void pprof_set_places(struct pprof_model *m, const struct pprof_place *places, size_t count)
{
    struct setter s = {.m = m, .next_id = 1};
    mem_grow(&s.functions, &s.cap, m->function_count + 1, sizeof *s.functions);
    if (m->function_count)
        memcpy(s.functions, m->functions, m->function_count * sizeof *s.functions);
    s.count = m->function_count;
    for (size_t i = 0; i < s.count; i++)
        s.next_id = s.functions[i].id >= s.next_id ? s.functions[i].id + 1 : s.next_id;
    for (size_t i = 0; i < count; i++)
        set_location(&s, &places[i]);
    m->functions = arena_memdup(&m->arena, s.functions, s.count * sizeof *s.functions);
    m->function_count = s.count;
    free(s.functions);
    intern_release(&s.keys);
    map64_release(&s.by_key);
    strbuf_release(&s.text);
}

/* ---- from files ---- */

struct local {
    struct pprof_model *m;
    const struct pprof_symbolize *how;
    const struct pprof_notes *notes;
    struct arena arena;
    struct object **objects; /* of each mapping; NULL where nothing is to be had */
    struct pprof_place *places;
    size_t count, cap;
};

static struct object *open_object(struct local *l, size_t index, bool *missing)
{
    const struct profile_mapping *m = &l->m->mappings[index];
    struct err err;
    if (!m->filename[0]) {
        if (index == 0)
            pprof_note(l->notes, "Main binary filename not available.");
        *missing |= index != 0;
        return NULL;
    }
    const char *name = base_name(m->filename);
    if (m->build_id[0])
        name = arena_printf(&l->arena, "%s (build ID %s)", name, m->build_id);
    struct object *o = open_mapping(m->filename, m, &err);
    if (!o) {
        pprof_note(l->notes, "Local symbolization failed for %s: %s", name, err.text);
        *missing = true;
    } else if (m->build_id[0] && object_build_id(o)[0] &&
               strcmp(object_build_id(o), m->build_id) != 0) {
        pprof_note(l->notes, "Local symbolization failed for %s: build ID mismatch", name);
        object_close(o);
        o = NULL;
    }
    return o;
}

static bool open_objects(struct local *l)
{
    const struct pprof_model *m = l->m;
    bool *used = arena_array(&l->arena, m->mapping_count + 1, sizeof *used);
    bool missing = false, any = false;
    for (size_t i = 0; i < m->location_count; i++)
        if (m->locations[i].mapping != PROFILE_NONE)
            used[m->locations[i].mapping] = true;
    l->objects = arena_array(&l->arena, m->mapping_count + 1, sizeof(struct object *));
    for (size_t i = 0; i < m->mapping_count; i++) {
        if (used[i] && pprof_wants_symbols(&m->mappings[i], l->how->force))
            l->objects[i] = open_object(l, i, &missing);
        any |= l->objects[i] != NULL;
    }
    if (missing)
        pprof_note(l->notes,
                   "Some binary filenames not available. Symbolization may be incomplete.\n"
                   "Try setting PPROF_BINARY_PATH to the search path for local binaries.");
    return any;
}

static void look_up(struct local *l, uint32_t location)
{
    const struct profile_location *loc = &l->m->locations[location];
    struct object *o = loc->mapping == PROFILE_NONE ? NULL : l->objects[loc->mapping];
    struct object_frame frames[OBJECT_FRAMES];
    uint64_t vaddr;
    if (!o || !object_vaddr(o, loc->address, &vaddr))
        return;
    unsigned n = object_frames(o, vaddr, l->how->fast, frames);
    if (!n)
        return;
    mem_grow(&l->places, &l->cap, l->count + 1, sizeof *l->places);
    l->places[l->count++] =
        (struct pprof_place){location, arena_memdup(&l->arena, frames, n * sizeof *frames), n};
}

void pprof_symbolize_local(struct pprof_model *m, const struct pprof_symbolize *how,
                           const struct pprof_notes *notes)
{
    struct local l = {.m = m, .how = how, .notes = notes};
    if (open_objects(&l)) {
        for (uint32_t i = 0; i < m->location_count; i++)
            look_up(&l, i);
        if (l.count)
            pprof_set_places(m, l.places, l.count);
    }
    for (size_t i = 0; i < m->mapping_count; i++)
        object_close(l.objects[i]);
    free(l.places);
    arena_release(&l.arena);
}

void pprof_demangle(struct pprof_model *m, const struct pprof_symbolize *how)
{
    for (size_t i = 0; i < m->function_count; i++) {
        struct profile_function *f = &m->functions[i];
        if (how->force && f->name[0] && f->system_name[0])
            f->name = f->system_name;
        if (!f->name[0] || !strcmp(f->name, f->system_name))
            f->name = object_readable_name(&m->arena, f->system_name, how->names);
    }
}
