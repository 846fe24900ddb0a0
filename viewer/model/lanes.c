#include "model/lanes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct model_lanes *l, enum model_lane_kind kind, uint32_t owner, uint32_t depth)
{
    mem_grow(&l->items, &l->cap, l->count + 1, sizeof *l->items);
    l->items[l->count++] = (struct model_lane){
        .kind = kind, .owner = owner, .depth = depth, .y = l->height_px, .h = l->lane_px[kind]};
    l->height_px += l->lane_px[kind];
}

static void add_heading(struct model_lanes *l, enum model_lane_kind kind, uint32_t owner)
{
    add(l, kind, owner, 0);
    l->height_px += l->gap_px;
}

static void add_thread(struct model_lanes *l, const struct model_doc *doc, uint32_t i)
{
    const struct model_thread *th = &doc->threads[i];
    add(l, MODEL_LANE_STATE, i, 0);
    if (!l->thread_closed[i]) {
        if (l->stacks_shown)
            add(l, MODEL_LANE_STACK, i, 0);
        if (th->lock_waits)
            add(l, MODEL_LANE_LOCKS, i, 0);
        for (unsigned d = 0; l->rows_read && d < th->regions.depths; d++)
            add(l, MODEL_LANE_REGION, i, d);
        if (th->syscalls)
            add(l, MODEL_LANE_SYSCALLS, i, 0);
        if (th->samples)
            add(l, MODEL_LANE_SAMPLES, i, 0);
    }
    l->height_px += l->gap_px;
}

bool model_lanes_shows(const struct model_lanes *l, uint32_t thread)
{
    return !l->hidden[thread] && (!l->only || l->only[thread]);
}

static void add_pinned(struct model_lanes *l, const struct model_doc *doc)
{
    bool any = false;
    for (uint32_t i = 0; i < doc->thread_count; i++) {
        if (!l->pinned[l->order[i]])
            continue;
        if (!any)
            add_heading(l, MODEL_LANE_PINNED, 0);
        any = true;
        add_thread(l, doc, l->order[i]);
    }
}

static void add_process(struct model_lanes *l, const struct model_doc *doc, uint32_t i)
{
    const struct model_process *p = &doc->processes[i];
    uint32_t shown = 0;
    for (uint32_t k = p->first; k < p->first + p->count; k++)
        shown += model_lanes_shows(l, k) && !l->pinned[k];
    if (!shown)
        return;
    add_heading(l, MODEL_LANE_PROCESS, i);
    for (uint32_t k = p->first; k < p->first + p->count && !l->process_closed[i]; k++)
        if (model_lanes_shows(l, l->order[k]) && !l->pinned[l->order[k]])
            add_thread(l, doc, l->order[k]);
}

static void add_cross(struct model_lanes *l)
{
    const struct model_cross_data *d = &l->cross->now;
    if (d->cpu_count || d->crowded)
        add_heading(l, MODEL_LANE_CPUS, 0);
    for (uint32_t i = 0; i < d->cpu_count && !l->cpus_closed; i++) {
        add(l, MODEL_LANE_CPU, i, 0);
        l->height_px += l->gap_px / 2;
    }
    l->height_px += l->gap_px;
    if (d->lock_count)
        add_heading(l, MODEL_LANE_LOCKING, 0);
    for (uint32_t i = 0; i < d->lock_count && !l->locks_closed; i++) {
        for (unsigned lane = 0; lane < d->locks[i].lane_count; lane++)
            add(l, MODEL_LANE_LOCK, i, lane);
        l->height_px += l->gap_px;
    }
}

static void init(struct model_lanes *l, const struct model_doc *doc)
{
    l->process_closed = calloc(doc->process_count + 1, sizeof(bool));
    l->thread_closed = calloc(doc->thread_count + 1, sizeof(bool));
    l->pinned = calloc(doc->thread_count + 1, sizeof(bool));
    l->hidden = calloc(doc->thread_count + 1, sizeof(bool));
    l->order = calloc(doc->thread_count + 1, sizeof *l->order);
    if (!l->process_closed || !l->thread_closed || !l->pinned || !l->hidden || !l->order)
        abort();
    for (uint32_t i = 0; i < doc->thread_count; i++)
        l->order[i] = i;
}

