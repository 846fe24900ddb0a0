#include "process/maps.h"

#include "base/file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A process in a container names files by its own root. */
static bool shares_our_files(pid_t pid)
{
    char path[64], theirs[64] = "", ours[64] = "";
    snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)pid);
    return readlink(path, theirs, sizeof theirs - 1) < 0 ||
           readlink("/proc/self/ns/mnt", ours, sizeof ours - 1) < 0 || !strcmp(theirs, ours);
}

/* A file that was replaced is still there for who has it mapped. */
static const char *way_to(struct arena *a, pid_t pid, const struct process_map *m, bool deleted,
                          bool shared)
{
    if (*m->path != '/' || (shared && !deleted))
        return m->path;
    const char *way = deleted ? arena_printf(a, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid,
                                             m->begin, m->end)
                              : arena_printf(a, "/proc/%d/root%s", (int)pid, m->path);
    return access(way, R_OK) == 0 ? way : m->path;
}

/* "7f0-7f1 r-xp 00028000 08:01 42   /usr/lib/x.so (deleted)" */
static bool read_line(struct arena *a, pid_t pid, char *line, bool shared, struct process_map *m)
{
    static const char mark[] = " (deleted)";
    char flags[5];
    int path_at = 0;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n", &m->begin, &m->end,
               flags, &m->file_off, &path_at) < 4 ||
        !strchr(flags, 'x'))
        return false;
    char *path = path_at ? line + path_at : line + strlen(line);
    size_t len = strlen(path);
    bool deleted = len > sizeof mark && !strcmp(path + len - (sizeof mark - 1), mark);
    if (deleted)
        len -= sizeof mark - 1;
    m->path = arena_strndup(a, path, len);
    m->open = way_to(a, pid, m, deleted, shared);
    return true;
}

bool process_maps_read(struct arena *a, pid_t pid, struct process_maps *maps, struct err *err)
{
    char path[64], *text, *rest = NULL;
    size_t bytes, cap = 0;
    struct process_map *v = NULL, m;
    *maps = (struct process_maps){0};
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    if (!file_read(path, &text, &bytes, err))
        return false;
    bool shared = shares_our_files(pid);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (read_line(a, pid, line, shared, &m)) {
            mem_grow(&v, &cap, maps->count + 1, sizeof *v);
            v[maps->count++] = m;
        }
    maps->v = maps->count ? arena_memdup(a, v, maps->count * sizeof *v) : NULL;
    free(v);
    free(text);
    return maps->count || err_set(err, "process %d has no code mapped (it is ending)", (int)pid);
}

const struct process_map *process_map_at(const struct process_maps *maps, uint64_t addr)
{
    size_t low = 0, high = maps->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (maps->v[mid].end <= addr)
            low = mid + 1;
        else
            high = mid;
    }
    return low < maps->count && maps->v[low].begin <= addr ? &maps->v[low] : NULL;
}
