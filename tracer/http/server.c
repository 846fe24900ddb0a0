#include "http/server.h"

#include "base/arena.h"
#include "http/address.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    CONNECTIONS = 32,
    IDLE_S = 30,           /* without a byte of a request */
    HEADERS_BYTES = 32768, /* all of a request's */
    BODY_BYTES = 1 << 20   /* of a POST */
};

struct http_server {
    struct http_options options; /* borrowed pointers */
    struct address address;
    struct MHD_Daemon *daemon;
    char url[ADDRESS_MAX + 8];
    char made_token[33];
    const char *token; /* NULL: not wanted */
    atomic_bool closing;
};

/* A request while its body comes in. */
struct incoming {
    char *query; /* owned, or NULL */
    struct strbuf body;
    bool too_large;
    bool has_headers;
};

/* What struct http_request's `connection` points to. */
struct connection {
    struct MHD_Connection *mhd;
    const struct http_server *server;
    const struct incoming *in;
};

struct header {
    char *name, *value; /* owned */
    struct header *next;
};

/* ---- what handlers ask ---- */

const char *http_parameter(const struct http_request *r, const char *name)
{
    const struct connection *c = r->connection;
    const char *value = NULL;
    if (MHD_lookup_connection_value_n(c->mhd, MHD_GET_ARGUMENT_KIND, name, strlen(name), &value,
                                      NULL) == MHD_NO)
        return NULL;
    return value ? value : "";
}

const char *http_query(const struct http_request *r)
{
    const struct connection *c = r->connection;
    return c->in->query ? c->in->query : "";
}

const char *http_header(const struct http_request *r, const char *name)
{
    const struct connection *c = r->connection;
    return MHD_lookup_connection_value(c->mhd, MHD_HEADER_KIND, name);
}

