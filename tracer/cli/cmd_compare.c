/* whyprof compare: two sides of profiles, or two traces. */
#include "base/file.h"
#include "cli/cli.h"
#include "cli/trace_file.h"
#include "report/compare.h"
#include "trace/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    SIDE_MAX = 256
};

struct side {
    const char *paths[SIDE_MAX];
    size_t count;
    struct profile *profiles; /* owned */
    const struct profile *list[SIDE_MAX];
};

static struct side before, after;
static bool json, per_second, share, cum;
static const char *type, *svg;
static struct page_style style;

static const struct opt rows[] = {
    /* taken from the arguments before the others are looked at; here for --help */
    {0, "before", OPT_STR, &(const char *){NULL}, "FILE...",
     "profiles of this side, until --after"},
    {0, "after", OPT_STR, &(const char *){NULL}, "FILE...", "profiles of the other side"},
    {'t', "type", OPT_STR, &type, "TYPE", "values to compare, such as inuse_space"},
    {0, "per-second", OPT_FLAG, &per_second, NULL, "of each profile's duration"},
    {0, "share", OPT_FLAG, &share, NULL, "as if all profiles had the same total"},
    {0, "cum", OPT_FLAG, &cum, NULL, "functions by change with all that they call"},
    {0, "svg", OPT_STR, &svg, "FILE", "also write a differential flame graph (- is the output)"},
    {0, "json", OPT_FLAG, &json, NULL, "JSON: exact numbers, all rows"},
    {'n', "top", OPT_U64, &style.top, "N", "at most N rows of each table"},
    {'a', "all", OPT_FLAG, &style.all, NULL, "all rows"},
    {0},
};

static const struct opt_command command = {
    .name = "whyprof compare",
    .usage = "[OPTIONS] BEFORE AFTER",
    .summary =
        "Says what grew and what shrank between two profiles, per function and per stack, or\n"
        "between two traces: CPU time, waits, locks, system calls, queueing for a CPU.",
    .opts = rows,
    .more =
        "With several profiles a side each change has a noise bound (95 %): what is within it may\n"
        "be chance, and is told apart.\n"
        "  whyprof compare cpu_1.prof cpu_2.prof --svg diff.svg\n"
        "  whyprof compare --before a1.prof a2.prof a3.prof --after b1.prof b2.prof b3.prof\n",
};

/* "--before A B --after C D": files up to the next option. The rest stays in argv; false
 * where one side has too many. */
static bool take_sides(int *argc, char **argv, struct err *err)
{
    struct side *side = NULL;
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        if (!strcmp(argv[i], "--before"))
            side = &before;
        else if (!strcmp(argv[i], "--after"))
            side = &after;
        else if (side && argv[i][0] != '-') {
            if (side->count == SIDE_MAX)
                return err_set(err, "more than %d profiles on one side", SIDE_MAX);
            side->paths[side->count++] = argv[i];
        } else {
            side = NULL;
            argv[kept++] = argv[i];
        }
    }
    argv[kept] = NULL;
    *argc = kept;
    return true;
}

static bool is_trace(const char *path)
{
    char magic[sizeof TRACE_MAGIC - 1] = "";
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(magic, 1, sizeof magic, f) : 0;
    if (f)
        fclose(f);
    return n == sizeof magic && !memcmp(magic, TRACE_MAGIC, sizeof magic);
}

static bool print_page(struct page *page, struct err *err)
{
    if (json)
        page_print_json(page, &style, stdout);
    else
        page_print_text(page, &style, stdout);
    page_release(page);
    return fflush(stdout) == 0 || err_errno(err, "write the comparison");
}

/* ---- profiles ---- */

static bool read_side(struct side *s, struct err *err)
{
    s->profiles = calloc(s->count, sizeof *s->profiles);
    if (!s->profiles)
        abort(); /* no memory */
    for (size_t i = 0; i < s->count; i++) {
        s->list[i] = &s->profiles[i];
        if (!profile_read(&s->profiles[i], s->paths[i], err))
            return false;
    }
    return true;
}

static void release_side(struct side *s)
{
    for (size_t i = 0; s->profiles && i < s->count; i++)
        profile_release(&s->profiles[i]);
    free(s->profiles);
}

