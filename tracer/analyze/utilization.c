#include "analyze/utilization.h"

#include "trace/totals.h"

#include <math.h>
#include <stdlib.h>

enum {
    GRID = 2048,           /* instants at which R is known before the search */
    LOOKS = 120000,        /* at running totals, for one window */
    LEAST_WINDOW_NS = 1000 /* shorter ones say what the scheduler's own steps are */
};
#define DECADES 6 /* windows go down to this many powers of ten below the range */

struct search {
    struct trace_totals *threads; /* owned */
    size_t thread_count;
    uint64_t begin_ns, end_ns;
    uint64_t grid_ns[GRID + 1], grid_run_ns[GRID + 1]; /* R at them */
    const atomic_bool *cancel;
    struct starts *heap; /* owned: by least */
    size_t count, cap;
    uint64_t looks;
};

/* Windows that start in [a, b]. */
struct starts {
    uint64_t a, b, run_a, run_b; /* R of them */
    uint64_t least;              /* no window of these has less */
};

static uint64_t run_until(struct search *s, uint64_t ts)
{
    uint64_t sum = 0, ns[TRACE_CLASSES];
    for (size_t i = 0; i < s->thread_count; i++) {
        trace_totals_until(&s->threads[i], ts, ns);
        sum += ns[TRACE_RUNNING];
    }
    s->looks += s->thread_count;
    return sum;
}

/* R at the last instant of the grid not after ts: no more than R(ts). */
static uint64_t run_before(const struct search *s, uint64_t ts)
{
    size_t lo = 0, hi = GRID;
    while (lo < hi) {
        size_t mid = lo + (hi - lo + 1) / 2;
        if (s->grid_ns[mid] <= ts)
            lo = mid;
        else
            hi = mid - 1;
    }
    return s->grid_run_ns[lo];
}

/* Of equals those first in which least ran: there a small least is found soon. */
static bool comes_before(const struct starts *x, const struct starts *y)
{
    if (x->least != y->least)
        return x->least < y->least;
    return x->run_b - x->run_a < y->run_b - y->run_a;
}

static void push(struct search *s, struct starts item)
{
    mem_grow(&s->heap, &s->cap, s->count + 1, sizeof *s->heap);
    size_t at = s->count++;
    for (; at && comes_before(&item, &s->heap[(at - 1) / 2]); at = (at - 1) / 2)
        s->heap[at] = s->heap[(at - 1) / 2];
    s->heap[at] = item;
}

static struct starts pop(struct search *s)
{
    struct starts top = s->heap[0], last = s->heap[--s->count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < s->count && comes_before(&s->heap[child + 1], &s->heap[child]))
            child++;
        if (child >= s->count || !comes_before(&s->heap[child], &last))
            break;
        s->heap[at] = s->heap[child];
        at = child;
    }
    s->heap[at] = last;
    return top;
}

struct best {
    uint64_t run_ns, at_ns;
};

static uint64_t try_start(struct search *s, uint64_t start, uint64_t run_start, uint64_t window_ns,
                          struct best *best)
{
    uint64_t run_end = run_until(s, start + window_ns);
    uint64_t run = run_end > run_start ? run_end - run_start : 0;
    if (run < best->run_ns)
        *best = (struct best){run, start};
    return run_end;
}

