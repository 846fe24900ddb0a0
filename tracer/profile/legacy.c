#include "profile/legacy.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- text ---- */

bool legacy_line(struct legacy *in)
{
    if (in->next >= in->end) {
        in->line = in->end; /* "" */
        return false;
    }
    in->line = in->next;
    char *nl = memchr(in->next, '\n', (size_t)(in->end - in->next));
    in->next = nl ? nl + 1 : in->end;
    if (nl) {
        *nl = 0;
        if (nl > in->line && nl[-1] == '\r')
            nl[-1] = 0;
    }
    return true;
}

enum legacy_result legacy_damaged(struct legacy *in, const char *what)
{
    err_set(in->err, "damaged profile: %s at byte %zu: \"%.60s\"", what,
            (size_t)(in->line - in->begin), in->line);
    return LEGACY_DAMAGED;
}

char *legacy_trim(char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    size_t len = strlen(s);
    while (len && isspace((unsigned char)s[len - 1]))
        s[--len] = 0;
    return s;
}

bool legacy_is_blank(const char *line)
{
    while (isspace((unsigned char)*line))
        line++;
    return !*line || *line == '#';
}

bool legacy_number_at(const char **p, int64_t *value)
{
    const char *s = *p;
    while (*s == ' ')
        s++;
    if (!isdigit((unsigned char)*s) && !(*s == '-' && isdigit((unsigned char)s[1])))
        return false;
    char *end;
    errno = 0;
    *value = strtoll(s, &end, 10);
    *p = end;
    return errno == 0;
}

bool legacy_word_at(const char **p, const char *word)
{
    const char *s = *p;
    while (*s == ' ')
        s++;
    if (strncmp(s, word, strlen(word)))
        return false;
    *p = s + strlen(word);
    return true;
}

bool legacy_addresses(const char *line, uint64_t **addresses, size_t *count)
{
    size_t cap = 0;
    *addresses = NULL;
    *count = 0;
    for (const char *p = line; (p = strstr(p, "0x"));) {
        char *end;
        if (!isxdigit((unsigned char)p[2])) {
            p += 2;
            continue;
        }
        errno = 0;
        uint64_t v = strtoull(p, &end, 16);
        if (errno) {
            free(*addresses);
            *addresses = NULL;
            return false;
        }
        mem_grow(addresses, &cap, *count + 1, sizeof **addresses);
        (*addresses)[(*count)++] = v;
        p = end;
    }
    return true;
}

/* ---- tables ---- */

void legacy_type(struct legacy *in, const char *type, const char *unit)
{
    struct arena *a = &in->p->arena;
    in->types[in->type_count++] =
        (struct profile_value_type){arena_strdup(a, type), arena_strdup(a, unit)};
}

static uint32_t add_location(struct legacy *in, uint64_t address)
{
    mem_grow(&in->locations, &in->location_cap, in->location_count + 1, sizeof *in->locations);
    in->locations[in->location_count] =
        (struct profile_location){.address = address, .mapping = PROFILE_NONE};
    return (uint32_t)in->location_count++;
}

uint32_t legacy_location(struct legacy *in, uint64_t address)
{
    bool added;
    uint64_t *at = map64_put(&in->by_address, address, &added);
    if (added)
        *at = add_location(in, address);
    return (uint32_t)*at;
}

uint32_t legacy_function(struct legacy *in, const char *name, const char *file)
{
    uint32_t id = intern_str(&in->names, name);
    if (id < in->function_count)
        return id;
    mem_grow(&in->functions, &in->function_cap, id + 1u, sizeof *in->functions);
    const char *copy = arena_strdup(&in->p->arena, name);
    in->functions[in->function_count++] = (struct profile_function){
        .name = copy, .system_name = copy, .filename = arena_strdup(&in->p->arena, file)};
    return id;
}

uint32_t legacy_named_location(struct legacy *in, const char *name, const char *file)
{
    uint32_t function = legacy_function(in, name, file);
    bool added;
    uint64_t *at = map64_put(&in->by_address, function, &added);
    if (added) {
        struct profile_line *line = arena_alloc(&in->p->arena, sizeof *line);
        line->function = function;
        *at = add_location(in, 0);
        in->locations[*at].lines = line;
        in->locations[*at].line_count = 1;
    }
    return (uint32_t)*at;
}

