/* serve_page: the web page about profiles, until Ctrl-C; for `whyprof serve` and
 * `whyprof pprof -http`. */
#ifndef CLI_SERVE_PAGE_H
#define CLI_SERVE_PAGE_H

#include "base/err.h"
#include "serve/serve.h"

struct serve_page {
    struct serve_profile *profiles;
    size_t count;
    struct pprof_config config;
    const char *listen;
    bool browser; /* open one, where somebody is there to look */
};

/* False with err where it could not begin. */
bool serve_page(const struct serve_page *page, struct err *err);

#endif
