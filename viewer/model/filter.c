#include "model/filter.h"

#include "base/opt.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    uint32_t classes;
} class_names[] = {
    {"running", 1u << MODEL_RUNNING},
    {"runnable", 1u << MODEL_RUNNABLE | 1u << MODEL_PREEMPTED},
    {"preempted", 1u << MODEL_PREEMPTED},
    {"blocked", 1u << MODEL_LOCK | 1u << MODEL_COND | 1u << MODEL_JOIN | 1u << MODEL_IO |
                    1u << MODEL_PAGE_FAULT | 1u << MODEL_SYSCALL | 1u << MODEL_SLEEP |
                    1u << MODEL_BLOCKED},
    {"lock", 1u << MODEL_LOCK},
    {"cond", 1u << MODEL_COND},
    {"join", 1u << MODEL_JOIN},
    {"io", 1u << MODEL_IO},
    {"page_fault", 1u << MODEL_PAGE_FAULT},
    {"syscall", 1u << MODEL_SYSCALL},
    {"sleep", 1u << MODEL_SLEEP},
    {"unknown", 1u << MODEL_BLOCKED | 1u << MODEL_UNKNOWN},
};

static void to_lower(char *to, size_t bytes, const char *from)
{
    size_t i = 0;
    for (; from[i] && i + 1 < bytes; i++)
        to[i] = (char)tolower((unsigned char)from[i]);
    to[i] = '\0';
}

static bool add_classes(struct model_filter *f, const char *name, struct err *err)
{
    for (size_t i = 0; i < sizeof class_names / sizeof *class_names; i++) {
        if (strcmp(name, class_names[i].name))
            continue;
        f->classes = f->classes ? f->classes & class_names[i].classes : class_names[i].classes;
        return true;
    }
    return err_set(err,
                   "'%s' is no state or reason: running, runnable, blocked, lock, cond, "
                   "join, syscall, sleep, io, page_fault, preempted",
                   name);
}

static bool add_duration(int64_t *out, const char *text, struct err *err)
{
    uint64_t ns;
    if (!opt_parse_duration(text, &ns) || ns > INT64_MAX)
        return err_set(err, "'%s' is no duration such as 1.5ms", text);
    *out = (int64_t)ns;
    return true;
}

static bool is_term(const char *word, const char *name, const char **rest)
{
    size_t len = strlen(name);
    *rest = word + len;
    return !strncmp(word, name, len) && **rest;
}

static bool add_word(struct model_filter *f, const char *word, struct err *err)
{
    const char *rest;
    if (is_term(word, "state:", &rest) || is_term(word, "reason:", &rest))
        return add_classes(f, rest, err);
    if (is_term(word, "dur>", &rest))
        return add_duration(&f->least_ns, rest, err);
    if (is_term(word, "dur<", &rest))
        return add_duration(&f->most_ns, rest, err);
    if (is_term(word, "cpu:", &rest)) {
        f->cpu = atoi(rest);
        return true;
    }
    if (is_term(word, "thread:", &rest)) {
        snprintf(f->thread, sizeof f->thread, "%s", rest);
        return true;
    }
    size_t len = strlen(f->text);
    snprintf(f->text + len, sizeof f->text - len, "%s%s", len ? " " : "", word);
    return true;
}

bool model_filter_parse(struct model_filter *f, const char *line, struct err *err)
{
    char copy[256], *save;
    *f = (struct model_filter){.cpu = -1};
    to_lower(copy, sizeof copy, line);
    for (char *word = strtok_r(copy, " \t", &save); word; word = strtok_r(NULL, " \t", &save))
        if (!add_word(f, word, err))
            return false;
    size_t len = strlen(f->text);
    if (len > 2 && f->text[0] == '"' && f->text[len - 1] == '"') {
        f->whole = true;
        f->text[len - 1] = '\0';
        memmove(f->text, f->text + 1, len - 1);
    }
    return true;
}

bool model_filter_has_states(const struct model_filter *f)
{
    return f->classes || f->cpu >= 0;
}

bool model_filter_is_empty(const struct model_filter *f)
{
    return !f->text[0] && !f->thread[0] && !f->least_ns && !f->most_ns &&
           !model_filter_has_states(f);
}

bool model_filter_takes_name(const struct model_filter *f, const char *name)
{
    return f->whole ? !strcasecmp(name, f->text) : strcasestr(name, f->text) != NULL;
}

bool model_filter_takes_dur(const struct model_filter *f, int64_t ns)
{
    return ns >= f->least_ns && (!f->most_ns || ns <= f->most_ns);
}

bool model_filter_takes_thread(const struct model_filter *f, const char *name, uint32_t tid)
{
    char number[16];
    snprintf(number, sizeof number, "%u", tid);
    return !f->thread[0] || strcasestr(name, f->thread) || !strcmp(number, f->thread);
}
