#include "analyze/lock_order.h"

#include "base/map.h"

#include <inttypes.h>
#include <stdlib.h>

struct hold {
    uint64_t ts, end, lock, stack_id;
};

struct order_work {
    struct intern keys; /* pid, first, then */
    struct analyze_lock_edge *v;
    size_t cap;
};

static void add_edge(struct order_work *w, uint64_t pid, const struct hold *first,
                     const struct hold *then, uint32_t thread, bool wait)
{
    uint64_t key[3] = {pid, first->lock, then->lock};
    uint32_t known = w->keys.count, i = intern_bytes(&w->keys, key, sizeof key);
    if (i == known) {
        mem_grow(&w->v, &w->cap, (size_t)i + 1, sizeof *w->v);
        w->v[i] = (struct analyze_lock_edge){
            .pid = pid, .first = first->lock, .then = then->lock, .thread = thread};
    }
    w->v[i].count += !wait || !w->v[i].count; /* a wait is followed by its hold */
    w->v[i].wait_ns += wait ? then->end - then->ts : 0;
    if (then->stack_id && (wait || !w->v[i].stack_id))
        w->v[i].stack_id = then->stack_id;
}

enum {
    LOOK_BACK = 64 /* holds before a time that may still last: deeper nests are not seen */
};

/* Edges from the holds of a thread that last at `then->ts`. */
static void add_edges(struct order_work *w, struct trace_cursor *holds, uint64_t pid,
                      const struct hold *then, uint32_t thread, bool wait)
{
    uint64_t end = trace_lower_bound(holds, then->ts);
    for (uint64_t back = 0, row = end; row-- > 0 && back < LOOK_BACK; back++) {
        uint64_t ts = trace_get(holds, row, TRACE_LOCK_HOLD_ts);
        struct hold first = {ts, ts + trace_get(holds, row, TRACE_LOCK_HOLD_dur),
                             trace_get(holds, row, TRACE_LOCK_HOLD_lock), 0};
        if (first.end > then->ts && first.lock != then->lock)
            add_edge(w, pid, &first, then, thread, wait);
    }
}

static bool is_lock(uint64_t kind)
{
    return kind <= TRACE_LOCK_SPIN;
}

static void add_thread(struct order_work *w, const struct trace *t, uint32_t thread, uint64_t pid,
                       struct analyze_range range)
{
    struct trace_cursor holds = trace_cursor(t, TRACE_LOCK_HOLD_TABLE, thread), each = holds;
    struct analyze_rows waits = analyze_rows(t, TRACE_LOCK_WAIT_TABLE, thread, range);
    uint64_t end = trace_lower_bound(&each, range.end_ns);
    if (!holds.total_rows)
        return;
    for (uint64_t row = trace_lower_bound(&each, range.begin_ns); row < end; row++) {
        uint64_t ts = trace_get(&each, row, TRACE_LOCK_HOLD_ts);
        struct hold then = {ts, ts, trace_get(&each, row, TRACE_LOCK_HOLD_lock),
                            trace_get(&each, row, TRACE_LOCK_HOLD_stack_id)};
        add_edges(w, &holds, pid, &then, thread, false);
    }
    for (; waits.row < waits.end; waits.row++) {
        uint64_t ts = trace_get(&waits.cursor, waits.row, TRACE_LOCK_WAIT_ts);
        struct hold then = {ts, ts + trace_get(&waits.cursor, waits.row, TRACE_LOCK_WAIT_dur),
                            trace_get(&waits.cursor, waits.row, TRACE_LOCK_WAIT_lock),
                            trace_get(&waits.cursor, waits.row, TRACE_LOCK_WAIT_stack_id)};
        if (is_lock(trace_get(&waits.cursor, waits.row, TRACE_LOCK_WAIT_kind)))
            add_edges(w, &holds, pid, &then, thread, true);
    }
}

static int by_locks(const void *a, const void *b)
{
    const struct analyze_lock_edge *x = a, *y = b;
    if (x->pid != y->pid)
        return x->pid < y->pid ? -1 : 1;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->then < y->then ? -1 : x->then > y->then;
}

