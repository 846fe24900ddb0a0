#include "http/endpoints.h"

#include "base/arena.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "/debug/pprof/"

static const struct {
    const char *name;
    const char *about; /* for the index */
    double seconds;    /* unless told otherwise; 0: a moment's */
} kinds[ENDPOINT_KINDS] = {
    [ENDPOINT_ALLOCS] = {"allocs", "A sampling of all past memory allocations", 0},
    [ENDPOINT_BLOCK] = {"block", "Stack traces that led to blocking on synchronization primitives",
                        0},
    [ENDPOINT_GOROUTINE] = {"goroutine", "Stack traces of all current threads", 0},
    [ENDPOINT_HEAP] = {"heap", "A sampling of memory allocations of live objects.", 0},
    [ENDPOINT_MUTEX] = {"mutex", "Stack traces of holders of contended mutexes", 0},
    [ENDPOINT_THREADCREATE] = {"threadcreate",
                               "Stack traces that led to the creation of new OS threads", 0},
    [ENDPOINT_PROFILE] = {"profile",
                          "CPU profile. You can specify the duration in the seconds GET "
                          "parameter. After you get the profile file, use the go tool pprof "
                          "command to investigate the profile.",
                          30},
    [ENDPOINT_TRACE] = {"trace",
                        "A trace of execution of the current program. You can specify the "
                        "duration in the seconds GET parameter. After you get the trace file, "
                        "use the whyprof view command to investigate the trace.",
                        1},
};

const char *endpoint_name(enum endpoint_kind kind)
{
    return kinds[kind].name;
}

static void refuse(struct http_answer *a, unsigned status, const char *text)
{
    http_answer_text(a, status, text);
    http_answer_header(a, "X-Go-Pprof", "1");
}

/* ---- parameters, read as Go does ---- */

/* strconv.Atoi: 0 where it is no number. */
static int atoi_or_0(const char *text)
{
    char *end;
    errno = 0;
    long v = text ? strtol(text, &end, 10) : 0;
    return !text || end == text || *end || errno || v > INT32_MAX || v < INT32_MIN ? 0 : (int)v;
}

static bool whole_seconds(const char *text, double *seconds)
{
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    *seconds = (double)v;
    return end != text && !*end && !errno && v > 0 && strspn(text, "+0123456789") == strlen(text);
}

/* profile takes whole seconds, trace fractions; what is wrong is the default. */
static double timed_seconds(const struct http_request *r, enum endpoint_kind kind)
{
    const char *text = http_parameter(r, "seconds");
    double v = 0;
    char *end;
    if (text && kind == ENDPOINT_PROFILE)
        return whole_seconds(text, &v) ? v : kinds[kind].seconds;
    if (text)
        v = strtod(text, &end);
    return text && end != text && !*end && v > 0 && isfinite(v) ? v : kinds[kind].seconds;
}

static bool read_request(const struct endpoints *e, const struct http_request *r,
                         struct endpoint_request *q, struct http_answer *a)
{
    const char *seconds = http_parameter(r, "seconds");
    bool timed = kinds[q->kind].seconds > 0;
    q->debug = timed ? 0 : atoi_or_0(http_parameter(r, "debug"));
    if (timed) {
        q->seconds = timed_seconds(r, q->kind);
    } else if (seconds && *seconds) {
        if (!whole_seconds(seconds, &q->seconds)) {
            refuse(a, HTTP_BAD_REQUEST,
                   "invalid value for \"seconds\" - must be a positive integer");
            return false;
        }
    }
    if (q->seconds >= e->seconds_max) {
        refuse(a, HTTP_BAD_REQUEST, "profile duration exceeds server's WriteTimeout");
        return false;
    }
    if (!timed && q->seconds > 0 && q->debug) {
        refuse(a, HTTP_BAD_REQUEST, "seconds and debug params are incompatible");
        return false;
    }
    return true;
}

/* ---- answers ---- */

static void serve_profile(const struct endpoints *e, struct http_request *r, struct http_answer *a,
                          enum endpoint_kind kind)
{
    struct endpoint_request q = {.kind = kind, .http = r};
    struct err err = {0};
    char disposition[64];
    if (!read_request(e, r, &q, a))
        return;
    if (!e->take(e->data, &q, &a->body, &err)) {
        refuse(a, HTTP_FAILED, err.text);
        return;
    }
    if (q.debug) {
        a->type = "text/plain; charset=utf-8";
        return;
    }
    bool delta = q.seconds > 0 && kinds[kind].seconds <= 0;
    snprintf(disposition, sizeof disposition, "attachment; filename=\"%s%s\"", kinds[kind].name,
             delta ? "-delta" : "");
    a->type = "application/octet-stream";
    http_answer_header(a, "Content-Disposition", disposition);
}

