/* Memory maps in text, and what follows from them: which mapping each address of
 * a profile lies in. */
#include "profile/legacy.h"

#include "base/strbuf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- one line ---- */

static const char *skip_blanks(const char *p)
{
    while (isspace((unsigned char)*p))
        p++;
    return p;
}

static size_t hex_length(const char *p)
{
    size_t n = 0;
    while (isxdigit((unsigned char)p[n]))
        n++;
    return n;
}

static uint64_t hex_value(const char *p, size_t digits)
{
    uint64_t v = 0;
    for (size_t i = 0; i < digits; i++) {
        char c = (char)tolower((unsigned char)p[i]);
        v = v << 4 | (uint64_t)(isdigit((unsigned char)c) ? c - '0' : c - 'a' + 10);
    }
    return v;
}

static const char *skip_0x(const char *p)
{
    return p[0] == '0' && p[1] == 'x' && isxdigit((unsigned char)p[2]) ? p + 2 : p;
}

/* "00400000-00401000", "0x400000 0x401000:"; NULL when the line begins otherwise. */
static const char *take_range(const char *p, struct profile_mapping *m)
{
    enum {
        DIGITS = 16 /* more do not fit 64 bits */
    };
    p = skip_0x(skip_blanks(p));
    size_t n = hex_length(p);
    if (!n || n > DIGITS)
        return NULL;
    m->start = hex_value(p, n);
    p += n;
    p += *p == '-';
    p = skip_0x(skip_blanks(p));
    n = hex_length(p);
    if (!n || n > DIGITS)
        return NULL;
    m->limit = hex_value(p, n);
    p += n;
    return p + (*p == ':');
}

struct word {
    const char *p;
    size_t len;
};

/* The next word, blanks before it; len 0 where there is none. */
static struct word take_word(const char **p)
{
    struct word w = {skip_blanks(*p), 0};
    if (w.p == *p && *w.p)
        return w;
    while (w.p[w.len] && !isspace((unsigned char)w.p[w.len]))
        w.len++;
    return w;
}

static bool all_of(struct word w, const char *set)
{
    return w.len && strspn(w.p, set) >= w.len;
}

static const char hex_digits[] = "0123456789abcdefABCDEF";

/* "r-xp 00000000 08:01 1234 /path" behind the range, as the kernel writes it. */
static bool take_proc(const char *p, struct word *perm, struct word *offset, struct word *file)
{
    struct word w = take_word(&p);
    *perm = *offset = *file = (struct word){"", 0};
    if (all_of(w, "-rwxp")) {
        *perm = w;
        p = w.p + w.len;
        w = take_word(&p);
    }
    if (all_of(w, hex_digits)) {
        *offset = w;
        p = w.p + w.len;
        w = take_word(&p);
    }
    size_t major = hex_length(w.p), minor = 0;
    if (!major || w.p[major] != ':' || !(minor = hex_length(w.p + major + 1)) ||
        major + 1 + minor != w.len)
        return false;
    p = w.p + w.len;
    w = take_word(&p);
    if (!all_of(w, "0123456789"))
        return false;
    p = w.p + w.len;
    *file = take_word(&p);
    return true;
}

/* "/path (@ff00) BUILD-ID" behind the range, each part optional. */
static void take_brief(const char *p, struct word *perm, struct word *offset, struct word *file,
                       struct word *build_id)
{
    struct word w = take_word(&p);
    *perm = *offset = *file = *build_id = (struct word){"", 0};
    if (all_of(w, "-rwxp")) {
        *perm = w;
        p = w.p + w.len;
        w = take_word(&p);
    }
    *file = w;
    p = w.p + w.len;
    w = take_word(&p);
    if (w.len > 3 && !strncmp(w.p, "(@", 2) && w.p[w.len - 1] == ')' &&
        hex_length(w.p + 2) == w.len - 3) {
        *offset = (struct word){w.p + 2, w.len - 3};
        p = w.p + w.len;
        w = take_word(&p);
    }
    *build_id = (struct word){w.p, hex_length(w.p) < w.len ? hex_length(w.p) : w.len};
}

/* False when the line is no mapping. *skip is set for one that holds no code. */
static bool take_mapping(struct legacy *in, const char *line, struct profile_mapping *m, bool *skip)
{
    *m = (struct profile_mapping){.filename = "", .build_id = ""};
    *skip = false;
    const char *rest = take_range(line, m);
    if (!rest)
        return false;
    struct word perm, offset, file, build_id = {"", 0};
    if (!take_proc(rest, &perm, &offset, &file))
        take_brief(rest, &perm, &offset, &file, &build_id);
    *skip = perm.len && !memchr(perm.p, 'x', perm.len);
    m->file_off = hex_value(offset.p, offset.len < 16 ? offset.len : 16);
    m->filename = arena_strndup(&in->p->arena, file.p, file.len);
    m->build_id = arena_strndup(&in->p->arena, build_id.p, build_id.len);
    return true;
}

