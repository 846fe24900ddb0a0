/* maps: the executable mappings of a running process, as addresses are resolved by. */
#ifndef PROCESS_MAPS_H
#define PROCESS_MAPS_H

#include "base/arena.h"
#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

struct process_map {
    uint64_t begin, end;
    uint64_t file_off;
    const char *path; /* as the process sees it, without " (deleted)" */
    const char *open; /* where we can read the same file; = path nearly always */
};

struct process_maps {
    struct process_map *v; /* ascending */
    size_t count;
};

bool process_maps_read(struct arena *a, pid_t pid, struct process_maps *maps, struct err *err);
/* NULL where nothing executable is. */
const struct process_map *process_map_at(const struct process_maps *maps, uint64_t addr);

#endif
