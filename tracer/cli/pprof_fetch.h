/* pprof_fetch: profiles from servers, as pprof's command line names them. */
#ifndef CLI_PPROF_FETCH_H
#define CLI_PPROF_FETCH_H

#include "cli/pprof_flags.h"
#include "remote/fetch.h"

struct pprof_fetcher {
    struct fetch_tls tls;
    int64_t seconds, timeout; /* -1: not told */
};

/* What pprof_load asks for; `fetcher` must outlive it. */
struct pprof_remote pprof_remote(struct pprof_fetcher *fetcher, const struct pprof_flags *f);
/* Keeps a copy of what was fetched, in $PPROF_TMPDIR, and says where. */
void pprof_save_fetched(const struct pprof_loaded *l);

#endif
