/* path_profile: the path of a scope (causes.h) as a pprof profile: each stack on it with
 * its ns, the thread and its state as labels. Where the path ended in a wait, the stack
 * is where that thread waited. */
#ifndef ANALYZE_PATH_PROFILE_H
#define ANALYZE_PATH_PROFILE_H

#include "analyze/scope.h"
#include "base/strbuf.h"

struct analyze_causes;

/* A file's bytes (gzip), appended to out. The values add up to the scope's length but for
 * time in which none of its threads was there. */
bool analyze_path_profile(const struct trace *t, const struct analyze_scope *scope,
                          const struct analyze_causes *causes, struct strbuf *out, struct err *err);

#endif
