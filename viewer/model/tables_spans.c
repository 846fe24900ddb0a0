/* tables_spans: tables whose rows are single spans: the events of a thread, and
 * the worst latencies. */
#include "analyze/histogram.h"
#include "base/fmt.h"
#include "model/tables_build.h"

#include <stdlib.h>
#include <string.h>

enum {
    LOOK_EVERY = 4096 /* spans between looks at the cancel flag */
};

static const enum trace_table tables_of_events[] = {TRACE_THREAD_STATE_TABLE, TRACE_SYSCALL_TABLE,
                                                    TRACE_LOCK_WAIT_TABLE, TRACE_REGION_TABLE};
static const enum model_lane_kind lanes_of_events[] = {MODEL_LANE_STATE, MODEL_LANE_SYSCALLS,
                                                       MODEL_LANE_LOCKS, MODEL_LANE_REGION};

static void open_spans(struct model_spans *s, const struct tables_work *w,
                       const struct model_thread *th, enum trace_table table)
{
    if (table == TRACE_THREAD_STATE_TABLE)
        model_spans_states(s, w->doc->trace, th->key, th->end_ns);
    else
        model_spans_table(s, w->doc->trace, table, th->key, NULL, 0);
    /* Regions nest: an outer one that began long before may reach into the range. */
    if (table == TRACE_REGION_TABLE)
        model_spans_goto(s, 0);
    else
        model_spans_seek(s, w->query->begin_ns);
}

/* What a span is, on what, and the columns of its stacks. */
struct words {
    const char *what, *detail;
    uint64_t stack_id, other_stack_id;
    const char *stack_title, *other_title;
};

static void state_words(struct tables_work *w, struct model_spans *s, const struct model_span *span,
                        struct words *out)
{
    uint64_t waker = trace_get(&s->cursor, span->row, TRACE_THREAD_STATE_waker_tid);
    int64_t cpu = (int64_t)trace_get(&s->cursor, span->row, TRACE_THREAD_STATE_cpu);
    out->what = model_class_name(span->class);
    out->stack_id = trace_get(&s->cursor, span->row, TRACE_THREAD_STATE_stack_id);
    out->stack_title = "Blocked at";
    if (waker)
        out->detail = arena_printf(&w->table->arena, "woken by %s", tables_thread(w, waker));
    else if (span->class == MODEL_RUNNING && cpu >= 0)
        out->detail = arena_printf(&w->table->arena, "CPU %d", (int)cpu);
}

static void call_words(struct tables_work *w, struct model_spans *s, const struct model_span *span,
                       struct words *out)
{
    struct trace_cursor *c = &s->cursor;
    int64_t ret = (int64_t)trace_get(c, span->row, TRACE_SYSCALL_ret);
    const char *object = trace_string(w->doc->trace, trace_get(c, span->row, TRACE_SYSCALL_object));
    const char *error = ret < 0 && ret > -4096 ? strerrorname_np((int)-ret) : NULL;
    out->what = trace_string(w->doc->trace, trace_get(c, span->row, TRACE_SYSCALL_name));
    out->detail = error ? arena_printf(&w->table->arena, "%s  %s", error, object) : object;
    out->stack_id = trace_get(c, span->row, TRACE_SYSCALL_stack_id);
    out->stack_title = "Called from";
}

static void lock_words(struct tables_work *w, struct model_spans *s, const struct model_span *span,
                       struct words *out)
{
    struct trace_cursor *c = &s->cursor;
    uint64_t lock = trace_get(c, span->row, TRACE_LOCK_WAIT_lock);
    uint64_t holder = trace_get(c, span->row, TRACE_LOCK_WAIT_holder_tid);
    int64_t known = model_doc_lock(w->doc, lock);
    struct trace_cursor locks = trace_cursor(w->doc->trace, TRACE_LOCK_TABLE, 0);
    const char *name =
        known < 0
            ? ""
            : trace_string(w->doc->trace, trace_get(&locks, (uint64_t)known, TRACE_LOCK_name));
    out->what = tables_lock(w, lock, name);
    if (holder)
        out->detail = arena_printf(&w->table->arena, "held by %s", tables_thread(w, holder));
    out->stack_id = trace_get(c, span->row, TRACE_LOCK_WAIT_stack_id);
    out->stack_title = "Waiting at";
    out->other_stack_id = trace_get(c, span->row, TRACE_LOCK_WAIT_holder_stack_id);
    out->other_title = "Holder let go at";
}

static struct words words_of(struct tables_work *w, struct model_spans *s,
                             const struct model_span *span)
{
    struct words out = {.what = "", .detail = ""};
    if (s->cursor.table == TRACE_THREAD_STATE_TABLE)
        state_words(w, s, span, &out);
    else if (s->cursor.table == TRACE_SYSCALL_TABLE)
        call_words(w, s, span, &out);
    else if (s->cursor.table == TRACE_LOCK_WAIT_TABLE)
        lock_words(w, s, span, &out);
    else
        out.what = trace_string(w->doc->trace, trace_get(&s->cursor, span->row, TRACE_REGION_name));
    return out;
}

