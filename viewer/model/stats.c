#include "model/stats.h"

#include "model/spans.h"
#include "trace/totals.h"

#include <stdlib.h>
#include <string.h>

enum {
    LOOK_UP_EVERY = 16384
};

/* Lengths of one kind. */
struct lengths {
    uint64_t *ns; /* owned */
    size_t count, cap;
    uint64_t every; /* one of so many is kept, 0: all so far */
};

static void add(struct model_stats_row *row, struct lengths *l, uint64_t ns)
{
    if (!row->count || ns < row->min_ns)
        row->min_ns = ns;
    if (ns > row->max_ns)
        row->max_ns = ns;
    row->count++;
    row->total_ns += ns;
    if (l->every && row->count % l->every)
        return;
    if (l->count == MODEL_STATS_SPANS) { /* from now on half as many, of those kept too */
        l->count /= 2;
        for (size_t i = 0; i < l->count; i++)
            l->ns[i] = l->ns[2 * i];
        l->every = l->every ? l->every * 2 : 2;
        row->sampled = true;
    }
    mem_grow(&l->ns, &l->cap, l->count + 1, sizeof *l->ns);
    l->ns[l->count++] = ns;
}

static bool add_spans(struct model_stats *s, struct model_spans *spans, int kind,
                      struct lengths *lengths, const atomic_bool *cancel)
{
    struct model_span span;
    model_spans_goto(spans, model_spans_lower_bound(spans, s->range.begin_ns));
    while (model_spans_next(spans, &span) && span.begin_ns < s->range.end_ns) {
        int at = kind < 0 ? (int)span.class : kind;
        add(&s->rows[at], &lengths[at], (uint64_t)(span.end_ns - span.begin_ns));
        if (span.row % LOOK_UP_EVERY == 0 && atomic_load(cancel))
            return false;
    }
    return true;
}

static void add_totals(struct model_stats *s, const struct model_doc *doc,
                       const struct model_thread *th)
{
    struct trace_totals totals = trace_totals(doc->trace, th->key, (uint64_t)th->end_ns);
    uint64_t before[TRACE_TOTAL_DETAILS], after[TRACE_TOTAL_DETAILS];
    trace_totals_detail(&totals, (uint64_t)s->range.begin_ns, before);
    trace_totals_detail(&totals, (uint64_t)s->range.end_ns, after);
    for (unsigned c = 0; c < TRACE_CLASSES; c++)
        s->ns[model_class_from_total(c)] += after[c] - before[c];
    uint64_t preempted = after[TRACE_TOTAL_PREEMPTED] - before[TRACE_TOTAL_PREEMPTED];
    s->ns[MODEL_RUNNABLE] -= preempted;
    s->ns[MODEL_PREEMPTED] += preempted;
}

static bool add_thread(struct model_stats *s, const struct model_doc *doc,
                       const struct model_thread *th, struct lengths *lengths,
                       const atomic_bool *cancel)
{
    static const struct {
        enum trace_table table;
        int kind;
    } tables[] = {{TRACE_SYSCALL_TABLE, MODEL_STATS_CALLS},
                  {TRACE_LOCK_WAIT_TABLE, MODEL_STATS_LOCKS},
                  {TRACE_REGION_TABLE, MODEL_STATS_REGIONS}};
    struct model_spans spans;
    add_totals(s, doc, th);
    s->threads++;
    model_spans_states(&spans, doc->trace, th->key, th->end_ns);
    if (!add_spans(s, &spans, -1, lengths, cancel))
        return false;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        model_spans_table(&spans, doc->trace, tables[i].table, th->key, NULL, 0);
        if (!add_spans(s, &spans, tables[i].kind, lengths, cancel))
            return false;
    }
    return true;
}

/* Hoare's quickselect: the k-th smallest, in linear time on average. */
static uint64_t select_kth(uint64_t *v, size_t count, size_t k)
{
    size_t lo = 0, hi = count - 1;
    while (lo < hi) {
        uint64_t pivot = v[lo + (hi - lo) / 2];
        size_t i = lo, j = hi;
        for (;; i++, j--) {
            while (v[i] < pivot)
                i++;
            while (v[j] > pivot)
                j--;
            if (i >= j)
                break;
            uint64_t swap = v[i];
            v[i] = v[j];
            v[j] = swap;
        }
        if (k <= j)
            hi = j;
        else
            lo = j + 1;
    }
    return v[k];
}

static void finish(struct model_stats_row *row, struct lengths *l)
{
    if (!l->count)
        return;
    row->median_ns = select_kth(l->ns, l->count, (l->count - 1) / 2);
    row->p99_ns = select_kth(l->ns, l->count, (l->count - 1) * 99 / 100);
}

bool model_stats_run(struct model_stats *s, const struct model_doc *doc, struct model_range range,
                     const bool *shown, const atomic_bool *cancel)
{
    struct lengths lengths[MODEL_STATS_KINDS] = {{0}};
    bool go_on = true;
    *s = (struct model_stats){.range = range};
    for (uint32_t i = 0; i < doc->thread_count && go_on; i++)
        if (!shown || shown[i])
            go_on = add_thread(s, doc, &doc->threads[i], lengths, cancel);
    for (int i = 0; i < MODEL_STATS_KINDS; i++) {
        if (go_on)
            finish(&s->rows[i], &lengths[i]);
        free(lengths[i].ns);
    }
    return go_on;
}
