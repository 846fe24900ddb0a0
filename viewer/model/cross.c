#include "model/cross.h"

#include "base/arena.h"
#include "model/cross_coarse.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LOOK_UP_EVERY = 65536 /* rows between looks at the cancel flag */
};

static void release_data(struct model_cross_data *d)
{
    for (uint32_t i = 0; i < d->cpu_count; i++)
        free(d->cpus[i].items);
    for (size_t i = 0; i < d->lock_count; i++)
        for (int lane = 0; lane < 1 + MODEL_CROSS_WAITERS; lane++)
            free(d->locks[i].lanes[lane].items);
    free(d->cpus);
    free(d->locks);
    *d = (struct model_cross_data){0};
}

void model_cross_release(struct model_cross *cross)
{
    model_work_stop(&cross->work);
    release_data(&cross->now);
    release_data(&cross->next);
    memset(cross, 0, sizeof *cross);
}

void cross_add(struct model_cross_list *l, struct model_spans_item item)
{
    mem_grow(&l->items, &l->cap, l->count + 1, sizeof *l->items);
    l->items[l->count++] = item;
}

static int by_begin(const void *a, const void *b)
{
    const struct model_spans_item *x = a, *y = b;
    if (x->begin_ns != y->begin_ns)
        return x->begin_ns < y->begin_ns ? -1 : 1;
    return x->end_ns < y->end_ns ? -1 : x->end_ns > y->end_ns;
}

/* --- CPUs ------------------------------------------------------------------- */

struct model_cross_list *cross_cpu(struct model_cross_data *d, int64_t cpu)
{
    if (cpu < 0 || cpu >= MODEL_CROSS_CPUS)
        return NULL;
    if (cpu >= d->cpu_count) {
        d->cpus = mem_realloc(d->cpus, (size_t)cpu + 1, sizeof *d->cpus);
        memset(d->cpus + d->cpu_count, 0, ((size_t)cpu + 1 - d->cpu_count) * sizeof *d->cpus);
        d->cpu_count = (uint32_t)cpu + 1;
    }
    return &d->cpus[cpu];
}

static bool gather_cpus(struct model_cross *cross, uint32_t thread, const atomic_bool *cancel)
{
    const struct model_thread *th = &cross->doc->threads[thread];
    struct model_cross_data *d = &cross->next;
    struct model_spans spans;
    struct model_span s;
    model_spans_states(&spans, cross->doc->trace, th->key, th->end_ns);
    model_spans_seek(&spans, d->range.begin_ns);
    while (model_spans_next(&spans, &s) && s.begin_ns < d->range.end_ns) {
        if (s.row % LOOK_UP_EVERY == 0 && atomic_load(cancel))
            return false;
        if (s.class != MODEL_RUNNING)
            continue;
        struct model_cross_list *l =
            cross_cpu(d, (int64_t)trace_get(&spans.cursor, s.row, TRACE_THREAD_STATE_cpu));
        if (l)
            cross_add(l, (struct model_spans_item){.begin_ns = s.begin_ns,
                                                   .end_ns = s.end_ns,
                                                   .row = s.row,
                                                   .thread = thread,
                                                   .class = model_class_from_name(th->name)});
    }
    return true;
}

/* --- locks ------------------------------------------------------------------ */

