#include "cli/pprof_shell.h"

#include "cli/pprof_flags.h"
#include "cli/pprof_output.h"

#include <ctype.h>
#include <editline/readline.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct shell {
    const struct pprof_model *model; /* never changed: each report has a copy */
    struct pprof_config config;
    const struct pprof_notes *notes;
    struct arena arena; /* of the values set */
    bool done;
};

static const char comment_start[] = "//:";

static void complain(const struct err *err)
{
    fprintf(stderr, "%s\n", err->text);
}

/* ---- reports ---- */

static bool run_report(struct shell *sh, const struct pprof_command *command, const char *argument,
                       const struct pprof_config *config, struct err *err)
{
    struct pprof_model copy;
    struct pprof_report r;
    struct strbuf out = {0};
    pprof_model_copy(&copy, sh->model);
    bool ok = pprof_report_init(&r, &copy, command, argument, config, sh->notes, err) &&
              pprof_report_write(&r, &out, err) && pprof_output(command, config, &out, true, err);
    pprof_report_release(&r);
    strbuf_release(&out);
    pprof_model_release(&copy);
    return ok;
}

static const char *either(struct shell *sh, const char *a, const char *b)
{
    return a[0] ? arena_printf(&sh->arena, "%s|%s", a, b) : b;
}

static bool is_number(const char *s)
{
    s += *s == '-';
    return *s && !s[strspn(s, "0123456789")];
}

/* The words behind a command: a number of nodes, what to focus on, -what to
 * ignore, -cum, >file. They are for this report only. */
static bool take_arguments(struct shell *sh, char **words, struct pprof_config *c, bool tags,
                           struct err *err)
{
    const char *focus = "", *ignore = "";
    for (; *words; words++) {
        const char *word = *words;
        if (is_number(word)) {
            c->nodecount = strtoll(word, NULL, 10);
        } else if (word[0] == '>') {
            c->output = word[1] ? word + 1 : *++words;
            if (!c->output)
                return err_set(err, "unexpected end of line after >");
        } else if (!strcmp(word, "-cum") || !strcmp(word, "--cum")) {
            c->sort = "cum";
        } else if (word[0] == '-') {
            ignore = either(sh, ignore, word + 1);
        } else {
            focus = either(sh, focus, word);
        }
    }
    if (focus[0])
        *(tags ? &c->tagfocus : &c->focus) = focus;
    if (ignore[0])
        *(tags ? &c->tagignore : &c->ignore) = ignore;
    return true;
}

static bool unknown_command(const char *name, const char *argument, struct err *err)
{
    if (pprof_option_find(name))
        return err_set(err, "did you mean: %s=%s", name, argument ? argument : "<val>");
    return err_set(err, "unrecognized command: \"%s\"", name);
}

/* "top10" is "top 10". */
static const struct pprof_command *find_command(char *name, char **digits, struct arena *a)
{
    const struct pprof_command *c = pprof_command_find(name);
    size_t len = strlen(name);
    while (len && isdigit((unsigned char)name[len - 1]))
        len--;
    *digits = NULL;
    if (c || !name[len] || !len)
        return c;
    *digits = arena_strdup(a, name + len);
    name[len] = 0;
    return pprof_command_find(name);
}

static bool run_command(struct shell *sh, char **words, struct err *err)
{
    char *digits;
    const struct pprof_command *command = find_command(words[0], &digits, &sh->arena);
    if (!command)
        return unknown_command(words[0], digits ? digits : words[1], err);
    struct pprof_config c = sh->config;
    const char *argument = NULL;
    char **rest = words + 1;
    if (digits && command->has_param)
        argument = digits;
    else if (digits)
        c.nodecount = strtoll(digits, NULL, 10);
    else if (command->has_param && !(argument = *rest++))
        return err_set(err, "command %s requires an argument", command->name);
    if (!take_arguments(sh, rest, &c, command->format == PPROF_TAGS, err))
        return false;
    if (c.nodecount == -1 && command->format == PPROF_TEXT)
        c.nodecount = 10;
    return run_report(sh, command, argument, &c, err);
}

/* ---- options ---- */

static bool set_option(struct shell *sh, const char *name, const char *value, struct err *err)
{
    size_t index;
    if (!strcmp(name, "sample_index")) {
        if (!pprof_model_value_index(sh->model, value, &index, err))
            return false;
        value = sh->model->types[index].type;
    }
    return pprof_config_set(&sh->config, name, arena_strdup(&sh->arena, value), err);
}

static bool takes_value(const char *name)
{
    const struct pprof_option *o = pprof_option_find(name);
    return o->kind != PPROF_BOOL && !strcmp(o->name, name);
}

