/* Spans as pairs of events, for speedscope: it adds up an X event's `ts` and `dur` as
 * doubles, and where a span begins at the very ns in which the one before has ended, the
 * sum may be a little later than that. An E event's time is the same text as the next B's. */
#include "export/chrome_events.h"

#include "base/arena.h"

#include <stdlib.h>

enum {
    MOST_ROWS = 64 /* one over the other, of spans that overlap; more share the last */
};
/* Beyond what chrome_rows.h makes of thread ids, and a double still has it exactly. */
#define NEXT_ROW UINT64_C(100000000000)

void chrome_spans_release(struct chrome_spans *s)
{
    for (size_t i = 0; i < s->row_count; i++)
        free(s->rows[i].ends);
    free(s->rows);
    free(s->heap);
    map64_release(&s->row_of);
    *s = (struct chrome_spans){0};
}

static struct chrome_span_row *row_get(struct chrome_spans *s, uint64_t pid, uint64_t tid)
{
    bool added;
    uint64_t *index = map64_put(&s->row_of, tid ^ pid << 40, &added);
    if (added) {
        mem_grow(&s->rows, &s->row_cap, s->row_count + 1, sizeof *s->rows);
        s->rows[s->row_count] = (struct chrome_span_row){0};
        *index = s->row_count++;
    }
    return &s->rows[*index];
}

/* What is recorded nests within a row, but for two threads that seem to have had a CPU at
 * once by some ns, or what a damaged or foreign trace tells. */
uint64_t chrome_span_tid(struct chrome *ch, uint64_t pid, uint64_t tid, uint64_t begin_ns,
                         uint64_t end_ns)
{
    for (int i = 0;; i++, tid += NEXT_ROW) {
        struct chrome_span_row *row = row_get(&ch->spans, pid, tid);
        while (row->count && row->ends[row->count - 1] <= begin_ns)
            row->count--;
        if (row->count && row->ends[row->count - 1] < end_ns && i < MOST_ROWS)
            continue;
        mem_grow(&row->ends, &row->cap, row->count + 1, sizeof *row->ends);
        row->ends[row->count++] = end_ns;
        return tid;
    }
}

/* Of two that end at once the inner one is the first: it began later. */
static bool is_sooner(const struct chrome_span *a, const struct chrome_span *b)
{
    return a->end_ns != b->end_ns ? a->end_ns < b->end_ns : a->number > b->number;
}

void chrome_span_opened(struct chrome *ch, struct chrome_span span)
{
    struct chrome_spans *s = &ch->spans;
    span.number = s->opened++;
    mem_grow(&s->heap, &s->cap, s->count + 1, sizeof *s->heap);
    size_t i = s->count++;
    for (; i && is_sooner(&span, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = span;
}

static struct chrome_span pop(struct chrome_spans *s)
{
    struct chrome_span first = s->heap[0], last = s->heap[--s->count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < s->count && is_sooner(&s->heap[child + 1], &s->heap[child]))
            child++;
        if (child >= s->count || !is_sooner(&s->heap[child], &last))
            break;
        s->heap[i] = s->heap[child];
        i = child;
    }
    s->heap[i] = last;
    return first;
}

void chrome_write_span_ends(struct chrome *ch, uint64_t until_ns)
{
    while (ch->spans.count && ch->spans.heap[0].end_ns <= until_ns) {
        struct chrome_span span = pop(&ch->spans);
        chrome_begin(&ch->w, 'E', "end", span.pid, span.tid, span.end_ns);
        if (span.name_json)
            chrome_member(&ch->w, "name", span.name_json);
        else
            chrome_name_id(&ch->w, span.name_id);
        chrome_end(&ch->w);
    }
}
