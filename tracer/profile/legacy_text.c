/* Text profiles of addresses: gperftools' heap, growth and contention profiles,
 * Go's count profiles, threadz, jemalloc's heap dumps. */
#include "profile/legacy.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_period(struct legacy *in, const char *type, const char *unit, int64_t period)
{
    in->p->period_type = (struct profile_value_type){type, unit};
    in->p->period = period;
}

/* Adds a sample of all addresses in the text; those from `first` on are returns. */
static struct profile_sample *add_sample(struct legacy *in, const char *addresses, size_t first,
                                         const int64_t *values)
{
    uint64_t *list;
    size_t n;
    if (!legacy_addresses(addresses, &list, &n))
        return NULL;
    uint32_t *stack = legacy_stack(in, list, n, first);
    struct profile_sample *s = legacy_sample(in, stack, n, values);
    free(stack);
    free(list);
    return s;
}

/* ---- heap ---- */

struct heap {
    int64_t rate;
    bool unsample; /* counts are of samples */
    bool has_alloc;
};

/* "12: 345 [67: 890] @": in use, then allocated since the start. */
static bool take_counts(const char **p, int64_t n[4])
{
    return legacy_number_at(p, &n[0]) && legacy_word_at(p, ":") && legacy_number_at(p, &n[1]) &&
           legacy_word_at(p, "[") && legacy_number_at(p, &n[2]) && legacy_word_at(p, ":") &&
           legacy_number_at(p, &n[3]) && legacy_word_at(p, "]");
}

static bool take_heap_header(struct legacy *in, struct heap *h)
{
    const char *p = strstr(in->line, "heap profile:");
    int64_t n[4];
    if (!p)
        return false;
    p += strlen("heap profile:");
    if (!take_counts(&p, n) || !legacy_word_at(&p, "@"))
        return false;
    p += strspn(p, " ");
    size_t len = strspn(p, "_abcdefghijklmnopqrstuvwxyz0123456789");
    char kind[32];
    if (len >= sizeof kind)
        return false;
    memcpy(kind, p, len);
    kind[len] = 0;
    p += len + (p[len] == '/');
    h->rate = isdigit((unsigned char)*p) ? strtoll(p, NULL, 10) : 0;
    h->has_alloc = (n[2] != n[0] && n[2]) || (n[3] != n[1] && n[3]);
    h->unsample = true;
    if (!strcmp(kind, "heapz_v2") || !strcmp(kind, "heap_v2"))
        return true;
    if (!strcmp(kind, "heap")) {
        h->rate /= 2;
        return true;
    }
    h->unsample = false;
    h->rate = 1;
    if (!strcmp(kind, "heapprofile"))
        return true;
    h->has_alloc = false;
    return !strncmp(kind, "growth", 6) || !strncmp(kind, "fragmentation", 13);
}

static bool take_heap_values(const struct heap *h, int64_t count, int64_t size, int64_t *out,
                             int64_t *block)
{
    if (count == 0 && size != 0)
        return false;
    if (count != 0) {
        *block = size / count;
        if (h->unsample)
            legacy_unsample(&count, &size, h->rate);
    }
    out[0] = count;
    out[1] = size;
    return true;
}

static bool take_heap_sample(struct legacy *in, const struct heap *h, const char *line)
{
    int64_t n[4], values[4], block = 0;
    const char *p = line;
    if (!take_counts(&p, n) || !legacy_word_at(&p, "@"))
        return false;
    int64_t *next = values;
    if (h->has_alloc) {
        if (!take_heap_values(h, n[2], n[3], next, &block))
            return false;
        next += 2;
    }
    if (!take_heap_values(h, n[0], n[1], next, &block))
        return false;
    struct profile_sample *s = add_sample(in, p, 0, values);
    if (s)
        legacy_label_number(in, s, "bytes", block);
    return s;
}

enum legacy_result legacy_heap(struct legacy *in)
{
    struct heap h;
    if (!legacy_line(in) || !take_heap_header(in, &h))
        return LEGACY_OTHER;
    set_period(in, "space", "bytes", h.rate);
    if (h.has_alloc) {
        legacy_type(in, "alloc_objects", "count");
        legacy_type(in, "alloc_space", "bytes");
    }
    legacy_type(in, h.has_alloc ? "inuse_objects" : "objects", "count");
    legacy_type(in, h.has_alloc ? "inuse_space" : "space", "bytes");
    while (legacy_line(in)) {
        char *line = legacy_trim(in->line);
        if (legacy_is_blank(line))
            continue;
        if (legacy_is_map_start(line))
            break;
        if (!take_heap_sample(in, &h, line))
            return legacy_damaged(in, "no heap sample");
    }
    legacy_find_memory_map(in);
    return LEGACY_OK;
}

/* ---- jemalloc ---- */

/* heap_v2/RATE, then a stack a line ("@ 0x.. 0x..") with its threads' counts
 * below it, of which "t*:" is the sum:  t*: 3: 4096 [0: 0] */
