/* lines: what each source line of a profile or a trace weighs, and the lines of a source file
 * where it can be found. */
#ifndef MODEL_LINES_H
#define MODEL_LINES_H

#include "model/flame.h"
#include "profile/profile.h"

#include <stdbool.h>

struct model_line {
    const char *function, *file; /* borrowed from the profile or trace */
    int64_t line;
    uint64_t self;  /* samples whose innermost frame is here */
    uint64_t total; /* samples with a frame here; a recursion counts once */
};

struct model_lines {
    struct model_line *v; /* owned: by file, then line */
    size_t count, cap;
    uint64_t all; /* weight of all samples */
};

/* Of a trace's samples in ns of CPU time, of its waits, or both, in a range, of a
 * thread (index) or MODEL_NO_THREAD. Meant for a worker. */
void model_lines_from_trace(struct model_lines *l, const struct model_doc *doc,
                            struct model_range range, int thread, enum model_flame_kind kind,
                            const atomic_bool *cancel);
/* What the makers do last: by file, then line. */
void model_lines_sort(struct model_lines *l);
void model_lines_from_profile(struct model_lines *l, const struct profile *p, size_t type);
void model_lines_release(struct model_lines *l);

/* A file's text cut into lines. Tried as named, then by its last parts below the
 * working directory and `beside` (a profile's folder, or NULL). */
struct model_source {
    char *text; /* owned */
    char *path; /* owned: where it was found */
    const char **lines;
    size_t count;
};

bool model_source_open(struct model_source *s, const char *file, const char *beside);
void model_source_release(struct model_source *s);

#endif
