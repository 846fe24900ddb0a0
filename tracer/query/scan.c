#include "query/scan.h"

#include "base/arena.h"

#include <stdlib.h>

enum {
    MAX_ENUM_VALUE = 255
};

void query_scan_clear(struct query_scan *s)
{
    s->ts_min = s->end_min = 0;
    s->ts_max = s->only_row = UINT64_MAX;
    s->nothing = s->down = s->by_key = s->failed = false;
    s->group_count = 0;
    s->group_whole = s->group_more = false;
    s->group_value = 0;
    s->filter_count = 0;
}

struct query_filter *query_scan_filter(struct query_scan *s, const struct query_column *column)
{
    if (s->filter_count == QUERY_MAX_FILTERS)
        return NULL;
    struct query_filter *f = &s->filters[s->filter_count++];
    f->column = column;
    f->count = 0;
    return f;
}

void query_filter_add(struct query_filter *f, uint64_t word)
{
    mem_grow(&f->words, &f->cap, f->count + 1, sizeof *f->words);
    f->words[f->count++] = word;
}

void query_scan_release(struct query_scan *s)
{
    for (int i = 0; i < QUERY_MAX_FILTERS; i++)
        free(s->filters[i].words);
}

static int compare_words(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool filter_has(const struct query_filter *f, uint64_t word)
{
    if (f->count > 8) /* sorted by query_scan_start */
        return bsearch(&word, f->words, f->count, sizeof word, compare_words) != NULL;
    for (size_t i = 0; i < f->count; i++)
        if (f->words[i] == word)
            return true;
    return false;
}

static bool is_of_thread(const struct query_column *c)
{
    return c->source == QUERY_TID || c->source == QUERY_PID || c->source == QUERY_THREAD;
}

static uint64_t thread_word(const struct query_scan *s, const struct query_column *c)
{
    return c->source == QUERY_TID ? s->tid : c->source == QUERY_PID ? s->pid : s->thread;
}

static bool thread_matches(const struct query_scan *s)
{
    for (unsigned i = 0; i < s->filter_count; i++) {
        const struct query_filter *f = &s->filters[i];
        if (is_of_thread(f->column) && !filter_has(f, thread_word(s, f->column)))
            return false;
    }
    return true;
}

/* Whether the row belongs to this pass; notes what the next one is for. */
static bool group_matches(struct query_scan *s)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < s->group_count; i++) {
        uint64_t value = trace_get(&s->cursor, s->row, s->groups[i]->word);
        if (value > MAX_ENUM_VALUE)
            s->failed = true; /* a damaged file: not a pass for each word in it */
        word = word << 8 | value;
    }
    if (word > s->group_value && (!s->group_more || word < s->group_next)) {
        s->group_next = word;
        s->group_more = true;
    }
    return word == s->group_value;
}

static bool row_matches(struct query_scan *s)
{
    for (unsigned i = 0; i < s->filter_count; i++) {
        const struct query_filter *f = &s->filters[i];
        if (f->column->source == QUERY_WORD &&
            !filter_has(f, trace_get(&s->cursor, s->row, f->column->word)))
            return false;
    }
    return !s->group_count || group_matches(s);
}

/* Sets [lo, hi) to the rows of partition `key` that the bounds leave. */
static void enter_partition(struct query_scan *s, uint32_t key)
{
    struct trace_cursor *c = &s->cursor;
    if (!c->trace || c->key != key) /* else keep the loaded block: a join comes here often */
        *c = trace_cursor(s->data->trace, s->table->table, key);
    s->lo = s->ts_min ? trace_lower_bound(c, s->ts_min) : 0;
    s->hi = s->ts_max == UINT64_MAX ? c->total_rows : trace_lower_bound(c, s->ts_max + 1);
    if (s->end_min) { /* the span before the bound may end at it */
        uint64_t first = trace_lower_bound(c, s->end_min);
        first -= first > 0;
        s->lo = s->lo > first ? s->lo : first;
    }
    if (s->only_row != UINT64_MAX) {
        s->lo = s->lo > s->only_row ? s->lo : s->only_row;
        s->hi = s->hi <= s->only_row ? s->hi : s->only_row + 1;
    }
    if (s->lo > s->hi)
        s->lo = s->hi;
    s->part_lo = s->lo;
}

/* Enters the next thread's partition that may have rows; false when there is none. */
static bool next_partition(struct query_scan *s)
{
    while (s->part < s->part_end) {
        uint64_t thread = s->parts ? s->parts[s->part].row : s->part;
        s->part++;
        if (thread >= s->data->threads)
            continue;
        s->thread = (uint32_t)thread;
        s->tid = trace_get(&s->threads, thread, TRACE_THREAD_tid);
        s->pid = trace_get(&s->threads, thread, TRACE_THREAD_pid);
        s->thread_end_ts = trace_get(&s->threads, thread, TRACE_THREAD_end_ts);
        if (s->threads.damaged || s->data->stop) {
            s->failed = true;
            return false;
        }
        if (thread_matches(s)) {
            enter_partition(s, s->thread);
            if (s->lo < s->hi)
                return true;
        }
    }
    return false;
}