/* "name=value //: comment", or a switch by itself. False when the line is none. */
static bool try_assignment(struct shell *sh, const char *line)
{
    struct err err = {0};
    char *name = arena_strdup(&sh->arena, line), *value = strchr(name, '=');
    if (value)
        *value++ = 0;
    name += strspn(name, " \t");
    name[strcspn(name, " \t")] = 0;
    if (!pprof_option_find(name))
        return false;
    if (!value && takes_value(name)) {
        fprintf(stderr, "please specify a value, e.g. %s=<val>\n", name);
        return true;
    }
    char *comment = NULL;
    for (char *p = value; p && (p = strstr(p, comment_start)); p++)
        comment = p;
    if (comment)
        *comment = 0;
    if (value) {
        value += strspn(value, " \t");
        for (size_t n = strlen(value); n && isspace((unsigned char)value[n - 1]);)
            value[--n] = 0;
    }
    if (!set_option(sh, name, value ? value : "", &err))
        complain(&err);
    return true;
}

static void put_choices(const struct pprof_option *o, struct strbuf *sb)
{
    /* sorted: the table has them in help's order */
    const char *last = "";
    strbuf_puts(sb, "//: [");
    for (const char *next;; last = next) {
        next = NULL;
        for (const char *const *c = o->choices; *c; c++)
            if (strcmp(*c, last) > 0 && (!next || strcmp(*c, next) < 0))
                next = *c;
        if (!next)
            break;
        strbuf_printf(sb, "%s%s", last[0] ? " | " : "", next);
    }
    strbuf_putc(sb, ']');
}

static void put_types(const struct pprof_model *m, struct strbuf *sb)
{
    strbuf_puts(sb, "//: [");
    for (size_t t = 0; t < m->type_count; t++)
        strbuf_printf(sb, "%s%s", t ? " | " : "", m->types[t].type);
    strbuf_putc(sb, ']');
}

static void print_options(const struct shell *sh)
{
    struct strbuf value = {0}, comment = {0};
    for (const struct pprof_option *o = pprof_options; o->name; o++) {
        strbuf_clear(&value);
        strbuf_clear(&comment);
        pprof_config_get(&sh->config, o, &value);
        const char *shown = strbuf_str(&value);
        if (!strcmp(o->name, "source_path"))
            continue;
        if (o->choices) {
            put_choices(o, &comment);
            shown = shown[0] ? shown : "(default)";
        } else if (!strcmp(o->name, "sample_index")) {
            put_types(sh->model, &comment);
            shown = shown[0] ? shown : sh->model->types[sh->model->type_count - 1].type;
        } else if (!strcmp(o->name, "nodecount") && !strcmp(shown, "-1")) {
            strbuf_puts(&comment, "//: default");
        } else if (!shown[0]) {
            shown = "\"\"";
        }
        fprintf(stderr, "  %-25s = %-20s %s\n", o->name, shown, strbuf_str(&comment));
    }
    strbuf_release(&value);
    strbuf_release(&comment);
}

/* ---- help ---- */

