/* build: a profile from addresses of a running process: mappings with build ids, functions,
 * lines and inlined calls are resolved now, while its files are there.
 *
 *     struct process_builder b;
 *     process_build_begin(&b, &profile, pid, &err);
 *     struct process_stack s = process_build_stack(&b, pcs, count, false);
 *     process_build_sample(&b, &s, values, labels, label_count);
 *     process_build_end(&b);
 *
 * The agent's own frames are left out of stacks, as in recordings. */
#ifndef PROCESS_BUILD_H
#define PROCESS_BUILD_H

#include "base/map.h"
#include "process/maps.h"
#include "profile/profile.h"
#include "symbols/symbols.h"

struct process_stack {
    const uint32_t *locations; /* the profile's arena */
    uint32_t depth;
};

struct process_builder {
    struct profile *profile;
    struct arena scratch;
    struct process_maps maps;
    struct symbols *symbols;
    struct map64 location_of; /* address -> location */
    struct map64 pseudo_of;   /* function without an address -> location */
    struct map64 mapping_of;  /* map's begin -> mapping */
    struct intern functions;
    struct profile_location *locations; /* owned until the end, as the others */
    struct profile_function *function_list;
    struct profile_mapping *mappings;
    struct profile_sample *samples;
    size_t location_count, mapping_count, sample_count;
    size_t location_cap, function_cap, mapping_cap, sample_cap;
};

/* Empties *p, which is the caller's to release, also after a failure. */
bool process_build_begin(struct process_builder *b, struct profile *p, pid_t pid, struct err *err);
/* Leaf first; return addresses, but for the first where leaf_exact. A stack without frames
 * gets one that is called `otherwise`. */
struct process_stack process_build_stack(struct process_builder *b, const uint64_t *pcs,
                                         size_t count, bool leaf_exact, const char *otherwise);
/* The innermost function at an address, "" where none is. */
const char *process_build_name(struct process_builder *b, uint64_t addr);
/* Values (one for each type that the profile gets) and labels are copied, not their texts. */
void process_build_sample(struct process_builder *b, const struct process_stack *stack,
                          const int64_t *values, size_t value_count,
                          const struct profile_label *labels, size_t label_count);
/* Publishes; the profile then depends on nothing but its arena. */
void process_build_end(struct process_builder *b);

#endif