struct profile_sample *legacy_sample(struct legacy *in, const uint32_t *stack, size_t depth,
                                     const int64_t *values)
{
    struct arena *a = &in->p->arena;
    mem_grow(&in->samples, &in->sample_cap, in->sample_count + 1, sizeof *in->samples);
    struct profile_sample *s = &in->samples[in->sample_count++];
    *s = (struct profile_sample){.locations = arena_memdup(a, stack, depth * sizeof *stack),
                                 .values = arena_memdup(a, values, in->type_count * sizeof *values),
                                 .depth = (uint32_t)depth};
    return s;
}

static struct profile_label *add_label(struct legacy *in, struct profile_sample *s)
{
    struct profile_label *labels = arena_array(&in->p->arena, s->label_count + 1u, sizeof *labels);
    if (s->label_count)
        memcpy(labels, s->labels, s->label_count * sizeof *labels);
    s->labels = labels;
    return &labels[s->label_count++];
}

void legacy_label_number(struct legacy *in, struct profile_sample *s, const char *key, int64_t v)
{
    *add_label(in, s) = (struct profile_label){.key = key, .number = v, .unit = ""};
}

void legacy_label_text(struct legacy *in, struct profile_sample *s, const char *key,
                       const char *text)
{
    *add_label(in, s) =
        (struct profile_label){.key = key, .text = arena_strdup(&in->p->arena, text), .unit = ""};
}

uint32_t *legacy_stack(struct legacy *in, const uint64_t *addresses, size_t count, size_t first)
{
    uint32_t *stack = mem_realloc(NULL, count + 1, sizeof *stack);
    for (size_t i = 0; i < count; i++)
        stack[i] = legacy_location(in, addresses[i] - (i >= first));
    return stack;
}

void legacy_unsample(int64_t *count, int64_t *size, int64_t rate)
{
    if (*count == 0 || *size == 0) {
        *count = *size = 0;
        return;
    }
    if (rate <= 1)
        return; /* everything was recorded, or nobody knows */
    double average = (double)*size / (double)*count;
    double scale = 1 / (1 - exp(-average / (double)rate));
    double n = (double)*count * scale, bytes = (double)*size * scale;
    *count = fabs(n) < 0x1p63 ? (int64_t)n : INT64_MIN;
    *size = fabs(bytes) < 0x1p63 ? (int64_t)bytes : INT64_MIN;
}

/* ---- all formats ---- */

/* Frames of the profilers themselves, by kind of profile: google/pprof's tables. */
static const char alloc_frames[] =
    "calloc|cfree|malloc|free|memalign|do_memalign|(__)?posix_memalign|pvalloc|valloc|realloc|"
    "tcmalloc::.*|tc_calloc|tc_cfree|tc_malloc|tc_free|tc_memalign|tc_posix_memalign|tc_pvalloc|"
    "tc_valloc|tc_realloc|tc_new|tc_delete|tc_newarray|tc_deletearray|tc_new_nothrow|"
    "tc_newarray_nothrow|malloc_zone_malloc|malloc_zone_calloc|malloc_zone_valloc|"
    "malloc_zone_realloc|malloc_zone_memalign|malloc_zone_free|runtime\\..*|BaseArena::.*|"
    "(::)?do_malloc_no_errno|(::)?do_malloc_pages|(::)?do_malloc|DoSampledAllocation|"
    "MallocedMemBlock::MallocedMemBlock|_M_allocate|__builtin_(vec_)?delete|"
    "__builtin_(vec_)?new|__gnu_cxx::new_allocator::allocate|__libc_malloc|"
    "__malloc_alloc_template::allocate|allocate|cpp_alloc|operator new(\\[\\])?|"
    "simple_alloc::allocate";
static const char alloc_kept[] = "runtime\\.panic|runtime\\.reflectcall|runtime\\.call[0-9]*";
static const char cpu_frames[] = "ProfileData::Add|ProfileData::prof_handler|"
                                 "CpuProfiler::prof_handler|__pthread_sighandler|__restore";