static struct model_target target_of(uint32_t thread, enum model_lane_kind lane,
                                     const struct model_span *span, const struct words *words)
{
    return (struct model_target){.lane = lane,
                                 .thread = thread,
                                 .row = span->row,
                                 .begin_ns = span->begin_ns,
                                 .end_ns = span->end_ns,
                                 .set = true,
                                 .stack_id = words->stack_id,
                                 .other_stack_id = words->other_stack_id,
                                 .stack_title = words->stack_title,
                                 .other_title = words->other_title};
}

static void add_event(struct tables_work *w, struct analyze_sites *sites, struct model_spans *s,
                      const struct model_span *span)
{
    struct words words = words_of(w, s, span);
    struct model_target target =
        target_of((uint32_t)w->query->thread, lanes_of_events[w->query->variant], span, &words);
    struct model_cell *c = model_table_row(w->table, &target);
    c[0].n = span->begin_ns;
    c[1].n = span->end_ns - span->begin_ns;
    c[2].text = words.what;
    c[3].text = words.detail;
    c[4].text = words.stack_id
                    ? tables_text(w, analyze_site_name(sites, analyze_site(sites, words.stack_id,
                                                                           ANALYZE_SITE_CALLER)))
                    : "";
}

void tables_events(struct tables_work *w)
{
    static const struct model_column_info columns[] = {
        {"Start", MODEL_CELL_TIME, 116, NULL},
        {"Duration", MODEL_CELL_NS, 82, NULL},
        {"What", MODEL_CELL_TEXT, 18, NULL},
        {"Detail", MODEL_CELL_TEXT, 26, NULL},
        {"In", MODEL_CELL_TEXT, 20, "the program's function that did it"},
    };
    model_table_begin(w->table, columns, sizeof columns / sizeof *columns, 0);
    if (w->query->thread == MODEL_NO_THREAD)
        return;
    struct analyze_sites sites = {.trace = w->doc->trace};
    struct model_spans s;
    struct model_span span;
    open_spans(&s, w, &w->doc->threads[w->query->thread], tables_of_events[w->query->variant]);
    while (model_spans_next(&s, &span) && span.begin_ns < w->query->end_ns) {
        if (span.end_ns <= w->query->begin_ns && span.begin_ns < w->query->begin_ns)
            continue;
        if (w->table->total_rows++ < MODEL_EVENTS_MAX)
            add_event(w, &sites, &s, &span);
        if (w->table->total_rows % LOOK_EVERY == 0 && tables_cancelled(w))
            break;
    }
    char count[FMT_MAX], most[FMT_MAX];
    fmt_count(count, w->table->total_rows);
    if (w->table->total_rows > MODEL_EVENTS_MAX)
        w->table->summary = arena_printf(&w->table->arena, "the first %s of %s spans",
                                         fmt_count(most, MODEL_EVENTS_MAX), count);
    else
        w->table->summary = arena_printf(&w->table->arena, "%s spans", count);
    analyze_sites_release(&sites);
}

/* --- latency ----------------------------------------------------------------- */

unsigned model_latency_bucket(uint64_t ns)
{
    if (ns < MODEL_LATENCY_PARTS)
        return (unsigned)ns;
    unsigned log = 63 - (unsigned)__builtin_clzll(ns);
    return log * MODEL_LATENCY_PARTS + (unsigned)(ns >> (log - 2) & (MODEL_LATENCY_PARTS - 1));
}

uint64_t model_latency_begin(unsigned bucket)
{
    unsigned log = bucket / MODEL_LATENCY_PARTS;
    if (bucket < MODEL_LATENCY_PARTS)
        return bucket;
    if (log < 2) /* no durations of their own: those below 4 have buckets by value */
        return MODEL_LATENCY_PARTS;
    return (uint64_t)(MODEL_LATENCY_PARTS + bucket % MODEL_LATENCY_PARTS) << (log - 2);
}

struct instance {
    struct model_span span;
    uint32_t thread;
};

/* The longest ones so far, as a heap with the shortest of them on top. */
struct worst {
    struct instance *v; /* owned */
    size_t count;
};

static void sift_down(struct worst *h, size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t c = 2 * at + 1; c <= 2 * at + 2 && c < h->count; c++)
            if (h->v[c].span.end_ns - h->v[c].span.begin_ns <
                h->v[least].span.end_ns - h->v[least].span.begin_ns)
                least = c;
        if (least == at)
            return;
        struct instance swap = h->v[at];
        h->v[at] = h->v[least];
        h->v[least] = swap;
        at = least;
    }
}

static void keep_worst(struct worst *h, const struct instance *i)
{
    int64_t ns = i->span.end_ns - i->span.begin_ns;
    if (h->count < MODEL_INSTANCES_MAX) {
        h->v[h->count++] = *i;
        for (size_t k = h->count == MODEL_INSTANCES_MAX ? h->count / 2 : 0; k-- > 0;)
            sift_down(h, k);
        return;
    }
    if (ns <= h->v[0].span.end_ns - h->v[0].span.begin_ns)
        return;
    h->v[0] = *i;
    sift_down(h, 0);
}

