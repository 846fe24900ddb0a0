/* whyprof serve: profiles, and those in a trace, as a web page. */
#include "cli/cli.h"
#include "cli/pprof_fetch.h"
#include "cli/serve_page.h"
#include "pprof/load.h"
#include "profile/build.h"
#include "trace/format.h"
#include "trace/reader.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *listen_at = "127.0.0.1:8081";
static const char *base;
static bool no_browser;

static void print_note(void *data, const char *text)
{
    (void)data;
    fprintf(stderr, "%s\n", text);
}

static bool is_trace(const char *path)
{
    char magic[sizeof TRACE_MAGIC - 1] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, magic, sizeof magic);
    close(fd);
    return n == (ssize_t)sizeof magic && !memcmp(magic, TRACE_MAGIC, sizeof magic);
}

static bool serve(struct serve_profile *profiles, size_t count, struct err *err)
{
    const struct serve_page page = {.profiles = profiles,
                                    .count = count,
                                    .config = pprof_config_default(),
                                    .listen = listen_at,
                                    .browser = !no_browser};
    return serve_page(&page, err);
}

/* ---- a trace: one profile for each class of events ---- */

struct class {
    struct trace *trace;
    enum reduce_kind kind;
    struct profile profile;
};

static bool open_class(void *data, struct pprof_model *m, struct err *err)
{
    struct class *c = data;
    (void)err;
    profile_build(&c->profile, c->trace, c->kind, (struct reduce_range){0, UINT64_MAX}, NULL);
    pprof_model_from_profile(m, &c->profile);
    pprof_model_ensure_mapping(m);
    return true;
}

static bool serve_trace(const char *path, struct err *err)
{
    struct class classes[REDUCE_KINDS] = {0};
    struct serve_profile profiles[REDUCE_KINDS] = {0};
    size_t count = 0;
    struct trace *t = trace_open(path, err);
    if (!t)
        return false;
    for (int kind = 0; kind < REDUCE_KINDS; kind++) {
        if (kind == REDUCE_GOROUTINES)
            continue; /* threads by another name */
        classes[kind] = (struct class){.trace = t, .kind = (enum reduce_kind)kind};
        profiles[count++] = (struct serve_profile){
            .name = reduce_kinds[kind].name, .open = open_class, .data = &classes[kind]};
    }
    bool ok = serve(profiles, count, err);
    for (size_t i = 0; i < count; i++)
        pprof_model_release(&profiles[i].model);
    for (int kind = 0; kind < REDUCE_KINDS; kind++)
        profile_release(&classes[kind].profile);
    trace_close(t);
    return ok;
}

/* ---- profiles ---- */

static bool serve_profiles_of(const char *const *paths, size_t count, struct err *err)
{
    const struct pprof_notes notes = {print_note, NULL};
    const struct pprof_flags flags = {.seconds = -1, .timeout = -1};
    struct pprof_fetcher fetcher;
    const struct pprof_remote remote = pprof_remote(&fetcher, &flags);
    const struct pprof_input input = {.sources = paths,
                                      .source_count = count,
                                      .bases = &base,
                                      .base_count = base != NULL,
                                      .diff_base = base != NULL,
                                      .symbolize = "",
                                      .remote = &remote};
    struct pprof_loaded l;
    bool ok = pprof_load(&l, &input, &notes, err);
    if (ok) {
        pprof_save_fetched(&l);
        struct serve_profile profile = {.name = "profile", .model = l.model, .is_open = true};
        ok = serve(&profile, 1, err);
    }
    pprof_loaded_release(&l);
    return ok;
}

int cmd_serve(int argc, char **argv)
{
    static const struct opt rows[] = {
        {'l', "listen", OPT_STR, &listen_at, "HOST:PORT",
         "where (default 127.0.0.1:8081; port 0: a free one)"},
        {'b', "base", OPT_STR, &base, "PROFILE", "compare with this one: what grew and shrank"},
        {0, "no-browser", OPT_FLAG, &no_browser, NULL, "do not open one"},
        {0},
    };
    static const struct opt_command command = {
        .name = "whyprof serve",
        .usage = "[OPTIONS] PROFILE... | TRACE",
        .summary = "Shows profiles in a browser: flame graph, table, call graph, source and\n"
                   "assembly. Several are added up; of a trace there is one for each class of\n"
                   "events. A profile may be a URL. Nothing leaves this machine.",
        .opts = rows,
    };
    struct err err = {0};
    int status, n = cli_parse(&command, argc, argv, &status);
    if (n < 0)
        return status;
    if (n == 0) {
        err_set(&err, "which profile or trace?");
        return cli_usage(&err);
    }
    if (is_trace(argv[1]) && (n > 1 || base)) {
        err_set(&err, "one trace at a time, and without a base");
        return cli_usage(&err);
    }
    const char *const *paths = (const char *const *)(argv + 1);
    bool ok =
        is_trace(argv[1]) ? serve_trace(argv[1], &err) : serve_profiles_of(paths, (size_t)n, &err);
    return ok ? CLI_OK : cli_fail(&err);
}
