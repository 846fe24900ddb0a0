/* endpoints: /debug/pprof/ with the paths, parameters, headers, status codes and texts of
 * Go's net/http/pprof, for whatever can give the profiles.
 *
 *     struct endpoints e = {.data = &mine, .take = take, ...};
 *     http_open(&(struct http_options){.listen = ..., .handle = endpoints_handle, .data = &e},
 * &err)
 */
#ifndef HTTP_ENDPOINTS_H
#define HTTP_ENDPOINTS_H

#include "http/server.h"

enum endpoint_kind {
    ENDPOINT_ALLOCS,
    ENDPOINT_BLOCK,
    ENDPOINT_GOROUTINE,
    ENDPOINT_HEAP,
    ENDPOINT_MUTEX,
    ENDPOINT_THREADCREATE,
    ENDPOINT_PROFILE, /* CPU */
    ENDPOINT_TRACE,
    ENDPOINT_KINDS
};

struct endpoint_request {
    enum endpoint_kind kind;
    double seconds; /* of ENDPOINT_PROFILE and ENDPOINT_TRACE; of the others 0, or the
                       difference between two moments so far apart */
    int debug;      /* 0: profile.proto; 1: text; 2 of goroutine: every stack */
    const struct http_request *http; /* for http_gone */
};

struct endpoints {
    void *data;
    double seconds_max; /* more are refused */
    /* Appends the answer's body. False with err: status 500. Several at once, from threads. */
    bool (*take)(void *data, const struct endpoint_request *r, struct strbuf *body,
                 struct err *err);
    /* How many there are of each, for the index; ENDPOINT_PROFILE and _TRACE are not asked. */
    void (*count)(void *data, int64_t counts[ENDPOINT_KINDS]);
    void (*cmdline)(void *data, struct strbuf *body); /* arguments with a NUL between them */
    /* Appends "0x1234 name" and a line's end for each address that is in a function. */
    void (*symbols)(void *data, const uint64_t *pcs, size_t count, struct strbuf *body);
};

/* "goroutine". */
const char *endpoint_name(enum endpoint_kind kind);
/* For struct http_options: `endpoints` is a struct endpoints. */
void endpoints_handle(void *endpoints, struct http_request *r, struct http_answer *a);

#endif
