#include "cli/pprof_flags.h"

#include "base/arena.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Flags about where profiles come from; each takes a value. */
static const char *const source_flags[] = {"base",      "diff_base", "buildid", "add_comment",
                                           "symbolize", "tools",     "seconds", "timeout",
                                           "http",      "tls_cert",  "tls_key", "tls_ca"};

static bool is_source_flag(const char *name)
{
    for (size_t i = 0; i < sizeof source_flags / sizeof *source_flags; i++)
        if (!strcmp(source_flags[i], name))
            return true;
    return false;
}

struct parser {
    struct pprof_flags *f;
    char **next; /* words still to read; NULL-terminated */
    size_t source_count, base_count;
    const char **bases;
    bool has_base, has_diff_base;
    const char *groups[2]; /* choices set so far of sort and granularity */
};

static bool take_seconds(const char *name, const char *value, int64_t *seconds, struct err *err)
{
    char *end;
    *seconds = strtoll(value, &end, 10);
    if (*value && !*end && *seconds >= -1 && *seconds <= INT32_MAX)
        return true;
    return err_set(err, "invalid value \"%s\" for flag -%s: a number of seconds is wanted", value,
                   name);
}

static void set_server_flag(struct pprof_flags *f, const char *name, const char *value)
{
    if (!strcmp(name, "http"))
        f->http = value;
    else if (!strcmp(name, "tls_cert"))
        f->tls_cert = value;
    else if (!strcmp(name, "tls_key"))
        f->tls_key = value;
    else if (!strcmp(name, "tls_ca"))
        f->tls_ca = value;
}

static bool set_source_flag(struct parser *p, const char *name, const char *value, struct err *err)
{
    struct pprof_input *in = &p->f->input;
    if (!strcmp(name, "base") || !strcmp(name, "diff_base")) {
        bool diff = name[0] == 'd';
        p->has_base = p->has_base || !diff;
        p->has_diff_base = p->has_diff_base || diff;
        if (p->has_base && p->has_diff_base)
            return err_set(err, "-base and -diff_base flags cannot both be specified");
        in->diff_base = diff;
        if (value[0])
            p->bases[p->base_count++] = value;
    } else if (!strcmp(name, "add_comment")) {
        in->comment = value[0] ? value : NULL;
    } else if (!strcmp(name, "buildid")) {
        in->build_id = value[0] ? value : NULL;
    } else if (!strcmp(name, "symbolize")) {
        in->symbolize = value;
    } else if (!strcmp(name, "tools")) {
        p->f->config.tools = value;
    } else if (!strcmp(name, "seconds")) {
        return take_seconds(name, value, &p->f->seconds, err);
    } else if (!strcmp(name, "timeout")) {
        return take_seconds(name, value, &p->f->timeout, err);
    } else {
        set_server_flag(p->f, name, value);
    }
    return true;
}

/* Flags that choose a value: pprof's names from before -sample_index. */
static const struct {
    const char *flag, *type;
    bool mean;
} value_flags[] = {{"inuse_space", "inuse_space", false}, {"inuse_objects", "inuse_objects", false},
                   {"alloc_space", "alloc_space", false}, {"alloc_objects", "alloc_objects", false},
                   {"total_delay", "delay", false},       {"contentions", "contentions", false},
                   {"mean_delay", "delay", true}};

static bool set_value_flag(struct pprof_config *c, const char *name)
{
    for (size_t i = 0; i < sizeof value_flags / sizeof *value_flags; i++) {
        if (strcmp(value_flags[i].flag, name))
            continue;
        if (!c->sample_index[0])
            c->sample_index = value_flags[i].type;
        c->mean = c->mean || value_flags[i].mean;
        return true;
    }
    return false;
}

static bool set_command(struct parser *p, const struct pprof_command *command, const char *argument,
                        struct err *err)
{
    if (p->f->command)
        return err_set(err, "must set at most one output format");
    p->f->command = command;
    p->f->argument = command->has_param ? argument : NULL;
    return true;
}

static bool is_off(const char *value)
{
    return value && (!strcmp(value, "false") || !strcmp(value, "0") || !strcmp(value, "f"));
}

/* Whether the flag takes the next word when it has no "=". */
static bool wants_value(const char *name)
{
    if (is_source_flag(name))
        return true;
    const struct pprof_command *c = pprof_command_find(name);
    if (c)
        return c->has_param;
    const struct pprof_option *o = pprof_option_find(name);
    return o && o->kind != PPROF_BOOL && !o->choices;
}

static bool set_choice(struct parser *p, const struct pprof_option *o, const char *name,
                       struct err *err)
{
    const char **group = &p->groups[!strcmp(o->name, "sort")];
    if (*group && strcmp(*group, name))
        return err_set(err, "conflicting options set: [%s %s]", *group, name);
    *group = name;
    return pprof_config_set(&p->f->config, o->name, name, err);
}

