#include "analyze/path.h"

#include "base/arena.h"

#include <stdlib.h>

struct path_thread {
    struct trace_cursor states;
    struct trace_cursor next; /* of its own: a span's end may be in another block */
    uint64_t tid;
    uint64_t start_ns;
    uint64_t end_ns;
    uint64_t hint;  /* a row that was visited last: the next is before it, and near */
    uint32_t older; /* row + 1 of an earlier thread of the same tid, or 0 */
};

struct analyze_path analyze_path_begin(const struct trace *t)
{
    struct analyze_path p = {.trace = t};
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    p.thread_count = c.total_rows < UINT32_MAX ? c.total_rows : UINT32_MAX - 1;
    p.threads = mem_realloc(NULL, p.thread_count + 1, sizeof *p.threads);
    for (uint64_t row = 0; row < p.thread_count; row++) {
        struct path_thread *th = &p.threads[row];
        *th = (struct path_thread){.tid = trace_get(&c, row, TRACE_THREAD_tid),
                                   .start_ns = trace_get(&c, row, TRACE_THREAD_start_ts),
                                   .end_ns = trace_get(&c, row, TRACE_THREAD_end_ts)};
        th->states = th->next = trace_cursor(t, TRACE_THREAD_STATE_TABLE, (uint32_t)row);
        uint64_t *last = map64_put(&p.of_tid, th->tid, NULL);
        th->older = (uint32_t)*last;
        *last = row + 1;
    }
    return p;
}

void analyze_path_end(struct analyze_path *p)
{
    free(p->threads);
    map64_release(&p->of_tid);
    *p = (struct analyze_path){0};
}

uint32_t analyze_path_thread(const struct analyze_path *p, uint64_t tid, uint64_t ts_ns)
{
    const uint64_t *last = tid ? map64_get(&p->of_tid, tid) : NULL;
    for (uint32_t row = last ? (uint32_t)*last : 0; row; row = p->threads[row - 1].older)
        if (p->threads[row - 1].start_ns <= ts_ns || !p->threads[row - 1].older)
            return row - 1;
    return UINT32_MAX;
}

uint64_t analyze_path_tid(const struct analyze_path *p, uint32_t thread)
{
    return thread < p->thread_count ? p->threads[thread].tid : 0;
}

enum {
    STEPS = 8 /* rows that are tried before a search */
};

/* The span that covers ts, which is not before the thread's first. */
static uint64_t span_at(struct path_thread *th, uint64_t ts)
{
    uint64_t row = th->hint;
    if (row < th->states.total_rows)
        for (int i = 0; i < STEPS; i++, row--) {
            if (trace_get(&th->states, row, TRACE_THREAD_STATE_ts) <= ts) {
                if (trace_state_end(&th->next, row, UINT64_MAX) > ts)
                    return row;
                break;
            }
            if (!row)
                break;
        }
    return trace_row_at(&th->states, ts);
}

static void emit(struct analyze_path *p, struct analyze_segment s)
{
    s.chain = p->chain;
    s.depth = p->depth;
    p->visit(p->data, &s);
}

/* Time in which the thread was not there: the wait that led here stands for it. */
static void emit_absent(struct analyze_path *p, uint32_t thread, uint64_t begin, uint64_t end)
{
    if (end <= begin)
        return;
    struct analyze_segment s = {.thread = thread,
                                .row = UINT64_MAX,
                                .begin_ns = begin,
                                .end_ns = end,
                                .span_begin_ns = begin,
                                .state = TRACE_UNKNOWN};
    if (p->depth) {
        const struct analyze_link *l = &p->chain[--p->depth];
        s = (struct analyze_segment){.thread = l->thread,
                                     .row = l->row,
                                     .begin_ns = begin,
                                     .end_ns = end,
                                     .span_begin_ns = l->begin_ns,
                                     .state = TRACE_BLOCKED,
                                     .reason = l->reason,
                                     .object = l->object,
                                     .stack_id = l->stack_id};
        emit(p, s);
        p->depth++;
        return;
    }
    emit(p, s);
}

static bool in_chain(const struct analyze_path *p, uint32_t thread)
{
    for (unsigned i = 0; i < p->depth; i++)
        if (p->chain[i].thread == thread)
            return true;
    return false;
}

/* Whether another thread of the trace ends such waits by what it does. A sleep ends
 * by itself, a fault and the disk by the kernel: who was on the CPU then is no cause. */
static bool has_cause(enum trace_reason reason)
{
    return reason != TRACE_REASON_SLEEP && reason != TRACE_REASON_IO &&
           reason != TRACE_REASON_PAGE_FAULT && reason != TRACE_REASON_PREEMPTED;
}

enum {
    RETRIES = 48,           /* spans that are looked at for the end of a wait with a timeout */
    RETRY_PAUSE_NS = 500000 /* awake for longer it did something else */
};

