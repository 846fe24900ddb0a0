/* fetch: a file from a web server, such as a profile from a program's /debug/pprof/.
 * The only user of libcurl. */
#ifndef REMOTE_FETCH_H
#define REMOTE_FETCH_H

#include "base/err.h"
#include "base/progress.h"
#include "base/strbuf.h"

#include <stdint.h>

struct fetch_options {
    uint64_t expected_s;             /* how long the server collects before it answers; 0: not */
    const struct progress *progress; /* or NULL; its phase counts seconds, then bytes */
};

/* Whether a target is a URL at all: http:// or https://. */
bool fetch_is_url(const char *text);

/* Appends the answer's body. http and https only, also after redirects; gives up when
 * the server does not accept in 10 s, or answers 60 s later than it should. False with
 * err, which says what kind of failure it was, and what to do. */
bool fetch(const char *url, const struct fetch_options *options, struct strbuf *body,
           struct err *err);

#endif
