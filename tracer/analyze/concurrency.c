#include "analyze/concurrency.h"

#include <stdlib.h>

enum {
    HISTORY = 16, /* runs of a CPU that are remembered: who had it lately */
    CPUS = 256,
    MOMENT_NS = 100000
};

struct run {
    uint32_t thread;
    uint64_t begin_ns;
    uint64_t end_ns; /* UINT64_MAX: goes on */
};

struct lane { /* a thread on its way through the pass */
    struct trace_cursor states;
    uint64_t row, rows;
    uint64_t next_ns; /* when its state changes next */
    uint64_t end_ns;
    uint64_t tid;
    uint64_t since_ns; /* of the current state */
    uint64_t wanting_ns, alone_ns, phase_ns, cold_ns;
    bool moment; /* it queues for a moment's run only */
    bool moved;  /* it runs on another CPU than before */
    int cpu;     /* it ran on last, -1: none */
    enum trace_state state;
};

struct pass {
    struct lane *lanes;
    uint32_t *heap; /* lane numbers, earliest next_ns first */
    size_t heap_count;
    struct run history[CPUS][HISTORY];
    unsigned history_at[CPUS];
    struct map64 culprits; /* thread row + 1, 0: not ours -> ns */
    const struct analyze_causes *causes;
    struct analyze_range range;
    unsigned running;
    unsigned runnable;
    uint64_t wanting_sum; /* of the lane numbers that run or queue: with one, that one */
    uint64_t now_ns;
    uint64_t wanting_ns[ANALYZE_CONCURRENCY_MAX + 1]; /* time with so many running or queueing */
    uint64_t solo;          /* lane number + 1 of the thread that alone wanted to run, 0: none */
    uint64_t solo_begin_ns; /* since when */
    uint64_t solo_ns;       /* of that running or queueing */
    bool cpu_seen[CPUS];
    struct analyze_concurrency out;
};

static void sift(struct pass *p, size_t i)
{
    for (;;) {
        size_t best = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < p->heap_count; child++)
            if (p->lanes[p->heap[child]].next_ns < p->lanes[p->heap[best]].next_ns)
                best = child;
        if (best == i)
            return;
        uint32_t lane = p->heap[i];
        p->heap[i] = p->heap[best];
        p->heap[best] = lane;
        i = best;
    }
}

/* The stretch in which one thread ran alone, if with pauses, is over. */
static void end_solo(struct pass *p, uint64_t ts)
{
    if (p->solo && ts - p->solo_begin_ns >= (p->range.end_ns - p->range.begin_ns) / 20)
        p->lanes[p->solo - 1].phase_ns += p->solo_ns;
    p->solo = 0;
    p->solo_ns = 0;
}

static void count_solo(struct pass *p, uint64_t from, uint64_t to)
{
    if (p->solo != p->wanting_sum + 1) {
        end_solo(p, from);
        p->solo = p->wanting_sum + 1;
        p->solo_begin_ns = from;
    }
    p->solo_ns += to - from;
    p->lanes[p->wanting_sum].alone_ns += to - from;
}

/* Charges the time up to ts to the number of threads that ran. */
static void advance(struct pass *p, uint64_t ts)
{
    uint64_t from = p->now_ns > p->range.begin_ns ? p->now_ns : p->range.begin_ns;
    uint64_t to = ts < p->range.end_ns ? ts : p->range.end_ns;
    p->now_ns = ts;
    if (to <= from)
        return;
    unsigned n = p->running < ANALYZE_CONCURRENCY_MAX ? p->running : ANALYZE_CONCURRENCY_MAX;
    p->out.running_ns[n] += to - from;
    unsigned wanting = p->running + p->runnable;
    p->wanting_ns[wanting < ANALYZE_CONCURRENCY_MAX ? wanting : ANALYZE_CONCURRENCY_MAX] +=
        to - from;
    if (wanting)
        p->out.busy_ns += to - from;
    if (wanting > 1)
        p->out.parallel_ns += to - from;
    if (wanting > 1)
        end_solo(p, from);
    else if (wanting == 1)
        count_solo(p, from, to);
}