/* Who ended a wait that timed out and was begun again (a timed wait in a loop, as for
 * Python's interpreter lock): who ended the last of them. 0 where that is not known. */
static uint64_t later_waker(struct path_thread *th, const struct analyze_segment *s)
{
    struct trace_cursor c = th->states, next = th->states;
    for (uint64_t row = s->row + 1; row < c.total_rows && row <= s->row + RETRIES; row++) {
        uint64_t ts = trace_get(&c, row, TRACE_THREAD_STATE_ts);
        uint64_t state = trace_get(&c, row, TRACE_THREAD_STATE_state);
        if (state == TRACE_RUNNING && trace_state_end(&next, row, ts) - ts > RETRY_PAUSE_NS)
            return 0;
        if (state != TRACE_BLOCKED)
            continue;
        if (trace_get(&c, row, TRACE_THREAD_STATE_reason) != s->reason ||
            trace_get(&c, row, TRACE_THREAD_STATE_object) != s->object)
            return 0;
        uint64_t waker = trace_get(&c, row, TRACE_THREAD_STATE_waker_tid);
        if (waker)
            return waker;
    }
    return 0;
}

static void walk(struct analyze_path *p, uint32_t thread, uint64_t begin, uint64_t end);

static void walk_blocked(struct analyze_path *p, struct analyze_segment *s, uint64_t span_end)
{
    struct path_thread *th = &p->threads[s->thread];
    uint64_t waker = trace_get(&th->states, s->row, TRACE_THREAD_STATE_waker_tid);
    if (!waker && (s->reason == TRACE_REASON_COND || s->reason == TRACE_REASON_LOCK))
        waker = later_waker(th, s);
    uint32_t by = has_cause(s->reason) ? analyze_path_thread(p, waker, span_end) : UINT32_MAX;
    if (by == UINT32_MAX) {
        emit(p, *s);
        return;
    }
    if (by == s->thread || in_chain(p, by) || p->depth == ANALYZE_PATH_DEPTH) {
        s->cut = true;
        emit(p, *s);
        return;
    }
    p->chain[p->depth++] = (struct analyze_link){.thread = s->thread,
                                                 .row = s->row,
                                                 .begin_ns = s->span_begin_ns,
                                                 .end_ns = span_end,
                                                 .reason = s->reason,
                                                 .object = s->object,
                                                 .stack_id = s->stack_id,
                                                 .waker_tid = waker};
    walk(p, by, s->begin_ns, s->end_ns);
    p->depth--;
}

static bool is_cancelled(const struct analyze_path *p)
{
    return p->cancel && atomic_load_explicit(p->cancel, memory_order_relaxed);
}

static void walk(struct analyze_path *p, uint32_t thread, uint64_t begin, uint64_t end)
{
    struct path_thread *th = &p->threads[thread];
    uint64_t lives_until = th->end_ns < end ? th->end_ns : end;
    uint64_t first = th->states.total_rows ? trace_get(&th->states, 0, TRACE_THREAD_STATE_ts) : end;
    if (lives_until <= first || lives_until <= begin || lives_until <= th->start_ns) {
        emit_absent(p, thread, begin, end);
        return;
    }
    emit_absent(p, thread, lives_until, end);
    uint64_t from = begin > first ? begin : first, at = lives_until;
    for (uint64_t row = span_at(th, at - 1); at > from && !is_cancelled(p); row--) {
        uint64_t ts = trace_get(&th->states, row, TRACE_THREAD_STATE_ts);
        struct analyze_segment s = {
            .thread = thread,
            .row = row,
            .begin_ns = ts > from ? ts : from,
            .end_ns = at,
            .span_begin_ns = ts,
            .state = (enum trace_state)trace_get(&th->states, row, TRACE_THREAD_STATE_state),
            .reason = (enum trace_reason)trace_get(&th->states, row, TRACE_THREAD_STATE_reason),
            .object = trace_get(&th->states, row, TRACE_THREAD_STATE_object),
            .stack_id = trace_get(&th->states, row, TRACE_THREAD_STATE_stack_id)};
        th->hint = row;
        at = s.begin_ns < at ? s.begin_ns : at;
        if (s.end_ns > s.begin_ns && s.state == TRACE_BLOCKED)
            walk_blocked(p, &s, trace_state_end(&th->next, row, th->end_ns));
        else if (s.end_ns > s.begin_ns)
            emit(p, s);
        if (!row)
            break;
    }
    emit_absent(p, thread, begin, from);
}

void analyze_path_walk(struct analyze_path *p, uint32_t thread, uint64_t begin_ns, uint64_t end_ns,
                       analyze_path_visit *visit, void *data)
{
    p->visit = visit;
    p->data = data;
    p->depth = 0;
    if (thread < p->thread_count && begin_ns < end_ns)
        walk(p, thread, begin_ns, end_ns);
}
