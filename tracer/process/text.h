/* text: profiles of a process as the texts that Go's net/http/pprof answers to debug=1
 * and debug=2. */
#ifndef PROCESS_TEXT_H
#define PROCESS_TEXT_H

#include "base/strbuf.h"
#include "profile/profile.h"

/* debug=1: equal stacks are one line, most first; then each of their frames. `name` is the
 * profile's: "heap", "goroutine". */
void process_text(struct strbuf *out, const struct profile *p, const char *name);
/* debug=2: of every thread its state and its stack. */
void process_text_threads(struct strbuf *out, const struct profile *p);

#endif
