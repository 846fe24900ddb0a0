#include "cli/capture_remote.h"

#include "base/file.h"
#include "base/fmt.h"
#include "cli/capture.h"
#include "cli/cli.h"
#include "profile/profile.h"
#include "remote/fetch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char endpoint[] = "/debug/pprof";

/* http://host:port, with or without the path: without a slash at its end, up to the path. */
static int base_length(const char *url)
{
    size_t len = strcspn(url, "?#");
    while (len && url[len - 1] == '/')
        len--;
    if (len >= strlen(endpoint) &&
        !strncmp(url + len - strlen(endpoint), endpoint, strlen(endpoint)))
        len -= strlen(endpoint);
    return (int)len;
}

static char *url_of(const char *url, const char *path, uint64_t seconds)
{
    char *out, query[48] = "";
    if (seconds)
        snprintf(query, sizeof query, "?seconds=%" PRIu64, seconds);
    if (asprintf(&out, "%.*s%s/%s%s", base_length(url), url, endpoint, path, query) < 0)
        abort(); /* no memory */
    return out;
}

static bool fetch_with_progress(const char *url, uint64_t seconds, struct strbuf *body,
                                struct err *err)
{
    struct progress *progress = cli_progress_begin();
    bool ok =
        fetch(url, &(struct fetch_options){.expected_s = seconds, .progress = progress}, body, err);
    cli_progress_end(progress);
    return ok;
}

/* What a server sends may be anything, such as another page's text. */
static bool is_profile(const char *url, const struct strbuf *body, struct err *err)
{
    struct profile p;
    bool ok = profile_parse(&p, strbuf_str(body), body->len, err);
    profile_release(&p);
    if (ok)
        return true;
    err_wrap(err, "%s: the answer is not a profile", url);
    return err_hint(err, "is this the address of a program's /debug/pprof/?");
}

static bool save(const char *path, const struct strbuf *body, struct err *err)
{
    struct file_out out;
    if (!file_out_open(&out, path, err))
        return false;
    file_out_write(&out, body->p, body->len);
    return file_out_commit(&out, err);
}

/* A profile, or a trace in the server's own format, which says nothing of itself that
 * would be the same for all. */
static bool capture_one(const struct capture_url *u, const char *kind, const char *endpoint_path,
                        uint64_t seconds, const char *suffix, struct err *err)
{
    struct strbuf body = {0};
    bool is_trace = u->trace;
    char size[FMT_MAX], *path = NULL, *url = url_of(u->url, endpoint_path, seconds);
    bool ok =
        fetch_with_progress(url, seconds, &body, err) && (is_trace || is_profile(url, &body, err));
    if (ok) {
        path = u->exact ? strdup(u->exact) : capture_path(u->dir, kind, suffix);
        ok = save(path, &body, err);
    }
    if (ok) {
        printf("%s\n", path);
        fflush(stdout);
        fprintf(stderr, "whyprof: %s: %s from %s\n", kind, fmt_bytes(size, body.len), url);
    }
    free(path);
    free(url);
    strbuf_release(&body);
    return ok;
}

bool capture_remote(const struct capture_url *u, struct err *err)
{
    if (u->trace)
        return capture_one(u, "trace", "trace", u->seconds, ".out", err);
    for (int i = 0; capture_kinds[i].name; i++) {
        const struct capture_kind *kind = &capture_kinds[i];
        bool timed = kind->way == CAPTURE_RECORDED || u->delta;
        if (u->kinds & 1u << i &&
            !capture_one(u, kind->name, kind->path, timed ? u->seconds : 0, ".prof", err))
            return false;
    }
    return true;
}
