/* Where the programs of a profile are: google/pprof's search. */
#include "base/strbuf.h"
#include "pprof/symbolize.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

struct search {
    const struct pprof_notes *notes;
    struct arena arena;
    const char **names; /* candidates, in order */
    size_t count, cap;
};

static void add(struct search *s, const char *name)
{
    mem_grow(&s->names, &s->cap, s->count + 1, sizeof(const char *));
    s->names[s->count++] = name;
}

static void add_matches(struct search *s, const char *pattern)
{
    glob_t found;
    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            add(s, arena_strdup(&s->arena, found.gl_pathv[i]));
    globfree(&found);
}

/* The layouts of pprof, perf and gdb. */
static void add_names(struct search *s, const char *folder, const struct profile_mapping *m)
{
    const char *slash = strrchr(m->filename, '/'), *base = slash ? slash + 1 : m->filename;
    const char *id = m->build_id;
    if (id[0]) {
        add(s, arena_printf(&s->arena, "%s/%s/%s", folder, id, base));
        add_matches(s, arena_printf(&s->arena, "%s/%s/*", folder, id));
        add(s, arena_printf(&s->arena, "%s/%s/%s", folder, m->filename, id));
        if (strlen(id) > 2)
            add(s, arena_printf(&s->arena, "%s/%.2s/%s.debug", folder, id, id + 2));
    }
    if (!m->filename[0])
        return;
    add(s, arena_printf(&s->arena, "%s/%s", folder, base));
    add(s, arena_printf(&s->arena, "%s/%s", folder, m->filename));
    add(s, arena_printf(&s->arena, "%s/%s.debug", folder, base));
    int dir = (int)(base - m->filename);
    add(s, arena_printf(&s->arena, "%s/%.*s.debug/%s.debug", folder, dir, m->filename, base));
    add(s, arena_printf(&s->arena, "%s/usr/lib/debug/%s.debug", folder, m->filename));
}

/* The first candidate that is the mapping's file; NULL for none. */
static const char *find(struct search *s, const struct profile_mapping *m)
{
    const struct object_map map = {m->start, m->limit, m->file_off};
    for (size_t i = 0; i < s->count; i++) {
        struct err err;
        struct object *o = object_open(s->names[i], &map, &err);
        if (!o)
            continue;
        bool same = !m->build_id[0] || !strcmp(m->build_id, object_build_id(o));
        if (!same)
            pprof_note(s->notes, "Ignoring local file %s: build-id mismatch (%s != %s)",
                       s->names[i], m->build_id, object_build_id(o));
        object_close(o);
        if (same)
            return s->names[i];
    }
    return NULL;
}

static const char *search_path(struct search *s)
{
    const char *path = getenv("PPROF_BINARY_PATH"), *home = getenv("HOME");
    return path && *path ? path : arena_printf(&s->arena, "%s/pprof/binaries", home ? home : "");
}

void pprof_locate_binaries(struct pprof_model *m, const struct pprof_notes *notes)
{
    struct search s = {.notes = notes};
    const char *path = search_path(&s);
    for (size_t i = 0; i < m->mapping_count; i++)
        for (const char *p = path; *p;) {
            size_t len = strcspn(p, ":");
            s.count = 0;
            if (len)
                add_names(&s, arena_strndup(&s.arena, p, len), &m->mappings[i]);
            const char *found = find(&s, &m->mappings[i]);
            if (found) {
                m->mappings[i].filename = arena_strdup(&m->arena, found);
                break;
            }
            p += len + (p[len] == ':');
        }
    free(s.names);
    arena_release(&s.arena);
}