struct latency_work {
    struct tables_work *w;
    struct model_latency *out;
    struct histogram *histogram;
    struct worst worst;
    uint64_t looked;
};

static void add_latency(struct latency_work *l, uint32_t thread, const struct model_span *span)
{
    const struct model_table_query *q = l->w->query;
    uint64_t ns = (uint64_t)(span->end_ns - span->begin_ns);
    l->out->buckets[model_latency_bucket(ns)]++;
    l->out->sum_ns += ns;
    histogram_add(l->histogram, ns);
    if (ns >= q->least_ns && (!q->most_ns || ns < q->most_ns)) {
        l->w->table->total_rows++;
        keep_worst(&l->worst, &(struct instance){*span, thread});
    }
}

static void add_thread(struct latency_work *l, uint32_t thread, enum trace_table table)
{
    struct tables_work *w = l->w;
    struct model_spans s;
    struct model_span span;
    open_spans(&s, w, &w->doc->threads[thread], table);
    while (model_spans_next(&s, &span) && span.begin_ns < w->query->end_ns) {
        if (++l->looked % LOOK_EVERY == 0 && tables_cancelled(w))
            return;
        if (span.begin_ns < w->query->begin_ns)
            continue;
        if (table != TRACE_THREAD_STATE_TABLE || span.class == MODEL_RUNNABLE ||
            span.class == MODEL_PREEMPTED)
            add_latency(l, thread, &span);
    }
}

static void list_worst(struct latency_work *l, enum trace_table table, enum model_lane_kind lane)
{
    struct tables_work *w = l->w;
    struct analyze_sites sites = {.trace = w->doc->trace};
    for (size_t i = 0; i < l->worst.count && !tables_cancelled(w); i++) {
        const struct instance *at = &l->worst.v[i];
        const struct model_thread *th = &w->doc->threads[at->thread];
        struct model_spans s;
        open_spans(&s, w, th, table);
        struct words words = words_of(w, &s, &at->span);
        struct model_target target = target_of(at->thread, lane, &at->span, &words);
        struct model_cell *c = model_table_row(w->table, &target);
        c[0].n = at->span.end_ns - at->span.begin_ns;
        c[1].n = at->span.begin_ns;
        c[2].text = tables_thread(w, th->tid);
        c[3].text = words.what;
        c[4].text = words.detail;
    }
    analyze_sites_release(&sites);
}

static void latency_summary(struct tables_work *w, const struct model_latency *l)
{
    char count[FMT_MAX], p50[FMT_MAX], p99[FMT_MAX], max[FMT_MAX], mean[FMT_MAX];
    w->table->summary =
        arena_printf(&w->table->arena, "%s in all: mean %s, p50 %s, p99 %s, longest %s",
                     fmt_count(count, l->count), fmt_ns(mean, l->count ? l->sum_ns / l->count : 0),
                     fmt_ns(p50, l->p50_ns), fmt_ns(p99, l->p99_ns), fmt_ns(max, l->max_ns));
}

void tables_latency(struct tables_work *w, struct model_latency *out)
{
    static const struct model_column_info columns[] = {
        {"Duration", MODEL_CELL_NS, 82, "click leads to it"},
        {"Start", MODEL_CELL_TIME, 116, NULL},
        {"Thread", MODEL_CELL_TEXT, 16, NULL},
        {"What", MODEL_CELL_TEXT, 16, NULL},
        {"Detail", MODEL_CELL_TEXT, 24, NULL},
    };
    static const enum trace_table tables[] = {TRACE_THREAD_STATE_TABLE, TRACE_SYSCALL_TABLE,
                                              TRACE_LOCK_WAIT_TABLE};
    static const enum model_lane_kind lanes[] = {MODEL_LANE_STATE, MODEL_LANE_SYSCALLS,
                                                 MODEL_LANE_LOCKS};
    int variant = w->query->variant;
    struct latency_work l = {.w = w, .out = out};
    *out = (struct model_latency){0};
    model_table_begin(w->table, columns, sizeof columns / sizeof *columns, 0);
    l.histogram = calloc(1, sizeof *l.histogram);
    l.worst.v = mem_realloc(NULL, MODEL_INSTANCES_MAX, sizeof *l.worst.v);
    if (!l.histogram)
        abort();
    for (uint32_t i = 0; i < w->doc->thread_count && !tables_cancelled(w); i++)
        if (w->query->thread == MODEL_NO_THREAD || w->query->thread == (int)i)
            add_thread(&l, i, tables[variant]);
    out->count = l.histogram->count;
    out->max_ns = l.histogram->max;
    out->p50_ns = histogram_at(l.histogram, 0.5);
    out->p99_ns = histogram_at(l.histogram, 0.99);
    list_worst(&l, tables[variant], lanes[variant]);
    latency_summary(w, out);
    free(l.histogram);
    free(l.worst.v);
}
