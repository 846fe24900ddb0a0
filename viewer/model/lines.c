#include "model/lines.h"

#include "base/file.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    SOURCE_MOST_BYTES = 16 << 20
};

/* Place of a (function, line) pair, made where missing. */
static struct model_line *line_of(struct model_lines *l, struct map64 *at, const struct profile *p,
                                  const struct profile_line *line)
{
    bool added;
    const struct profile_function *f = &p->functions[line->function];
    uint64_t *index = map64_put(at, (uint64_t)line->function << 32 | (uint32_t)line->line, &added);
    if (added) {
        *index = l->count;
        mem_grow(&l->v, &l->cap, l->count + 1, sizeof *l->v);
        l->v[l->count++] = (struct model_line){
            .function = profile_line_name(p, line), .file = f->filename, .line = line->line};
    }
    return &l->v[*index];
}

static void add_sample(struct model_lines *l, struct map64 *at, struct map64 *seen,
                       const struct profile *p, const struct profile_sample *s, uint64_t weight)
{
    map64_clear(seen);
    for (uint32_t d = 0; d < s->depth; d++) {
        const struct profile_location *loc = &p->locations[s->locations[d]];
        for (uint32_t i = 0; i < loc->line_count; i++) {
            bool first;
            if (loc->lines[i].function == PROFILE_NONE)
                continue;
            struct model_line *line = line_of(l, at, p, &loc->lines[i]);
            if (!d && !i)
                line->self += weight;
            map64_put(seen, (uint64_t)(line - l->v), &first);
            if (first)
                line->total += weight;
        }
    }
}

static int by_place(const void *a, const void *b)
{
    const struct model_line *x = a, *y = b;
    int order = strcmp(x->file, y->file);
    if (order)
        return order;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return strcmp(x->function, y->function);
}

void model_lines_sort(struct model_lines *l)
{
    if (l->count)
        qsort(l->v, l->count, sizeof *l->v, by_place);
}

void model_lines_from_profile(struct model_lines *l, const struct profile *p, size_t type)
{
    struct map64 at = {0}, seen = {0};
    l->count = 0;
    l->all = 0;
    for (size_t i = 0; i < p->sample_count; i++) {
        if (p->samples[i].values[type] <= 0)
            continue;
        l->all += (uint64_t)p->samples[i].values[type];
        add_sample(l, &at, &seen, p, &p->samples[i], (uint64_t)p->samples[i].values[type]);
    }
    model_lines_sort(l);
    map64_release(&at);
    map64_release(&seen);
}

void model_lines_release(struct model_lines *l)
{
    free(l->v);
    *l = (struct model_lines){0};
}

static bool read_text(struct model_source *s, const char *path)
{
    struct stat st;
    struct err err;
    size_t bytes;
    if (stat(path, &st) || !S_ISREG(st.st_mode) || st.st_size > SOURCE_MOST_BYTES ||
        !file_read(path, &s->text, &bytes, &err))
        return false;
    s->path = strdup(path);
    return true;
}

/* The last 1, 2, 3 ... parts of `file` below a folder, the longest first. */
static bool find_below(struct model_source *s, const char *folder, const char *file)
{
    struct arena a = {0};
    bool found = false;
    for (const char *part = file; part && !found; part = strchr(part, '/')) {
        part += *part == '/';
        if (*part)
            found = read_text(s, arena_printf(&a, "%s/%s", folder, part));
    }
    arena_release(&a);
    return found;
}

static void cut(struct model_source *s)
{
    size_t cap = 0;
    for (char *line = s->text; line && *line;) {
        char *end = strchr(line, '\n');
        mem_grow(&s->lines, &cap, s->count + 1, sizeof *s->lines);
        s->lines[s->count++] = line;
        if (end)
            *end = '\0';
        line = end ? end + 1 : NULL;
    }
}

bool model_source_open(struct model_source *s, const char *file, const char *beside)
{
    *s = (struct model_source){0};
    if (!file[0] || (!read_text(s, file) && !find_below(s, ".", file) &&
                     !(beside && find_below(s, beside, file))))
        return false;
    cut(s);
    return true;
}

void model_source_release(struct model_source *s)
{
    free(s->text);
    free(s->path);
    free(s->lines);
    *s = (struct model_source){0};
}
