#include "pprof/config.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const sorts[] = {"cum", "flat", NULL};
static const char *const grains[] = {"functions", "filefunctions", "files",
                                     "lines",     "addresses",     NULL};

#define AT(field) (uint32_t) offsetof(struct pprof_config, field)

/* In the order in which they are shown within help's groups. */
const struct pprof_option pprof_options[] = {
    {"call_tree", "calltree", PPROF_BOOL, AT(call_tree), NULL,
     "Create a context-sensitive call tree\n"
     "Treat locations reached through different paths as separate.\n"},
    {"compact_labels", "compact", PPROF_BOOL, AT(compact_labels), NULL, "Show minimal headers"},
    {"divide_by", "divide", PPROF_FLOAT, AT(divide_by), NULL,
     "Ratio to divide all samples before visualization\n"
     "Divide all samples values by a constant, eg the number of processors or jobs.\n"},
    {"drop_negative", "dropneg", PPROF_BOOL, AT(drop_negative), NULL,
     "Ignore negative differences\n"
     "Do not show any locations with values <0.\n"},
    {"edgefraction", "ef", PPROF_FLOAT, AT(edgefraction), NULL, "Hide edges below <f>*total"},
    {"focus", "f", PPROF_STRING, AT(focus), NULL,
     "Restricts to samples going through a node matching regexp\n"
     "Discard samples that do not include a node matching this regexp.\n"
     "Matching includes the function name, filename or object name.\n"},
    {"granularity", "g", PPROF_STRING, AT(granularity), grains, ""},
    {"hide", "h", PPROF_STRING, AT(hide), NULL,
     "Skips nodes matching regexp\n"
     "Discard nodes that match this location.\n"
     "Other nodes from samples that include this location will be shown.\n"
     "Matching includes the function name, filename or object name.\n"},
    {"ignore", "i", PPROF_STRING, AT(ignore), NULL,
     "Skips paths going through any nodes matching regexp\n"
     "If set, discard samples that include a node matching this regexp.\n"
     "Matching includes the function name, filename or object name.\n"},
    {"intel_syntax", "intel", PPROF_BOOL, AT(intel_syntax), NULL,
     "Show assembly in Intel syntax\n"
     "Only applicable to commands `disasm` and `weblist`\n"},
    {"mean", "mean", PPROF_BOOL, AT(mean), NULL,
     "Average sample value over first value (count)\n"
     "For memory profiles, report average memory per allocation.\n"
     "For time-based profiles, report average time per event.\n"},
    {"nodecount", "n", PPROF_INT, AT(nodecount), NULL,
     "Max number of nodes to show\n"
     "Uses heuristics to limit the number of locations to be displayed.\n"
     "On graphs, dotted edges represent paths through nodes that have been removed.\n"},
    {"nodefraction", "nf", PPROF_FLOAT, AT(nodefraction), NULL, "Hide nodes below <f>*total"},
    {"noinlines", "noinlines", PPROF_BOOL, AT(noinlines), NULL,
     "Ignore inlines.\n"
     "Attributes inlined functions to their first out-of-line caller.\n"},
    {"normalize", "norm", PPROF_BOOL, AT(normalize), NULL,
     "Scales profile based on the base profile.\n"},
    {"output", "", PPROF_STRING, AT(output), NULL, "Output filename for file-based outputs\n"},
    {"prune_from", "prunefrom", PPROF_STRING, AT(prune_from), NULL,
     "Drops any functions below the matched frame.\n"
     "If set, any frames matching the specified regexp and any frames\n"
     "below it will be dropped from each sample.\n"},
    {"relative_percentages", "rel", PPROF_BOOL, AT(relative_percentages), NULL,
     "Show percentages relative to focused subgraph\n"
     "If unset, percentages are relative to full graph before focusing\n"
     "to facilitate comparison with original graph.\n"},
    {"sample_index", "si", PPROF_STRING, AT(sample_index), NULL,
     "Sample value to report (0-based index or name)\n"
     "Profiles contain multiple values per sample.\n"
     "Use sample_index=i to select the ith value (starting at 0).\n"},
    {"show", "s", PPROF_STRING, AT(show), NULL,
     "Only show nodes matching regexp\n"
     "If set, only show nodes that match this location.\n"
     "Matching includes the function name, filename or object name.\n"},
    {"show_from", "sf", PPROF_STRING, AT(show_from), NULL,
     "Drops functions above the highest matched frame.\n"
     "If set, all frames above the highest match are dropped from every sample.\n"
     "Matching includes the function name, filename or object name.\n"},
    {"showcolumns", "showcolumns", PPROF_BOOL, AT(showcolumns), NULL,
     "Show column numbers at the source code line level.\n"},
    {"sort", "sort", PPROF_STRING, AT(sort), sorts, ""},
    {"source_path", "", PPROF_STRING, AT(source_path), NULL, "Search path for source files"},
    {"tagfocus", "tf", PPROF_STRING, AT(tagfocus), NULL,
     "Restricts to samples with tags in range or matched by regexp\n"
     "Use name=value syntax to limit the matching to a specific tag.\n"
     "Numeric tag filter examples: 1kb, 1kb:10kb, memory=32mb:\n"
     "String tag filter examples: foo, foo.*bar, mytag=foo.*bar\n"},
    {"taghide", "th", PPROF_STRING, AT(taghide), NULL,
     "Skip tags matching this regexp\n"
     "Discard tags that match this regexp\n"},
    {"tagignore", "ti", PPROF_STRING, AT(tagignore), NULL,
     "Discard samples with tags in range or matched by regexp\n"
     "Use name=value syntax to limit the matching to a specific tag.\n"
     "Numeric tag filter examples: 1kb, 1kb:10kb, memory=32mb:\n"
     "String tag filter examples: foo, foo.*bar, mytag=foo.*bar\n"},
    {"tagleaf", "tagleaf", PPROF_STRING, AT(tagleaf), NULL,
     "Adds pseudo stack frames for labels key/value pairs at the callstack leaf.\n"
     "A comma-separated list of label keys.\n"
     "The last key creates frames at the new leaf.\n"},
    {"tagroot", "tagroot", PPROF_STRING, AT(tagroot), NULL,
     "Adds pseudo stack frames for labels key/value pairs at the callstack root.\n"
     "A comma-separated list of label keys.\n"
     "The first key creates frames at the new root.\n"},
    {"tagshow", "ts", PPROF_STRING, AT(tagshow), NULL,
     "Only consider tags matching this regexp\n"
     "Discard tags that do not match this regexp\n"},
    {"trim", "trim", PPROF_BOOL, AT(trim), NULL,
     "Honor nodefraction/edgefraction/nodecount defaults\n"
     "Set to false to get the full profile, without any trimming.\n"},
    {"trim_path", "", PPROF_STRING, AT(trim_path), NULL,
     "Path to trim from source paths before search"},
    {"unit", "unit", PPROF_STRING, AT(unit), NULL,
     "Measurement units to display\n"
     "Scale the sample values to this unit.\n"
     "For time-based profiles, use seconds, milliseconds, nanoseconds, etc.\n"
     "For memory profiles, use megabytes, kilobytes, bytes, etc.\n"
     "Using auto will scale each value independently to the most natural unit.\n"},
    {NULL, NULL, PPROF_BOOL, 0, NULL, NULL}};

