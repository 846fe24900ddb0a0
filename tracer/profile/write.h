/* write: a profile as gzipped profile.proto, as `go tool pprof` reads it. */
#ifndef PROFILE_WRITE_H
#define PROFILE_WRITE_H

#include "base/strbuf.h"
#include "profile/profile.h"

/* Appends the whole file. default_type names the value to show first, "" for the
 * last. Rows refer to each other by index, as in memory; their ids are kept. */
bool profile_write(const struct profile *p, const char *default_type, struct strbuf *out,
                   struct err *err);

#endif
