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

static char *url_of(const char *url, const struct capture_kind *kind, uint64_t seconds)
{
    char *out, query[48] = "";
    if (seconds)
        snprintf(query, sizeof query, "?seconds=%" PRIu64, seconds);
    if (asprintf(&out, "%.*s%s/%s%s", base_length(url), url, endpoint, kind->path, query) < 0)
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

static bool capture_one(const char *base, const struct capture_kind *kind, uint64_t seconds,
                        const char *dir, struct err *err)
{
    struct strbuf body = {0};
    char size[FMT_MAX], *path = NULL, *url = url_of(base, kind, seconds);
    bool ok = fetch_with_progress(url, seconds, &body, err) && is_profile(url, &body, err);
    if (ok) {
        path = capture_path(dir, kind->name, ".prof");
        ok = save(path, &body, err);
    }
    if (ok) {
        printf("%s\n", path);
        fprintf(stderr, "whyprof: %s: %s from %s\n", kind->name, fmt_bytes(size, body.len), url);
    }
    free(path);
    free(url);
    strbuf_release(&body);
    return ok;
}

bool capture_remote(const char *url, unsigned kinds, uint64_t seconds, bool delta, const char *dir,
                    struct err *err)
{
    for (int i = 0; capture_kinds[i].name; i++) {
        const struct capture_kind *kind = &capture_kinds[i];
        bool timed = kind->reduce == REDUCE_CPU || delta;
        if (kinds & 1u << i && !capture_one(url, kind, timed ? seconds : 0, dir, err))
            return false;
    }
    return true;
}
