/* load: the profiles of a command line as one model: sources merged, a base
 * subtracted, uninteresting frames pruned. */
#ifndef PPROF_LOAD_H
#define PPROF_LOAD_H

#include "pprof/filter.h"

struct pprof_input {
    const char *const *sources; /* files */
    size_t source_count;
    const char *const *bases;
    size_t base_count;
    bool diff_base;       /* percentages are of the base */
    bool normalize;       /* scale to the base first */
    bool all_frames;      /* do not prune what the profile asks to leave out */
    const char *program;  /* the main binary, or NULL: as the profile tells */
    const char *build_id; /* of it, or NULL */
    const char *comment;  /* to add, or NULL */
};

struct pprof_loaded {
    struct pprof_model model;
    struct profile *profiles; /* owned: what the models borrow from */
    struct pprof_model *parts;
    size_t profile_count;
};

/* Sources that cannot be read are noted and left out while others can. */
bool pprof_load(struct pprof_loaded *l, const struct pprof_input *in,
                const struct pprof_notes *notes, struct err *err);
void pprof_loaded_release(struct pprof_loaded *l);

#endif