bool http_gone(const struct http_request *r)
{
    const struct connection *c = r->connection;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct pollfd p = {.fd = info ? info->connect_fd : -1, .events = POLLRDHUP};
    if (atomic_load(&c->server->closing))
        return true;
    return poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

void http_answer_header(struct http_answer *a, const char *name, const char *value)
{
    struct header *h = mem_realloc(NULL, 1, sizeof *h);
    *h = (struct header){strdup(name), strdup(value), a->headers};
    if (!h->name || !h->value)
        abort(); /* no memory */
    a->headers = h;
}

void http_answer_text(struct http_answer *a, unsigned status, const char *text)
{
    a->status = status;
    a->type = "text/plain; charset=utf-8";
    strbuf_clear(&a->body);
    strbuf_printf(&a->body, "%s\n", text);
}

/* ---- who may ask ---- */

/* Takes as long whatever is wrong. */
static bool same_secret(const char *a, const char *b)
{
    size_t len = strlen(a);
    unsigned char differ = strlen(b) != len;
    for (size_t i = 0; !differ && i < len; i++)
        differ = differ | (unsigned char)(a[i] ^ b[i]);
    return !differ;
}

static const char token_cookie[] = "whyprof_token=";

/* The token's value among "a=b; c=d"; the caller frees. NULL for none. */
static char *copy_cookie(const char *cookies)
{
    size_t name = sizeof token_cookie - 1;
    for (const char *p = cookies; p; p = strchr(p, ';')) {
        p += strspn(p, "; ");
        if (!strncmp(p, token_cookie, name))
            return strndup(p + name, strcspn(p + name, ";"));
    }
    return NULL;
}

static bool has_token(const struct http_server *s, const struct http_request *r)
{
    static const char scheme[] = "Bearer ";
    const char *said = http_header(r, "Authorization");
    if (said && !strncasecmp(said, scheme, sizeof scheme - 1))
        return same_secret(s->token, said + sizeof scheme - 1);
    said = http_parameter(r, "token");
    if (said)
        return same_secret(s->token, said);
    char *cookie = copy_cookie(http_header(r, "Cookie"));
    bool same = cookie && same_secret(s->token, cookie);
    free(cookie);
    return same;
}

/* Who came with the token in the address need not have it in that of every part of a page. */
static void keep_token(const struct http_server *s, const struct http_request *r,
                       struct http_answer *a)
{
    struct strbuf cookie = {0};
    if (!s->token || !http_parameter(r, "token"))
        return;
    strbuf_printf(&cookie, "%s%s; HttpOnly; SameSite=Strict; Path=/", token_cookie, s->token);
    http_answer_header(a, "Set-Cookie", cookie.p);
    strbuf_release(&cookie);
}

/* A browser says which page asks; what is no browser says nothing. */
static bool from_other_site(const struct http_request *r)
{
    const char *site = http_header(r, "Sec-Fetch-Site"), *origin = http_header(r, "Origin");
    const char *host = http_header(r, "Host"), *mode = http_header(r, "Sec-Fetch-Mode");
    if (site && strcmp(site, "same-origin") && strcmp(site, "none"))
        /* a link that a person follows is no cross-origin read: the other page sees nothing */
        return !(mode && !strcmp(mode, "navigate") && !strcmp(r->method, "GET"));
    if (!origin)
        return false;
    return !host || strncmp(origin, "http://", 7) || strcmp(origin + 7, host);
}

static bool allowed(const struct http_server *s, const struct http_request *r,
                    struct http_answer *a)
{
    const char *host = http_header(r, "Host");
    if (s->address.is_loopback && (!host || !address_is_host(&s->address, host)))
        http_answer_text(a, HTTP_FORBIDDEN, "this address is not served by that name");
    else if (from_other_site(r))
        http_answer_text(a, HTTP_FORBIDDEN, "pages of other sites may not read this");
    else if (s->token && !has_token(s, r)) {
        http_answer_text(a, HTTP_UNAUTHORIZED, "a token is needed: Authorization: Bearer TOKEN");
        http_answer_header(a, "WWW-Authenticate", "Bearer");
    } else
        return true;
    return false;
}

/* ---- a request ---- */

static enum MHD_Result send_answer(struct MHD_Connection *c, struct http_answer *a)
{
    /* A large body is not copied: the response frees it. */
    struct MHD_Response *out = MHD_create_response_from_buffer(
        a->body.len, a->body.len ? (void *)a->body.p : (void *)(uintptr_t) "",
        a->body.len ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (out && a->body.len)
        a->body = (struct strbuf){0};
    enum MHD_Result sent = MHD_NO;
    for (struct header *h = a->headers, *next; h; h = next) {
        next = h->next;
        if (out)
            MHD_add_response_header(out, h->name, h->value);
        free(h->name);
        free(h->value);
        free(h);
    }
    if (out) {
        MHD_add_response_header(out, "Content-Type",
                                a->type ? a->type : "text/plain; charset=utf-8");
        MHD_add_response_header(out, "X-Content-Type-Options", "nosniff");
        MHD_add_response_header(out, "Referrer-Policy", "no-referrer");
        MHD_add_response_header(out, "Cross-Origin-Resource-Policy", "same-origin");
        sent = MHD_queue_response(c, a->status ? a->status : HTTP_OK, out);
        MHD_destroy_response(out);
    }
    strbuf_release(&a->body);
    return sent;
}

static enum MHD_Result answer(const struct http_server *s, struct MHD_Connection *c,
                              const char *path, const char *method, const struct incoming *in)
{
    bool reads = !strcmp(method, "GET") || !strcmp(method, "HEAD");
    struct connection connection = {c, s, in};
    struct http_request r = {reads ? "GET" : method, path, strbuf_str(&in->body), in->body.len,
                             &connection};
    struct http_answer a = {0};
    if (in->too_large)
        http_answer_text(&a, HTTP_TOO_LARGE, "the request is too large");
    else if (!reads && strcmp(method, "POST")) {
        http_answer_text(&a, HTTP_METHOD_NOT_ALLOWED, "only GET, HEAD and POST");
        http_answer_header(&a, "Allow", "GET, HEAD, POST");
    } else if (allowed(s, &r, &a)) {
        s->options.handle(s->options.data, &r, &a);
        keep_token(s, &r, &a);
    }
    return send_answer(c, &a);
}

/* libmicrohttpd gives the target as it came only here, before anything else. */
static void *on_target(void *data, const char *target, struct MHD_Connection *c)
{
    struct incoming *in = mem_realloc(NULL, 1, sizeof *in);
    const char *query = strchr(target, '?');
    (void)data;
    (void)c;
    *in = (struct incoming){.query = query ? strdup(query + 1) : NULL};
    return in;
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *c, const char *path,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *count, void **state)
{
    const struct http_server *s = data;
    struct incoming *in = *state;
    (void)version;
    if (!in->has_headers) { /* the body is not there yet */
        in->has_headers = true;
        return MHD_YES;
    }
    if (*count) {
        in->too_large |= in->body.len + *count > BODY_BYTES;
        if (!in->too_large)
            strbuf_append(&in->body, bytes, *count);
        *count = 0;
        return MHD_YES;
    }
    return answer(s, c, path, method, in);
}

static void on_completed(void *data, struct MHD_Connection *c, void **state,
                         enum MHD_RequestTerminationCode why)
{
    struct incoming *in = *state;
    (void)data;
    (void)c;
    (void)why;
    if (in) {
        strbuf_release(&in->body);
        free(in->query);
    }
    free(in);
    *state = NULL;
}

/* ---- the server ---- */

bool http_make_token(char token[33], struct err *err)
{
    unsigned char bits[16];
    if (getrandom(bits, sizeof bits, 0) != sizeof bits)
        return err_errno(err, "make a token");
    for (size_t i = 0; i < sizeof bits; i++)
        snprintf(token + 2 * i, 3, "%02x", bits[i]);
    return true;
}

static bool choose_token(struct http_server *s, struct err *err)
{
    if (s->address.is_loopback && !s->options.token)
        return true;
    s->token = s->options.token;
    if (s->token && *s->token)
        return true;
    s->token = s->made_token;
    return http_make_token(s->made_token, err);
}

static bool start(struct http_server *s, struct err *err)
{
    s->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                                     MHD_USE_POLL | MHD_USE_ITC,
                                 0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET,
                                 s->address.fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
                                 MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_BYTES,
                                 MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                                 MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL, MHD_OPTION_END);
    if (s->daemon)
        return true;
    close(s->address.fd);
    return err_set(err, "listen on %s: libmicrohttpd does not start", s->address.text);
}

struct http_server *http_open(const struct http_options *options, struct err *err)
{
    struct http_server *s = mem_realloc(NULL, 1, sizeof *s);
    *s = (struct http_server){.options = *options};
    if (!address_listen(&s->address, options->listen, err)) {
        free(s);
        return NULL;
    }
    snprintf(s->url, sizeof s->url, "http://%s", s->address.text);
    if (!choose_token(s, err) || !start(s, err)) {
        free(s);
        return NULL;
    }
    return s;
}

const char *http_url(const struct http_server *s)
{
    return s->url;
}

const char *http_token(const struct http_server *s)
{
    return s->token;
}

void http_close(struct http_server *s)
{
    if (!s)
        return;
    atomic_store(&s->closing, true);
    MHD_stop_daemon(s->daemon);
    free(s);
}