static bool set_flag(struct parser *p, const char *name, const char *value, struct err *err)
{
    const struct pprof_command *command = pprof_command_find(name);
    if (command)
        return is_off(value) || set_command(p, command, value, err);
    if (is_source_flag(name))
        return set_source_flag(p, name, value ? value : "", err);
    if (!strcmp(name, "all_frames") || !strcmp(name, "no_browser")) {
        *(name[0] == 'a' ? &p->f->input.all_frames : &p->f->no_browser) = !is_off(value);
        return true;
    }
    const struct pprof_option *o = pprof_option_find(name);
    if (o && strcmp(o->name, name))
        return is_off(value) || set_choice(p, o, name, err);
    if (o && !o->choices)
        return pprof_config_set(&p->f->config, name, value ? value : "true", err) ||
               err_wrap(err, "-%s", name);
    if (is_off(value) || set_value_flag(&p->f->config, name))
        return true;
    err_set(err, "flag provided but not defined: -%s", name);
    return err_hint(err, "whyprof pprof --help lists the flags");
}

static bool parse_flag(struct parser *p, char *word, struct err *err)
{
    char *name = word + 1 + (word[1] == '-');
    char *value = strchr(name, '=');
    if (value)
        *value++ = 0;
    if (!strcmp(name, "help") || !strcmp(name, "h"))
        return p->f->help = true;
    if (!value && wants_value(name)) {
        if (!*p->next)
            return err_set(err, "flag needs an argument: -%s", name);
        value = *p->next++;
    }
    return set_flag(p, name, value, err);
}

static bool is_elf(const char *path)
{
    char magic[4] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool elf = read(fd, magic, sizeof magic) == sizeof magic && !memcmp(magic, "\177ELF", 4);
    close(fd);
    return elf;
}

/* The first of several words may be the program, or its build id. */
static void take_program(struct pprof_input *in)
{
    const char *first = in->sources[0];
    if (in->source_count < 2)
        return;
    if (is_elf(first))
        in->program = first;
    else if (!in->build_id && first[strspn(first, "0123456789abcdefABCDEF")] == 0)
        in->build_id = first;
    else
        return;
    in->sources++;
    in->source_count--;
}

bool pprof_flags_parse(struct pprof_flags *f, int argc, char **argv, struct err *err)
{
    *f = (struct pprof_flags){
        .config = pprof_config_default(), .input = {.symbolize = ""}, .seconds = -1, .timeout = -1};
    size_t room = (size_t)argc + 1;
    f->words = mem_realloc(NULL, 2 * room, sizeof *f->words);
    struct parser p = {.f = f, .next = argv + 1, .bases = f->words + room};
    while (*p.next) {
        char *word = *p.next++;
        if (!strcmp(word, "--")) {
            while (*p.next)
                f->words[p.source_count++] = *p.next++;
        } else if (word[0] != '-' || !word[1]) {
            f->words[p.source_count++] = word;
        } else if (!parse_flag(&p, word, err)) {
            return false;
        }
    }
    if (f->help)
        return true;
    f->input.sources = f->words;
    f->input.source_count = p.source_count;
    f->input.bases = p.bases;
    f->input.base_count = p.base_count;
    f->input.normalize = f->config.normalize;
    if (p.source_count == 0)
        return err_set(err, "no profile source specified");
    if (f->http && f->command)
        return err_set(err, "-http is not compatible with an output format on the command line");
    if (f->config.normalize && !p.base_count)
        return err_set(err, "must have base profile to normalize by");
    take_program(&f->input);
    return true;
}

void pprof_flags_release(struct pprof_flags *f)
{
    free(f->words);
}

static void put_help(struct strbuf *out, const char *indent, const char *prefix, const char *name,
                     const char *help)
{
    char word[64];
    snprintf(word, sizeof word, "%s%s", prefix, name);
    strbuf_printf(out, "%s    %-16s %.*s\n", indent, word, (int)strcspn(help, "\n"), help);
}

void pprof_usage(struct strbuf *out, bool flags)
{
    const char *dash = flags ? "-" : "";
    strbuf_puts(out, flags ? "  Output formats (select at most one):\n" : "  Commands:\n");
    for (const struct pprof_command *c = pprof_commands; c->name; c++)
        put_help(out, "", dash, c->name, c->summary);
    if (!flags) {
        put_help(out, "", "", "o/options", "List options and their current values");
        put_help(out, "", "", "q/quit/exit/^D", "Exit pprof");
    }
    strbuf_puts(out, "\n  Options:\n");
    for (const struct pprof_option *o = pprof_options; o->name; o++)
        if (!o->choices)
            put_help(out, "", dash, o->name, o->help);
    strbuf_puts(out, "\n  Option groups (only set one per group):\n");
    for (const struct pprof_option *o = pprof_options; o->name; o++) {
        if (!o->choices)
            continue;
        put_help(out, "", "", o->name, "");
        for (const char *const *c = o->choices; *c; c++)
            put_help(out, "  ", dash, *c, pprof_choice_help(*c));
    }
}