/* Skips what glog puts before a line: "I0101 12:00:00 1 file.cc:12] ". */
static const char *skip_log_prefix(const char *line)
{
    const char *p = line + strcspn(line, "[]");
    if (*p != ']' || !isspace((unsigned char)p[1]))
        return line;
    const char *digits = p;
    while (digits > line && isdigit((unsigned char)digits[-1]))
        digits--;
    return digits < p && digits > line + 1 && digits[-1] == ':' ? p + 2 : line;
}

/* ---- all lines ---- */

struct attributes {
    struct {
        char *name, *value; /* "$name" stands for value from then on */
    } * list;
    size_t count, cap;
};

static char *substitute(const struct attributes *a, const char *line)
{
    struct strbuf sb = {0};
    while (*line) {
        size_t i = 0;
        while (i < a->count && strncmp(line, a->list[i].name, strlen(a->list[i].name)))
            i++;
        if (i < a->count) {
            strbuf_puts(&sb, a->list[i].value);
            line += strlen(a->list[i].name);
        } else {
            strbuf_putc(&sb, *line++);
        }
    }
    return sb.p ? sb.p : strdup("");
}

static void add_attribute(struct legacy *in, struct attributes *a, char *line)
{
    char *value = strchr(line, '=');
    if (!value)
        return;
    *value++ = 0;
    mem_grow(&a->list, &a->cap, a->count + 1, sizeof *a->list);
    a->list[a->count].name = arena_printf(&in->p->arena, "$%s", legacy_trim(line));
    a->list[a->count++].value = arena_strdup(&in->p->arena, legacy_trim(value));
}

static void read_mappings(struct legacy *in)
{
    struct attributes attributes = {0};
    while (legacy_line(in)) {
        char *line = substitute(&attributes, skip_log_prefix(in->line));
        struct profile_mapping m;
        bool skip;
        if (!take_mapping(in, line, &m, &skip)) {
            add_attribute(in, &attributes, line);
        } else if (!skip) {
            mem_grow(&in->mappings, &in->mapping_cap, in->mapping_count + 2, sizeof m);
            in->mappings[in->mapping_count++] = m;
        }
        free(line);
    }
    free(attributes.list);
}

/* ---- heuristics ---- */

static bool adjacent(const struct profile_mapping *a, const struct profile_mapping *b)
{
    if (a->filename[0] && b->filename[0] && strcmp(a->filename, b->filename))
        return false;
    if (a->build_id[0] && b->build_id[0] && strcmp(a->build_id, b->build_id))
        return false;
    if (a->limit != b->start)
        return false;
    return !a->file_off || !b->file_off || a->file_off + (a->limit - a->start) == b->file_off;
}

static void merge_adjacent(struct legacy *in)
{
    size_t n = 0;
    for (size_t i = 0; i < in->mapping_count; i++) {
        struct profile_mapping m = in->mappings[i];
        struct profile_mapping *last = n ? &in->mappings[n - 1] : NULL;
        if (!last || !adjacent(last, &m)) {
            in->mappings[n++] = m;
            continue;
        }
        last->limit = m.limit;
        if (m.filename[0])
            last->filename = m.filename;
        if (m.build_id[0])
            last->build_id = m.build_id;
    }
    in->mapping_count = n;
}

/* "libc.so", "libc.so.6", "ld.so_2"; not "main.sorted". */
static bool is_library(const char *file)
{
    for (const char *p = file; (p = strstr(p, ".so")); p += 3)
        if (!p[3] || ((p[3] == '.' || p[3] == '_') && isdigit((unsigned char)p[4])))
            return true;
    return false;
}

/* The main program is the first mapping that is no library; it comes first. */
static void find_main(struct legacy *in)
{
    for (size_t i = 0; i < in->mapping_count; i++) {
        struct profile_mapping m = in->mappings[i];
        const char *file = skip_blanks(m.filename);
        if (!*file || !strcmp(file, "(deleted)") || is_library(file) || *file == '[')
            continue;
        in->mappings[i] = in->mappings[0];
        in->mappings[0] = m;
        return;
    }
}