/* "0x1234+0x5678" in the body of a POST or as the query. */
static void serve_symbol(const struct endpoints *e, struct http_request *r, struct http_answer *a)
{
    const char *text = !strcmp(r->method, "POST") ? r->body : http_query(r);
    uint64_t *pcs = NULL;
    size_t count = 0, cap = 0;
    for (const char *p = text; *p;) {
        char *end;
        uint64_t pc = strtoull(p, &end, 0);
        size_t len = strcspn(p, "+");
        if (pc && end == p + len) {
            mem_grow(&pcs, &cap, count + 1, sizeof *pcs);
            pcs[count++] = pc;
        }
        p += len + (p[len] == '+');
    }
    strbuf_puts(&a->body, "num_symbols: 1\n");
    e->symbols(e->data, pcs, count, &a->body);
    free(pcs);
}

static void serve_index(const struct endpoints *e, struct http_answer *a)
{
    /* In Go's order, by name. */
    static const struct {
        const char *name, *about;
        enum endpoint_kind kind;
    } rows[] = {
        {"allocs", NULL, ENDPOINT_ALLOCS},
        {"block", NULL, ENDPOINT_BLOCK},
        {"cmdline", "The command line invocation of the current program", ENDPOINT_KINDS},
        {"goroutine", NULL, ENDPOINT_GOROUTINE},
        {"heap", NULL, ENDPOINT_HEAP},
        {"mutex", NULL, ENDPOINT_MUTEX},
        {"profile", NULL, ENDPOINT_PROFILE},
        {"threadcreate", NULL, ENDPOINT_THREADCREATE},
        {"trace", NULL, ENDPOINT_TRACE},
    };
    int64_t counts[ENDPOINT_KINDS + 1] = {0};
    e->count(e->data, counts);
    a->type = "text/html; charset=utf-8";
    http_answer_header(a, "Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    strbuf_puts(&a->body,
                "<html>\n<head>\n<title>" PREFIX "</title>\n<style>\n.profile-name{\n"
                "\tdisplay:inline-block;\n\twidth:6rem;\n}\n</style>\n</head>\n<body>\n" PREFIX
                "<br>\n<br>\nTypes of profiles available:\n<table>\n"
                "<thead><td>Count</td><td>Profile</td></thead>\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        strbuf_printf(&a->body,
                      "<tr><td>%" PRId64 "</td><td><a href='%s?debug=1'>%s</a></td></tr>\n",
                      counts[rows[i].kind], rows[i].name, rows[i].name);
    strbuf_puts(&a->body, "</table>\n<a href=\"goroutine?debug=2\">full goroutine stack dump</a>\n"
                          "<br>\n<p>\nProfile Descriptions:\n<ul>\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        strbuf_printf(&a->body, "<li><div class=profile-name>%s: </div> %s</li>\n", rows[i].name,
                      rows[i].about ? rows[i].about : kinds[rows[i].kind].about);
    strbuf_puts(&a->body, "</ul>\n</p>\n</body>\n</html>");
}

static void redirect(struct http_answer *a)
{
    a->status = HTTP_MOVED;
    a->type = "text/html; charset=utf-8";
    http_answer_header(a, "Location", PREFIX);
    strbuf_puts(&a->body, "<a href=\"" PREFIX "\">Moved Permanently</a>.\n\n");
}

void endpoints_handle(void *endpoints, struct http_request *r, struct http_answer *a)
{
    const struct endpoints *e = endpoints;
    const char *name = r->path + sizeof PREFIX - 1;
    if (!strcmp(r->path, "/debug/pprof") || !strcmp(r->path, "/")) {
        redirect(a);
        return;
    }
    if (strncmp(r->path, PREFIX, sizeof PREFIX - 1)) {
        http_answer_text(a, HTTP_NOT_FOUND, "404 page not found");
        return;
    }
    for (int k = 0; k < ENDPOINT_KINDS; k++)
        if (!strcmp(name, kinds[k].name)) {
            serve_profile(e, r, a, (enum endpoint_kind)k);
            return;
        }
    if (!*name)
        serve_index(e, a);
    else if (!strcmp(name, "cmdline"))
        e->cmdline(e->data, &a->body);
    else if (!strcmp(name, "symbol"))
        serve_symbol(e, r, a);
    else
        refuse(a, HTTP_NOT_FOUND, "Unknown profile");
}