/* Who ran on the CPU while this thread queued for it. */
static void blame(struct pass *p, const struct lane *l, uint32_t number, uint64_t ts, int cpu)
{
    uint64_t from = l->since_ns > p->range.begin_ns ? l->since_ns : p->range.begin_ns;
    if (ts <= from || cpu < 0 || cpu >= CPUS)
        return;
    uint64_t wanted = analyze_on_path_ns(p->causes, number, from, ts), known = 0;
    if (!wanted)
        return;
    double part = (double)wanted / (double)(ts - from);
    for (unsigned i = 0; i < HISTORY; i++) {
        const struct run *r = &p->history[cpu][i];
        uint64_t end = r->end_ns < ts ? r->end_ns : ts;
        uint64_t begin = r->begin_ns > from ? r->begin_ns : from;
        if (!r->end_ns || end <= begin || r->thread == number)
            continue;
        uint64_t ns = (uint64_t)((double)(end - begin) * part);
        known += ns;
        *map64_put(&p->culprits, r->thread + 1, NULL) += ns;
    }
    if (wanted > known)
        *map64_put(&p->culprits, 0, NULL) += wanted - known;
}

static void charge_cold(struct pass *p, struct lane *l, uint32_t number, uint64_t ts)
{
    uint64_t from = l->since_ns > p->range.begin_ns ? l->since_ns : p->range.begin_ns;
    uint64_t to = l->since_ns + ANALYZE_COLD_NS < ts ? l->since_ns + ANALYZE_COLD_NS : ts;
    if (to > from)
        l->cold_ns += analyze_on_path_ns(p->causes, number, from, to);
}

static void leave(struct pass *p, struct lane *l, uint32_t number, uint64_t ts)
{
    uint64_t ns = analyze_overlap_ns(p->range, l->since_ns, ts - l->since_ns);
    if (l->state == TRACE_RUNNABLE) {
        p->out.runnable_ns += ns;
        p->runnable -= !l->moment;
        p->wanting_sum -= l->moment ? 0 : number;
        l->wanting_ns += ns;
    }
    if (l->state != TRACE_RUNNING)
        return;
    p->running--;
    p->wanting_sum -= number;
    l->wanting_ns += ns;
    p->out.cpu_ns += ns;
    if (l->moved)
        charge_cold(p, l, number, ts);
    if (l->cpu >= 0 && l->cpu < CPUS) {
        struct run *r = &p->history[l->cpu][p->history_at[l->cpu]];
        if (r->thread == number && r->end_ns == UINT64_MAX)
            r->end_ns = ts;
    }
}

static void enter_running(struct pass *p, struct lane *l, uint32_t number, uint64_t ts)
{
    int cpu = (int)(int64_t)trace_get(&l->states, l->row, TRACE_THREAD_STATE_cpu);
    if (l->state == TRACE_RUNNABLE)
        blame(p, l, number, ts, cpu);
    p->running++;
    p->wanting_sum += number;
    p->out.runs += ts >= p->range.begin_ns;
    l->moved = ts >= p->range.begin_ns && l->cpu >= 0 && cpu >= 0 && cpu != l->cpu;
    p->out.migrations += l->moved;
    l->cpu = cpu;
    if (cpu < 0 || cpu >= CPUS)
        return;
    p->out.cpus += !p->cpu_seen[cpu];
    p->cpu_seen[cpu] = true;
    struct run *before = &p->history[cpu][p->history_at[cpu]];
    if (before->end_ns == UINT64_MAX) /* its end bears the same time, and comes next */
        before->end_ns = ts;
    p->history_at[cpu] = (p->history_at[cpu] + 1) % HISTORY;
    p->history[cpu][p->history_at[cpu]] = (struct run){number, ts, UINT64_MAX};
}

/* Whether the queueing in l->row leads to a run that is over at once, as when a timed
 * wait begins again: however long it queued, there was no work to do. */
static bool is_moment(struct lane *l)
{
    if (l->row + 2 >= l->rows)
        return false;
    uint64_t begin = trace_get(&l->states, l->row + 1, TRACE_THREAD_STATE_ts);
    return trace_get(&l->states, l->row + 2, TRACE_THREAD_STATE_ts) - begin < MOMENT_NS &&
           trace_get(&l->states, l->row + 2, TRACE_THREAD_STATE_state) == TRACE_BLOCKED;
}

/* The thread's next span begins, or it ends. False at its end. */
static bool change(struct pass *p, uint32_t number)
{
    struct lane *l = &p->lanes[number];
    uint64_t ts = l->next_ns;
    leave(p, l, number, ts);
    enum trace_state state = TRACE_UNKNOWN;
    if (l->row < l->rows) {
        state = (enum trace_state)trace_get(&l->states, l->row, TRACE_THREAD_STATE_state);
        if (state == TRACE_RUNNING)
            enter_running(p, l, number, ts);
        l->moment = state == TRACE_RUNNABLE && is_moment(l);
        if (state == TRACE_RUNNABLE && !l->moment) {
            p->runnable++;
            p->wanting_sum += number;
        }
        l->row++;
        l->next_ns =
            l->row < l->rows ? trace_get(&l->states, l->row, TRACE_THREAD_STATE_ts) : l->end_ns;
        if (l->next_ns < ts)
            l->next_ns = ts;
        l->state = state;
        l->since_ns = ts;
        return true;
    }
    l->state = state;
    return false;
}

