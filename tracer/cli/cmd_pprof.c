/* whyprof pprof: reports about profiles, as `go tool pprof` prints them. */
#include "cli/cli.h"
#include "cli/pprof_fetch.h"
#include "cli/pprof_flags.h"
#include "cli/pprof_output.h"
#include "cli/pprof_shell.h"
#include "cli/serve_page.h"
#include "pprof/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_note(void *data, const char *text)
{
    (void)data;
    fprintf(stderr, "%s\n", text);
}

static void print_help(void)
{
    struct strbuf sb = {0};
    strbuf_puts(&sb, "Usage: whyprof pprof FORMAT [OPTIONS] [PROGRAM] PROFILE...\n"
                     "       whyprof pprof [OPTIONS] [PROGRAM] PROFILE...     (a shell)\n\n"
                     "Prints reports about profiles (profile.proto, gperftools, folded stacks),\n"
                     "equal to those of `go tool pprof`. Several profiles are added up.\n\n");
    pprof_usage(&sb, true);
    strbuf_puts(&sb,
                "\n  Source options:\n"
                "    -base FILE       Profile to subtract\n"
                "    -diff_base FILE  Profile to compare with: percentages are of it\n"
                "    -add_comment TEXT  Text to add to the profile\n"
                "    -buildid ID      Build id of the main program\n"
                "    -all_frames      Show frames that the profile asks to leave out\n"
                "    -symbolize HOW   local, fastlocal, remote or none; force;\n"
                "                     demangle=none|full|templates|default; joined by ':'\n"
                "    -tools FOLDERS   Where to look for objdump first\n"
                "    -seconds N       How long a server is to collect\n"
                "    -timeout N       How many seconds it may take to answer\n"
                "    -http HOST:PORT  Show the profile in a browser; -no_browser opens none\n"
                "    -tls_cert FILE, -tls_key FILE, -tls_ca FILE\n"
                "                     TLS: who we are, and whom we trust\n"
                "\n  A profile may be a URL (http, https, https+insecure, or host:port/path);\n"
                "  a copy is kept in $PPROF_TMPDIR, else ~/pprof. Programs are looked for in\n"
                "  $PPROF_BINARY_PATH, else ~/pprof/binaries, by build id and by name.\n");
    fputs(sb.p, stdout);
    strbuf_release(&sb);
}

static bool report(struct pprof_flags *f, struct pprof_model *model,
                   const struct pprof_notes *notes, struct err *err)
{
    struct pprof_report r;
    struct strbuf out = {0};
    bool ok = pprof_report_init(&r, model, f->command, f->argument, &f->config, notes, err) &&
              pprof_report_write(&r, &out, err);
    pprof_report_release(&r);
    ok = ok && pprof_output(f->command, &f->config, &out, false, err);
    strbuf_release(&out);
    return ok;
}

/* "host:port", of which either may be missing: on this machine, at a free port. */
static bool serve(const struct pprof_flags *f, struct pprof_loaded *l, struct err *err)
{
    struct strbuf where = {0};
    const char *port = strrchr(f->http, ':');
    int host = port ? (int)(port - f->http) : (int)strlen(f->http);
    strbuf_printf(&where, "%.*s:%s", host ? host : 9, host ? f->http : "localhost",
                  port && port[1] ? port + 1 : "0");
    struct serve_profile profile = {.name = "profile", .model = l->model, .is_open = true};
    const struct serve_page page = {.profiles = &profile,
                                    .count = 1,
                                    .config = f->config,
                                    .listen = where.p,
                                    .browser = !f->no_browser};
    bool ok = serve_page(&page, err);
    strbuf_release(&where);
    return ok;
}

int cmd_pprof(int argc, char **argv)
{
    struct err err = {0};
    struct pprof_flags f;
    const struct pprof_notes notes = {print_note, NULL};
    if (!pprof_flags_parse(&f, argc, argv, &err)) {
        pprof_flags_release(&f);
        return cli_usage(&err);
    }
    if (f.help) {
        print_help();
        pprof_flags_release(&f);
        return CLI_OK;
    }
    struct pprof_loaded l;
    struct pprof_fetcher fetcher;
    const struct pprof_remote remote = pprof_remote(&fetcher, &f);
    f.input.remote = &remote;
    bool ok = pprof_load(&l, &f.input, &notes, &err);
    if (ok)
        pprof_save_fetched(&l);
    if (ok && f.http)
        ok = serve(&f, &l, &err);
    else if (ok && f.command)
        ok = report(&f, &l.model, &notes, &err);
    else if (ok)
        pprof_shell(&l.model, &f.config, &notes);
    pprof_loaded_release(&l);
    pprof_flags_release(&f);
    return ok ? CLI_OK : cli_fail(&err);
}
