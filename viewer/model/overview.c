/* overview: the minimap and each thread's totals, from the running totals in the
 * file: exact, and in time by threads, not by spans. */
#include "model/doc.h"
#include "model/window.h"
#include "trace/totals.h"

#include <stdlib.h>
#include <string.h>

static void add_thread_ns(uint64_t *ns, const uint64_t detail[TRACE_TOTAL_DETAILS])
{
    for (unsigned c = 0; c < TRACE_CLASSES; c++)
        ns[model_class_from_total(c)] += detail[c];
    ns[MODEL_RUNNABLE] -= detail[TRACE_TOTAL_PREEMPTED];
    ns[MODEL_PREEMPTED] += detail[TRACE_TOTAL_PREEMPTED];
}

static void add_thread(struct model_doc *doc, uint32_t thread, const struct model_window *w)
{
    struct model_overview *o = &doc->overview;
    const struct model_thread *th = &doc->threads[thread];
    struct trace_totals totals = trace_totals(doc->trace, th->key, (uint64_t)th->end_ns);
    uint64_t before = 0, detail[TRACE_TOTAL_DETAILS];
    int first = model_px_from_ns(w, th->start_ns), last = model_px_from_ns(w, th->end_ns);
    for (int b = first < 0 ? 0 : first; b <= last && b < MODEL_OVERVIEW_BUCKETS; b++) {
        trace_totals_detail(&totals, (uint64_t)model_ns_from_px(w, b + 1), detail);
        o->running_ns[b] += detail[TRACE_RUNNING] - before;
        before = detail[TRACE_RUNNING];
    }
    trace_totals_detail(&totals, (uint64_t)th->end_ns, detail);
    add_thread_ns(o->thread_ns + (size_t)thread * MODEL_STATES, detail);
}

bool model_overview_run(struct model_doc *doc)
{
    struct model_overview *o = &doc->overview;
    struct model_window w;
    model_window_init(&w, doc->duration_ns, MODEL_OVERVIEW_BUCKETS);
    o->thread_ns = calloc((size_t)doc->thread_count * MODEL_STATES + 1, sizeof *o->thread_ns);
    o->running_ns = calloc(MODEL_OVERVIEW_BUCKETS, sizeof *o->running_ns);
    if (!o->thread_ns || !o->running_ns)
        abort();
    for (uint32_t i = 0; i < doc->thread_count; i++) {
        if (atomic_load(&o->cancel))
            return false;
        add_thread(doc, i, &w);
        atomic_store(&o->permille, (unsigned)((i + 1) * UINT64_C(1000) / doc->thread_count));
    }
    for (int b = 0; b < MODEL_OVERVIEW_BUCKETS; b++)
        if (o->running_ns[b] > o->peak_ns)
            o->peak_ns = o->running_ns[b];
    o->bucket_ns = (uint64_t)w.column_ns;
    atomic_store(&o->done, true);
    return true;
}
