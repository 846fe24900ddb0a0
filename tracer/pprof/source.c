#include "pprof/source.h"

#include "base/file.h"
#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct pprof_source_file {
    char *text;         /* owned; lines end with NUL */
    const char **lines; /* owned; of number 1 on */
    size_t count;
    const char *problem; /* in the arena, or NULL */
};

void pprof_sources_init(struct pprof_sources *s, const char *search_path, const char *trim_path)
{
    char wd[4096];
    *s = (struct pprof_sources){0};
    s->trim_path = arena_strdup(&s->arena, trim_path);
    if (!search_path[0])
        search_path = getcwd(wd, sizeof wd) ? wd : "";
    s->search_path = arena_strdup(&s->arena, search_path);
}

void pprof_sources_release(struct pprof_sources *s)
{
    for (uint32_t i = 0; i < s->names.count; i++) {
        free(s->files[i]->text);
        free(s->files[i]->lines);
    }
    free(s->files);
    intern_release(&s->names);
    arena_release(&s->arena);
}

const char *pprof_trim_path(const char *path, const char *trim_path, const char *search_path)
{
    bool is_search = !trim_path[0];
    struct strbuf sb = {0};
    for (const char *p = is_search ? search_path : trim_path; *p;) {
        size_t len = strcspn(p, ":");
        const char *next = p + len + (p[len] == ':');
        while (len > 1 && p[len - 1] == '/')
            len--;
        const char *name = p;
        for (size_t i = 0; is_search && i + 1 < len; i++)
            if (p[i] == '/')
                name = p + i + 1;
        strbuf_clear(&sb);
        strbuf_printf(&sb, "%s%.*s/", is_search ? "/" : "", (int)(len - (size_t)(name - p)), name);
        const char *at = strstr(path, sb.p);
        if (at && (is_search || at == path)) {
            path = at + sb.len;
            strbuf_release(&sb);
            return path;
        }
        p = next;
    }
    strbuf_release(&sb);
    static const char *const own[] = {"/proc/self/cwd/./", "/proc/self/cwd/"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (!strncmp(path, own[i], strlen(own[i])))
            return path + strlen(own[i]);
    return path;
}

/* ---- finding ---- */

/* No pipe or device: those may wait for ever. */
static bool is_readable(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, R_OK) == 0;
}

/* Looks in a folder and in all those above it. */
static const char *find_upwards(struct arena *a, const char *folder, size_t len, const char *path)
{
    for (;;) {
        const char *name = arena_printf(a, "%.*s/%s", (int)len, folder, path);
        if (is_readable(name))
            return name;
        if (len == 0 || (len == 1 && folder[0] == '.'))
            return NULL;
        while (len > 0 && folder[len - 1] != '/')
            len--;
        while (len > 0 && folder[len - 1] == '/')
            len--;
        if (len == 0 && folder[0] != '/') { /* relative: its last parent is here */
            folder = ".";
            len = 1;
        }
    }
}

static const char *find_file(struct pprof_sources *s, const char *path, const char **problem)
{
    path = pprof_trim_path(path, s->trim_path, s->search_path);
    if (path[0] == '/') {
        if (is_readable(path))
            return path;
        *problem = arena_printf(&s->arena, "open %s: %s", path,
                                access(path, R_OK) ? "no such file or directory" : "not a file");
        if (errno == EACCES)
            *problem = arena_printf(&s->arena, "open %s: permission denied", path);
        return NULL;
    }
    const char *go = getenv("GOPATH"), *list = s->search_path;
    if (go && *go)
        list = arena_printf(&s->arena, "%s:%s/pkg/mod", list, go);
    for (const char *p = list; *p;) {
        size_t len = strcspn(p, ":");
        const char *found = len ? find_upwards(&s->arena, p, len, path) : NULL;
        if (found)
            return found;
        p += len + (p[len] == ':');
    }
    *problem = arena_printf(&s->arena, "could not find file %s on path %s", path, s->search_path);
    return NULL;
}

/* ---- reading ---- */

static void split(struct pprof_source_file *f, size_t bytes)
{
    size_t cap = 0;
    for (char *p = f->text, *end = f->text + bytes; p < end;) {
        char *stop = memchr(p, '\n', (size_t)(end - p));
        stop = stop ? stop : end;
        *stop = 0;
        if (stop > p && stop[-1] == '\r')
            stop[-1] = 0;
        mem_grow(&f->lines, &cap, f->count + 1, sizeof(const char *));
        f->lines[f->count++] = p;
        p = stop + 1;
    }
}

static struct pprof_source_file *source_file(struct pprof_sources *s, const char *path)
{
    uint32_t known = s->names.count, id = intern_str(&s->names, path);
    if (id < known)
        return s->files[id];
    mem_grow(&s->files, &s->cap, id + 1u, sizeof(struct pprof_source_file *));
    struct pprof_source_file *f = arena_alloc(&s->arena, sizeof *f);
    s->files[id] = f;
    size_t bytes;
    struct err err;
    const char *name = find_file(s, path, &f->problem);
    if (!name)
        return f;
    if (file_read(name, &f->text, &bytes, &err))
        split(f, bytes);
    else
        f->problem = arena_strdup(&s->arena, err.text);
    return f;
}

const char *pprof_source_line(struct pprof_sources *s, const char *path, int64_t line)
{
    const struct pprof_source_file *f = source_file(s, path);
    return line >= 1 && (uint64_t)line <= f->count ? f->lines[line - 1] : NULL;
}

const char *pprof_source_problem(struct pprof_sources *s, const char *path)
{
    return source_file(s, path)->problem;
}
