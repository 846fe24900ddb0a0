#include "cli/pprof_fetch.h"

#include "base/file.h"
#include "cli/cli.h"
#include "pprof/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static const char insecure[] = "https+insecure://";

/* "http://host/..", also for "host:port/..", which is no file; NULL for anything else. */
static char *url_of(const char *source)
{
    struct stat st;
    char *url = NULL;
    if (stat(source, &st) == 0)
        return NULL;
    if (fetch_is_url(source) || !strncasecmp(source, insecure, sizeof insecure - 1))
        return strdup(source);
    const char *colon = strchr(source, ':'), *slash = strchr(source, '/');
    if (!colon || colon == source || (slash && slash < colon) || strstr(source, "://"))
        return NULL;
    if (asprintf(&url, "http://%s", source) < 0)
        abort(); /* no memory */
    return url;
}

/* The value of seconds=N in the query, or -1. */
static int64_t seconds_of(const char *url)
{
    const char *query = strchr(url, '?');
    for (const char *p = query; p; p = strchr(p, '&'))
        if (!strncmp(++p, "seconds=", 8))
            return strtoll(p + 8, NULL, 10);
    return -1;
}

/* The URL with seconds=N in its query instead of what it said. */
static char *with_seconds(const char *url, int64_t seconds)
{
    struct strbuf sb = {0};
    size_t path = strcspn(url, "?#");
    strbuf_append(&sb, url, path);
    char separator = '?';
    for (const char *p = url[path] == '?' ? url + path + 1 : ""; *p;) {
        size_t len = strcspn(p, "&#");
        if (len && strncmp(p, "seconds=", 8) != 0) {
            strbuf_putc(&sb, separator);
            strbuf_append(&sb, p, len);
            separator = '&';
        }
        p += len + (p[len] == '&');
        if (*p == '#')
            break;
    }
    strbuf_printf(&sb, "%cseconds=%" PRId64, separator, seconds);
    return sb.p;
}

/* What libcurl takes, and whether any certificate will do. */
static const char *plain_url(const char *url, struct fetch_tls *tls, struct strbuf *sb)
{
    if (strncasecmp(url, insecure, sizeof insecure - 1) != 0)
        return url;
    tls->any_server = true;
    strbuf_printf(sb, "https://%s", url + sizeof insecure - 1);
    return sb->p;
}

static bool get(struct pprof_fetcher *f, const char *url, struct strbuf *bytes, struct err *err)
{
    enum {
        LIMIT_S = 60,
        GRACE_S = 5
    };
    struct strbuf plain = {0};
    struct fetch_tls tls = f->tls;
    const char *target = plain_url(url, &tls, &plain);
    int64_t wait = seconds_of(url);
    int64_t limit = f->timeout > 0 ? f->timeout : wait > 0 ? wait + wait / 2 : LIMIT_S;
    fprintf(stderr, "Fetching profile over HTTP from %s\n", url);
    if (f->seconds > 0)
        fprintf(stderr, "Please wait... (%" PRId64 "s)\n", f->seconds);
    struct progress *progress = cli_progress_begin();
    bool ok = fetch(target,
                    &(struct fetch_options){.expected_s = wait > 0 ? (uint64_t)wait : 0,
                                            .limit_s = (uint64_t)limit + GRACE_S,
                                            .progress = progress,
                                            .tls = &tls},
                    bytes, err);
    cli_progress_end(progress);
    strbuf_release(&plain);
    return ok;
}

static bool fetch_source(void *data, const char *source, bool *remote, char **url,
                         struct strbuf *bytes, struct err *err)
{
    struct pprof_fetcher *f = data;
    char *found = url_of(source);
    *remote = found != NULL;
    if (!found)
        return true;
    if (f->seconds > 0) {
        char *longer = with_seconds(found, f->seconds);
        free(found);
        found = longer;
    }
    if (get(f, found, bytes, err)) {
        *url = found;
        return true;
    }
    free(found);
    return false;
}

static bool post_text(void *data, const char *url, const char *text, struct strbuf *answer,
                      struct err *err)
{
    struct pprof_fetcher *f = data;
    struct strbuf plain = {0};
    struct fetch_tls tls = f->tls;
    const char *target = plain_url(url, &tls, &plain);
    bool ok = fetch(target, &(struct fetch_options){.post = text, .tls = &tls}, answer, err);
    strbuf_release(&plain);
    return ok;
}

struct pprof_remote pprof_remote(struct pprof_fetcher *fetcher, const struct pprof_flags *f)
{
    *fetcher = (struct pprof_fetcher){.tls = {f->tls_cert, f->tls_key, f->tls_ca, false},
                                      .seconds = f->seconds,
                                      .timeout = f->timeout};
    return (struct pprof_remote){fetch_source, post_text, fetcher};
}

/* ---- copies ---- */

/* $PPROF_TMPDIR, ~/pprof, or the folder of temporary files. */
static bool save_folder(char *path, size_t size)
{
    const char *told = getenv("PPROF_TMPDIR"), *home = getenv("HOME"), *temp = getenv("TMPDIR");
    struct err ignored;
    if (told && *told) {
        snprintf(path, size, "%s", told);
        return file_make_dirs(path, &ignored);
    }
    snprintf(path, size, "%s/pprof", home ? home : "");
    if (home && file_make_dirs(path, &ignored))
        return true;
    snprintf(path, size, "%s", temp && *temp ? temp : "/tmp");
    return true;
}

/* "pprof.PROGRAM.samples.cpu.001.pb.gz", a name that is not taken. */
static bool save_name(const struct pprof_model *m, const char *folder, struct strbuf *name)
{
    enum {
        LAST = 10000
    };
    strbuf_printf(name, "%s/pprof.", folder);
    const char *program = m->mapping_count ? m->mappings[0].filename : "";
    const char *slash = strrchr(program, '/');
    if (program[0])
        strbuf_printf(name, "%s.", slash ? slash + 1 : program);
    for (size_t i = 0; i < m->type_count; i++)
        strbuf_printf(name, "%.*s.", (int)strcspn(m->types[i].type, "/"), m->types[i].type);
    size_t len = name->len;
    for (int i = 1; i < LAST; i++) {
        name->len = len;
        strbuf_printf(name, "%03d.pb.gz", i);
        if (access(name->p, F_OK))
            return true;
    }
    return false;
}

static bool write_copy(const struct pprof_model *m, const char *path, struct err *err)
{
    struct pprof_model copy;
    struct pprof_report r;
    struct strbuf bytes = {0};
    struct file_out out;
    const struct pprof_config config = pprof_config_default();
    pprof_model_copy(&copy, m);
    bool ok = pprof_report_init(&r, &copy, pprof_command_find("proto"), NULL, &config, NULL, err) &&
              pprof_report_write(&r, &bytes, err) && file_out_open(&out, path, err);
    if (ok) {
        file_out_write(&out, bytes.p, bytes.len);
        ok = file_out_commit(&out, err);
    }
    pprof_report_release(&r);
    strbuf_release(&bytes);
    pprof_model_release(&copy);
    return ok;
}

void pprof_save_fetched(const struct pprof_loaded *l)
{
    char folder[4096];
    struct strbuf name = {0};
    struct err err = {0};
    if (!l->url)
        return;
    if (!save_folder(folder, sizeof folder) || !save_name(&l->model, folder, &name))
        fprintf(stderr, "Could not use temp dir %s\n", folder);
    else if (write_copy(&l->model, name.p, &err))
        fprintf(stderr, "Saved profile in %s\n", name.p);
    else
        fprintf(stderr, "whyprof: the profile is not saved: %s\n", err.text);
    strbuf_release(&name);
}