static bool write_svg(const struct compare *c, struct err *err)
{
    char *text = NULL;
    size_t bytes = 0;
    if (!strcmp(svg, "-")) {
        report_compare_flame(c, stdout);
        return fflush(stdout) == 0 || err_errno(err, "write the flame graph");
    }
    FILE *memory = open_memstream(&text, &bytes);
    struct file_out out;
    if (!memory)
        abort(); /* no memory */
    report_compare_flame(c, memory);
    fclose(memory);
    bool ok = file_out_open(&out, svg, err);
    if (ok) {
        file_out_write(&out, text, bytes);
        ok = file_out_commit(&out, err);
    }
    free(text);
    return ok;
}

static bool print_profiles(const struct compare *c, struct err *err)
{
    struct page page = {.name = "compare"};
    double longer = c->before_s > c->after_s ? c->before_s : c->after_s;
    double shorter = c->before_s + c->after_s - longer;
    if (!per_second && !share && shorter > 0 && longer > shorter * 1.1)
        fprintf(stderr,
                "whyprof: the profiles cover %.3g s and %.3g s: --per-second or --share "
                "make them comparable\n",
                c->before_s, c->after_s);
    report_compare(&page, c, &(struct report_compare_options){.by_cum = cum});
    return print_page(&page, err);
}

static bool compare_sides(struct err *err)
{
    struct compare c;
    bool ok = read_side(&before, err) && read_side(&after, err);
    ok = ok && compare_profiles(&c, &(struct compare_side){before.list, before.count},
                                &(struct compare_side){after.list, after.count},
                                &(struct compare_options){type, per_second ? COMPARE_PER_SECOND
                                                                : share    ? COMPARE_SHARE
                                                                           : COMPARE_AS_IS},
                                err);
    if (ok) {
        ok =
            (!svg || write_svg(&c, err)) && ((svg && !strcmp(svg, "-")) || print_profiles(&c, err));
        compare_release(&c);
    }
    release_side(&before);
    release_side(&after);
    return ok;
}

/* ---- traces ---- */

static bool compare_two_traces(struct err *err)
{
    struct trace *a = cli_trace_map(before.paths[0], err);
    struct trace *b = a ? cli_trace_map(after.paths[0], err) : NULL;
    struct arena arena = {0};
    bool ok = b != NULL;
    if (ok) {
        struct compare_traces c;
        struct page page = {.name = "compare"};
        compare_traces(&arena, a, b, &c);
        report_compare_traces(&page, &c);
        ok = print_page(&page, err) && !trace_damage(a, err) && !trace_damage(b, err);
    }
    arena_release(&arena);
    if (a)
        trace_close(a);
    if (b)
        trace_close(b);
    return ok;
}

static void choose_style(void)
{
    const char *term = getenv("TERM");
    struct winsize size;
    bool terminal = isatty(STDOUT_FILENO);
    style.colour = !json && terminal && !getenv("NO_COLOR") && term && strcmp(term, "dumb");
    if (terminal && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col >= 40)
        style.width = size.ws_col;
}

static bool check_sides(int n, char **argv, struct err *err)
{
    if (n == 2 && !before.count && !after.count) {
        before = (struct side){.paths = {argv[1]}, .count = 1};
        after = (struct side){.paths = {argv[2]}, .count = 1};
        return true;
    }
    if (!n && before.count && after.count)
        return true;
    err_set(err, "compare needs two sides");
    return err_hint(err, "whyprof compare BEFORE AFTER, or --before FILE... --after FILE...");
}

int cmd_compare(int argc, char **argv)
{
    struct err err = {0};
    int status;
    if (!take_sides(&argc, argv, &err))
        return cli_usage(&err);
    int n = cli_parse(&command, argc, argv, &status);
    if (n < 0)
        return status;
    if (!check_sides(n, argv, &err))
        return cli_usage(&err);
    if (per_second && share) {
        err_set(&err, "--per-second or --share, not both");
        return cli_usage(&err);
    }
    choose_style();
    bool traces = is_trace(before.paths[0]);
    if (traces != is_trace(after.paths[0])) {
        err_set(&err, "%s and %s: a trace and a profile", before.paths[0], after.paths[0]);
        return cli_fail(&err);
    }
    if (traces && (before.count > 1 || after.count > 1 || svg)) {
        err_set(&err, svg ? "--svg is about profiles" : "traces are compared one with one");
        return cli_usage(&err);
    }
    return (traces ? compare_two_traces(&err) : compare_sides(&err)) ? CLI_OK : cli_fail(&err);
}