struct analyze_lock_edges analyze_lock_order(struct arena *a, const struct trace *t,
                                             struct analyze_range range)
{
    struct order_work w = {0};
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    for (uint64_t row = 0; row < c.total_rows && row < UINT32_MAX; row++)
        if (analyze_wants(range, (uint32_t)row))
            add_thread(&w, t, (uint32_t)row, trace_get(&c, row, TRACE_THREAD_pid), range);
    struct analyze_lock_edges edges = {arena_array(a, w.keys.count + 1, sizeof *edges.v),
                                       w.keys.count};
    if (edges.count)
        memcpy(edges.v, w.v, edges.count * sizeof *edges.v);
    qsort(edges.v, edges.count, sizeof *edges.v, by_locks);
    for (size_t i = 0; i < edges.count; i++) {
        struct analyze_lock_edge other = edges.v[i];
        other.first = edges.v[i].then;
        other.then = edges.v[i].first;
        edges.v[i].inverted = bsearch(&other, edges.v, edges.count, sizeof other, by_locks) != NULL;
    }
    intern_release(&w.keys);
    free(w.v);
    return edges;
}

/* The wait that a thread was in when the trace ended. */
static bool stuck_wait(const struct trace *t, uint32_t thread, struct analyze_stuck *out)
{
    struct trace_cursor c = trace_cursor(t, TRACE_LOCK_WAIT_TABLE, thread);
    for (uint64_t back = 0; back < 4 && back < c.total_rows; back++) {
        uint64_t row = c.total_rows - 1 - back;
        uint64_t kind = trace_get(&c, row, TRACE_LOCK_WAIT_kind);
        if (!trace_get(&c, row, TRACE_LOCK_WAIT_unfinished) || !is_lock(kind))
            continue;
        *out = (struct analyze_stuck){.thread = thread, .row = row, .kind = kind};
        out->ts_ns = trace_get(&c, row, TRACE_LOCK_WAIT_ts);
        out->lock = trace_get(&c, row, TRACE_LOCK_WAIT_lock);
        out->stack_id = trace_get(&c, row, TRACE_LOCK_WAIT_stack_id);
        out->holder_tid = trace_get(&c, row, TRACE_LOCK_WAIT_holder_tid);
        return out->holder_tid != 0;
    }
    return false;
}

struct analyze_deadlock analyze_deadlock(struct arena *a, const struct trace *t)
{
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    struct analyze_stuck *v = arena_array(a, c.total_rows + 1, sizeof *v);
    struct map64 of_tid = {0}; /* tid -> its place in v + 1 */
    size_t count = 0;
    for (uint64_t row = 0; row < c.total_rows && row < UINT32_MAX; row++) {
        if (!stuck_wait(t, (uint32_t)row, &v[count]))
            continue;
        v[count].tid = trace_get(&c, row, TRACE_THREAD_tid);
        v[count].pid = trace_get(&c, row, TRACE_THREAD_pid);
        count++;
        *map64_put(&of_tid, v[count - 1].tid, NULL) = count;
    }
    struct analyze_deadlock found = {arena_array(a, count + 1, sizeof *v), 0};
    for (size_t first = 0; first < count && !found.count; first++) {
        size_t at = first, steps = 0;
        while (steps < count) {
            found.v[steps++] = v[at];
            uint64_t *next = map64_get(&of_tid, v[at].holder_tid);
            if (!next)
                break;
            at = *next - 1;
            if (at == first) {
                found.count = steps;
                break;
            }
        }
    }
    map64_release(&of_tid);
    return found;
}

const char *analyze_lock_text(struct arena *a, const struct trace *t, uint64_t pid, uint64_t lock)
{
    struct trace_cursor c = trace_cursor(t, TRACE_LOCK_TABLE, 0);
    for (uint64_t row = 0; row < c.total_rows; row++) {
        if (trace_get(&c, row, TRACE_LOCK_lock) != lock ||
            trace_get(&c, row, TRACE_LOCK_pid) != pid)
            continue;
        const char *kind = trace_enum_name(TRACE_LOCK, trace_get(&c, row, TRACE_LOCK_kind));
        const char *name = trace_string(t, trace_get(&c, row, TRACE_LOCK_name));
        if (*name)
            return arena_printf(a, "%s %s", kind ? kind : "lock", name);
    }
    return arena_printf(a, "lock 0x%" PRIx64, lock);
}