static void open_lanes(struct pass *p, const struct trace *t)
{
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    p->lanes = mem_realloc(NULL, c.total_rows + 1, sizeof *p->lanes);
    p->heap = mem_realloc(NULL, c.total_rows + 1, sizeof *p->heap);
    for (uint64_t i = 0; i < c.total_rows && i < UINT32_MAX; i++) {
        struct lane *l = &p->lanes[i];
        *l = (struct lane){.tid = trace_get(&c, i, TRACE_THREAD_tid),
                           .end_ns = trace_get(&c, i, TRACE_THREAD_end_ts),
                           .cpu = -1};
        l->states = trace_cursor(t, TRACE_THREAD_STATE_TABLE, (uint32_t)i);
        l->rows = l->states.total_rows;
        l->row = trace_row_at(&l->states, p->range.begin_ns);
        if (l->row >= l->rows)
            continue;
        l->next_ns = trace_get(&l->states, l->row, TRACE_THREAD_STATE_ts);
        p->heap[p->heap_count++] = (uint32_t)i;
    }
    for (size_t i = p->heap_count; i-- > 0;)
        sift(p, i);
}

static int more_ns(const void *a, const void *b)
{
    const struct analyze_part *x = a, *y = b;
    if (x->ns != y->ns)
        return x->ns > y->ns ? -1 : 1;
    return x->tid < y->tid ? -1 : x->tid > y->tid;
}

static void finish(struct arena *a, struct pass *p, uint64_t threads)
{
    struct analyze_concurrency *out = &p->out;
    for (unsigned i = 0; i <= ANALYZE_CONCURRENCY_MAX; i++)
        if (i > out->cpus)
            out->excess_ns += p->wanting_ns[i] * (i - out->cpus);
    out->alone = arena_array(a, threads + 1, sizeof *out->alone);
    out->moved = arena_array(a, threads + 1, sizeof *out->moved);
    for (uint64_t i = 0; i < threads; i++) {
        const struct lane *l = &p->lanes[i];
        out->workers += out->busy_ns && l->wanting_ns >= out->busy_ns / 20;
        if (l->alone_ns)
            out->alone[out->alone_count++] = (struct analyze_part){"", l->tid, l->alone_ns};
        if (l->cold_ns)
            out->moved[out->moved_count++] = (struct analyze_part){"", l->tid, l->cold_ns};
        out->cold_ns += l->cold_ns;
    }
    qsort(out->alone, out->alone_count, sizeof *out->alone, more_ns);
    qsort(out->moved, out->moved_count, sizeof *out->moved, more_ns);
    for (uint64_t i = 0; i < threads && out->alone_count; i++)
        if (p->lanes[i].tid == out->alone[0].tid && p->lanes[i].alone_ns == out->alone[0].ns)
            out->phase_ns = p->lanes[i].phase_ns;
    out->culprits = arena_array(a, p->culprits.len + 1, sizeof *out->culprits);
    size_t pos = 0;
    uint64_t key, ns;
    while (map64_next(&p->culprits, &pos, &key, &ns))
        out->culprits[out->culprit_count++] =
            (struct analyze_part){"", key ? p->lanes[key - 1].tid : 0, ns};
    qsort(out->culprits, out->culprit_count, sizeof *out->culprits, more_ns);
}

struct analyze_concurrency analyze_concurrency(struct arena *a, const struct trace *t,
                                               struct analyze_range range,
                                               const struct analyze_causes *causes)
{
    struct pass *p = arena_alloc(a, sizeof *p);
    p->causes = causes;
    p->range = range;
    open_lanes(p, t);
    while (p->heap_count) {
        uint32_t number = p->heap[0];
        uint64_t ts = p->lanes[number].next_ns;
        if (ts >= range.end_ns)
            break;
        advance(p, ts);
        if (!change(p, number))
            p->heap[0] = p->heap[--p->heap_count];
        sift(p, 0);
    }
    uint64_t end = range.end_ns < trace_duration_ns(t) ? range.end_ns : trace_duration_ns(t);
    advance(p, end);
    for (size_t i = 0; i < p->heap_count; i++) /* what goes on at the range's end */
        leave(p, &p->lanes[p->heap[i]], p->heap[i], end);
    end_solo(p, end);
    finish(a, p, trace_rows(t, TRACE_THREAD_TABLE, 0));
    map64_release(&p->culprits);
    free(p->lanes);
    free(p->heap);
    return p->out;
}