static void mend_main(struct legacy *in)
{
    enum {
        USUAL_START = 0x400000 /* of programs that are not position independent */
    };
    struct profile_mapping *m = in->mappings;
    if (in->mapping_count > 1 && !strncmp(m->filename, "/anon_hugepage", 14) &&
        m[0].limit == m[1].start)
        memmove(m, m + 1, --in->mapping_count * sizeof *m);
    if (in->mapping_count && m->start - m->file_off == USUAL_START) {
        m->start = USUAL_START;
        m->file_off = 0;
    }
}

static uint32_t find_mapping(struct legacy *in, uint64_t address)
{
    for (size_t i = 0; i < in->mapping_count; i++)
        if (in->mappings[i].start <= address && address < in->mappings[i].limit)
            return (uint32_t)i;
    /* Some profilers leave out the first part of a mapping that was split. */
    for (size_t i = 0; i < in->mapping_count; i++) {
        struct profile_mapping *m = &in->mappings[i];
        if (!m->file_off || m->start - m->file_off > address || address >= m->start)
            continue;
        m->start -= m->file_off;
        m->file_off = 0;
        return (uint32_t)i;
    }
    return PROFILE_NONE;
}

static void assign_mappings(struct legacy *in)
{
    uint32_t unknown = PROFILE_NONE; /* a mapping of everything, made when needed */
    for (size_t i = 0; i < in->location_count; i++) {
        struct profile_location *loc = &in->locations[i];
        if (loc->mapping != PROFILE_NONE || !loc->address)
            continue;
        loc->mapping = find_mapping(in, loc->address);
        if (loc->mapping != PROFILE_NONE)
            continue;
        if (unknown == PROFILE_NONE) {
            unknown = (uint32_t)in->mapping_count++;
            mem_grow(&in->mappings, &in->mapping_cap, in->mapping_count, sizeof *in->mappings);
            in->mappings[unknown] =
                (struct profile_mapping){.limit = UINT64_MAX, .filename = "", .build_id = ""};
        }
        loc->mapping = unknown;
    }
    for (size_t i = 0; i < in->mapping_count; i++)
        in->mappings[i].id = i + 1;
}

/* Locations in the order in which samples use them; unused ones go. */
static void number_locations(struct legacy *in)
{
    uint32_t *to = mem_realloc(NULL, in->location_count + 1, sizeof *to);
    memset(to, 0xff, (in->location_count + 1) * sizeof *to);
    struct profile_location *used = mem_realloc(NULL, in->location_count + 1, sizeof *used);
    uint32_t n = 0;
    for (size_t i = 0; i < in->sample_count; i++) {
        struct profile_sample *s = &in->samples[i];
        uint32_t *stack = arena_array(&in->p->arena, s->depth, sizeof *stack);
        for (uint32_t d = 0; d < s->depth; d++) {
            uint32_t from = s->locations[d];
            if (to[from] == PROFILE_NONE) {
                to[from] = n;
                used[n] = in->locations[from];
                used[n].id = n + 1u;
                n++;
            }
            stack[d] = to[from];
        }
        s->locations = stack;
    }
    free(to);
    free(in->locations);
    in->locations = used;
    in->location_count = n;
    in->location_cap = 0;
}

static void number_functions(struct legacy *in)
{
    uint32_t *to = mem_realloc(NULL, in->function_count + 1, sizeof *to);
    memset(to, 0xff, (in->function_count + 1) * sizeof *to);
    struct profile_function *used = mem_realloc(NULL, in->function_count + 1, sizeof *used);
    uint32_t n = 0;
    for (size_t i = 0; i < in->location_count; i++) {
        struct profile_location *loc = &in->locations[i];
        struct profile_line *lines =
            arena_memdup(&in->p->arena, loc->lines, loc->line_count * sizeof *lines);
        for (uint32_t k = 0; k < loc->line_count; k++) {
            uint32_t from = lines[k].function;
            if (to[from] == PROFILE_NONE) {
                to[from] = n;
                used[n] = in->functions[from];
                used[n].id = n + 1u;
                n++;
            }
            lines[k].function = to[from];
        }
        loc->lines = lines;
    }
    free(to);
    free(in->functions);
    in->functions = used;
    in->function_count = n;
    in->function_cap = 0;
}

void legacy_number(struct legacy *in)
{
    number_locations(in);
    number_functions(in);
    mend_main(in);
    assign_mappings(in);
}

bool legacy_is_map_start(const char *line)
{
    return strstr(line, "--- Memory map: ---") || strstr(line, "MAPPED_LIBRARIES:");
}

void legacy_memory_map(struct legacy *in)
{
    read_mappings(in);
    merge_adjacent(in);
    find_main(in);
    legacy_number(in);
}

void legacy_find_memory_map(struct legacy *in)
{
    while (!legacy_is_map_start(in->line) && legacy_line(in))
        ;
    legacy_memory_map(in);
}
