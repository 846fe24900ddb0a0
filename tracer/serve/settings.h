/* settings: pprof's named configurations, in its own file and format, so that both
 * programs know the same ones. Private to serve/. */
#ifndef SERVE_SETTINGS_H
#define SERVE_SETTINGS_H

#include "base/err.h"
#include "base/strbuf.h"
#include "pprof/config.h"

/* Appends a JSON array of {"name": ..., "query": "f=x&n=20"}. A missing file is none. */
bool settings_list(const char *path, struct strbuf *out, struct err *err);
/* Keeps the configuration under a name, in place of one that has it. */
bool settings_save(const char *path, const char *name, const struct pprof_config *c,
                   struct err *err);
bool settings_delete(const char *path, const char *name, struct err *err);

#endif
