/* search_build: what search.c (running, stepping) and search_match.c (whether a row
 * matches) share. */
#ifndef MODEL_SEARCH_BUILD_H
#define MODEL_SEARCH_BUILD_H

#include "model/search.h"

/* Finds the strings, stacks and locks that match; false when cancelled. */
bool search_match_prepare(struct model_search *s, const atomic_bool *cancel);
/* A lane of this kind can have hits at all. */
bool search_match_possible(const struct model_search *s, enum model_lane_kind lane);
/* Whether c's row matches; where `name` is not NULL, *name becomes what it matched by:
 * a string id, a stack id or a lock's address. end_ns: of the thread. */
bool search_match_row(const struct model_search *s, struct trace_cursor *c, uint64_t row,
                      int64_t end_ns, uint64_t *name);

/* How often each name occurred. */
struct search_counts {
    uint32_t *by_string[MODEL_SEARCH_REGION + 1]; /* owned: calls, files, regions */
    uint32_t *by_stack;                           /* owned */
    struct map64 by_lock;
};
/* Fills s->names. */
void search_match_names(struct model_search *s, const struct search_counts *n,
                        const atomic_bool *cancel);

#endif
