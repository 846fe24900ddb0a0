/* compare: what grew and what shrank between two sides of one or more profiles each.
 *
 *     struct compare c;
 *     if (!compare_profiles(&c, &before, &after, &options, &err)) ...
 *     for (size_t i = 0; i < c.function_count; i++)            // most changed first
 *         c.functions[i].name, compare_change(&c.functions[i].flat)
 *     compare_release(&c);
 *
 * A side's value is the mean over its profiles. Where both sides have at least two, each
 * change carries a noise bound: the half width of its 95 % confidence interval (Welch's
 * t-test, which lets the sides vary differently). A change within the bound may be chance.
 * Functions are the same where their names are; so are frames of a stack. */
#ifndef ANALYZE_COMPARE_H
#define ANALYZE_COMPARE_H

#include "analyze/compare_noise.h"
#include "base/arena.h"
#include "profile/profile.h"

enum compare_scale {
    COMPARE_AS_IS,
    COMPARE_PER_SECOND, /* of each profile's duration */
    COMPARE_SHARE       /* of each profile's total, times the mean total of all */
};

struct compare_side {
    const struct profile *const *profiles; /* borrowed */
    size_t count;                          /* at least 1 */
};

struct compare_options {
    const char *value_type; /* "cpu", "inuse_space"; NULL: the first profile's default */
    enum compare_scale scale;
};

struct compare_function {
    const char *name;
    const char *file; /* "" where not known */
    struct compare_value flat;
    struct compare_value cum; /* it and what it called; a recursion counts once */
};

struct compare_stack {
    const uint32_t *functions; /* indices, leaf first, inlined calls included */
    uint32_t depth;
    struct compare_value value;
};

/* The stacks as a tree from the root on, for flame graphs. */
struct compare_node {
    uint32_t function; /* index; of node 0, the root of all: UINT32_MAX */
    uint32_t parent;
    uint32_t first_child; /* 0: none; children by name */
    uint32_t next;        /* sibling, 0: none */
    uint32_t depth;
    double self_before, self_after; /* ending here */
    double before, after;           /* with all below */
};

struct compare {
    struct arena arena; /* owns everything below */
    const char *type;   /* "cpu" */
    const char *unit;   /* "nanoseconds"; per second where so scaled */
    size_t before_count, after_count;
    double before_s, after_s; /* mean durations, 0: not known */
    struct compare_value total;
    struct compare_function *functions; /* largest change of flat first */
    struct compare_stack *stacks;       /* largest change first */
    struct compare_node *nodes;         /* [0] is the root */
    size_t function_count, stack_count, node_count;
};

/* False with err where a profile has no such values, or others in another unit. Names are
 * copied: the profiles may be released before the result. */
bool compare_profiles(struct compare *c, const struct compare_side *before,
                      const struct compare_side *after, const struct compare_options *options,
                      struct err *err);
void compare_release(struct compare *c);

#endif
