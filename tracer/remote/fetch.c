#include "remote/fetch.h"

#include "base/lazy.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    CONNECT_S = 10,
    PATIENCE_S = 60,
    BODY_MAX = 1 << 30,
    STATUS_OK = 200,
    STATUS_UNAUTHORIZED = 401,
    STATUS_NOT_FOUND = 404
};

/* What is used of libcurl, which is loaded when something is fetched: with TLS and all
 * else that it needs in turn that takes longer than most commands. */
#define CURL_FUNCTIONS(X)                                                                          \
    X(easy_cleanup) X(easy_getinfo) X(easy_init) X(easy_perform) X(easy_setopt) X(easy_strerror)

#define MEMBER(name) __typeof__(curl_##name) *name;
#define SYMBOL(name) {"curl_" #name, &curl.name},
static struct {
    CURL_FUNCTIONS(MEMBER)
} curl;

static const struct lazy_symbol symbols[] = {CURL_FUNCTIONS(SYMBOL){NULL, NULL}};

struct transfer {
    const struct fetch_options *options;
    CURL *curl;
    struct strbuf *body;
    size_t body_start;
    bool stopped;
    bool too_large;
    char why[CURL_ERROR_SIZE];
};

bool fetch_is_url(const char *text)
{
    return !strncasecmp(text, "http://", 7) || !strncasecmp(text, "https://", 8);
}

static size_t take(char *data, size_t size, size_t count, void *closure)
{
    struct transfer *t = closure;
    t->too_large = t->body->len - t->body_start + size * count > BODY_MAX;
    if (t->too_large)
        return 0;
    strbuf_append(t->body, data, size * count);
    return size * count;
}

static int watch(void *closure, curl_off_t total, curl_off_t done, curl_off_t up_total,
                 curl_off_t up_done)
{
    struct transfer *t = closure;
    double seconds = 0;
    (void)up_total;
    (void)up_done;
    curl.easy_getinfo(t->curl, CURLINFO_TOTAL_TIME, &seconds);
    bool collecting = !done && t->options->expected_s;
    t->stopped = collecting
                     ? !progress_step(t->options->progress, "waiting for the profile (seconds)",
                                      (uint64_t)seconds, t->options->expected_s)
                     : !progress_step(t->options->progress, "receiving bytes", (uint64_t)done,
                                      (uint64_t)total);
    return t->stopped;
}

/* What libcurl found, in words that say what to do. */
static bool failure(const struct transfer *t, const char *url, CURLcode code, struct err *err)
{
    const char *why = t->why[0] ? t->why : curl.easy_strerror(code);
    if (t->stopped)
        return err_set(err, "%s: stopped", url);
    if (t->too_large)
        return err_set(err, "%s: the answer is larger than 1 GiB", url);
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        err_set(err, "%s: unknown host: %s", url, why);
        return err_hint(err, "check the name in the URL");
    case CURLE_COULDNT_CONNECT:
        err_set(err, "%s: not reachable: %s", url, why);
        return err_hint(err, "is the program running, and listening on this address and port?");
    case CURLE_OPERATION_TIMEDOUT:
        err_set(err, "%s: timeout: %s", url, why);
        return err_hint(err,
                        "a server may limit how long an answer takes: try a shorter --duration");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
        err_set(err, "%s: TLS: %s", url, why);
        return err_hint(err, "its certificate must be trusted here (SSL_CERT_FILE names another "
                             "list), and https:// must be what it speaks");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        return err_set(err, "%s: not a URL that can be fetched: %s", url, why);
    default:
        return err_set(err, "%s: %s", url, why);
    }
}

/* A refusal's reason is the first line of its text. */
static bool refusal(const struct transfer *t, const char *url, long status, struct err *err)
{
    const char *text = strbuf_str(t->body) + t->body_start;
    int len = (int)strcspn(text, "\r\n");
    len = len < 200 && *text != '<' ? len : 0;
    err_set(err, "%s: the server answers %ld%s%.*s", url, status, len ? ": " : "", len, text);
    if (status == STATUS_UNAUTHORIZED)
        return err_hint(err, "PPROF_TOKEN in the environment says the token");
    if (status == STATUS_NOT_FOUND)
        return err_hint(err, "profiling is not enabled there, or under another address "
                             "(Go: import _ \"net/http/pprof\")");
    return false;
}

static void set_tls(CURL *c, const struct fetch_tls *tls)
{
    if (tls->cert && *tls->cert)
        curl.easy_setopt(c, CURLOPT_SSLCERT, tls->cert);
    if (tls->key && *tls->key)
        curl.easy_setopt(c, CURLOPT_SSLKEY, tls->key);
    if (tls->ca && *tls->ca)
        curl.easy_setopt(c, CURLOPT_CAINFO, tls->ca);
    curl.easy_setopt(c, CURLOPT_SSL_VERIFYPEER, tls->any_server ? 0L : 1L);
    curl.easy_setopt(c, CURLOPT_SSL_VERIFYHOST, tls->any_server ? 0L : 2L);
}

static void set_options(struct transfer *t, const char *url)
{
    CURL *c = t->curl;
    curl.easy_setopt(c, CURLOPT_URL, url);
    curl.easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl.easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl.easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl.easy_setopt(c, CURLOPT_MAXREDIRS, 5L);
    curl.easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl.easy_setopt(c, CURLOPT_USERAGENT, "whyprof");
    curl.easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    uint64_t limit = t->options->limit_s;
    curl.easy_setopt(c, CURLOPT_TIMEOUT,
                     (long)(limit ? limit : t->options->expected_s + PATIENCE_S));
    if (t->options->post)
        curl.easy_setopt(c, CURLOPT_POSTFIELDS, t->options->post);
    curl.easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
    curl.easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl.easy_setopt(c, CURLOPT_XFERINFOFUNCTION, watch);
    curl.easy_setopt(c, CURLOPT_XFERINFODATA, t);
    curl.easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl.easy_setopt(c, CURLOPT_ERRORBUFFER, t->why);
    const char *token = getenv("PPROF_TOKEN"); /* libcurl tells no other host after a redirect */
    if (token && *token) {
        curl.easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        curl.easy_setopt(c, CURLOPT_XOAUTH2_BEARER, token);
    }
    const char *trusted = getenv("SSL_CERT_FILE"); /* libcurl leaves it to its users */
    if (trusted && *trusted)
        curl.easy_setopt(c, CURLOPT_CAINFO, trusted);
    if (t->options->tls)
        set_tls(c, t->options->tls);
}

bool fetch(const char *url, const struct fetch_options *options, struct strbuf *body,
           struct err *err)
{
    if (!lazy_load("libcurl-gnutls.so.4", symbols, err))
        return err_wrap(err, "%s", url);
    struct transfer t = {
        .options = options, .curl = curl.easy_init(), .body = body, .body_start = body->len};
    if (!t.curl)
        return err_set(err, "%s: libcurl does not start", url);
    set_options(&t, url);
    CURLcode code = curl.easy_perform(t.curl);
    long status = 0;
    curl.easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &status);
    bool ok = true;
    if (code != CURLE_OK)
        ok = failure(&t, url, code, err);
    else if (status != STATUS_OK)
        ok = refusal(&t, url, status, err);
    curl.easy_cleanup(t.curl);
    return ok;
}
