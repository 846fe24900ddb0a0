/* fetch: a file from a web server, such as a profile from a program's /debug/pprof/.
 * The only user of libcurl. */
#ifndef REMOTE_FETCH_H
#define REMOTE_FETCH_H

#include "base/err.h"
#include "base/progress.h"
#include "base/strbuf.h"

#include <stdint.h>

/* What TLS is to trust and to show; NULL for the system's own. */
struct fetch_tls {
    const char *cert, *key; /* PEM files of ours */
    const char *ca;         /* PEM file of whom we trust */
    bool any_server;        /* take any certificate: https+insecure:// */
};

struct fetch_options {
    uint64_t expected_s;             /* how long the server collects before it answers; 0: not */
    const struct progress *progress; /* or NULL; its phase counts seconds, then bytes */
    uint64_t limit_s;                /* for all of it; 0: a minute more than expected_s */
    const char *post;                /* text to send; NULL: a plain GET */
    const struct fetch_tls *tls;     /* or NULL */
};

/* Whether a target is a URL at all: http:// or https://. */
bool fetch_is_url(const char *text);

/* Appends the answer's body. http and https only, also after redirects; gives up when
 * the server does not accept in 10 s, or answers 60 s later than it should. False with
 * err, which says what kind of failure it was, and what to do. */
bool fetch(const char *url, const struct fetch_options *options, struct strbuf *body,
           struct err *err);

#endif
