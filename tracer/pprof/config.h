/* config: pprof's options by name, as flags of the command line, variables of the
 * shell and parameters of a URL set them; and its report formats. */
#ifndef PPROF_CONFIG_H
#define PPROF_CONFIG_H

#include "base/err.h"
#include "base/strbuf.h"

#include <stdbool.h>
#include <stdint.h>

/* For `tools`: no programs are to be run. */
#define PPROF_NO_TOOLS "-"

struct pprof_config {
    bool call_tree, relative_percentages, compact_labels, intel_syntax, mean, normalize;
    bool drop_negative, trim, noinlines, showcolumns;
    const char *unit;                    /* "minimum": what fits the smallest value */
    const char *source_path, *trim_path; /* colon separated */
    const char *sample_index;            /* "": the profile's default */
    const char *sort;                    /* flat, cum */
    const char *granularity; /* "" (functions), functions, filefunctions, files, lines, addresses */
    const char *tagroot, *tagleaf;
    const char *focus, *ignore, *prune_from, *hide, *show, *show_from;
    const char *tagfocus, *tagignore, *tagshow, *taghide;
    const char *output;
    const char *tools;    /* folders of objdump and such; a flag only */
    size_t max_functions; /* of disasm: the heaviest; 0: all, by name; no option */
    int64_t nodecount;    /* -1: the format's own */
    double nodefraction, edgefraction, divide_by;
};

enum pprof_option_kind {
    PPROF_BOOL,
    PPROF_INT,
    PPROF_FLOAT,
    PPROF_STRING
};

struct pprof_option {
    const char *name;
    const char *url; /* parameter name; "" for none */
    enum pprof_option_kind kind;
    uint32_t offset;            /* in struct pprof_config */
    const char *const *choices; /* NULL-terminated, or NULL: anything goes */
    const char *help;           /* lines, each ended */
};

extern const struct pprof_option pprof_options[]; /* ends with a NULL name */

struct pprof_config pprof_config_default(void);
/* The option with that name, or the one that has it as a choice ("cum"); NULL. */
const struct pprof_option *pprof_option_find(const char *name);
/* Sets an option; strings are borrowed. A choice by itself is set when value is true. */
bool pprof_config_set(struct pprof_config *c, const char *name, const char *value, struct err *err);
/* Appends the value as text. */
void pprof_config_get(const struct pprof_config *c, const struct pprof_option *o,
                      struct strbuf *sb);
/* What help says of a choice; NULL where there is none. */
const char *pprof_choice_help(const char *choice);

enum pprof_format {
    PPROF_COMMENTS,
    PPROF_DOT,
    PPROF_RAW,
    PPROF_TAGS,
    PPROF_TEXT,
    PPROF_TRACES,
    PPROF_TREE,
    PPROF_CALLGRIND,
    PPROF_PROTO,
    PPROF_TOPPROTO,
    PPROF_FOLDED,
    PPROF_LIST,
    PPROF_WEBLIST,
    PPROF_DISASM,
    PPROF_FLAME,
};

struct pprof_command {
    const char *name;
    enum pprof_format format;
    bool has_param;      /* takes an expression */
    const char *dot;     /* what `dot -T` makes of the report, or NULL */
    const char *suffix;  /* of the file when the report is no text: "svg" */
    const char *summary; /* one sentence */
    const char *usage;   /* lines, or "" */
};

extern const struct pprof_command pprof_commands[]; /* ends with a NULL name */

const struct pprof_command *pprof_command_find(const char *name);
/* What the command demands of the configuration whatever the user set. */
void pprof_config_for_command(struct pprof_config *c, const struct pprof_command *command);

#endif
