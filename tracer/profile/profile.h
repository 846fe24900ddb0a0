/* profile: a pprof profile (profile.proto, as `go tool pprof`, perf_to_profile
 * and others write it) in memory.
 *
 *     struct profile p;
 *     if (!profile_parse(&p, data, bytes, &err)) ...
 *     for (size_t i = 0; i < p.sample_count; i++)
 *         for (uint32_t d = 0; d < p.samples[i].depth; d++) {   // leaf first
 *             const struct profile_location *loc = &p.locations[p.samples[i].locations[d]];
 *             for (uint32_t l = 0; l < loc->line_count; l++)    // innermost inline first
 *                 puts(profile_line_name(&p, &loc->lines[l]));
 *         }
 *     profile_release(&p);
 *
 * Ids of the file are resolved to indices into the tables below: every index is
 * valid or PROFILE_NONE. All memory belongs to the profile and stays until
 * release; a parsed profile may be read from several threads. */
#ifndef PROFILE_PROFILE_H
#define PROFILE_PROFILE_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROFILE_NONE UINT32_MAX

/* What a value of each sample means: "cpu" in "nanoseconds". */
struct profile_value_type {
    const char *type;
    const char *unit;
};

/* A mapped executable or library. */
struct profile_mapping {
    uint64_t id;    /* as in the file, not 0 */
    uint64_t start; /* addresses [start, limit) */
    uint64_t limit;
    uint64_t file_off; /* of `start` in the file */
    const char *filename;
    const char *build_id; /* hex, or "" */
    bool has_functions;   /* symbols of this kind are complete: need not be looked up */
    bool has_filenames;
    bool has_line_numbers;
    bool has_inline_frames;
};

struct profile_function {
    uint64_t id;
    const char *name;        /* readable (demangled) */
    const char *system_name; /* as the linker knows it */
    const char *filename;
    int64_t start_line; /* 0: not known */
};

/* One source line of a location; a location has several when calls were inlined. */
struct profile_line {
    uint32_t function; /* index, or PROFILE_NONE */
    int64_t line;      /* 0: not known */
    int64_t column;
};

struct profile_location {
    uint64_t id;
    uint64_t address; /* 0: not known */
    uint32_t mapping; /* index, or PROFILE_NONE */
    uint32_t line_count;
    const struct profile_line *lines; /* innermost first: lines[i] was inlined into lines[i + 1] */
    bool is_folded;                   /* stands for several functions that the linker made one */
};

/* A fact about a sample: text where `text` is not NULL, else a number. */
struct profile_label {
    const char *key;
    const char *text;
    int64_t number;
    const char *unit; /* of the number, or "" */
};

struct profile_sample {
    const uint32_t *locations; /* indices, leaf first */
    const int64_t *values;     /* one for each of the profile's value types */
    const struct profile_label *labels;
    uint32_t depth;
    uint32_t label_count;
};

struct profile {
    struct arena arena; /* owns everything below */

    const struct profile_value_type *value_types;
    const struct profile_sample *samples;
    const struct profile_mapping *mappings; /* the main program's first */
    const struct profile_function *functions;
    const struct profile_location *locations;
    const char *const *comments;
    size_t value_type_count; /* at least 1 */
    size_t sample_count;
    size_t mapping_count;
    size_t function_count;
    size_t location_count;
    size_t comment_count;

    size_t default_type;  /* the value type to show first: index into value_types */
    bool default_is_told; /* the file named it; else it is the last */
    struct profile_value_type period_type;
    int64_t period;          /* between samples, in period_type; 0: not known */
    int64_t time_unix_ns;    /* when it was taken; 0: not known */
    int64_t duration_ns;     /* 0: not known */
    const char *drop_frames; /* regular expressions of frames to leave out, or "" */
    const char *keep_frames;
    const char *doc_url;
};

/* Reads a profile from memory, gzipped or not; `data` is not kept. False with
 * err (what is wrong, and at which byte of the uncompressed profile) when it is
 * damaged or something else; *p is then empty, release is allowed. */
bool profile_parse(struct profile *p, const void *data, size_t bytes, struct err *err);
/* The same for a file. */
bool profile_read(struct profile *p, const char *path, struct err *err);
void profile_release(struct profile *p);

/* The function's name, else the file's, else "". */
const char *profile_line_name(const struct profile *p, const struct profile_line *line);
/* Sum of one value over all samples. */
int64_t profile_total(const struct profile *p, size_t value_type);

#endif
