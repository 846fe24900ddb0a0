/* whyprof pprof: reports about profiles, as `go tool pprof` prints them. */
#include "base/file.h"
#include "cli/cli.h"
#include "cli/pprof_flags.h"
#include "pprof/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_note(void *data, const char *text)
{
    (void)data;
    fprintf(stderr, "%s\n", text);
}

static void print_help(void)
{
    struct strbuf sb = {0};
    strbuf_puts(&sb, "Usage: whyprof pprof FORMAT [OPTIONS] [PROGRAM] PROFILE...\n\n"
                     "Prints reports about profiles (profile.proto, gperftools, folded stacks),\n"
                     "equal to those of `go tool pprof`. Several profiles are added up.\n\n");
    pprof_usage(&sb, true);
    strbuf_puts(&sb, "\n  Source options:\n"
                     "    -base FILE       Profile to subtract\n"
                     "    -diff_base FILE  Profile to compare with: percentages are of it\n"
                     "    -add_comment TEXT  Text to add to the profile\n"
                     "    -buildid ID      Build id of the main program\n"
                     "    -all_frames      Show frames that the profile asks to leave out\n");
    fputs(sb.p, stdout);
    strbuf_release(&sb);
}

static bool write_file(const char *path, const struct strbuf *report, struct err *err)
{
    struct file_out out;
    fprintf(stderr, "Generating report in %s\n", path);
    if (!file_out_open(&out, path, err))
        return false;
    file_out_write(&out, strbuf_str(report), report->len);
    return file_out_commit(&out, err);
}

static bool write_stdout(const struct strbuf *report, struct err *err)
{
    if (fwrite(strbuf_str(report), 1, report->len, stdout) == report->len && !fflush(stdout))
        return true;
    return err_errno(err, "write the report");
}

/* Where no file was asked for and the report is none for a terminal: a name that is
 * not taken, "profile001.svg". */
static bool name_file(const char *suffix, char *name, size_t size, struct err *err)
{
    enum {
        LAST = 10000
    };
    for (int i = 1; i < LAST; i++) {
        snprintf(name, size, "profile%03d.%s", i, suffix);
        if (access(name, F_OK))
            return true;
    }
    return err_set(err, "no name left for profileNNN.%s", suffix);
}

static bool write_report(const struct pprof_command *c, const struct pprof_config *config,
                         const struct strbuf *report, struct err *err)
{
    char name[64];
    if (config->output[0])
        return write_file(config->output, report, err);
    if (!c->suffix || !isatty(STDOUT_FILENO))
        return write_stdout(report, err);
    return name_file(c->suffix, name, sizeof name, err) && write_file(name, report, err);
}

static bool report(struct pprof_flags *f, struct pprof_model *model,
                   const struct pprof_notes *notes, struct err *err)
{
    struct pprof_report r;
    struct strbuf out = {0};
    bool ok = pprof_report_init(&r, model, f->command, f->argument, &f->config, notes, err) &&
              pprof_report_write(&r, &out, err);
    pprof_report_release(&r);
    ok = ok && write_report(f->command, &f->config, &out, err);
    strbuf_release(&out);
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
    if (!f.command) {
        err_set(&err, "no output format");
        err_hint(&err, "whyprof pprof -top FILE; whyprof pprof --help lists the formats");
        pprof_flags_release(&f);
        return cli_usage(&err);
    }
    struct pprof_loaded l;
    bool ok = pprof_load(&l, &f.input, &notes, &err) && report(&f, &l.model, &notes, &err);
    pprof_loaded_release(&l);
    pprof_flags_release(&f);
    return ok ? CLI_OK : cli_fail(&err);
}