struct pprof_config pprof_config_default(void)
{
    struct pprof_config c = {.trim = true,
                             .unit = "minimum",
                             .sort = "flat",
                             .tools = "",
                             .nodecount = -1,
                             .nodefraction = 0.005,
                             .edgefraction = 0.001,
                             .divide_by = 1};
    for (const struct pprof_option *o = pprof_options; o->name; o++) {
        const char **text = (const char **)((char *)&c + o->offset);
        if (o->kind == PPROF_STRING && !*text)
            *text = "";
    }
    return c;
}

const char *pprof_choice_help(const char *choice)
{
    static const char *const help[][2] = {
        {"flat", "Sort entries based on own weight\n"},
        {"cum", "Sort entries based on cumulative weight\n"},
        {"functions", "Aggregate at the function level.\n"
                      "Ignores the filename where the function was defined.\n"},
        {"filefunctions", "Aggregate at the function level.\n"
                          "Takes into account the filename where the function was defined.\n"},
        {"files", "Aggregate at the file level."},
        {"lines", "Aggregate at the source code line level."},
        {"addresses", "Aggregate at the address level.\n"
                      "Includes functions' addresses in the output.\n"}};
    for (size_t i = 0; i < sizeof help / sizeof *help; i++)
        if (!strcmp(help[i][0], choice))
            return help[i][1];
    return NULL;
}

