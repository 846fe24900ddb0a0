#include "query/data.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_INDEXED_STRINGS = 16 << 20
};

void query_data_init(struct query_data *d, struct trace *t)
{
    *d = (struct query_data){.trace = t};
    uint64_t threads = trace_rows(t, TRACE_THREAD_TABLE, 0);
    d->threads = threads < UINT32_MAX ? (uint32_t)threads : UINT32_MAX;
}

void query_data_release(struct query_data *d)
{
    for (int i = 0; i < TRACE_TABLE_COUNT; i++)
        free(d->keys[i].sorted);
    map64_release(&d->string_ids);
}

static int compare_keys(const void *a, const void *b)
{
    const struct query_key *x = a, *y = b;
    if (x->word != y->word)
        return x->word < y->word ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static void build_keys(struct query_data *d, enum trace_table table, unsigned word)
{
    struct query_keys *k = &d->keys[table];
    struct trace_cursor c = trace_cursor(d->trace, table, 0);
    k->built = true;
    k->unique = true;
    k->sorted = mem_realloc(NULL, c.total_rows + 1, sizeof *k->sorted);
    for (uint64_t row = 0; row < c.total_rows && !c.damaged; row++)
        k->sorted[k->count++] = (struct query_key){trace_get(&c, row, word), row};
    qsort(k->sorted, k->count, sizeof *k->sorted, compare_keys);
    for (size_t i = 1; i < k->count; i++)
        if (k->sorted[i].word == k->sorted[i - 1].word)
            k->unique = false;
}

const struct query_key *query_find_key(struct query_data *d, enum trace_table table, unsigned word,
                                       uint64_t value, size_t *count)
{
    struct query_keys *k = &d->keys[table];
    if (!k->built)
        build_keys(d, table, word);
    size_t lo = 0, hi = k->count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (k->sorted[mid].word < value)
            lo = mid + 1;
        else
            hi = mid;
    }
    size_t end = lo;
    while (end < k->count && k->sorted[end].word == value)
        end++;
    *count = end - lo;
    return k->sorted + lo;
}

bool query_tids_unique(struct query_data *d)
{
    if (d->threads > QUERY_MAX_LOOKUP_ROWS)
        return false;
    size_t count;
    query_find_key(d, TRACE_THREAD_TABLE, TRACE_THREAD_tid, 0, &count);
    return d->keys[TRACE_THREAD_TABLE].unique;
}

static void build_strings(struct query_data *d)
{
    uint64_t count = trace_string_count(d->trace);
    d->strings_built = true;
    d->strings_usable = count <= MAX_INDEXED_STRINGS;
    for (uint64_t id = 0; id < count && d->strings_usable; id++) {
        const char *s = trace_string(d->trace, id);
        bool added;
        uint64_t *at = map64_put(&d->string_ids, hash_bytes(s, strlen(s)), &added);
        if (added)
            *at = id;
        else
            d->strings_usable = false;
    }
}

enum query_found query_find_string(struct query_data *d, const char *text, size_t len, uint64_t *id)
{
    if (!d->strings_built)
        build_strings(d);
    if (!d->strings_usable || len == 0) /* ids out of range read as "" too */
        return QUERY_UNKNOWN;
    const uint64_t *at = map64_get(&d->string_ids, hash_bytes(text, len));
    if (!at)
        return QUERY_ABSENT;
    *id = *at;
    const char *found = trace_string(d->trace, *at);
    return strlen(found) == len && !memcmp(found, text, len) ? QUERY_FOUND : QUERY_ABSENT;
}
