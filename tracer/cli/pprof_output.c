#include "cli/pprof_output.h"

#include "base/file.h"

#include <stdio.h>
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

bool pprof_output(const struct pprof_command *c, const struct pprof_config *config,
                  const struct strbuf *report, bool keep_off_stdout, struct err *err)
{
    char name[64];
    if (config->output[0])
        return write_file(config->output, report, err);
    if (!c->suffix || (!keep_off_stdout && !isatty(STDOUT_FILENO)))
        return write_stdout(report, err);
    return name_file(c->suffix, name, sizeof name, err) && write_file(name, report, err);
}
