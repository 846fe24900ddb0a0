#include "cli/cli.h"

#include "base/fmt.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void print_error(const struct err *err)
{
    fflush(stdout);
    fprintf(stderr, "whyprof: %s\n", err->text);
    if (err->hint[0])
        fprintf(stderr, "  %s\n", err->hint);
}

int cli_fail(const struct err *err)
{
    print_error(err);
    return CLI_FAILED;
}

int cli_usage(const struct err *err)
{
    print_error(err);
    return CLI_USAGE;
}

int cli_parse(const struct opt_command *cmd, int argc, char **argv, int *status)
{
    struct err err = {0};
    int n = opt_parse(cmd, argc, argv, &err);
    if (n >= 0)
        return n;
    *status = n == OPT_HELP ? CLI_OK : cli_usage(&err);
    return -1;
}

int cli_parse_files(const struct opt_command *cmd, int argc, char **argv, int least, int most,
                    const char *needs, const char *example, int *status)
{
    int n = cli_parse(cmd, argc, argv, status);
    if (n < 0 || (n >= least && n <= most))
        return n;
    struct err err = {0};
    const char *name = strrchr(cmd->name, ' ');
    err_set(&err, "%s needs %s", name ? name + 1 : cmd->name, needs);
    err_hint(&err, "%s", example);
    *status = cli_usage(&err);
    return -1;
}

struct cli_progress {
    struct progress progress;
    bool shown;
    const char *phase;
    double phase_start;
    double last_shown;
};

static double now_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static bool show_progress(void *data, const char *phase, uint64_t done, uint64_t total)
{
    struct cli_progress *p = data;
    double now = now_s();
    if (p->phase != phase) {
        p->phase = phase;
        p->phase_start = now;
    }
    if (now - p->last_shown < 0.1)
        return true;
    p->last_shown = now;
    p->shown = true;
    double elapsed = now - p->phase_start;
    double rate = elapsed > 0.2 ? (double)done / elapsed : 0;
    char count[FMT_MAX], per_s[FMT_MAX], left[FMT_MAX] = "";
    fmt_count(count, done);
    fmt_count(per_s, (uint64_t)rate);
    if (total && rate > 0 && done < total)
        fmt_ns(left, (uint64_t)((double)(total - done) / rate * 1e9));
    fprintf(stderr, "\r\033[K%s: %s", phase, count);
    if (total)
        fprintf(stderr, " (%d %%)", (int)(100.0 * (double)done / (double)total));
    if (rate > 0)
        fprintf(stderr, ", %s/s", per_s);
    if (left[0])
        fprintf(stderr, ", %s left", left);
    fflush(stderr);
    return true;
}

struct progress *cli_progress_begin(void)
{
    struct cli_progress *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    p->progress.data = p;
    p->progress.step = isatty(STDERR_FILENO) ? show_progress : NULL;
    return &p->progress;
}

void cli_progress_end(struct progress *progress)
{
    struct cli_progress *p = progress->data;
    if (p->shown)
        fprintf(stderr, "\r\033[K");
    free(p);
}

/* The first of "BINDIR/<place>/name" that exists, into found. */
static const char *find_beside(char found[PATH_MAX], const char *name, const char *const places[],
                               struct err *err)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n < 0) {
        err_errno(err, "find the program's own folder");
        return NULL;
    }
    exe[n] = '\0';
    *strrchr(exe, '/') = '\0';
    for (int i = 0; places[i]; i++) {
        char path[2 * PATH_MAX];
        snprintf(path, sizeof path, "%s/%s/%s", exe, places[i], name);
        if (access(path, R_OK) == 0 && realpath(path, found))
            return found;
    }
    err_set(err, "%s is not installed beside %s", name, exe);
    err_hint(err, "make build, or make install PREFIX=..., puts both in place");
    return NULL;
}

const char *cli_agent_path(struct err *err)
{
    static const char *const places[] = {"../lib", "../lib/whyprof", WHYPROF_LIBDIR, NULL};
    static char found[PATH_MAX];
    return find_beside(found, "libwhyprof-agent.so", places, err);
}

const char *cli_program_path(const char *name, struct err *err)
{
    static const char *const places[] = {".", "../libexec/whyprof", NULL};
    static char found[PATH_MAX]; /* one helper program at a time */
    return find_beside(found, name, places, err);
}