enum legacy_result legacy_jemalloc(struct legacy *in)
{
    if (!legacy_line(in) || strncmp(in->line, "heap_v2/", 8))
        return LEGACY_OTHER;
    const struct heap h = {.rate = strtoll(in->line + 8, NULL, 10), .unsample = true};
    set_period(in, "space", "bytes", h.rate);
    legacy_type(in, "inuse_objects", "count");
    legacy_type(in, "inuse_space", "bytes");
    const char *stack = NULL;
    while (legacy_line(in)) {
        char *line = legacy_trim(in->line);
        if (!strncmp(line, "MAPPED_LIBRARIES:", 17))
            break;
        if (line[0] == '@') {
            stack = line;
            continue;
        }
        if (strncmp(line, "t*:", 3) || !stack)
            continue; /* single threads, and the sum of all stacks */
        int64_t n[4], values[2], block = 0;
        const char *p = line + 3;
        if (!take_counts(&p, n) || !take_heap_values(&h, n[0], n[1], values, &block))
            return legacy_damaged(in, "no count of a stack");
        struct profile_sample *s = add_sample(in, stack, 0, values);
        if (!s)
            return legacy_damaged(in, "an address that is too long");
        legacy_label_number(in, s, "bytes", block);
    }
    legacy_find_memory_map(in);
    return LEGACY_OK;
}

/* ---- Go's count profiles ---- */

/* "goroutine profile: total 12" */
static bool take_count_header(struct legacy *in)
{
    const char *end = strstr(in->line, " profile: total ");
    if (!end || end == in->line || memchr(in->line, ' ', (size_t)(end - in->line)))
        return false;
    const char *digits = end + strlen(" profile: total ");
    if (!*digits || digits[strspn(digits, "0123456789")])
        return false;
    const char *type = arena_strndup(&in->p->arena, in->line, (size_t)(end - in->line));
    set_period(in, type, "count", 1);
    legacy_type(in, type, "count");
    return true;
}

enum legacy_result legacy_go_count(struct legacy *in)
{
    while (legacy_line(in) && legacy_is_blank(in->line))
        ;
    if (!take_count_header(in))
        return LEGACY_OTHER;
    while (legacy_line(in)) {
        if (legacy_is_blank(in->line))
            continue;
        if (!strncmp(in->line, "---", 3))
            break;
        int64_t count;
        const char *p = in->line;
        if (!isdigit((unsigned char)*p) || !legacy_number_at(&p, &count) ||
            strncmp(p, " @ 0x", 5) || p[2 + strspn(p + 2, " 0x123456789abcdef")] ||
            !add_sample(in, p, 0, &count))
            return legacy_damaged(in, "no count of a stack");
    }
    legacy_find_memory_map(in);
    return LEGACY_OK;
}

/* ---- threadz ---- */

/* "--- Thread 7f00 (name: worker/12) stack: ---" */
static bool is_thread_start(const char *line)
{
    const char *p = strstr(line, "--- Thread ");
    if (!p)
        return false;
    p += strlen("--- Thread ");
    size_t id = strspn(p, "0123456789abcdefABCDEF");
    const char *end = strstr(p, ") stack: ---");
    if (!id || strncmp(p + id, " (name: ", 8) || !end)
        return false;
    const char *digits = end;
    while (isdigit((unsigned char)digits[-1]))
        digits--;
    return digits < end && digits[-1] == '/';
}

/* Reads a thread's stack, up to the next line of dashes. Nothing for "same as
 * previous thread". False when an address is too long. */
static bool take_thread(struct legacy *in, uint64_t **addresses, size_t *count)
{
    size_t cap = 0;
    bool same = false, ok = true;
    *addresses = NULL;
    *count = 0;
    while (legacy_line(in)) {
        char *line = legacy_trim(in->line);
        in->line = line;
        if (!strncmp(line, "---", 3))
            break;
        if (strstr(line, "same as previous thread")) {
            same = true;
            continue;
        }
        uint64_t *more;
        size_t n;
        if (!(ok = ok && legacy_addresses(line, &more, &n)))
            break;
        mem_grow(addresses, &cap, *count + n + 1, sizeof **addresses);
        if (n)
            memcpy(*addresses + *count, more, n * sizeof *more);
        *count += n;
        free(more);
    }
    if (same)
        *count = 0;
    return ok;
}

static void drop_doubled_leaf(struct legacy *in)
{
    for (size_t i = 0; i < in->sample_count; i++) {
        struct profile_sample *s = &in->samples[i];
        if (s->depth < 2 ||
            in->locations[s->locations[0]].address != in->locations[s->locations[1]].address + 1)
            continue;
        uint32_t *stack = arena_array(&in->p->arena, s->depth, sizeof *stack);
        stack[0] = s->locations[0];
        memcpy(stack + 1, s->locations + 2, (s->depth - 2) * sizeof *stack);
        s->locations = stack;
        s->depth--;
    }
}