void model_lanes_move(struct model_lanes *l, const struct model_doc *doc, uint32_t thread, int step)
{
    const struct model_process *p = &doc->processes[doc->threads[thread].process];
    uint32_t at = p->first, end = p->first + p->count;
    while (at < end && l->order[at] != thread)
        at++;
    /* Over those that are not shown here. */
    uint32_t to = at + (uint32_t)step;
    while (to >= p->first && to < end &&
           (!model_lanes_shows(l, l->order[to]) || l->pinned[l->order[to]] != l->pinned[thread]))
        to += (uint32_t)step;
    if (to < p->first || to >= end)
        return;
    for (; at != to; at += (uint32_t)step)
        l->order[at] = l->order[at + (uint32_t)step];
    l->order[to] = thread;
}

void model_lane_forget(struct model_lane *lane)
{
    model_row_release(&lane->row);
    model_row_release(&lane->next);
    free(lane->hits.bits);
    lane->hits = (struct model_lane_hits){0};
}

void model_lanes_build(struct model_lanes *l, const struct model_doc *doc)
{
    if (!l->process_closed)
        init(l, doc);
    l->rows_read = atomic_load(&doc->rows_read);
    size_t counters = l->rows_read ? doc->counter_count : 0;
    for (size_t i = 0; i < l->count; i++)
        model_lane_forget(&l->items[i]);
    l->count = 0;
    l->height_px = 0;
    add_pinned(l, doc);
    for (uint32_t i = 0; i < doc->process_count; i++)
        add_process(l, doc, i);
    if (l->cross)
        add_cross(l);
    if (counters)
        add_heading(l, MODEL_LANE_COUNTERS, 0);
    for (uint32_t i = 0; i < counters && !l->counters_closed; i++) {
        add(l, MODEL_LANE_COUNTER, i, 0);
        l->height_px += l->gap_px;
    }
}

void model_lanes_release(struct model_lanes *l)
{
    for (size_t i = 0; i < l->count; i++)
        model_lane_forget(&l->items[i]);
    free(l->items);
    free(l->process_closed);
    free(l->thread_closed);
    free(l->pinned);
    free(l->hidden);
    free(l->order);
    *l = (struct model_lanes){0};
}

size_t model_lanes_first(const struct model_lanes *l, int y)
{
    size_t lo = 0, hi = l->count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int end = mid + 1 < l->count ? l->items[mid + 1].y : l->height_px;
        if (end <= y)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct model_lane *model_lanes_at(const struct model_lanes *l, int y)
{
    if (y < 0 || y >= l->height_px)
        return NULL;
    size_t i = model_lanes_first(l, y);
    return i < l->count ? &l->items[i] : NULL;
}

struct model_lane *model_lanes_find(const struct model_lanes *l, enum model_lane_kind kind,
                                    uint32_t owner, uint32_t depth)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->items[i].kind == kind && l->items[i].owner == owner && l->items[i].depth == depth)
            return &l->items[i];
    return NULL;
}

struct model_lane *model_lanes_thread(const struct model_lanes *l, uint32_t thread)
{
    return model_lanes_find(l, MODEL_LANE_STATE, thread, 0);
}

enum trace_table model_lane_table(enum model_lane_kind kind)
{
    switch (kind) {
    case MODEL_LANE_STATE:
    case MODEL_LANE_STACK:
        return TRACE_THREAD_STATE_TABLE;
    case MODEL_LANE_LOCKS:
        return TRACE_LOCK_WAIT_TABLE;
    case MODEL_LANE_REGION:
        return TRACE_REGION_TABLE;
    case MODEL_LANE_SYSCALLS:
        return TRACE_SYSCALL_TABLE;
    case MODEL_LANE_SAMPLES:
        return TRACE_SAMPLE_TABLE;
    default:
        return TRACE_TABLE_COUNT;
    }
}

bool model_lane_is_thread(enum model_lane_kind kind)
{
    return kind >= MODEL_LANE_STATE && kind <= MODEL_LANE_SAMPLES;
}

bool model_lane_spans(const struct model_lane *lane, const struct model_doc *doc,
                      struct model_spans *spans)
{
    if (!model_lane_is_thread(lane->kind) && lane->kind != MODEL_LANE_STACK)
        return false;
    const struct model_thread *th = &doc->threads[lane->owner];
    if (lane->kind == MODEL_LANE_STATE || lane->kind == MODEL_LANE_STACK)
        model_spans_states(spans, doc->trace, th->key, th->end_ns);
    else if (lane->kind == MODEL_LANE_REGION)
        model_spans_table(spans, doc->trace, TRACE_REGION_TABLE, th->key,
                          th->regions.depth[lane->depth].rows,
                          th->regions.depth[lane->depth].count);
    else
        model_spans_table(spans, doc->trace, model_lane_table(lane->kind), th->key, NULL, 0);
    spans->name_class = doc->name_class;
    spans->name_count = trace_string_count(doc->trace);
    return true;
}

