#include "model/search.h"

#include "base/arena.h"
#include "model/search_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GROUP = MODEL_SEARCH_GROUP,
    LANES = 5,
    COLUMNS_STEP = 64
};

static const enum model_lane_kind lanes[LANES] = {
    MODEL_LANE_REGION, MODEL_LANE_LOCKS, MODEL_LANE_SAMPLES, MODEL_LANE_SYSCALLS, MODEL_LANE_STATE};

static struct trace_cursor cursor_of(const struct model_search *s,
                                     const struct model_search_part *p)
{
    return trace_cursor(s->doc->trace, model_lane_table(p->lane), s->doc->threads[p->thread].key);
}

static unsigned ts_column(const struct trace_cursor *c)
{
    return (unsigned)trace_tables[c->table].ts_column;
}

/* --- the worker -------------------------------------------------------------- */

/* A call may have matched by what it is on instead of by its own name. */
static void count_name(struct search_counts *n, struct trace_cursor *c, uint64_t row, uint64_t name)
{
    if (c->table == TRACE_THREAD_STATE_TABLE || c->table == TRACE_SAMPLE_TABLE)
        n->by_stack[name]++;
    else if (c->table == TRACE_LOCK_WAIT_TABLE)
        ++*map64_put(&n->by_lock, name, NULL);
    else if (c->table == TRACE_REGION_TABLE)
        n->by_string[MODEL_SEARCH_REGION][name]++;
    else if (trace_get(c, row, TRACE_SYSCALL_name) == name)
        n->by_string[MODEL_SEARCH_CALL][name]++;
    else
        n->by_string[MODEL_SEARCH_FILE][name]++;
}

static void count_bucket(struct model_search *s, uint64_t ts)
{
    uint64_t whole = (uint64_t)s->doc->duration_ns + 1;
    uint64_t b = (uint64_t)((unsigned __int128)ts * MODEL_SEARCH_BUCKETS / whole);
    if (b < MODEL_SEARCH_BUCKETS)
        atomic_fetch_add_explicit(&s->buckets[b], 1, memory_order_relaxed);
}

static bool scan_part(struct model_search *s, struct model_search_part *p, struct search_counts *n,
                      const atomic_bool *cancel, uint64_t *done, uint64_t total)
{
    struct trace_cursor c = cursor_of(s, p);
    int64_t end_ns = s->doc->threads[p->thread].end_ns;
    for (uint64_t first = 0; first < p->rows && !c.damaged; first += GROUP) {
        uint64_t end = first + GROUP < p->rows ? first + GROUP : p->rows, hits = 0, name;
        for (uint64_t row = first; row < end; row++) {
            if (!search_match_row(s, &c, row, end_ns, &name))
                continue;
            hits++;
            count_name(n, &c, row, name);
            count_bucket(s, trace_get(&c, row, ts_column(&c)));
        }
        p->groups[first / GROUP] = (uint8_t)hits;
        if (hits) {
            atomic_fetch_add(&p->hits, hits);
            atomic_fetch_add(&s->hits, hits);
        }
        atomic_store_explicit(&p->done_rows, end, memory_order_release);
        *done += end - first;
        if (first / GROUP % 64)
            continue;
        atomic_store(&s->permille, (unsigned)(*done * 999 / total));
        if (atomic_load(cancel))
            return false;
    }
    return true;
}

static uint64_t rows_to_read(const struct model_search *s)
{
    uint64_t total = 1;
    for (size_t i = 0; i < s->part_count; i++)
        if (search_match_possible(s, s->parts[i].lane))
            total += s->parts[i].rows;
    return total;
}

static void scan(struct model_search *s, struct search_counts *n, const atomic_bool *cancel)
{
    uint64_t total = rows_to_read(s), done = 0;
    for (size_t i = 0; i < s->part_count; i++)
        if (search_match_possible(s, s->parts[i].lane) &&
            !scan_part(s, &s->parts[i], n, cancel, &done, total))
            return;
    search_match_names(s, n, cancel);
    atomic_store(&s->permille, 1000);
}