static void count_again(struct legacy *in)
{
    if (!in->sample_count)
        return;
    struct profile_sample *last = &in->samples[in->sample_count - 1];
    int64_t *value = arena_alloc(&in->p->arena, sizeof *value);
    *value = last->values[0] + 1;
    last->values = value;
}

enum legacy_result legacy_threads(struct legacy *in)
{
    static const int64_t one = 1;
    while (legacy_line(in) && legacy_is_blank(in->line))
        ;
    if (!strncmp(in->line, "--- threadz ", 12)) {
        while (legacy_line(in) && !legacy_is_map_start(in->line) && in->line[0] != '-')
            ;
    } else if (!is_thread_start(in->line)) {
        return LEGACY_OTHER;
    }
    legacy_type(in, "thread", "count");
    set_period(in, "thread", "count", 1);
    while (!legacy_is_map_start(in->line)) {
        if (!strncmp(in->line, "---- no stack trace for", 23))
            break;
        if (!is_thread_start(in->line))
            return LEGACY_OTHER;
        uint64_t *addresses;
        size_t n;
        if (!take_thread(in, &addresses, &n)) {
            free(addresses);
            return legacy_damaged(in, "an address that is too long");
        }
        if (n) {
            uint32_t *stack = legacy_stack(in, addresses, n, 1);
            legacy_sample(in, stack, n, &one);
            free(stack);
        } else {
            count_again(in);
        }
        free(addresses);
    }
    legacy_find_memory_map(in);
    drop_doubled_leaf(in);
    return LEGACY_OK;
}

/* ---- contention ---- */

struct contention {
    int64_t cycles_per_second;
};

enum attribute {
    ATTRIBUTE_END, /* the line is none */
    ATTRIBUTE_TAKEN,
    ATTRIBUTE_FOREIGN
};

/* "cycles/second = 3000000000" and its like before the samples. */
static enum attribute take_attribute(struct legacy *in, char *line, struct contention *c)
{
    char *value = strchr(line, '=');
    if (!value)
        return ATTRIBUTE_END;
    size_t key_len = (size_t)(value - line);
    while (key_len && isspace((unsigned char)line[key_len - 1]))
        key_len--;
    char *end;
    int64_t v = strtoll(value + 1, &end, 0);
    bool is_number = end > value + 1 && !*end;
    if (key_len == 13 && !strncmp(line, "cycles/second", 13))
        c->cycles_per_second = v;
    else if (key_len == 15 && !strncmp(line, "sampling period", 15))
        in->p->period = v;
    else if (key_len == 14 && !strncmp(line, "ms since reset", 14))
        in->p->duration_ns = (int64_t)((uint64_t)v * 1000000);
    else if (key_len == 17 && !strncmp(line, "discarded samples", 17))
        is_number = true;
    else
        return ATTRIBUTE_FOREIGN;
    return is_number ? ATTRIBUTE_TAKEN : ATTRIBUTE_FOREIGN;
}

static bool take_contention(struct legacy *in, const struct contention *c, const char *line)
{
    int64_t delay, count;
    const char *p = line;
    if (!legacy_number_at(&p, &delay) || !legacy_number_at(&p, &count) || !legacy_word_at(&p, "@"))
        return false;
    int64_t period = in->p->period;
    if (period > 0) {
        if (c->cycles_per_second > 0) {
            double ns = (double)delay * (double)period / ((double)c->cycles_per_second / 1e9);
            delay = ns < 0x1p63 ? (int64_t)ns : INT64_MIN;
        }
        count = (int64_t)((uint64_t)count * (uint64_t)period);
    }
    const int64_t values[] = {count, delay};
    return add_sample(in, p, 0, values);
}

enum legacy_result legacy_contention(struct legacy *in)
{
    if (!legacy_line(in) ||
        (strncmp(in->line, "--- contentionz ", 16) && strncmp(in->line, "--- mutex:", 10) &&
         strncmp(in->line, "--- contention:", 15)))
        return LEGACY_OTHER;
    legacy_type(in, "contentions", "count");
    legacy_type(in, "delay", "nanoseconds");
    set_period(in, "contentions", "count", 1);
    struct contention c = {0};
    bool more;
    while ((more = legacy_line(in))) {
        char *line = legacy_trim(in->line);
        if (legacy_is_blank(line))
            continue;
        enum attribute a = strncmp(line, "---", 3) ? take_attribute(in, line, &c) : ATTRIBUTE_END;
        if (a == ATTRIBUTE_FOREIGN)
            return LEGACY_OTHER;
        if (a == ATTRIBUTE_END)
            break;
    }
    for (; more; more = legacy_line(in)) {
        char *line = legacy_trim(in->line);
        if (!strncmp(line, "---", 3))
            break;
        if (!legacy_is_blank(line) && !take_contention(in, &c, line))
            return legacy_damaged(in, "no contention sample");
    }
    legacy_find_memory_map(in);
    return LEGACY_OK;
}