static uint64_t above(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* All places where a window may start, with what the grid knows of them. */
static void push_grid(struct search *s, uint64_t window_ns)
{
    uint64_t last = s->end_ns - window_ns;
    s->count = 0;
    for (int i = 0; i < GRID && s->grid_ns[i] <= last; i++) {
        struct starts item = {.a = s->grid_ns[i], .b = s->grid_ns[i + 1]};
        if (i && item.a == item.b)
            continue;
        item.run_a = s->grid_run_ns[i];
        item.run_b = s->grid_run_ns[i + 1];
        if (item.b > last) {
            item.b = last;
            item.run_b = run_until(s, last);
        }
        item.least = above(run_before(s, item.a + window_ns), item.run_b);
        push(s, item);
    }
}

/* Looks into the half that can hold the least until nothing can be much less. */
static struct analyze_utilization_point search(struct search *s, uint64_t window_ns)
{
    struct best best = {UINT64_MAX, s->begin_ns};
    uint64_t close_ns = window_ns / 1000, bound = 0;
    s->looks = 0;
    push_grid(s, window_ns);
    try_start(s, s->begin_ns, s->grid_run_ns[0], window_ns, &best);
    while (s->count) {
        struct starts item = pop(s);
        bound = item.least;
        if (bound + close_ns >= best.run_ns || s->looks > LOOKS ||
            (s->cancel && atomic_load_explicit(s->cancel, memory_order_relaxed)))
            break;
        uint64_t mid = item.a + (item.b - item.a) / 2, run_mid = run_until(s, mid);
        uint64_t end_a = try_start(s, item.a, item.run_a, window_ns, &best);
        uint64_t end_mid = try_start(s, mid, run_mid, window_ns, &best);
        bound = best.run_ns;
        if (item.b - item.a < 2) {
            try_start(s, item.b, item.run_b, window_ns, &best);
            continue;
        }
        push(s, (struct starts){item.a, mid, item.run_a, run_mid, above(end_a, run_mid)});
        push(s, (struct starts){mid, item.b, run_mid, item.run_b, above(end_mid, item.run_b)});
    }
    bound = bound < best.run_ns ? bound : best.run_ns;
    return (struct analyze_utilization_point){.window_ns = window_ns,
                                              .least = (double)best.run_ns / (double)window_ns,
                                              .bound = (double)bound / (double)window_ns,
                                              .at_ns = best.at_ns};
}

static void open_threads(struct search *s, const struct trace *t, struct analyze_range range)
{
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    s->begin_ns = range.begin_ns;
    s->end_ns = range.end_ns < trace_duration_ns(t) ? range.end_ns : trace_duration_ns(t);
    s->cancel = range.cancel;
    s->threads = mem_realloc(NULL, (size_t)c.total_rows + 1, sizeof *s->threads);
    for (uint64_t row = 0; row < c.total_rows && row < UINT32_MAX; row++) {
        uint64_t start = trace_get(&c, row, TRACE_THREAD_start_ts);
        uint64_t end = trace_get(&c, row, TRACE_THREAD_end_ts);
        if (!analyze_wants(range, (uint32_t)row) || start >= s->end_ns || end <= s->begin_ns)
            continue;
        if (range.thread) {
            s->begin_ns = start > s->begin_ns ? start : s->begin_ns;
            s->end_ns = end < s->end_ns ? end : s->end_ns;
        }
        s->threads[s->thread_count++] = trace_totals(t, (uint32_t)row, end);
    }
}

static void fill_grid(struct search *s)
{
    double step = (double)(s->end_ns - s->begin_ns) / GRID;
    for (int i = 0; i <= GRID; i++) {
        s->grid_ns[i] = i < GRID ? s->begin_ns + (uint64_t)(step * i) : s->end_ns;
        s->grid_run_ns[i] = run_until(s, s->grid_ns[i]);
    }
}

static struct search *open_search(const struct trace *t, struct analyze_range range,
                                  struct analyze_utilization *out)
{
    struct search *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    open_threads(s, t, range);
    out->begin_ns = s->begin_ns;
    out->end_ns = s->end_ns;
    if (s->thread_count && s->end_ns > s->begin_ns) {
        fill_grid(s);
        out->mean =
            (double)(s->grid_run_ns[GRID] - s->grid_run_ns[0]) / (double)(s->end_ns - s->begin_ns);
    }
    return s;
}

static void close_search(struct search *s)
{
    free(s->threads);
    free(s->heap);
    free(s);
}

struct analyze_utilization analyze_utilization_of(struct arena *a, const struct trace *t,
                                                  struct analyze_range range,
                                                  const uint64_t *windows_ns, size_t count)
{
    struct analyze_utilization out = {0};
    struct search *s = open_search(t, range, &out);
    out.v = arena_array(a, count + 1, sizeof *out.v);
    for (size_t i = 0; i < count && s->thread_count; i++)
        if (out.end_ns > out.begin_ns && windows_ns[i] <= out.end_ns - out.begin_ns)
            out.v[out.count++] = search(s, windows_ns[i]);
    close_search(s);
    return out;
}

struct analyze_utilization analyze_utilization(struct arena *a, const struct trace *t,
                                               struct analyze_range range, unsigned points)
{
    struct analyze_utilization out = {0};
    struct search *s = open_search(t, range, &out);
    if (s->thread_count && out.end_ns > out.begin_ns && points) {
        uint64_t length = out.end_ns - out.begin_ns, last = 0;
        out.v = arena_array(a, points, sizeof *out.v);
        for (unsigned i = points; i-- > 0;) {
            uint64_t window = (uint64_t)((double)length * pow(10, -(double)DECADES * i / points));
            if (window < LEAST_WINDOW_NS && i)
                continue;
            if (window > last && window)
                out.v[out.count++] = search(s, window);
            last = window > last ? window : last;
        }
    }
    close_search(s);
    return out;
}
