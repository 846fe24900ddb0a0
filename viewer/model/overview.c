/* overview: one pass over all states for the minimap and each thread's totals. */
#include "model/doc.h"
#include "model/spans.h"
#include "model/window.h"

#include <stdlib.h>

enum {
    LOOK_UP_EVERY = 4096
}; /* spans between looks at the cancel flag */

static void add_running(struct model_overview *o, const struct model_window *w,
                        const struct model_span *s)
{
    int first = model_px_from_ns(w, s->begin_ns), last = model_px_from_ns(w, s->end_ns - 1);
    if (first < 0)
        first = 0;
    for (int b = first; b <= last && b < MODEL_OVERVIEW_BUCKETS; b++) {
        int64_t from = model_ns_from_px(w, b), to = model_ns_from_px(w, b + 1);
        if (s->begin_ns > from)
            from = s->begin_ns;
        if (s->end_ns < to)
            to = s->end_ns;
        if (to > from)
            o->running_ns[b] += (uint64_t)(to - from);
    }
}

/* False when cancelled. */
static bool add_thread(struct model_doc *doc, uint32_t thread, const struct model_window *w,
                       uint64_t *done, uint64_t total)
{
    struct model_overview *o = &doc->overview;
    const struct model_thread *th = &doc->threads[thread];
    uint64_t *ns = o->thread_ns + (size_t)thread * MODEL_STATES;
    struct model_spans spans;
    struct model_span s;
    model_spans_states(&spans, doc->trace, th->key, th->end_ns);
    while (model_spans_next(&spans, &s)) {
        ns[s.class] += (uint64_t)(s.end_ns - s.begin_ns);
        if (s.class == MODEL_RUNNING && s.end_ns > s.begin_ns)
            add_running(o, w, &s);
        if (++*done % LOOK_UP_EVERY)
            continue;
        if (atomic_load(&o->cancel))
            return false;
        atomic_store(&o->permille, (unsigned)(*done * 1000 / total));
    }
    return true;
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
    uint64_t done = 0, total = trace_table_rows(doc->trace, TRACE_THREAD_STATE_TABLE);
    for (uint32_t i = 0; i < doc->thread_count; i++)
        if (!add_thread(doc, i, &w, &done, total ? total : 1))
            return false;
    for (int b = 0; b < MODEL_OVERVIEW_BUCKETS; b++)
        if (o->running_ns[b] > o->peak_ns)
            o->peak_ns = o->running_ns[b];
    o->bucket_ns = (uint64_t)model_ns_from_px(&w, 1);
    atomic_store(&o->done, true);
    return true;
}
