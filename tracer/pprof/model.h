/* model: a profile that reports may change. Filters, merging and aggregation
 * work in place on tables of their own; what they do not change (stacks, values,
 * names) stays the parsed profile's, so that a copy for a report is cheap.
 *
 *     struct pprof_model m, copy;
 *     pprof_model_from_profile(&m, &parsed);      // `parsed` must outlive both
 *     pprof_model_copy(&copy, &m);
 *     ... filter, aggregate, report ...
 *     pprof_model_release(&copy); */
#ifndef PPROF_MODEL_H
#define PPROF_MODEL_H

#include "profile/profile.h"

struct pprof_model {
    struct arena arena; /* owns the tables and what replaces the profile's */

    struct profile_value_type *types;
    size_t type_count;
    struct profile_sample *samples;
    size_t sample_count;
    struct profile_mapping *mappings;
    size_t mapping_count;
    struct profile_function *functions;
    size_t function_count;
    struct profile_location *locations;
    size_t location_count;
    const char **comments;
    size_t comment_count;

    const char *default_type; /* "": the last one */
    struct profile_value_type period_type;
    int64_t period;
    int64_t time_unix_ns;
    int64_t duration_ns;
    const char *drop_frames;
    const char *keep_frames;
    const char *doc_url;
};

void pprof_model_from_profile(struct pprof_model *m, const struct profile *p);
void pprof_model_copy(struct pprof_model *copy, const struct pprof_model *m);
void pprof_model_release(struct pprof_model *m);

/* A profile without mappings gets one for all its locations, as pprof does to
 * have something to symbolize against. */
void pprof_model_ensure_mapping(struct pprof_model *m);
void pprof_model_add_comment(struct pprof_model *m, const char *text);
/* Which value `name` means: an index, a type ("inuse_" may be left out), or the
 * default for "". False with err naming the choices. */
bool pprof_model_value_index(const struct pprof_model *m, const char *name, size_t *index,
                             struct err *err);

/* Merges profiles of the same kind: equal stacks with equal labels are added up,
 * tables hold only what is used, ids are new. Value types that not all have are
 * left out; units become the finest. The inputs change (values are scaled). */
bool pprof_merge(struct pprof_model *out, struct pprof_model *const *in, size_t count,
                 struct err *err);
/* Multiplies all values; samples that become nothing go. */
void pprof_scale(struct pprof_model *m, double ratio);
/* Scales each value type of m so that its sum equals that of base. */
bool pprof_normalize(struct pprof_model *m, const struct pprof_model *base, struct err *err);
/* Marks every sample as one of the base of a comparison. */
void pprof_mark_base(struct pprof_model *m);
bool pprof_is_base(const struct profile_sample *s);

/* Blanks what the report does not tell apart. */
struct pprof_grain {
    bool inlines; /* else a location is its outermost caller only */
    bool function;
    bool file;
    bool line;
    bool column;
    bool address;
};
void pprof_aggregate(struct pprof_model *m, struct pprof_grain keep);

#endif