static uint32_t *counters(uint64_t count)
{
    uint32_t *p = calloc(count + 1, sizeof *p);
    if (!p)
        abort();
    return p;
}

static void run(void *arg, const atomic_bool *cancel)
{
    struct model_search *s = arg;
    struct search_counts n = {0};
    if (!search_match_prepare(s, cancel))
        return;
    atomic_store(&s->ready, true);
    for (int kind = 0; kind <= MODEL_SEARCH_REGION; kind++)
        n.by_string[kind] = counters(trace_string_count(s->doc->trace));
    n.by_stack = counters(trace_rows(s->doc->trace, TRACE_STACK_TABLE, 0));
    scan(s, &n, cancel);
    for (int kind = 0; kind <= MODEL_SEARCH_REGION; kind++)
        free(n.by_string[kind]);
    free(n.by_stack);
    map64_release(&n.by_lock);
}

/* --- life -------------------------------------------------------------------- */

void model_search_release(struct model_search *s)
{
    if (!s->doc)
        return;
    model_work_stop(&s->work);
    for (size_t i = 0; i < s->part_count; i++)
        free(s->parts[i].groups);
    free(s->parts);
    free(s->threads);
    free(s->string_match);
    free(s->stack_match);
    map64_release(&s->lock_match);
    memset(s, 0, sizeof *s);
}

static void add_part(struct model_search *s, size_t *cap, enum model_lane_kind lane,
                     uint32_t thread)
{
    uint64_t rows = trace_rows(s->doc->trace, model_lane_table(lane), s->doc->threads[thread].key);
    if (!rows)
        return;
    mem_grow(&s->parts, cap, s->part_count + 1, sizeof *s->parts);
    struct model_search_part *p = &s->parts[s->part_count++];
    memset(p, 0, sizeof *p);
    p->lane = lane;
    p->thread = thread;
    p->rows = rows;
    p->groups = calloc(rows / GROUP + 1, 1);
    if (!p->groups)
        abort();
}

/* Threads by name need no worker; lanes with few rows come first. */
static void list_parts(struct model_search *s)
{
    const struct model_doc *doc = s->doc;
    size_t cap = 0;
    s->threads = mem_realloc(NULL, doc->thread_count + 1, sizeof *s->threads);
    for (uint32_t i = 0; i < doc->thread_count; i++) {
        char tid[16];
        snprintf(tid, sizeof tid, "%u", doc->threads[i].tid);
        if (s->filter.text[0] && (model_filter_takes_name(&s->filter, doc->threads[i].name) ||
                                  !strcmp(tid, s->filter.text)))
            s->threads[s->thread_count++] = i;
    }
    for (int lane = 0; lane < LANES; lane++)
        for (uint32_t i = 0; i < doc->thread_count; i++)
            if (model_search_takes_thread(s, i))
                add_part(s, &cap, lanes[lane], i);
}

bool model_search_start(struct model_search *s, const struct model_doc *doc, const char *line,
                        void (*wake)(void), struct err *err)
{
    struct model_filter filter;
    model_search_release(s);
    if (!model_filter_parse(&filter, line, err))
        return false;
    if (model_filter_is_empty(&filter))
        return true;
    s->doc = doc;
    s->filter = filter;
    snprintf(s->line, sizeof s->line, "%s", line);
    list_parts(s);
    model_work_start(&s->work, run, s, wake);
    return true;
}

bool model_search_is_on(const struct model_search *s)
{
    return s->doc != NULL;
}

bool model_search_is_done(const struct model_search *s)
{
    return !s->doc || atomic_load(&s->permille) == 1000;
}

bool model_search_takes_thread(const struct model_search *s, uint32_t thread)
{
    const struct model_thread *th = &s->doc->threads[thread];
    return model_filter_takes_thread(&s->filter, th->name, th->tid);
}

bool model_search_takes(const struct model_search *s, enum model_lane_kind lane, uint32_t thread,
                        uint64_t row)
{
    if (!s->doc || !atomic_load(&s->ready) || !search_match_possible(s, lane) ||
        !model_search_takes_thread(s, thread))
        return false;
    struct model_search_part p = {.lane = lane, .thread = thread};
    struct trace_cursor c = cursor_of(s, &p);
    return row < c.total_rows && search_match_row(s, &c, row, s->doc->threads[thread].end_ns, NULL);
}

