/* data: an open trace with what look-ups need beside it, each part made when it
 * is first asked for: rows by a key column, string ids by text. */
#ifndef QUERY_DATA_H
#define QUERY_DATA_H

#include "base/map.h"
#include "query/schema.h"
#include "trace/reader.h"

#include <signal.h>

struct query_key {
    uint64_t word; /* the key column's value */
    uint64_t row;
};

struct query_keys {
    struct query_key *sorted; /* owned; by word, then row */
    size_t count;
    bool built;
    bool unique; /* no value twice */
};

struct query_data {
    struct trace *trace; /* borrowed */
    uint32_t threads;    /* rows of table thread that can have partitions */
    struct query_keys keys[TRACE_TABLE_COUNT];
    struct map64 string_ids; /* hash of text -> string id */
    bool strings_built;
    bool strings_usable;        /* no two strings share a hash: an id stands for a text */
    volatile sig_atomic_t stop; /* asked to stop by query_interrupt */
};

void query_data_init(struct query_data *d, struct trace *t);
void query_data_release(struct query_data *d);

/* The rows of `table` whose column `word` (always the same one) is `value`: *count
 * entries, borrowed. The first call reads the table; 16 bytes a row. */
const struct query_key *query_find_key(struct query_data *d, enum trace_table table, unsigned word,
                                       uint64_t value, size_t *count);
/* Whether no thread id was used by two threads of the trace. */
bool query_tids_unique(struct query_data *d);

enum query_found {
    QUERY_FOUND,
    QUERY_ABSENT,  /* no row has it */
    QUERY_UNKNOWN, /* cannot be told: look at each row */
};
/* The id of a text. */
enum query_found query_find_string(struct query_data *d, const char *text, size_t len,
                                   uint64_t *id);

#endif
