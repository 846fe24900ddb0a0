/* search: where in a trace a filter matches: how many rows of each lane, the next
 * and the previous one, how they lie over time. It runs on a worker while it is
 * looked at, and can be cancelled.
 *
 *     struct model_search s = {0};
 *     model_search_start(&s, doc, "lookup dur>1ms", wake, &err);
 *     ... s.hits, s.permille grow ...
 *     if (model_search_step(&s, &place, 1)) ... place is the next hit ...
 *     model_search_release(&s);
 *
 * Kept is one byte for each 64 rows (how many of them match), so hits need no
 * memory, and a step reads at most 64 rows of each lane. */
#ifndef MODEL_SEARCH_H
#define MODEL_SEARCH_H

#include "model/doc.h"
#include "model/filter.h"
#include "model/lanes.h"
#include "model/work.h"

enum {
    MODEL_SEARCH_GROUP = 64,
    MODEL_SEARCH_NAMES = 12,
    MODEL_SEARCH_BUCKETS = 2048 /* over the whole trace, as the minimap's */
};

/* The rows of one thread's table that a filter looks at. */
struct model_search_part {
    enum model_lane_kind lane; /* STATE, LOCKS, REGION, SYSCALLS or SAMPLES */
    uint32_t thread;           /* index */
    uint64_t rows;
    uint8_t *groups;            /* owned: hits in each group of rows */
    _Atomic uint64_t done_rows; /* groups before it may be read */
    _Atomic uint64_t hits;
};

enum model_search_kind {
    MODEL_SEARCH_CALL,
    MODEL_SEARCH_FILE, /* what a call is on */
    MODEL_SEARCH_REGION,
    MODEL_SEARCH_FUNCTION,
    MODEL_SEARCH_LOCK,
    MODEL_SEARCH_THREAD,
    MODEL_SEARCH_KINDS
};

/* A name that matches and how often it occurs. */
struct model_search_name {
    enum model_search_kind kind;
    const char *name;
    uint64_t count;  /* rows; of a thread 0 */
    uint32_t thread; /* of a thread: index */
};

struct model_search_place {
    enum model_lane_kind lane;
    uint32_t thread;
    uint64_t row;
    int64_t begin_ns, end_ns;
};

struct model_search {
    const struct model_doc *doc; /* NULL: no search */
    char line[256];
    struct model_filter filter;
    struct model_search_part *parts; /* owned */
    size_t part_count;
    uint32_t *threads; /* owned: those that match by name */
    size_t thread_count;
    struct model_work work;
    _Atomic uint64_t hits;
    _Atomic unsigned permille; /* 1000: complete */
    _Atomic uint32_t buckets[MODEL_SEARCH_BUCKETS];
    /* The most frequent names, when complete. */
    struct model_search_name names[MODEL_SEARCH_NAMES];
    size_t name_count;
    /* The worker's: which strings and stacks match, by id; which locks. */
    uint8_t *string_match, *stack_match;
    struct map64 lock_match;
    bool any_string, any_stack;
    atomic_bool ready; /* the worker has made them */
};

/* Starts anew; false with err when the line cannot be read. An empty line ends the
 * search. doc is borrowed until release or the next start. */
bool model_search_start(struct model_search *s, const struct model_doc *doc, const char *line,
                        void (*wake)(void), struct err *err);
void model_search_release(struct model_search *s);
bool model_search_is_on(const struct model_search *s);
bool model_search_is_done(const struct model_search *s);

/* Some row of that thread can match by what its name is. */
bool model_search_takes_thread(const struct model_search *s, uint32_t thread);
/* That row matches. */
bool model_search_takes(const struct model_search *s, enum model_lane_kind lane, uint32_t thread,
                        uint64_t row);
/* Moves to the nearest hit after (step 1) or before (-1) place->begin_ns, in order of
 * time, lanes and rows; false where there is none. */
bool model_search_step(const struct model_search *s, struct model_search_place *place, int step);
/* Hits before that place. */
uint64_t model_search_ordinal(const struct model_search *s, const struct model_search_place *place);
/* Brings lane->hits up to date, some columns a call; true when more are to do. A lane
 * has none until all of its rows were searched. */
bool model_search_columns(const struct model_search *s, struct model_lane *lane,
                          const struct model_window *w);

#endif
