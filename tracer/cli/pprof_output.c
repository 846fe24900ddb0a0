#include "cli/pprof_output.h"

#include "base/file.h"
#include "cli/browser.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* ---- programs that show a report ---- */

static const struct {
    const char *command, *program; /* NULL: the browser */
} viewers[] = {{"eog", "eog"}, {"evince", "evince"}, {"gv", "gv"}, {"kcachegrind", "kcachegrind"},
               {"web", NULL},  {"weblist", NULL}};

static bool run_viewer(const char *program, const char *path, struct err *err)
{
    if (program ? browser_run(program, path) : browser_open(path))
        return true;
    err_set(err, "%s is not installed", program ? program : "a browser");
    return err_hint(err, "the report is in %s", path);
}

/* The file stays: nobody knows when the viewer has read it. */
static bool view(const char *program, const struct pprof_command *c, const struct strbuf *report,
                 struct err *err)
{
    char name[128];
    const char *folder = getenv("TMPDIR");
    snprintf(name, sizeof name, "%.80s/pprofXXXXXX.%s", folder && *folder ? folder : "/tmp",
             c->suffix);
    int fd = mkostemps(name, (int)strlen(c->suffix) + 1, O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, "make %s", name);
    close(fd);
    return write_file(name, report, err) && run_viewer(program, name, err);
}

/* Where there is nobody to look the report goes where others go. */
static bool has_viewer(const struct pprof_command *c, const char **program)
{
    for (size_t i = 0; i < sizeof viewers / sizeof *viewers; i++) {
        *program = viewers[i].program;
        if (!strcmp(viewers[i].command, c->name))
            return browser_wanted();
    }
    return false;
}

bool pprof_output(const struct pprof_command *c, const struct pprof_config *config,
                  const struct strbuf *report, bool keep_off_stdout, struct err *err)
{
    char name[64];
    if (config->output[0])
        return write_file(config->output, report, err);
    const char *program;
    if (has_viewer(c, &program))
        return view(program, c, report, err);
    if (!c->suffix || (!keep_off_stdout && !isatty(STDOUT_FILENO)))
        return write_stdout(report, err);
    return name_file(c->suffix, name, sizeof name, err) && write_file(name, report, err);
}