static int by_wait(const void *a, const void *b)
{
    const struct model_cross_lock *x = a, *y = b;
    if (x->wait_ns != y->wait_ns)
        return x->wait_ns > y->wait_ns ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

/* Joins are waits for a thread and conditions have no holder: neither is a lock. */
static bool is_held(uint64_t kind)
{
    return kind != TRACE_LOCK_JOIN && kind != TRACE_LOCK_COND;
}

static void choose_locks(struct model_cross *cross)
{
    struct model_cross_data *d = &cross->next;
    struct trace_cursor c = trace_cursor(cross->doc->trace, TRACE_LOCK_TABLE, 0);
    size_t cap = 0;
    for (uint64_t r = 0; r < c.total_rows && !c.damaged; r++) {
        uint64_t wait_ns = trace_get(&c, r, TRACE_LOCK_wait_ns);
        if (!wait_ns || !is_held(trace_get(&c, r, TRACE_LOCK_kind)))
            continue;
        mem_grow(&d->locks, &cap, d->lock_count + 1, sizeof *d->locks);
        d->locks[d->lock_count++] = (struct model_cross_lock){
            .address = trace_get(&c, r, TRACE_LOCK_lock), .row = r, .wait_ns = wait_ns};
    }
    if (d->lock_count > 1)
        qsort(d->locks, d->lock_count, sizeof *d->locks, by_wait);
    if (d->lock_count > MODEL_CROSS_LOCKS)
        d->lock_count = MODEL_CROSS_LOCKS;
}

struct model_cross_lock *cross_lock(struct model_cross_data *d, uint64_t address)
{
    for (size_t i = 0; i < d->lock_count; i++)
        if (d->locks[i].address == address)
            return &d->locks[i];
    return NULL;
}

static void gather_locks(struct model_cross *cross, uint32_t thread, enum trace_table table,
                         unsigned dur, unsigned lock, int lane)
{
    struct model_cross_data *d = &cross->next;
    struct trace_cursor c = trace_cursor(cross->doc->trace, table, cross->doc->threads[thread].key);
    uint64_t r = c.total_rows ? trace_row_at(&c, (uint64_t)d->range.begin_ns) : 0;
    for (; r < c.total_rows && !c.damaged; r++) {
        int64_t begin = (int64_t)trace_get(&c, r, (unsigned)trace_tables[table].ts_column);
        if (begin >= d->range.end_ns)
            return;
        struct model_cross_lock *l = cross_lock(d, trace_get(&c, r, lock));
        if (!l)
            continue;
        bool contended =
            table == TRACE_LOCK_HOLD_TABLE && trace_get(&c, r, TRACE_LOCK_HOLD_contended);
        cross_add(&l->lanes[lane],
                  (struct model_spans_item){.begin_ns = begin,
                                            .end_ns = begin + (int64_t)trace_get(&c, r, dur),
                                            .row = r,
                                            .thread = thread,
                                            .class = lane        ? MODEL_LOCK
                                                     : contended ? MODEL_HELD_CONTENDED
                                                                 : MODEL_HELD});
    }
}

/* Waits that overlap go into lanes below each other; what finds no room shares the
 * last, which then shows the share of each. */
static void stack_waiters(struct model_cross_lock *l)
{
    struct model_cross_list all = l->lanes[1];
    int64_t ends[1 + MODEL_CROSS_WAITERS] = {0};
    l->lanes[1] = (struct model_cross_list){0};
    for (int i = 1; i <= MODEL_CROSS_WAITERS; i++)
        ends[i] = INT64_MIN;
    if (all.count > 1)
        qsort(all.items, all.count, sizeof *all.items, by_begin);
    for (size_t i = 0; i < all.count; i++) {
        int lane = 1;
        while (lane < MODEL_CROSS_WAITERS && ends[lane] > all.items[i].begin_ns)
            lane++;
        struct model_spans_item item = all.items[i];
        if (item.begin_ns < ends[lane]) { /* the last lane: after the one before */
            item.begin_ns = ends[lane] < item.end_ns ? ends[lane] : item.end_ns;
            l->more_waiters = true;
        }
        ends[lane] = item.end_ns > ends[lane] ? item.end_ns : ends[lane];
        cross_add(&l->lanes[lane], item);
    }
    free(all.items);
}

static void finish(struct model_cross_data *d)
{
    for (uint32_t i = 0; i < d->cpu_count; i++)
        if (d->cpus[i].count > 1)
            qsort(d->cpus[i].items, d->cpus[i].count, sizeof *d->cpus[i].items, by_begin);
    for (size_t i = 0; i < d->lock_count; i++) {
        struct model_cross_lock *l = &d->locks[i];
        if (l->lanes[0].count > 1)
            qsort(l->lanes[0].items, l->lanes[0].count, sizeof *l->lanes[0].items, by_begin);
        stack_waiters(l);
        l->lane_count = 1;
        for (unsigned lane = 1; lane <= MODEL_CROSS_WAITERS; lane++)
            if (l->lanes[lane].count)
                l->lane_count = lane + 1;
    }
}

/* --- which range ------------------------------------------------------------ */

static uint64_t rows_in(const struct model_doc *doc, struct model_range range)
{
    uint64_t rows = 0;
    for (uint32_t i = 0; i < doc->thread_count; i++) {
        static const enum trace_table tables[] = {TRACE_THREAD_STATE_TABLE, TRACE_LOCK_WAIT_TABLE,
                                                  TRACE_LOCK_HOLD_TABLE};
        for (size_t k = 0; k < sizeof tables / sizeof *tables; k++) {
            struct trace_cursor c = trace_cursor(doc->trace, tables[k], doc->threads[i].key);
            rows += trace_lower_bound(&c, (uint64_t)range.end_ns) -
                    trace_lower_bound(&c, (uint64_t)range.begin_ns);
        }
    }
    return rows;
}

/* The whole trace if that is possible, else the range with as much around it. */
static void widen(struct model_cross *cross)
{
    struct model_cross_data *d = &cross->next;
    struct model_range whole = {0, cross->doc->duration_ns + 1}, range = d->range;
    if (rows_in(cross->doc, whole) <= MODEL_CROSS_ROWS) {
        d->range = whole;
        return;
    }
    d->crowded = rows_in(cross->doc, range) > MODEL_CROSS_ROWS;
    for (int times = 8; times >= 1 && !d->crowded; times /= 2) {
        int64_t around = model_range_ns(range) * times;
        d->range.begin_ns = range.begin_ns > around ? range.begin_ns - around : 0;
        d->range.end_ns = range.end_ns + around;
        if (rows_in(cross->doc, d->range) <= MODEL_CROSS_ROWS)
            return;
        d->range = range;
    }
}

static void run(void *arg, const atomic_bool *cancel)
{
    struct model_cross *cross = arg;
    struct model_cross_data *d = &cross->next;
    widen(cross);
    choose_locks(cross);
    if (d->crowded) {
        cross_coarse_gather(d, cross->doc, cancel);
        return;
    }
    for (uint32_t i = 0; i < cross->doc->thread_count; i++) {
        if (!gather_cpus(cross, i, cancel))
            return;
        if (!d->lock_count)
            continue;
        gather_locks(cross, i, TRACE_LOCK_HOLD_TABLE, TRACE_LOCK_HOLD_dur, TRACE_LOCK_HOLD_lock, 0);
        gather_locks(cross, i, TRACE_LOCK_WAIT_TABLE, TRACE_LOCK_WAIT_dur, TRACE_LOCK_WAIT_lock, 1);
    }
    finish(d);
}

static bool contains(struct model_range r, const struct model_window *w)
{
    int64_t end = w->end_ns < w->duration_ns ? w->end_ns : w->duration_ns;
    return r.begin_ns <= w->begin_ns && r.end_ns >= end;
}

bool model_cross_covers(const struct model_cross *cross, const struct model_window *w)
{
    return cross->made && !cross->now.crowded && contains(cross->now.range, w);
}

static bool is_summed(const struct model_cross_data *d, const struct model_window *w)
{
    return d->crowded && d->range.begin_ns == w->begin_ns && d->range.end_ns == w->end_ns &&
           d->width_px == w->width_px;
}

bool model_cross_sums(const struct model_cross *cross, const struct model_window *w)
{
    return cross->made && is_summed(&cross->now, w);
}

bool model_cross_is_busy(const struct model_cross *cross)
{
    return model_work_is_started(&cross->work) || cross->resting;
}

static uint64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Sums take long: not while somebody zooms or pans. */
static bool rests(struct model_cross *cross, const struct model_window *w)
{
    struct model_range now = {w->begin_ns, w->end_ns};
    if (cross->window.begin_ns != now.begin_ns || cross->window.end_ns != now.end_ns) {
        cross->window_ms = now_ms();
        cross->window_crowded = rows_in(cross->doc, now) > MODEL_CROSS_ROWS;
    }
    cross->window = now;
    cross->resting =
        cross->made && cross->window_crowded && now_ms() - cross->window_ms < MODEL_CROSS_REST_MS;
    return !cross->resting;
}

static void take(struct model_cross *cross)
{
    release_data(&cross->now);
    cross->now = cross->next;
    cross->next = (struct model_cross_data){0};
    cross->made = true;
    cross->generation++;
}

static void start(struct model_cross *cross, const struct model_window *w, void (*wake)(void))
{
    release_data(&cross->next);
    cross->asked = (struct model_range){w->begin_ns, w->end_ns};
    cross->next.range = cross->asked;
    cross->next.column_ns = w->column_ns;
    cross->next.width_px = w->width_px;
    model_work_start(&cross->work, run, cross, wake);
}

bool model_cross_update(struct model_cross *cross, const struct model_doc *doc,
                        const struct model_window *w, void (*wake)(void))
{
    if (cross->doc != doc) {
        model_cross_release(cross);
        cross->doc = doc;
    }
    bool is_new = model_work_done(&cross->work);
    if (is_new)
        take(cross);
    cross->resting = false;
    if (model_work_is_started(&cross->work)) {
        if (cross->asked.begin_ns != w->begin_ns || cross->asked.end_ns != w->end_ns)
            model_work_cancel(&cross->work);
        return is_new;
    }
    if (model_cross_covers(cross, w) || is_summed(&cross->now, w) || !rests(cross, w))
        return is_new;
    start(cross, w, wake);
    return is_new;
}
