#include "model/difference.h"

#include <stdio.h>
#include <string.h>

enum {
    COLUMN_NAME,
    COLUMN_BEFORE,
    COLUMN_AFTER,
    COLUMN_CHANGE,
    COLUMN_PERCENT,
    COLUMN_COUNT_BEFORE,
    COLUMN_COUNT_AFTER,
    COLUMN_P99_BEFORE,
    COLUMN_P99_AFTER,
    COLUMN_MAX_BEFORE,
    COLUMN_MAX_AFTER,
    COLUMNS
};

static const struct model_column_info columns[COLUMNS] = {
    [COLUMN_NAME] = {"What", MODEL_CELL_TEXT, 40, "the same in both: a name, not an address"},
    [COLUMN_BEFORE] = {"Before", MODEL_CELL_NS, 76, "in all, in the first trace"},
    [COLUMN_AFTER] = {"After", MODEL_CELL_NS, 76, "in all, in the second trace"},
    [COLUMN_CHANGE] = {"Change", MODEL_CELL_CHANGE, 82, "after less before"},
    [COLUMN_PERCENT] = {"of before", MODEL_CELL_TEXT, 10, "the change by what was before"},
    [COLUMN_COUNT_BEFORE] = {"Times", MODEL_CELL_COUNT, 70, "how often, before"},
    [COLUMN_COUNT_AFTER] = {"after", MODEL_CELL_COUNT, 70, "how often, after"},
    [COLUMN_P99_BEFORE] = {"p99", MODEL_CELL_NS, 72, "99 of 100 were shorter, before"},
    [COLUMN_P99_AFTER] = {"after", MODEL_CELL_NS, 72, "99 of 100 were shorter, after"},
    [COLUMN_MAX_BEFORE] = {"Longest", MODEL_CELL_NS, 76, "the longest one, before"},
    [COLUMN_MAX_AFTER] = {"after", MODEL_CELL_NS, 76, "the longest one, after"},
};

static struct model_cell number(uint64_t n, bool known)
{
    return (struct model_cell){.n = !known ? -1 : n > INT64_MAX ? INT64_MAX : (int64_t)n};
}

static const char *percent(struct arena *a, uint64_t before, uint64_t after)
{
    if (!before || !after)
        return before ? "gone" : after ? "new" : "";
    double change = ((double)after - (double)before) / (double)before * 100;
    if (change >= 1000)
        return arena_printf(a, "%.1f times", (double)after / (double)before);
    return arena_printf(a, "%+.1f %%", change);
}

static void add_row(struct model_table *t, const struct compare_row *row)
{
    const struct compare_measure *b = &row->before, *a = &row->after;
    struct model_cell *c = model_table_row(t, NULL);
    c[COLUMN_NAME].text = arena_strdup(&t->arena, row->name);
    c[COLUMN_BEFORE] = number(b->total_ns, true);
    c[COLUMN_AFTER] = number(a->total_ns, true);
    c[COLUMN_CHANGE].n = (int64_t)(a->total_ns - b->total_ns);
    c[COLUMN_PERCENT].text = percent(&t->arena, b->total_ns, a->total_ns);
    c[COLUMN_COUNT_BEFORE] = number(b->count, true);
    c[COLUMN_COUNT_AFTER] = number(a->count, true);
    c[COLUMN_P99_BEFORE] = number(b->p99_ns, b->p99_ns);
    c[COLUMN_P99_AFTER] = number(a->p99_ns, a->p99_ns);
    c[COLUMN_MAX_BEFORE] = number(b->max_ns, b->max_ns);
    c[COLUMN_MAX_AFTER] = number(a->max_ns, a->max_ns);
}

static void make_table(struct model_table *t, const struct compare_rows *rows)
{
    model_table_begin(t, columns, COLUMNS, COLUMN_CHANGE);
    for (size_t i = 0; i < rows->count; i++)
        add_row(t, &rows->v[i]);
}

/* Exact, from the running totals. */
static void measure_thread(struct model_side *side, const struct model_doc *doc, uint32_t thread,
                           int64_t bucket_ns)
{
    const struct model_thread *th = &doc->threads[thread];
    struct trace_totals totals = trace_totals(doc->trace, th->key, (uint64_t)th->end_ns);
    uint64_t ns[TRACE_TOTAL_DETAILS], before = 0;
    for (int b = (int)(th->start_ns / bucket_ns); b < MODEL_SIDE_BUCKETS; b++) {
        if ((int64_t)b * bucket_ns > th->end_ns)
            break;
        trace_totals_detail(&totals, (uint64_t)(b + 1) * (uint64_t)bucket_ns, ns);
        side->running_ns[b] += ns[TRACE_RUNNING] - before;
        before = ns[TRACE_RUNNING];
    }
    trace_totals_detail(&totals, (uint64_t)th->end_ns, ns);
    for (unsigned c = 0; c < TRACE_CLASSES; c++)
        side->states_ns[model_class_from_total(c)] += ns[c];
    side->states_ns[MODEL_RUNNABLE] -= ns[TRACE_TOTAL_PREEMPTED];
    side->states_ns[MODEL_PREEMPTED] += ns[TRACE_TOTAL_PREEMPTED];
}

static void measure(struct model_side *side, const struct model_doc *doc, int64_t bucket_ns,
                    const atomic_bool *cancel)
{
    *side = (struct model_side){.duration_ns = doc->duration_ns};
    for (uint32_t i = 0; i < doc->thread_count && !atomic_load(cancel); i++)
        measure_thread(side, doc, i, bucket_ns);
}

static void compare(struct model_difference *d, const struct model_doc *before,
                    const struct model_doc *after, const atomic_bool *cancel)
{
    int64_t longest =
        before->duration_ns > after->duration_ns ? before->duration_ns : after->duration_ns;
    d->bucket_ns = longest / MODEL_SIDE_BUCKETS + 1;
    measure(&d->before, before, d->bucket_ns, cancel);
    measure(&d->after, after, d->bucket_ns, cancel);
    compare_traces_until(&d->arena, before->trace, after->trace, cancel, &d->result);
    for (int m = 0; m < COMPARE_MATTERS && !atomic_load(cancel); m++)
        make_table(&d->tables[m], &d->result.matters[m]);
}

void model_difference_make(struct model_difference *d, const char *before_path,
                           const char *after_path, const atomic_bool *cancel)
{
    arena_clear(&d->arena);
    struct model_doc *before = model_doc_open(before_path, &d->err);
    struct model_doc *after = before ? model_doc_open(after_path, &d->err) : NULL;
    d->ok = before && after;
    if (d->ok)
        compare(d, before, after, cancel);
    model_doc_close(before);
    model_doc_close(after);
}

void model_difference_release(struct model_difference *d)
{
    arena_release(&d->arena);
    for (int m = 0; m < COMPARE_MATTERS; m++)
        model_table_release(&d->tables[m]);
    *d = (struct model_difference){0};
}
