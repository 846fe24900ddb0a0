/* Heap and contention profiles of the Java agent: a header of attributes, samples
 * by location number, then what each location is. */
#include "profile/legacy_java.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- locations ---- */

/* Cuts "function (file:12)" or "function (path/lib.so)" into its parts. */
static void take_place(char *text, const char **function, const char **file, int64_t *line)
{
    *function = text;
    *file = "";
    *line = 0;
    char *open = strrchr(text, '('), *close = text + strlen(text) - 1;
    bool has_place = open && open > text && isspace((unsigned char)open[-1]) && *close == ')';
    if (!has_place) {
        if (strstr(text, "generated stub/JIT"))
            *function = "STUB";
        return;
    }
    *close = 0;
    char *end = open;
    while (end > text && isspace((unsigned char)end[-1]))
        end--;
    *end = 0;
    *file = open + 1;
    char *colon = strrchr(open + 1, ':'), *digits_end;
    int64_t n = colon ? strtoll(colon + 1, &digits_end, 10) : 0;
    if (colon && colon > open + 1 && digits_end > colon + 1 && !*digits_end) {
        *colon = 0;
        *line = n > 0 ? n : 0;
        return;
    }
    char *slash = strrchr(open + 1, '/');
    if (slash)
        *file = slash + 1; /* of a library the folder says nothing */
}

static void take_location(struct legacy *in, char *text)
{
    char *rest;
    if (strncmp(text, "0x", 2) || !isxdigit((unsigned char)text[2]))
        return;
    uint64_t address = strtoull(text + 2, &rest, 16);
    if (!isspace((unsigned char)*rest))
        return;
    const uint64_t *known = map64_get(&in->by_address, address);
    if (!known)
        return;
    const char *function, *file;
    struct profile_line *line = arena_alloc(&in->p->arena, sizeof *line);
    take_place(legacy_trim(rest), &function, &file, &line->line);
    line->function = legacy_function(in, function, file);
    struct profile_location *loc = &in->locations[*known];
    loc->lines = line;
    loc->line_count = 1;
    loc->address = 0;
}

void legacy_java_locations(struct legacy *in)
{
    while (legacy_line(in))
        take_location(in, legacy_trim(in->line));
    legacy_number(in);
    for (size_t i = 0; i < in->location_count; i++)
        in->locations[i].address = 0; /* numbers, not addresses: they would only tell apart */
}

/* ---- header and samples ---- */

struct java {
    bool heap; /* else contention */
};

static bool take_attribute(struct legacy *in, const struct java *j, char *line)
{
    char *value = strchr(line, '=');
    *value++ = 0;
    char *key = legacy_trim(line);
    value = legacy_trim(value);
    if (!strcmp(key, "format"))
        return !strcmp(value, "java");
    if (!strcmp(key, "resolution")) {
        in->type_count = 0;
        legacy_type(in, j->heap ? "inuse_objects" : "contentions", "count");
        legacy_type(in, j->heap ? "inuse_space" : "delay", value);
        return true;
    }
    if (!j->heap && !strcmp(key, "sampling period")) {
        in->p->period_type = (struct profile_value_type){"contentions", "count"};
        in->p->period = strtoll(value, NULL, 0);
        return true;
    }
    if (!j->heap && !strcmp(key, "ms since reset")) {
        in->p->duration_ns = (int64_t)((uint64_t)strtoll(value, NULL, 0) * 1000000);
        return true;
    }
    return false;
}

static bool take_sample(struct legacy *in, const struct java *j, const char *line, bool *damaged)
{
    enum {
        RATE = 524288 /* bytes between samples of the agent's heap profiles */
    };
    int64_t values[2];
    const char *p = line;
    *damaged = false;
    if (!legacy_number_at(&p, &values[1]) || !legacy_number_at(&p, &values[0]) ||
        !legacy_word_at(&p, "@"))
        return false;
    int64_t block = 0;
    if (j->heap) {
        *damaged = values[0] == 0;
        if (*damaged)
            return false;
        block = values[1] / values[0];
        legacy_unsample(&values[0], &values[1], RATE);
    } else if (in->p->period) {
        for (int i = 0; i < 2; i++)
            values[i] = (int64_t)((uint64_t)values[i] * (uint64_t)in->p->period);
    }
    uint64_t *addresses;
    size_t n;
    *damaged = !legacy_addresses(p, &addresses, &n);
    if (*damaged)
        return false;
    uint32_t *stack = legacy_stack(in, addresses, n, SIZE_MAX);
    struct profile_sample *s = legacy_sample(in, stack, n, values);
    if (j->heap)
        legacy_label_number(in, s, "bytes", block);
    free(stack);
    free(addresses);
    return true;
}

enum legacy_result legacy_java(struct legacy *in)
{
    if (!legacy_line(in))
        return LEGACY_OTHER;
    char *header = legacy_trim(in->line);
    const struct java j = {.heap = !strcmp(header, "--- heapz 1 ---")};
    if (!j.heap && strcmp(header, "--- contentionz 1 ---"))
        return LEGACY_OTHER;
    bool in_header = true, damaged = false;
    while (legacy_line(in)) {
        char *start = in->line, *line = legacy_trim(in->line);
        if (!*line)
            continue;
        if (in_header && strchr(line, '=')) {
            if (!take_attribute(in, &j, line))
                return LEGACY_OTHER;
            continue;
        }
        in_header = false;
        if (in->type_count != 2)
            return LEGACY_OTHER;
        if (take_sample(in, &j, line, &damaged))
            continue;
        if (damaged)
            return legacy_damaged(in, "a sample that cannot be");
        /* The first location: read it again as one. */
        if (in->next > in->begin && in->next[-1] == 0 && in->next <= in->end)
            in->next[-1] = '\n';
        in->next = start;
        break;
    }
    if (in->type_count != 2)
        return LEGACY_OTHER;
    legacy_java_locations(in);
    return LEGACY_OK;
}
