#include "base/opt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool opt_parse_duration(const char *s, uint64_t *ns)
{
    static const struct {
        const char *unit;
        double scale_ns;
    } units[] = {{"", 1e9}, {"s", 1e9},  {"ms", 1e6},  {"us", 1e3},
                 {"ns", 1}, {"m", 60e9}, {"h", 3600e9}};
    char *end;
    errno = 0;
    double v = strtod(s, &end);
    if (end == s || errno || !(v >= 0) || v > 1e12)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (!strcmp(end, units[i].unit) && v * units[i].scale_ns < 9e18) {
            *ns = (uint64_t)(v * units[i].scale_ns + 0.5);
            return true;
        }
    }
    return false;
}

static bool parse_u64(const char *s, uint64_t *out)
{
    char *end;
    errno = 0;
    if (*s < '0' || *s > '9')
        return false;
    uint64_t v = strtoull(s, &end, 10);
    unsigned shift = 0;
    if (*end && !end[1]) {
        shift = *end == 'k' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
        if (!shift)
            return false;
        end++;
    }
    if (errno || *end || v > UINT64_MAX >> shift)
        return false;
    *out = v << shift;
    return true;
}

static bool assign(const struct opt_command *cmd, const struct opt *o, const char *value,
                   struct err *err)
{
    switch (o->kind) {
    case OPT_FLAG:
        *(bool *)o->dest = true;
        return true;
    case OPT_STR:
    case OPT_OPT_STR:
        *(const char **)o->dest = value ? value : "";
        return true;
    case OPT_U64:
        if (parse_u64(value, o->dest))
            return true;
        return err_set(err, "--%s: '%s' is not a number", o->name, value);
    case OPT_DURATION:
        if (opt_parse_duration(value, o->dest))
            return true;
        err_set(err, "--%s: '%s' is not a duration", o->name, value);
        return err_hint(err, "give seconds, or a number with ns, us, ms, s, m or h");
    }
    return err_set(err, "%s: option table is wrong", cmd->name);
}

static const struct opt *find_long(const struct opt *opts, const char *name, size_t len)
{
    for (const struct opt *o = opts; o && o->name; o++)
        if (strlen(o->name) == len && !memcmp(o->name, name, len))
            return o;
    return NULL;
}

static const struct opt *find_letter(const struct opt *opts, char c)
{
    for (const struct opt *o = opts; o && o->name; o++)
        if (o->letter == c)
            return o;
    return NULL;
}

static bool takes_value(const struct opt *o)
{
    return o->kind != OPT_FLAG && o->kind != OPT_OPT_STR;
}

static bool unknown(const struct opt_command *cmd, const char *arg, struct err *err)
{
    err_set(err, "unknown option '%s'", arg);
    return err_hint(err, "%s --help lists the options", cmd->name);
}

/* Handles argv[*i] (an option); advances *i past a value it takes. */
static bool parse_one(const struct opt_command *cmd, int argc, char **argv, int *i, struct err *err)
{
    char *arg = argv[*i];
    const struct opt *o;
    const char *value = NULL;
    if (arg[1] == '-') {
        const char *name = arg + 2;
        const char *eq = strchr(name, '=');
        size_t len = eq ? (size_t)(eq - name) : strlen(name);
        o = find_long(cmd->opts, name, len);
        if (!o && !eq && !strncmp(name, "no-", 3)) {
            o = find_long(cmd->opts, name + 3, len - 3);
            if (o && o->kind == OPT_FLAG) {
                *(bool *)o->dest = false;
                return true;
            }
            o = NULL;
        }
        if (!o)
            return unknown(cmd, arg, err);
        if (eq && o->kind == OPT_FLAG)
            return err_set(err, "--%s takes no value", o->name);
        value = eq ? eq + 1 : NULL;
    } else {
        o = find_letter(cmd->opts, arg[1]);
        if (!o)
            return unknown(cmd, arg, err);
        if (arg[2] && o->kind == OPT_FLAG)
            return unknown(cmd, arg, err);
        value = arg[2] ? arg + 2 : NULL;
    }
    if (takes_value(o) && !value) {
        if (*i + 1 >= argc) {
            err_set(err, "%s needs a value", arg);
            return err_hint(err, "%s --help lists the options", cmd->name);
        }
        value = argv[++*i];
    }
    return assign(cmd, o, value, err);
}

int opt_parse(const struct opt_command *cmd, int argc, char **argv, struct err *err)
{
    int kept = 0;
    for (int i = 1; i < argc; i++) {
        char *arg = argv[i];
        bool is_option = arg[0] == '-' && arg[1];
        if (is_option && !strcmp(arg, "--")) {
            for (i++; i < argc; i++)
                argv[++kept] = argv[i];
            break;
        }
        if (is_option && (!strcmp(arg, "--help") || !strcmp(arg, "-h"))) {
            opt_print_help(cmd, stdout);
            return OPT_HELP;
        }
        if (is_option) {
            if (!parse_one(cmd, argc, argv, &i, err))
                return OPT_BAD;
            continue;
        }
        argv[++kept] = arg;
        if (cmd->stop_at_first) {
            for (i++; i < argc; i++)
                argv[++kept] = argv[i];
            break;
        }
    }
    return kept;
}

static void print_option(const struct opt *o, FILE *out)
{
    char left[80];
    int n = o->letter ? snprintf(left, sizeof left, "  -%c, --%s", o->letter, o->name)
                      : snprintf(left, sizeof left, "      --%s", o->name);
    if (o->arg)
        snprintf(left + n, sizeof left - (size_t)n, "%s%s%s", o->kind == OPT_OPT_STR ? "[=" : " ",
                 o->arg, o->kind == OPT_OPT_STR ? "]" : "");
    fprintf(out, "%-32s", left);
    if (strlen(left) >= 31)
        fprintf(out, "\n%-32s", "");
    for (const char *p = o->help; *p; p++) {
        fputc(*p, out);
        if (*p == '\n')
            fprintf(out, "%-32s", "");
    }
    fputc('\n', out);
}

void opt_print_help(const struct opt_command *cmd, FILE *out)
{
    fprintf(out, "Usage: %s %s\n\n%s\n", cmd->name, cmd->usage, cmd->summary);
    fprintf(out, "\nOptions:\n");
    for (const struct opt *o = cmd->opts; o && o->name; o++)
        print_option(o, out);
    fprintf(out, "%-32s%s\n", "  -h, --help", "print this help");
    if (cmd->more)
        fprintf(out, "\n%s\n", cmd->more);
}
