/* opt: command-line options as a table; --help comes from the same table.
 *
 *     static const char *out;
 *     static const struct opt opts[] = {
 *         {'o', "output", OPT_STR, &out, "FILE", "write FILE"},
 *         {0}};
 *     int n = opt_parse(&(struct opt_command){.usage = ..., .opts = opts}, argc, argv, &err);
 *
 * Long options take "--name VALUE" or "--name=VALUE"; flags also "--no-name".
 * "--" ends options. Positional arguments are moved to argv[1..n]. */
#ifndef BASE_OPT_H
#define BASE_OPT_H

#include "base/err.h"

#include <stdint.h>
#include <stdio.h>

enum opt_kind {
    OPT_FLAG,     /* bool * */
    OPT_STR,      /* const char ** : borrowed from argv */
    OPT_U64,      /* uint64_t * : decimal, with k/M/G suffixes of 1024 */
    OPT_DURATION, /* uint64_t * in ns: "30", "30s", "1.5ms", "10us", "100ns", "2m" */
    OPT_OPT_STR,  /* const char ** : "--name" sets "", "--name=VALUE" sets VALUE */
};

struct opt {
    char letter;      /* 0: none */
    const char *name; /* long name; NULL ends the table */
    enum opt_kind kind;
    void *dest;
    const char *arg;  /* what help calls the value; NULL for flags */
    const char *help; /* one sentence; "\n" breaks lines */
};

struct opt_command {
    const char *name;    /* "whyprof report" */
    const char *usage;   /* "FILE [summary|...]" */
    const char *summary; /* what it does: the first lines of --help */
    const struct opt *opts;
    const char *more;   /* text after the options (examples), or NULL */
    bool stop_at_first; /* the first positional argument ends options (run -- CMD) */
};

enum {
    OPT_HELP = -1,
    OPT_BAD = -2
};

/* The number of positional arguments, OPT_HELP when help was asked for (and
 * printed on stdout), OPT_BAD with err set on a usage error. */
int opt_parse(const struct opt_command *cmd, int argc, char **argv, struct err *err);
void opt_print_help(const struct opt_command *cmd, FILE *out);
bool opt_parse_duration(const char *s, uint64_t *ns);

#endif