static void print_indented(const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        fprintf(stderr, "    %.*s\n", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static void print_help(const struct shell *sh, const char *about)
{
    struct strbuf sb = {0};
    const struct pprof_command *c = about ? pprof_command_find(about) : NULL;
    const struct pprof_option *o = about ? pprof_option_find(about) : NULL;
    if (!about) {
        pprof_usage(&sb, false);
        fprintf(stderr,
                "%s  :   Clear focus/ignore/hide/tagfocus/tagignore\n\n"
                "  type \"help <cmd|option>\" for more information\n",
                sb.p);
    } else if (c) {
        fprintf(stderr, "%s\n%s", c->summary, c->usage[0] ? "  Usage:\n" : "");
        print_indented(c->usage);
        fputc('\n', stderr);
    } else if (o && strcmp(o->name, about)) {
        fprintf(stderr, "%s\n", pprof_choice_help(about));
    } else if (o && o->help[0]) {
        fputs(o->help, stderr);
        if (!strcmp(about, "sample_index")) {
            fputs("Or use sample_index=name, with name in [", stderr);
            for (size_t t = 0; t < sh->model->type_count; t++)
                fprintf(stderr, "%s%s", t ? " " : "", sh->model->types[t].type);
            fputs("].\n", stderr);
        }
        fputc('\n', stderr);
    } else {
        fprintf(stderr, "Unknown command: %s\n", about);
    }
    strbuf_release(&sb);
}

/* ---- lines ---- */

static bool is_one_of(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(*list, word))
            return true;
    return false;
}

static void run_words(struct shell *sh, char **words)
{
    static const char *const options[] = {"o", "options", NULL};
    static const char *const quit[] = {"q", "quit", "exit", NULL};
    struct err err = {0};
    if (is_one_of(words[0], options))
        print_options(sh);
    else if (is_one_of(words[0], quit))
        sh->done = true;
    else if (!strcmp(words[0], "help"))
        print_help(sh, words[1]);
    else if (!run_command(sh, words, &err))
        complain(&err);
}

/* The name of a value chooses it; total_NAME and mean_NAME say how, too. */
static bool try_shortcut(struct shell *sh, const char *line)
{
    static const char *const cleared[] = {"focus", "ignore", "hide", "tagfocus", "tagignore"};
    struct err err = {0};
    if (!strcmp(line, ":")) {
        for (size_t i = 0; i < sizeof cleared / sizeof *cleared; i++)
            pprof_config_set(&sh->config, cleared[i], "", &err);
        return true;
    }
    bool total = !strncmp(line, "total_", 6), mean = !strncmp(line, "mean_", 5);
    for (size_t t = 0; t < sh->model->type_count; t++) {
        const char *type = sh->model->types[t].type;
        bool is_type = !strcmp(line, type);
        if (!is_type && !(total && !strcmp(line + 6, type)) && !(mean && !strcmp(line + 5, type)))
            continue;
        sh->config.sample_index = type;
        if (!is_type)
            sh->config.mean = mean;
        return true;
    }
    return false;
}

static void run_line(struct shell *sh, char *line)
{
    for (size_t n = strlen(line); n && isspace((unsigned char)line[n - 1]);)
        line[--n] = 0;
    line += strspn(line, " \t");
    if (!line[0] || try_shortcut(sh, line) || try_assignment(sh, line))
        return;
    char *copy = arena_strdup(&sh->arena, line);
    char **words = arena_array(&sh->arena, strlen(copy) / 2 + 2, sizeof *words);
    size_t n = 0;
    for (char *word; (word = strsep(&copy, " \t"));)
        if (*word)
            words[n++] = word;
    run_words(sh, words);
}

/* ---- completion: libedit has no room for a pointer of ours ---- */

static const struct pprof_model *completed_model;

static char *unique_function(const char *part)
{
    const bool minus = part[0] == '-';
    const char *found = NULL;
    for (size_t i = 0; i < completed_model->function_count; i++) {
        const char *name = completed_model->functions[i].name;
        if (!strstr(name, part + minus))
            continue;
        if (found && strcmp(found, name))
            return NULL;
        found = name;
    }
    char *text = NULL;
    if (found && asprintf(&text, "%s%s", minus ? "-" : "", found) < 0)
        abort();
    return text;
}

static char *next_name(const char *prefix, int state)
{
    static size_t command, option;
    size_t len = strlen(prefix);
    if (!state)
        command = option = 0;
    while (pprof_commands[command].name) {
        const char *name = pprof_commands[command++].name;
        if (!strncasecmp(name, prefix, len))
            return strdup(name);
    }
    while (pprof_options[option].name) {
        const char *name = pprof_options[option++].name;
        if (!strncasecmp(name, prefix, len))
            return strdup(name);
    }
    return NULL;
}

static char *next_function(const char *part, int state)
{
    return state ? NULL : unique_function(part);
}

static char **complete(const char *word, int start, int end)
{
    (void)end;
    rl_attempted_completion_over = 1; /* no file names */
    bool names = start == 0 || !strncmp(rl_line_buffer, "help ", 5);
    return rl_completion_matches(word, names ? next_name : next_function);
}

/* The next line, malloc'ed; NULL at the end. */
static char *read_line(bool edit)
{
    if (edit) {
        char *line = readline("(pprof) ");
        if (line && *line)
            add_history(line);
        return line;
    }
    char *line = NULL;
    size_t cap = 0;
    fputs("(pprof) ", stderr);
    if (getline(&line, &cap, stdin) >= 0)
        return line;
    free(line);
    return NULL;
}

static void greet(const struct shell *sh)
{
    struct pprof_model copy;
    struct pprof_report r;
    struct err err = {0};
    struct strbuf labels = {0};
    pprof_model_copy(&copy, sh->model);
    if (pprof_report_init(&r, &copy, pprof_command_find("top"), NULL, &sh->config, NULL, &err)) {
        pprof_profile_labels(&r, &labels);
        fputs(strbuf_str(&labels), stderr);
        if (r.total == 0 && copy.type_count > 1)
            fputs("No samples were found with the default sample value type.\n"
                  "Try \"sample_index\" command to analyze different sample values.\n\n",
                  stderr);
    }
    pprof_report_release(&r);
    pprof_model_release(&copy);
    strbuf_release(&labels);
    fputs("Entering interactive mode (type \"help\" for commands, \"o\" for options)\n", stderr);
}

void pprof_shell(const struct pprof_model *model, const struct pprof_config *config,
                 const struct pprof_notes *notes)
{
    struct shell sh = {.model = model, .config = *config, .notes = notes};
    sh.config.compact_labels = true;
    bool edit = isatty(STDIN_FILENO);
    if (edit) {
        static char breaks[] = " \t";
        completed_model = model;
        rl_readline_name = "whyprof";
        rl_attempted_completion_function = complete;
        rl_completer_word_break_characters = breaks;
    }
    greet(&sh);
    for (char *line; !sh.done && (line = read_line(edit)); free(line))
        run_line(&sh, line);
    arena_release(&sh.arena);
}