/* --- stepping ---------------------------------------------------------------- */

/* The first hit in rows [from, done), or UINT64_MAX. */
static uint64_t next_hit(const struct model_search *s, const struct model_search_part *p,
                         struct trace_cursor *c, uint64_t from)
{
    uint64_t done = atomic_load_explicit(&p->done_rows, memory_order_acquire);
    for (; from < done; from = from / GROUP * GROUP + GROUP) {
        if (!p->groups[from / GROUP])
            continue;
        uint64_t end = from / GROUP * GROUP + GROUP;
        for (uint64_t row = from; row < end && row < done; row++)
            if (search_match_row(s, c, row, s->doc->threads[p->thread].end_ns, NULL))
                return row;
    }
    return UINT64_MAX;
}

/* The last hit in rows [0, end), or UINT64_MAX. */
static uint64_t last_hit(const struct model_search *s, const struct model_search_part *p,
                         struct trace_cursor *c, uint64_t end)
{
    uint64_t done = atomic_load_explicit(&p->done_rows, memory_order_acquire);
    end = end < done ? end : done;
    while (end > 0) {
        uint64_t first = (end - 1) / GROUP * GROUP;
        for (uint64_t row = end; p->groups[first / GROUP] && row > first; row--)
            if (search_match_row(s, c, row - 1, s->doc->threads[p->thread].end_ns, NULL))
                return row - 1;
        end = first;
    }
    return UINT64_MAX;
}

static size_t part_of(const struct model_search *s, const struct model_search_place *place)
{
    for (size_t i = 0; i < s->part_count; i++)
        if (s->parts[i].lane == place->lane && s->parts[i].thread == place->thread)
            return i;
    return SIZE_MAX;
}

/* Rows of part i that come before the place, in the order of hits (time, part, row);
 * `or_at` counts the place's own row. */
static uint64_t rows_before(const struct model_search *s, size_t i, struct trace_cursor *c,
                            const struct model_search_place *place, bool or_at)
{
    size_t at = part_of(s, place);
    uint64_t ts = place->begin_ns > 0 ? (uint64_t)place->begin_ns : 0;
    if (i == at)
        return place->row + (or_at ? 1 : 0);
    /* A place in no lane comes before all that begins there. */
    return trace_lower_bound(c, at != SIZE_MAX && i < at ? ts + 1 : ts);
}

static void fill_place(const struct model_search *s, const struct model_search_part *p,
                       struct trace_cursor *c, uint64_t row, struct model_search_place *place)
{
    uint64_t begin = trace_get(c, row, ts_column(c)), end = begin;
    const struct model_thread *th = &s->doc->threads[p->thread];
    if (p->lane == MODEL_LANE_STATE)
        end = trace_state_end(c, row, (uint64_t)th->end_ns);
    else if (p->lane == MODEL_LANE_LOCKS)
        end += trace_get(c, row, TRACE_LOCK_WAIT_dur);
    else if (p->lane == MODEL_LANE_SYSCALLS)
        end += trace_get(c, row, TRACE_SYSCALL_dur);
    else if (p->lane == MODEL_LANE_REGION)
        end += trace_get(c, row, TRACE_REGION_dur);
    *place = (struct model_search_place){p->lane, p->thread, row, (int64_t)begin,
                                         (int64_t)(end > begin ? end : begin)};
}

bool model_search_step(const struct model_search *s, struct model_search_place *place, int step)
{
    struct model_search_place best = {0};
    bool found = false;
    if (!s->doc || !atomic_load(&s->ready))
        return false;
    for (size_t i = 0; i < s->part_count; i++) {
        const struct model_search_part *p = &s->parts[i];
        struct model_search_place here;
        if (!atomic_load(&p->hits))
            continue;
        struct trace_cursor c = cursor_of(s, p);
        uint64_t before = rows_before(s, i, &c, place, step > 0);
        uint64_t row = step > 0 ? next_hit(s, p, &c, before) : last_hit(s, p, &c, before);
        if (row == UINT64_MAX)
            continue;
        fill_place(s, p, &c, row, &here);
        bool better = step > 0 ? here.begin_ns < best.begin_ns : here.begin_ns >= best.begin_ns;
        if (!found || better)
            best = here;
        found = true;
    }
    if (found)
        *place = best;
    return found;
}

