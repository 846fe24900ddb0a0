/* source: lines of the programs' source files, found as google/pprof finds them: as
 * the profile names them, and under the folders of -source_path and their parents. */
#ifndef PPROF_SOURCE_H
#define PPROF_SOURCE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"

#include <stdint.h>

struct pprof_source_file;

struct pprof_sources {
    struct arena arena;
    const char *search_path; /* colon separated; the working folder where none was given */
    const char *trim_path;
    struct intern names;
    struct pprof_source_file **files; /* owned, by number of the name */
    size_t cap;
};

void pprof_sources_init(struct pprof_sources *s, const char *search_path, const char *trim_path);
void pprof_sources_release(struct pprof_sources *s);
/* A line from 1 on, without its end; NULL past the last one, or without a file. */
const char *pprof_source_line(struct pprof_sources *s, const char *path, int64_t line);
/* Why the file could not be read, or NULL. Asks once. */
const char *pprof_source_problem(struct pprof_sources *s, const char *path);

/* Removes what people do not want to see of a path: a configured prefix, or all up to
 * the name of a folder that sources are searched in. A part of `path`. */
const char *pprof_trim_path(const char *path, const char *trim_path, const char *search_path);

#endif
