/* legacy: profiles in other formats than profile.proto, told apart by content:
 * gperftools' CPU, heap, growth and contention profiles, Go's count profiles,
 * threadz, the Java agent's, jemalloc's heap dumps, perf.data, `perf script` and folded
 * stacks. The rules are google/pprof's where it knows the format.
 *
 * Within the profile layer only: callers use profile_parse. */
#ifndef PROFILE_LEGACY_H
#define PROFILE_LEGACY_H

#include "base/map.h"
#include "profile/profile.h"

enum {
    LEGACY_TYPES = 16 /* most kinds of values */
};

/* What is being read: tables that grow, rows by index. */
struct legacy {
    struct profile *p; /* its arena owns strings, stacks, values, labels */
    const char *begin; /* a copy of the input with a NUL behind; lines are cut in place */
    char *next;        /* where the next line starts */
    char *end;
    char *line; /* the last line read; "" before the first */
    struct err *err;

    struct profile_value_type types[LEGACY_TYPES];
    size_t type_count;
    struct profile_sample *samples; /* owned, as the tables below */
    size_t sample_count, sample_cap;
    struct profile_location *locations;
    size_t location_count, location_cap;
    struct profile_mapping *mappings;
    size_t mapping_count, mapping_cap;
    struct profile_function *functions;
    size_t function_count, function_cap;
    struct map64 by_address; /* locations */
    struct intern names;     /* functions by name */
};

enum legacy_result {
    LEGACY_OTHER, /* some other format */
    LEGACY_OK,
    LEGACY_DAMAGED /* this format, but err says what is wrong */
};

/* Tries every format. LEGACY_OTHER leaves err alone. */
enum legacy_result legacy_parse(struct profile *p, const void *data, size_t bytes, struct err *err);

/* ---- for the formats ---- */

enum legacy_result legacy_cpu(struct legacy *in);
enum legacy_result legacy_heap(struct legacy *in);
enum legacy_result legacy_go_count(struct legacy *in);
enum legacy_result legacy_threads(struct legacy *in);
enum legacy_result legacy_contention(struct legacy *in);
enum legacy_result legacy_java(struct legacy *in);
enum legacy_result legacy_jemalloc(struct legacy *in);
enum legacy_result legacy_perf_data(struct legacy *in);
enum legacy_result legacy_perf_script(struct legacy *in);
enum legacy_result legacy_folded(struct legacy *in);

/* The next line, without its end, in in->line; false when there is none. */
bool legacy_line(struct legacy *in);
enum legacy_result legacy_damaged(struct legacy *in, const char *what);
bool legacy_is_blank(const char *line); /* or a comment */
char *legacy_trim(char *s);

void legacy_type(struct legacy *in, const char *type, const char *unit);
/* The location of an address, made where it is new. */
uint32_t legacy_location(struct legacy *in, uint64_t address);
/* The location of a function by its name; file may be "". */
uint32_t legacy_named_location(struct legacy *in, const char *name, const char *file);
uint32_t legacy_function(struct legacy *in, const char *name, const char *file);
/* Adds a sample; the stack and the values are copied. */
struct profile_sample *legacy_sample(struct legacy *in, const uint32_t *stack, size_t depth,
                                     const int64_t *values);
void legacy_label_number(struct legacy *in, struct profile_sample *s, const char *key, int64_t v);
void legacy_label_text(struct legacy *in, struct profile_sample *s, const char *key,
                       const char *text);
/* Hexadecimal numbers ("0x..") in a line; the caller frees. False when one does not fit. */
bool legacy_addresses(const char *line, uint64_t **addresses, size_t *count);
/* The stack of addresses: those from `first` on are return addresses, one is
 * subtracted to land on the call. The caller frees. */
uint32_t *legacy_stack(struct legacy *in, const uint64_t *addresses, size_t count, size_t first);

/* Reads the lines that are left as /proc/PID/maps (also shorter forms), gives
 * every location its mapping and numbers all. */
void legacy_memory_map(struct legacy *in);
/* Skips to the memory map, if there is one, then the same. */
void legacy_find_memory_map(struct legacy *in);
bool legacy_is_map_start(const char *line);
/* Numbers locations in the order of their use, gives them mappings. */
void legacy_number(struct legacy *in);
/* Undoes sampling: what was seen over the chance of seeing it. */
void legacy_unsample(int64_t *count, int64_t *size, int64_t rate);
/* Takes the line's next number, blanks before it skipped; false where there is none. */
bool legacy_number_at(const char **p, int64_t *value);
/* Takes the text, blanks before it skipped. */
bool legacy_word_at(const char **p, const char *word);

#endif
