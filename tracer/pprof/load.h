/* load: the profiles of a command line as one model: sources merged, a base
 * subtracted, addresses named, uninteresting frames pruned. */
#ifndef PPROF_LOAD_H
#define PPROF_LOAD_H

#include "base/strbuf.h"
#include "pprof/filter.h"

/* How profiles come from servers: the caller's, for it knows of time limits and TLS. */
struct pprof_remote {
    /* Fetches a source that is no file and says where it was found; *remote tells
     * whether it was one at all. *url is the caller's to free. */
    bool (*fetch)(void *data, const char *source, bool *remote, char **url, struct strbuf *bytes,
                  struct err *err);
    /* Sends a text and appends the answer. */
    bool (*post)(void *data, const char *url, const char *text, struct strbuf *answer,
                 struct err *err);
    void *data;
};

struct pprof_input {
    const char *const *sources; /* files, or URLs where `remote` is told */
    size_t source_count;
    const char *const *bases;
    size_t base_count;
    bool diff_base;        /* percentages are of the base */
    bool normalize;        /* scale to the base first */
    bool all_frames;       /* do not prune what the profile asks to leave out */
    const char *program;   /* the main binary, or NULL: as the profile tells */
    const char *build_id;  /* of it, or NULL */
    const char *comment;   /* to add, or NULL */
    const char *symbolize; /* "local:demangle=full"; "" for all there is, "none" for nothing */
    const struct pprof_remote *remote; /* NULL: files only */
};

struct pprof_loaded {
    struct pprof_model model;
    struct profile *profiles; /* owned: what the models borrow from */
    struct pprof_model *parts;
    size_t profile_count;
    char *url; /* owned: of the first source that came from a server, or NULL */
};

/* Sources that cannot be read are noted and left out while others can. */
bool pprof_load(struct pprof_loaded *l, const struct pprof_input *in,
                const struct pprof_notes *notes, struct err *err);
void pprof_loaded_release(struct pprof_loaded *l);

#endif