/* The filter on `source` when it names one value, else NULL. */
static const struct query_filter *find_single(const struct query_scan *s, enum query_source source)
{
    for (unsigned i = 0; i < s->filter_count; i++)
        if (s->filters[i].column->source == source && s->filters[i].count == 1)
            return &s->filters[i];
    return NULL;
}

/* Picks the threads to walk: the ones found by id, or all. */
static void choose_threads(struct query_scan *s)
{
    const struct query_filter *thread = find_single(s, QUERY_THREAD);
    const struct query_filter *tid = find_single(s, QUERY_TID);
    s->parts = NULL;
    s->part = 0;
    s->part_end = s->data->threads;
    if (thread) {
        s->part = thread->words[0] < s->part_end ? thread->words[0] : s->part_end;
        s->part_end = s->part + (s->part < s->part_end);
    } else if (tid && s->data->threads <= QUERY_MAX_LOOKUP_ROWS) {
        s->parts = query_find_key(s->data, TRACE_THREAD_TABLE, TRACE_THREAD_tid, tid->words[0],
                                  &s->part_end);
    }
}

static bool next_group(struct query_scan *s)
{
    if (!s->group_more)
        return false;
    s->group_value = s->group_next;
    s->group_more = false;
    return true;
}

/* More rows to look at: this partition's again for the next group, or those of
 * the next partition. */
static bool next_rows(struct query_scan *s)
{
    if (!s->group_whole && next_group(s)) {
        s->lo = s->part_lo;
        return true;
    }
    if (!s->group_whole)
        s->group_value = 0;
    if (next_partition(s))
        return true;
    if (s->failed || !s->group_whole || !next_group(s))
        return false;
    choose_threads(s);
    return next_partition(s);
}

void query_scan_start(struct query_scan *s)
{
    s->lo = s->hi = 0;
    s->part = s->part_end = 0;
    for (unsigned i = 0; i < s->filter_count; i++) {
        struct query_filter *f = &s->filters[i];
        if (f->count > 8)
            qsort(f->words, f->count, sizeof *f->words, compare_words);
        s->nothing = s->nothing || f->count == 0;
    }
    if (s->nothing)
        return;
    if (trace_tables[s->table->table].by_thread) {
        if (!s->threads.trace)
            s->threads = trace_cursor(s->data->trace, TRACE_THREAD_TABLE, 0);
        choose_threads(s);
    } else {
        enter_partition(s, 0);
    }
    if (s->by_key) {
        s->lo = 0;
        s->hi = s->key_count;
    }
}

static void step(struct query_scan *s)
{
    if (s->by_key)
        s->row = s->key_rows[s->lo++].row;
    else if (s->down)
        s->row = --s->hi;
    else
        s->row = s->lo++;
}

bool query_scan_next(struct query_scan *s)
{
    for (;;) {
        if (s->lo >= s->hi && !next_rows(s))
            return false;
        step(s);
        /* Once a block: a filter may pass over millions of rows before it finds one. */
        if (s->row % TRACE_BLOCK_ROWS == 0 && s->data->stop)
            s->failed = true;
        bool matches = row_matches(s);
        if (s->cursor.damaged)
            s->failed = true;
        if (s->failed)
            return false;
        if (matches)
            return true;
    }
}

static uint64_t state_end(struct query_scan *s)
{
    uint64_t next = s->row + 1;
    if (next == s->cursor.total_rows)
        return s->thread_end_ts;
    if (next % TRACE_BLOCK_ROWS == 0) /* the directory has it: no need to load the next block */
        return s->cursor.blocks[next / TRACE_BLOCK_ROWS].first_ts;
    return trace_get(&s->cursor, next, TRACE_THREAD_STATE_ts);
}

uint64_t query_scan_word(struct query_scan *s, const struct query_column *c, bool *null)
{
    *null = c->nullable && trace_get(&s->cursor, s->row, c->null_word) == c->null_value;
    switch (c->source) {
    case QUERY_TID:
    case QUERY_PID:
    case QUERY_THREAD:
        return thread_word(s, c);
    case QUERY_ROW:
        return s->row;
    case QUERY_STATE_END:
        return state_end(s);
    case QUERY_STATE_DUR: {
        uint64_t begin = trace_get(&s->cursor, s->row, TRACE_THREAD_STATE_ts);
        uint64_t end = state_end(s);
        return end > begin ? end - begin : 0;
    }
    case QUERY_WORD:
    case QUERY_SETTING:
        break;
    }
    return trace_get(&s->cursor, s->row, c->word);
}
