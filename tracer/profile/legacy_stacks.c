/* Stacks by name in text: folded stacks ("main;work;leaf 12", root first) and what
 * `perf script` prints. */
#include "profile/legacy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct stack {
    uint32_t *locations; /* owned */
    size_t depth, cap;
};

static void push(struct stack *s, uint32_t location)
{
    mem_grow(&s->locations, &s->cap, s->depth + 1, sizeof *s->locations);
    s->locations[s->depth++] = location;
}

static void reverse(struct stack *s)
{
    for (size_t i = 0; i < s->depth / 2; i++) {
        uint32_t t = s->locations[i];
        s->locations[i] = s->locations[s->depth - 1 - i];
        s->locations[s->depth - 1 - i] = t;
    }
}

/* ---- folded ---- */

/* Splits off the number at the line's end; false when there is none. */
static bool take_count(char *line, int64_t *count)
{
    char *space = strrchr(line, ' ');
    if (!space || space == line)
        return false;
    const char *p = space;
    if (!legacy_number_at(&p, count) || *p)
        return false;
    while (space > line && space[-1] == ' ')
        space--;
    *space = 0;
    return true;
}

static bool is_text(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' && *s != '\t')
            return false;
    return true;
}

enum legacy_result legacy_folded(struct legacy *in)
{
    struct stack stack = {0};
    enum legacy_result result = LEGACY_OK;
    legacy_type(in, "samples", "count");
    in->p->period_type = (struct profile_value_type){"samples", "count"};
    in->p->period = 1;
    while (result == LEGACY_OK && legacy_line(in)) {
        char *line = legacy_trim(in->line);
        int64_t count;
        if (legacy_is_blank(line))
            continue;
        /* A NUL inside the line is no text either. */
        bool whole = in->next == in->end || strlen(in->line) + 1 <= (size_t)(in->next - in->line);
        if (!whole || !is_text(line) || !take_count(line, &count)) {
            result = in->sample_count ? legacy_damaged(in, "no folded stack") : LEGACY_OTHER;
            break;
        }
        stack.depth = 0;
        for (char *name, *rest = line; (name = strsep(&rest, ";"));)
            if (*name)
                push(&stack, legacy_named_location(in, name, ""));
        reverse(&stack);
        legacy_sample(in, stack.locations, stack.depth, &count);
    }
    free(stack.locations);
    if (result == LEGACY_OK && !in->sample_count)
        return LEGACY_OTHER;
    if (result == LEGACY_OK)
        legacy_number(in);
    return result;
}

/* ---- perf script ---- */

struct perf_event {
    char *comm;
    int64_t tid;
    char *name; /* of the event */
    int64_t period;
};

/* "redis-server  1234/1235 [002] 123.456789:   250000 cpu-clock:u: " */
static bool take_event(char *line, struct perf_event *e)
{
    char *end = line + strlen(line);
    while (end > line && isspace((unsigned char)end[-1]))
        *--end = 0;
    if (end == line || end[-1] != ':' || isspace((unsigned char)line[0]))
        return false;
    *--end = 0;
    e->name = strrchr(line, ' ');
    char *time_end = strstr(line, ": ");
    if (!e->name || !time_end || time_end > e->name)
        return false;
    *e->name++ = 0;
    e->period = 1;
    const char *p = time_end + 1;
    if (!legacy_number_at(&p, &e->period))
        e->period = 1;
    /* Backwards over the time, the CPU in brackets, then PID/TID or TID. */
    *time_end = 0;
    char *word = strrchr(line, ' ');
    for (; word && (word[1] == '[' || strchr(word, '.')); word = strrchr(line, ' '))
        for (*word = 0; word > line && word[-1] == ' ';)
            *--word = 0;
    if (!word || !isdigit((unsigned char)word[1]))
        return false;
    const char *slash = strchr(word, '/');
    e->tid = strtoll(slash ? slash + 1 : word + 1, NULL, 10);
    while (word > line && word[-1] == ' ')
        word--;
    *word = 0;
    e->comm = line;
    return true;
}

/* "    55d0c0 main+0x12 (/usr/bin/prog)"; false when the line is no frame. */
static bool take_frame(struct legacy *in, char *line, struct stack *stack)
{
    char *p;
    if (!isspace((unsigned char)line[0]))
        return false;
    line = legacy_trim(line);
    if (!isxdigit((unsigned char)*line))
        return false;
    strtoull(line, &p, 16);
    if (*p != ' ')
        return false;
    char *name = p + 1, *file = strrchr(name, '(');
    if (file && file > name && file[-1] == ' ') {
        file[-1] = 0;
        file++;
        file[strcspn(file, ")")] = 0;
    } else {
        file = NULL;
    }
    char *offset = strstr(name, "+0x");
    if (offset)
        *offset = 0;
    if (!strcmp(name, "[unknown]") && file)
        name =
            arena_printf(&in->p->arena, "[%s]", strrchr(file, '/') ? strrchr(file, '/') + 1 : file);
    push(stack, legacy_named_location(in, name, ""));
    return true;
}

static void end_sample(struct legacy *in, const struct perf_event *e, const struct stack *stack)
{
    const int64_t values[] = {1, e->period};
    struct profile_sample *s = legacy_sample(in, stack->locations, stack->depth, values);
    legacy_label_text(in, s, "thread", e->comm);
    legacy_label_number(in, s, "tid", e->tid);
}

static void set_types(struct legacy *in, const char *event)
{
    bool is_time = !strncmp(event, "cpu-clock", 9) || !strncmp(event, "task-clock", 10);
    legacy_type(in, "samples", "count");
    legacy_type(in, is_time ? "cpu" : event, is_time ? "nanoseconds" : "count");
    in->p->period_type = in->types[1];
}

enum legacy_result legacy_perf_script(struct legacy *in)
{
    struct stack stack = {0};
    struct perf_event e = {0};
    enum legacy_result result = LEGACY_OK;
    bool open = false;
    while (result == LEGACY_OK && legacy_line(in)) {
        if (open && take_frame(in, in->line, &stack))
            continue;
        if (open)
            end_sample(in, &e, &stack);
        open = false;
        stack.depth = 0;
        if (legacy_is_blank(in->line))
            continue;
        open = take_event(in->line, &e);
        if (!open)
            result = in->type_count ? legacy_damaged(in, "no event of perf script") : LEGACY_OTHER;
        else if (!in->type_count)
            set_types(in, e.name);
    }
    if (open && result == LEGACY_OK)
        end_sample(in, &e, &stack);
    free(stack.locations);
    /* One event line without a stack could be anything. */
    if (result == LEGACY_OK && !in->location_count)
        return LEGACY_OTHER;
    if (result == LEGACY_OK)
        legacy_number(in);
    return result;
}
