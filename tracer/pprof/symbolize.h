/* symbolize: names, files and lines for addresses that came without, from the
 * programs' files, and readable C++ names for all. */
#ifndef PPROF_SYMBOLIZE_H
#define PPROF_SYMBOLIZE_H

#include "pprof/load.h"
#include "symbols/object.h"

struct pprof_symbolize {
    bool local;   /* from files on this machine */
    bool fast;    /* from symbol tables only */
    bool remote;  /* from the server that the profile came from */
    bool force;   /* also what has names */
    bool nothing; /* not even readable names */
    enum object_names names;
};

/* Reads "local:force:demangle=full" and the like. What is not known is noted. */
struct pprof_symbolize pprof_symbolize_parse(const char *mode, const struct pprof_notes *notes);

/* Points mappings to files found in $PPROF_BINARY_PATH (else ~/pprof/binaries) by
 * build id or by name. */
void pprof_locate_binaries(struct pprof_model *m, const struct pprof_notes *notes);

/* Whether a mapping's addresses still want names. */
bool pprof_wants_symbols(const struct profile_mapping *mapping, bool force);

/* What a location is, innermost first; the caller owns the frames. */
struct pprof_place {
    uint32_t location;
    const struct object_frame *frames;
    unsigned count;
};
/* Replaces locations' lines, adds the functions they need and tells the mappings. */
void pprof_set_places(struct pprof_model *m, const struct pprof_place *places, size_t count);

/* The local part, then readable names. */
void pprof_symbolize_local(struct pprof_model *m, const struct pprof_symbolize *how,
                           const struct pprof_notes *notes);
/* The remote part: asks the server at url, the profile's, what its addresses are. */
void pprof_symbolize_remote(struct pprof_model *m, const struct pprof_symbolize *how,
                            const char *url, const struct pprof_remote *remote,
                            const struct pprof_notes *notes);
void pprof_demangle(struct pprof_model *m, const struct pprof_symbolize *how);

#endif
