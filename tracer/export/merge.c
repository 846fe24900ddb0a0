#include "export/merge.h"

#include "base/arena.h"

#include <stdlib.h>

static uint64_t ts_of(struct merge_source *s, uint64_t row)
{
    return trace_get(&s->cursor, row, (unsigned)trace_tables[s->cursor.table].ts_column);
}

static uint64_t dur_of(struct merge_source *s, uint64_t row)
{
    int column = trace_dur_column(s->cursor.table);
    if (column >= 0)
        return trace_get(&s->cursor, row, (unsigned)column);
    if (s->cursor.table != TRACE_THREAD_STATE_TABLE)
        return 0;
    uint64_t end = trace_state_end(&s->cursor, row, s->parent_end_ns), ts = ts_of(s, row);
    return end > ts ? end - ts : 0;
}

/* Longest first, equal ones as they stand. */
static int longer(const void *a, const void *b)
{
    const struct merge_item *x = a, *y = b;
    if (x->dur_ns != y->dur_ns)
        return x->dur_ns > y->dur_ns ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Moves to the next row in order; false at the end or on damage. */
static bool advance(struct merge_source *s)
{
    if (++s->group_next < s->group_len)
        return true;
    if (s->row >= s->end || s->cursor.damaged)
        return false;
    s->group_len = 0;
    s->group_next = 0;
    s->ts_ns = s->row && s->row == s->peeked_row ? s->peeked_ts_ns : ts_of(s, s->row);
    do {
        if (s->group_len == s->group_cap)
            mem_grow(&s->group, &s->group_cap, s->group_len + 1, sizeof *s->group);
        s->group[s->group_len++] = (struct merge_item){s->row, dur_of(s, s->row)};
        if (++s->row >= s->end)
            break;
        s->peeked_ts_ns = ts_of(s, s->row);
        s->peeked_row = s->row;
    } while (s->peeked_ts_ns == s->ts_ns);
    if (s->group_len > 1) /* rare */
        qsort(s->group, s->group_len, sizeof *s->group, longer);
    return true;
}

/* Spans of these lie within each other or overlap: one that began long ago may
 * still reach into the range. */
static bool may_overlap(enum trace_table table)
{
    return table == TRACE_REGION_TABLE || table == TRACE_LOCK_HOLD_TABLE ||
           table == TRACE_TASK_TABLE || table == TRACE_LOST_TABLE;
}

void merge_add(struct merge *m, enum trace_table table, uint32_t key, uint64_t parent_end_ns,
               struct analyze_range range)
{
    struct analyze_rows rows = analyze_rows(m->trace, table, key, range);
    if (may_overlap(table))
        rows.row = 0;
    if (rows.row >= rows.end)
        return;
    mem_grow(&m->sources, &m->cap, m->count + 1, sizeof *m->sources);
    m->sources[m->count++] = (struct merge_source){
        .cursor = rows.cursor, .parent_end_ns = parent_end_ns, .row = rows.row, .end = rows.end};
    m->total_rows += rows.end - rows.row;
}

static bool sooner(const struct merge_head *x, const struct merge_head *y)
{
    if (x->ts_ns != y->ts_ns)
        return x->ts_ns < y->ts_ns;
    return x->dur_ns != y->dur_ns ? x->dur_ns > y->dur_ns : x->source < y->source;
}

/* Puts `head` where it belongs, at i or below. */
static void sift_down(struct merge *m, size_t i, struct merge_head head)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < m->heap_len && sooner(&m->heap[child + 1], &m->heap[child]))
            child++;
        if (child >= m->heap_len || !sooner(&m->heap[child], &head))
            break;
        m->heap[i] = m->heap[child];
        i = child;
    }
    m->heap[i] = head;
}

static struct merge_head head_of(const struct merge *m, size_t source)
{
    const struct merge_source *s = &m->sources[source];
    return (struct merge_head){s->ts_ns, s->group[s->group_next].dur_ns, source};
}

static void make_heap(struct merge *m)
{
    m->heap = mem_realloc(NULL, m->count + 1, sizeof *m->heap);
    for (size_t i = 0; i < m->count; i++)
        if (advance(&m->sources[i]))
            m->heap[m->heap_len++] = head_of(m, i);
    for (size_t i = m->heap_len; i-- > 0;)
        sift_down(m, i, m->heap[i]);
}

bool merge_next(struct merge *m, struct merge_event *e)
{
    if (!m->heap) {
        make_heap(m);
    } else if (m->heap_len) { /* the source given last moves on */
        size_t source = m->heap[0].source;
        if (advance(&m->sources[source]))
            sift_down(m, 0, head_of(m, source));
        else if (--m->heap_len)
            sift_down(m, 0, m->heap[m->heap_len]);
    }
    if (!m->heap_len)
        return false;
    struct merge_source *s = &m->sources[m->heap[0].source];
    const struct merge_item *item = &s->group[s->group_next];
    *e = (struct merge_event){&s->cursor, item->row, s->ts_ns, item->dur_ns};
    return true;
}

void merge_release(struct merge *m)
{
    for (size_t i = 0; i < m->count; i++)
        free(m->sources[i].group);
    free(m->sources);
    free(m->heap);
    *m = (struct merge){0};
}