const struct model_cross_list *model_lanes_cross(const struct model_lanes *l,
                                                 const struct model_lane *lane)
{
    const struct model_cross_data *d = l->cross ? &l->cross->now : NULL;
    if (d && lane->kind == MODEL_LANE_CPU && lane->owner < d->cpu_count)
        return &d->cpus[lane->owner];
    if (d && lane->kind == MODEL_LANE_LOCK && lane->owner < d->lock_count)
        return &d->locks[lane->owner].lanes[lane->depth];
    return NULL;
}

bool model_lanes_spans(const struct model_lanes *l, const struct model_lane *lane,
                       const struct model_doc *doc, struct model_spans *spans)
{
    const struct model_cross_list *list = model_lanes_cross(l, lane);
    if (!list)
        return model_lane_spans(lane, doc, spans);
    model_spans_items(spans, list->items, list->count);
    return true;
}

int64_t model_sample_near(const struct model_doc *doc, uint32_t thread, int64_t ns, int64_t reach)
{
    struct trace_cursor c = trace_cursor(doc->trace, TRACE_SAMPLE_TABLE, doc->threads[thread].key);
    if (!c.total_rows)
        return -1;
    uint64_t at = trace_row_at(&c, ns > 0 ? (uint64_t)ns : 0);
    int64_t best = -1;
    for (uint64_t r = at; r < c.total_rows && r <= at + 1; r++) {
        int64_t away = llabs((long long)trace_get(&c, r, TRACE_SAMPLE_ts) - ns);
        if (away > reach)
            continue;
        best = (int64_t)r;
        reach = away;
    }
    return best;
}

/* The name ends in that word, whatever stands between words. */
static bool has_word(const char *name, const char *word)
{
    size_t len = strlen(word);
    const char *at = strcasestr(name, word);
    return at && (at == name || strchr(" _.-(/", at[-1])) &&
           (!at[len] || strchr(" _.-)/", at[len]));
}

bool model_counter_unit(const struct model_counter *counter)
{
    return has_word(counter->name, "bytes") || has_word(counter->name, "ns");
}

const char *model_counter_text(const struct model_counter *counter, double value, char buf[FMT_MAX])
{
    bool fits = value >= 0 && value < 1e18;
    if (fits && has_word(counter->name, "bytes"))
        return fmt_bytes(buf, (uint64_t)(value + 0.5));
    if (fits && has_word(counter->name, "ns"))
        return fmt_ns(buf, (uint64_t)(value + 0.5));
    if (fits && value == (double)(uint64_t)value)
        return fmt_count(buf, (uint64_t)value);
    snprintf(buf, FMT_MAX, "%.6g", value);
    return buf;
}

static size_t counter_lower_bound(struct trace_cursor *c, const struct model_counter *counter,
                                  int64_t ns)
{
    size_t lo = 0, hi = counter->count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if ((int64_t)trace_get(c, counter->rows[mid], TRACE_COUNTER_ts) < ns)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

void model_counter_row(const struct model_doc *doc, const struct model_counter *counter,
                       const struct model_window *w, struct model_counter_column *columns)
{
    struct trace_cursor c = trace_cursor(doc->trace, TRACE_COUNTER_TABLE, 0);
    size_t i = counter_lower_bound(&c, counter, w->begin_ns);
    struct model_counter_column now = {0};
    if (i) {
        now.last = trace_get_f64(&c, counter->rows[i - 1], TRACE_COUNTER_value);
        now.known = true;
    }
    for (int x = 0; x < w->width_px; x++) {
        int64_t end = model_ns_from_px(w, x + 1);
        now.min = now.max = now.last;
        for (; i < counter->count && !c.damaged; i++) {
            uint32_t row = counter->rows[i];
            if ((int64_t)trace_get(&c, row, TRACE_COUNTER_ts) >= end)
                break;
            now.last = trace_get_f64(&c, row, TRACE_COUNTER_value);
            now.min = !now.known || now.last < now.min ? now.last : now.min;
            now.max = !now.known || now.last > now.max ? now.last : now.max;
            now.known = true;
        }
        columns[x] = now;
    }
}
