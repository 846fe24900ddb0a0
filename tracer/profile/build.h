/* build: a pprof profile from a trace, with mappings and their build ids, functions,
 * lines, inlined calls, and the thread as labels: nobody needs the binaries to read it. */
#ifndef PROFILE_BUILD_H
#define PROFILE_BUILD_H

#include "base/strbuf.h"
#include "profile/profile.h"
#include "profile/reduce.h"

/* Fills *p, which the caller releases; strings are the trace's, which must stay open
 * as long. *rows counts what was added up; may be NULL. */
void profile_build(struct profile *p, const struct trace *t, enum reduce_kind kind,
                   struct reduce_range range, uint64_t *rows);

/* The same of groups that another has added up, as `info` describes them; `reduced` and
 * `info` are read only now, but for the strings in them. */
void profile_build_groups(struct profile *p, const struct trace *t, const struct reduce_info *info,
                          struct reduce_range range, const struct reduced *reduced);

/* The same as a file's bytes (gzip), appended to out. */
bool profile_build_file(const struct trace *t, enum reduce_kind kind, struct reduce_range range,
                        struct strbuf *out, uint64_t *rows, struct err *err);

#endif