static bool has_choice(const struct pprof_option *o, const char *word)
{
    for (const char *const *c = o->choices; c && *c; c++)
        if (!strcmp(*c, word))
            return true;
    return false;
}

const struct pprof_option *pprof_option_find(const char *name)
{
    for (const struct pprof_option *o = pprof_options; o->name; o++)
        if (!strcmp(o->name, name) || has_choice(o, name))
            return o;
    return NULL;
}

/* "" is true: a flag by itself. */
static bool parse_bool(const char *s, bool *value)
{
    static const char *const yes[] = {"true", "t", "yes", "y", "1", ""};
    static const char *const no[] = {"false", "f", "no", "n", "0"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!strcasecmp(s, yes[i]))
            return *value = true;
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (!strcasecmp(s, no[i])) {
            *value = false;
            return true;
        }
    return false;
}

static bool set_number(struct pprof_config *c, const struct pprof_option *o, const char *value,
                       struct err *err)
{
    void *at = (char *)c + o->offset;
    char *end;
    errno = 0;
    if (o->kind == PPROF_INT) {
        int64_t v = strtoll(value, &end, 10);
        if (end == value || *end || errno)
            return err_set(err, "strconv.Atoi: parsing \"%s\": invalid syntax", value);
        *(int64_t *)at = v;
        return true;
    }
    double v = strtod(value, &end);
    if (end == value || *end)
        return err_set(err, "strconv.ParseFloat: parsing \"%s\": invalid syntax", value);
    *(double *)at = v;
    return true;
}

static bool set_option(struct pprof_config *c, const struct pprof_option *o, const char *value,
                       struct err *err)
{
    void *at = (char *)c + o->offset;
    switch (o->kind) {
    case PPROF_BOOL:
        return parse_bool(value, at) ||
               err_set(err, "illegal value \"%s\" for bool variable", value);
    case PPROF_STRING:
        if (o->choices && !has_choice(o, value))
            return err_set(err, "invalid \"%s\" value \"%s\"", o->name, value);
        *(const char **)at = value;
        return true;
    default:
        return set_number(c, o, value, err);
    }
}

bool pprof_config_set(struct pprof_config *c, const char *name, const char *value, struct err *err)
{
    const struct pprof_option *o = pprof_option_find(name);
    if (!o)
        return err_set(err, "unknown config field \"%s\"", name);
    if (!strcmp(o->name, name))
        return set_option(c, o, value, err);
    bool on = false;
    if (!parse_bool(value, &on) || !on)
        return err_set(err, "unknown config field \"%s\"", name);
    return set_option(c, o, name, err);
}

void pprof_config_get(const struct pprof_config *c, const struct pprof_option *o, struct strbuf *sb)
{
    const void *at = (const char *)c + o->offset;
    switch (o->kind) {
    case PPROF_BOOL:
        strbuf_puts(sb, *(const bool *)at ? "true" : "false");
        break;
    case PPROF_INT:
        strbuf_printf(sb, "%lld", (long long)*(const int64_t *)at);
        break;
    case PPROF_FLOAT:
        strbuf_printf(sb, "%g", *(const double *)at);
        break;
    case PPROF_STRING:
        strbuf_puts(sb, *(const char *const *)at);
        break;
    }
}

void pprof_config_for_command(struct pprof_config *c, const struct pprof_command *command)
{
    bool trim = c->trim;
    switch (command->format) {
    case PPROF_TEXT:
    case PPROF_TOPPROTO:
        if (c->nodecount == -1)
            c->nodecount = 0;
        break;
    case PPROF_PROTO:
    case PPROF_RAW:
    case PPROF_CALLGRIND:
        c->granularity = "addresses";
        c->noinlines = false;
        trim = false;
        break;
    case PPROF_DISASM:
        c->granularity = "addresses";
        c->noinlines = true;
        trim = false;
        break;
    case PPROF_WEBLIST:
        c->granularity = "addresses";
        c->noinlines = false;
        trim = false;
        break;
    case PPROF_LIST:
        c->granularity = "lines";
        trim = false;
        break;
    case PPROF_TREE:
        trim = trim && !command->has_param;
        break;
    default:
        break;
    }
    if (c->nodecount == -1)
        c->nodecount = 80;
    if (!trim) {
        c->nodecount = 0;
        c->nodefraction = c->edgefraction = 0;
    }
}
