#include "base/map.h"
#include "base/strbuf.h"
#include "pprof/graph.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *pprof_clean_path(struct arena *a, const char *path)
{
    if (!strstr(path, "./") && !strstr(path, "//") && !strstr(path, "/.")) {
        size_t len = strlen(path);
        if (len < 2 || path[len - 1] != '/')
            return len == 0 ? "." : path;
    }
    bool rooted = path[0] == '/';
    char *out = arena_alloc(a, strlen(path) + 2);
    size_t len = 0, fixed = 0; /* `fixed`: the start that ".." cannot go back over */
    if (rooted)
        out[len++] = '/', fixed = 1;
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        if (n == 2 && !strncmp(p, "..", 2)) {
            if (len > fixed) {
                do
                    len--;
                while (len > fixed && out[len] != '/');
            } else if (!rooted) {
                if (len)
                    out[len++] = '/';
                memcpy(out + len, "..", 2);
                fixed = len += 2;
            }
        } else if (n && !(n == 1 && *p == '.')) {
            if (len > (size_t)rooted)
                out[len++] = '/';
            memcpy(out + len, p, n);
            len += n;
        }
        p += n + (p[n] == '/');
    }
    out[len] = 0;
    return len ? out : ".";
}

struct frame_maker {
    struct pprof_frames *f;
    const struct pprof_model *m;
    bool with_objects;
    struct intern strings; /* names, so that equal frames have equal keys */
    struct intern keys;
    size_t frame_cap;
    /* Of each function: its strings' numbers, and the cleaned file. */
    uint32_t *names, *files;
    const char **clean_files;
    uint32_t *objects; /* of each mapping */
};

struct frame_key {
    uint64_t address;
    int64_t line, column, start_line;
    uint32_t name, file, object, pad;
};

static void number_strings(struct frame_maker *fm)
{
    const struct pprof_model *m = fm->m;
    fm->names = mem_realloc(NULL, m->function_count + 1, sizeof *fm->names);
    fm->files = mem_realloc(NULL, m->function_count + 1, sizeof *fm->files);
    fm->clean_files = mem_realloc(NULL, m->function_count + 1, sizeof *fm->clean_files);
    fm->objects = mem_realloc(NULL, m->mapping_count + 1, sizeof *fm->objects);
    intern_str(&fm->strings, ""); /* number 0 */
    for (size_t i = 0; i < m->function_count; i++) {
        const char *file = m->functions[i].filename;
        fm->clean_files[i] = file[0] ? pprof_clean_path(&fm->f->arena, file) : "";
        fm->names[i] = intern_str(&fm->strings, m->functions[i].name);
        fm->files[i] = intern_str(&fm->strings, fm->clean_files[i]);
    }
    for (size_t i = 0; i < m->mapping_count; i++)
        fm->objects[i] = intern_str(&fm->strings, m->mappings[i].filename);
}

static uint32_t frame_for(struct frame_maker *fm, const struct profile_location *loc,
                          const struct profile_line *line)
{
    struct frame_key key = {.address = loc->address};
    struct pprof_frame frame = {.name = "", .file = "", .objfile = "", .address = loc->address};
    bool has_function = line && line->function != PROFILE_NONE;
    if (has_function) {
        const struct profile_function *fn = &fm->m->functions[line->function];
        frame.name = fn->name;
        frame.file = fm->clean_files[line->function];
        frame.line = key.line = line->line;
        frame.column = key.column = line->column;
        key.name = fm->names[line->function];
        key.file = fm->files[line->function];
        if (fm->with_objects || !fn->name[0])
            frame.start_line = key.start_line = fn->start_line;
    }
    if ((fm->with_objects || !frame.name[0]) && loc->mapping != PROFILE_NONE) {
        frame.objfile = fm->m->mappings[loc->mapping].filename;
        key.object = fm->objects[loc->mapping];
    }
    uint32_t id = intern_bytes(&fm->keys, &key, sizeof key);
    if (id == fm->f->count) {
        mem_grow(&fm->f->frames, &fm->frame_cap, id + 1u, sizeof frame);
        fm->f->frames[id] = frame;
        fm->f->count++;
    }
    return id;
}

void pprof_frames_init(struct pprof_frames *f, const struct pprof_model *m, bool with_objects)
{
    *f = (struct pprof_frames){0};
    struct frame_maker fm = {.f = f, .m = m, .with_objects = with_objects};
    number_strings(&fm);
    size_t lines = 0;
    for (size_t i = 0; i < m->location_count; i++)
        lines += m->locations[i].line_count ? m->locations[i].line_count : 1;
    f->first = arena_array(&f->arena, m->location_count + 1, sizeof *f->first);
    f->of_line = arena_array(&f->arena, lines + 1, sizeof *f->of_line);
    uint32_t n = 0;
    for (size_t i = 0; i < m->location_count; i++) {
        const struct profile_location *loc = &m->locations[i];
        f->first[i] = n;
        if (!loc->line_count) /* known by its address or binary alone */
            f->of_line[n++] = frame_for(&fm, loc, NULL);
        for (uint32_t k = 0; k < loc->line_count; k++)
            f->of_line[n++] = frame_for(&fm, loc, &loc->lines[k]);
        f->any_inline = f->any_inline || loc->line_count > 1;
    }
    f->first[m->location_count] = n;
    intern_release(&fm.strings);
    intern_release(&fm.keys);
    free(fm.names);
    free(fm.files);
    free(fm.clean_files);
    free(fm.objects);
}

void pprof_frames_release(struct pprof_frames *f)
{
    free(f->frames);
    arena_release(&f->arena);
    *f = (struct pprof_frames){0};
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int pprof_frame_parts(struct arena *a, const struct pprof_frame *frame, const char *parts[3])
{
    int n = 0;
    if (frame->address)
        parts[n++] = arena_printf(a, "%016" PRIx64, frame->address);
    if (frame->name[0])
        parts[n++] = frame->name;
    if (frame->line && frame->column)
        parts[n++] =
            arena_printf(a, "%s:%" PRId64 ":%" PRId64, frame->file, frame->line, frame->column);
    else if (frame->line)
        parts[n++] = arena_printf(a, "%s:%" PRId64, frame->file, frame->line);
    else if (frame->file[0])
        parts[n++] = frame->file;
    else if (!frame->name[0])
        parts[n++] =
            frame->objfile[0] ? arena_printf(a, "[%s]", base_name(frame->objfile)) : "<unknown>";
    return n;
}

const char *pprof_frame_name(struct pprof_frames *f, uint32_t frame)
{
    struct pprof_frame *fr = &f->frames[frame];
    if (fr->printable)
        return fr->printable;
    const char *parts[3];
    int n = pprof_frame_parts(&f->arena, fr, parts);
    fr->printable = n == 1   ? arena_strdup(&f->arena, parts[0])
                    : n == 2 ? arena_printf(&f->arena, "%s %s", parts[0], parts[1])
                             : arena_printf(&f->arena, "%s %s %s", parts[0], parts[1], parts[2]);
    return fr->printable;
}
