/* server: a small web server for people and tools on this machine. The only user of
 * libmicrohttpd.
 *
 *     static void handle(void *data, struct http_request *r, struct http_answer *a)
 *     {
 *         if (strcmp(r->path, "/top"))
 *             return http_answer_text(a, 404, "404 page not found");
 *         a->type = "text/html; charset=utf-8";
 *         strbuf_puts(&a->body, page);
 *     }
 *     struct http_server *s = http_open(&(struct http_options){
 *         .listen = "127.0.0.1:8081", .handle = handle, .data = &mine}, &err);
 *     puts(http_url(s)); ... http_close(s);
 *
 * What it refuses by itself: requests from pages of other sites (Origin, Sec-Fetch-Site), and
 * by other names than this address's (Host: a foreign name that resolves to this machine);
 * off loopback, requests without the token; more connections, longer headers and larger
 * bodies than its limits. Each connection has a thread, so a handler may take its time, and
 * handlers of several run at once. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/err.h"
#include "base/strbuf.h"

#include <stdint.h>

enum {
    HTTP_OK = 200,
    HTTP_MOVED = 301,
    HTTP_BAD_REQUEST = 400,
    HTTP_UNAUTHORIZED = 401,
    HTTP_FORBIDDEN = 403,
    HTTP_NOT_FOUND = 404,
    HTTP_METHOD_NOT_ALLOWED = 405,
    HTTP_TOO_LARGE = 413,
    HTTP_FAILED = 500,
    HTTP_BUSY = 503
};

struct http_request {
    const char *method; /* "GET" (also for HEAD, whose body is not sent) or "POST" */
    const char *path;   /* decoded, without the query */
    const char *body;   /* of a POST, NUL-terminated; else "" */
    size_t body_bytes;
    void *connection; /* the server's own */
};

struct http_answer {
    unsigned status;    /* HTTP_OK unless set */
    const char *type;   /* Content-Type; "text/plain; charset=utf-8" unless set */
    struct strbuf body; /* the server releases it */
    void *headers;      /* the server's own: http_answer_header adds one */
};

struct http_options {
    const char *listen; /* "127.0.0.1:8080", "[::1]:0", ":8080" for every address */
    const char *token;  /* wanted of who comes from elsewhere; NULL: made where it is needed */
    void (*handle)(void *data, struct http_request *r, struct http_answer *a);
    void *data;
};

struct http_server;

/* Listens and answers from threads of its own. NULL with err where the address is wrong or
 * taken. */
struct http_server *http_open(const struct http_options *options, struct err *err);
/* "http://127.0.0.1:8081": with the port that a 0 became. Borrowed. */
const char *http_url(const struct http_server *s);
/* What "Authorization: Bearer TOKEN" or ?token=TOKEN must say (a browser then has it as a
 * cookie), NULL on loopback. */
const char *http_token(const struct http_server *s);
/* Accepts nothing more, lets handlers know (http_gone) and waits for them. */
void http_close(struct http_server *s);

/* A parameter of the query, decoded; NULL where there is none, "" without a value. */
const char *http_parameter(const struct http_request *r, const char *name);
/* What stands behind the path's "?", as it came; "" where nothing does. */
const char *http_query(const struct http_request *r);
/* A header, or NULL. */
const char *http_header(const struct http_request *r, const char *name);
/* Nobody waits for the answer any more: the peer hung up, or the server is closing. A
 * handler that waits asks now and then. */
bool http_gone(const struct http_request *r);

void http_answer_header(struct http_answer *a, const char *name, const char *value);
/* The whole answer is a line of text. */
void http_answer_text(struct http_answer *a, unsigned status, const char *text);

/* A token of 128 random bits in hex. */
bool http_make_token(char token[33], struct err *err);

#endif