uint64_t model_search_ordinal(const struct model_search *s, const struct model_search_place *place)
{
    uint64_t sum = 0;
    for (size_t i = 0; s->doc && i < s->part_count; i++) {
        const struct model_search_part *p = &s->parts[i];
        uint64_t done = atomic_load_explicit(&p->done_rows, memory_order_acquire);
        if (!atomic_load(&p->hits))
            continue;
        struct trace_cursor c = cursor_of(s, p);
        uint64_t before = rows_before(s, i, &c, place, false), row = before / GROUP * GROUP;
        before = before < done ? before : done;
        for (uint64_t g = 0; g < before / GROUP; g++)
            sum += p->groups[g];
        for (; row < before; row++)
            sum += search_match_row(s, &c, row, s->doc->threads[p->thread].end_ns, NULL);
    }
    return sum;
}

/* Some row of [from, end) matches. */
static bool any_hit(const struct model_search *s, const struct model_search_part *p,
                    struct trace_cursor *c, uint64_t from, uint64_t end)
{
    uint64_t done = atomic_load_explicit(&p->done_rows, memory_order_acquire);
    end = end < done ? end : done;
    while (from < end) {
        uint64_t next = from / GROUP * GROUP + GROUP;
        bool whole = from % GROUP == 0 && next <= end;
        if (p->groups[from / GROUP] && whole)
            return true;
        for (uint64_t r = from; p->groups[from / GROUP] && r < next && r < end; r++)
            if (search_match_row(s, c, r, s->doc->threads[p->thread].end_ns, NULL))
                return true;
        from = next;
    }
    return false;
}

/* Nothing is known of a lane yet, or of another window, or the search has gone on. */
static void restart_columns(struct model_lane_hits *h, const struct model_window *w, uint64_t hits)
{
    size_t words = (size_t)w->width_px / 64 + 1;
    h->bits = mem_realloc(h->bits, words, sizeof *h->bits);
    memset(h->bits, 0, words * sizeof *h->bits);
    h->width_px = w->width_px;
    h->begin_ns = w->begin_ns;
    h->column_ns = w->column_ns;
    h->of = hits;
    h->done_px = hits ? 0 : w->width_px;
}

bool model_search_columns(const struct model_search *s, struct model_lane *lane,
                          const struct model_window *w)
{
    struct model_search_place place = {.lane = lane->kind, .thread = lane->owner};
    struct model_lane_hits *h = &lane->hits;
    size_t i = s->doc && atomic_load(&s->ready) ? part_of(s, &place) : SIZE_MAX;
    const struct model_search_part *p = i == SIZE_MAX ? NULL : &s->parts[i];
    bool read = p && atomic_load(&p->done_rows) == p->rows;
    uint64_t hits = read ? atomic_load(&p->hits) : 0;
    if (h->width_px != w->width_px || h->begin_ns != w->begin_ns || h->column_ns != w->column_ns ||
        h->of != hits)
        restart_columns(h, w, hits);
    if (h->done_px == h->width_px)
        return false;
    struct trace_cursor c = cursor_of(s, p);
    int end_px = h->done_px + COLUMNS_STEP < w->width_px ? h->done_px + COLUMNS_STEP : w->width_px;
    uint64_t from = trace_lower_bound(&c, (uint64_t)model_ns_from_px(w, h->done_px));
    for (; h->done_px < end_px; h->done_px++) {
        int x = h->done_px;
        uint64_t end = trace_lower_bound(&c, (uint64_t)model_ns_from_px(w, x + 1));
        if (any_hit(s, p, &c, from, end))
            h->bits[x / 64] |= UINT64_C(1) << x % 64;
        from = end;
    }
    return h->done_px < h->width_px;
}