static const char lock_frames[] =
    "RecordLockProfileData|(base::)?RecordLockProfileData.*|(base::)?SubmitMutexProfileData.*|"
    "(base::)?SubmitSpinLockProfileData.*|(base::Mutex::)?AwaitCommon.*|(base::Mutex::)?Unlock.*|"
    "(base::Mutex::)?UnlockSlow.*|(base::Mutex::)?ReaderUnlock.*|(base::MutexLock::)?~MutexLock.*|"
    "(Mutex::)?AwaitCommon.*|(Mutex::)?Unlock.*|(Mutex::)?UnlockSlow.*|(Mutex::)?ReaderUnlock.*|"
    "(MutexLock::)?~MutexLock.*|(SpinLock::)?Unlock.*|(SpinLock::)?SlowUnlock.*|"
    "(SpinLockHolder::)?~SpinLockHolder.*";

static bool has_types(const struct legacy *in, const char *a, const char *b)
{
    size_t n = in->type_count;
    return n >= 2 && !strcmp(in->types[n - 2].type, a) && !strcmp(in->types[n - 1].type, b);
}

static void set_dropped_frames(const struct legacy *in)
{
    struct profile *p = in->p;
    p->drop_frames = cpu_frames;
    if (has_types(in, "objects", "space") || has_types(in, "inuse_objects", "inuse_space") ||
        has_types(in, "alloc_objects", "alloc_space")) {
        p->drop_frames = alloc_frames;
        p->keep_frames = alloc_kept;
    } else if (has_types(in, "contentions", "delay")) {
        p->drop_frames = lock_frames;
    }
}

static void *into_arena(struct legacy *in, const void *table, size_t count, size_t size)
{
    void *copy = arena_array(&in->p->arena, count, size);
    if (count)
        memcpy(copy, table, count * size);
    return copy;
}

static void publish(struct legacy *in)
{
    struct profile *p = in->p;
    p->value_types = into_arena(in, in->types, in->type_count, sizeof *in->types);
    p->samples = into_arena(in, in->samples, in->sample_count, sizeof *in->samples);
    p->locations = into_arena(in, in->locations, in->location_count, sizeof *in->locations);
    p->mappings = into_arena(in, in->mappings, in->mapping_count, sizeof *in->mappings);
    p->functions = into_arena(in, in->functions, in->function_count, sizeof *in->functions);
    p->value_type_count = in->type_count;
    p->sample_count = in->sample_count;
    p->location_count = in->location_count;
    p->mapping_count = in->mapping_count;
    p->function_count = in->function_count;
    p->default_type = in->type_count - 1;
}

static void reset(struct legacy *in)
{
    free(in->samples);
    free(in->locations);
    free(in->mappings);
    free(in->functions);
    map64_release(&in->by_address);
    intern_release(&in->names);
    arena_clear(&in->p->arena);
    *in->p = (struct profile){.arena = in->p->arena,
                              .period_type = {"", ""},
                              .drop_frames = "",
                              .keep_frames = "",
                              .doc_url = ""};
    *in = (struct legacy){.p = in->p, .begin = in->begin, .end = in->end, .err = in->err};
}

enum legacy_result legacy_parse(struct profile *p, const void *data, size_t bytes, struct err *err)
{
    static enum legacy_result (*const formats[])(struct legacy *) = {
        legacy_cpu,  legacy_heap,     legacy_go_count,  legacy_threads,     legacy_contention,
        legacy_java, legacy_jemalloc, legacy_perf_data, legacy_perf_script, legacy_folded};
    enum {
        PPROFS_OWN = 6 /* formats that google/pprof drops frames of */
    };
    char *copy = mem_realloc(NULL, bytes + 1, 1);
    struct legacy in = {.p = p, .begin = copy, .end = copy + bytes, .err = err};
    enum legacy_result result = LEGACY_OTHER;
    for (size_t i = 0; result == LEGACY_OTHER && i < sizeof formats / sizeof *formats; i++) {
        reset(&in);
        memcpy(copy, data, bytes); /* lines were cut */
        copy[bytes] = 0;
        in.next = in.line = copy;
        result = formats[i](&in);
        if (result == LEGACY_OK && i < PPROFS_OWN)
            set_dropped_frames(&in);
    }
    if (result == LEGACY_OK)
        publish(&in);
    free(in.samples);
    free(in.locations);
    free(in.mappings);
    free(in.functions);
    map64_release(&in.by_address);
    intern_release(&in.names);
    free(copy);
    return result;
}
