/* Allocations. A row is written when its life is known: at its free, or at the
 * end of its process. */
#include "convert/model.h"

#include "base/rank.h"
#include "tracepoints/events.h"

#include <stdlib.h>
#include <string.h>

static size_t take_slot(struct model *m)
{
    if (m->live_free) {
        size_t slot = m->live_free - 1;
        m->live_free = m->live[slot].size;
        return slot;
    }
    mem_grow(&m->live, &m->live_cap, m->live_count + 1, sizeof *m->live);
    return m->live_count++;
}

static void write_alloc(struct model *m, uint64_t addr, const struct live_alloc *a,
                        uint64_t free_ts, uint32_t free_tid)
{
    uint32_t row = thread_row(m, a->thread);
    if (row == MODEL_NO_ROW)
        return;
    MODEL_ROW(
        m, ALLOC, row, [TRACE_ALLOC_ts] = model_ts(m, a->ts), [TRACE_ALLOC_kind] = a->kind,
        [TRACE_ALLOC_addr] = addr, [TRACE_ALLOC_size] = a->size, [TRACE_ALLOC_weight] = a->weight,
        [TRACE_ALLOC_free_ts] = free_tid ? model_ts(m, free_ts) : 0,
        [TRACE_ALLOC_free_tid] = free_tid, [TRACE_ALLOC_stack_id] = a->stack);
}

/* What counts as heap: not what a program got from the kernel itself. */
static uint64_t heap_part(const struct live_alloc *a)
{
    return a->kind == WHYPROF_ALLOC_MMAP || a->kind == WHYPROF_ALLOC_BRK ? 0 : a->size;
}

static void end_slot(struct model *m, struct proc *p, uint64_t addr, size_t slot, uint64_t free_ts,
                     uint32_t free_tid)
{
    p->heap_bytes -= heap_part(&m->live[slot]);
    /* Batches' clocks agree within a few ns; the order of records is exact. */
    if (free_ts < m->live[slot].ts)
        free_ts = m->live[slot].ts;
    write_alloc(m, addr, &m->live[slot], free_ts, free_tid);
    m->live[slot].size = m->live_free;
    m->live_free = slot + 1;
}

static void end_alloc(struct model *m, struct proc *p, uint64_t addr, uint64_t free_ts,
                      uint32_t free_tid)
{
    uint64_t slot;
    if (map64_take(&p->allocs, addr, &slot))
        end_slot(m, p, addr, (size_t)slot, free_ts, free_tid);
}

static void begin_alloc(struct model *m, struct proc *p, uint64_t addr, const struct live_alloc *a)
{
    bool added;
    uint64_t *slot = map64_put(&p->allocs, addr, &added);
    if (!added) /* its free was lost */
        end_slot(m, p, addr, (size_t)*slot, 0, 0);
    *slot = take_slot(m);
    m->live[*slot] = *a;
    p->heap_bytes += heap_part(a);
}

void alloc_alloc(struct model *m, const struct event *ev)
{
    struct proc *p = proc_get(m, ev->vpid, ev->ts);
    struct thread *t = thread_get(m, ev->vtid, ev->vpid, ev->ts);
    struct live_alloc a = {
        .ts = ev->ts,
        .size = ev->v[ALLOC_size],
        .weight = ev->v[ALLOC_weight],
        .thread = t,
        .stack = stack_get(m, p, ev->v[ALLOC_stack]),
        .kind = (uint8_t)ev->v[ALLOC_kind],
    };
    begin_alloc(m, p, ev->v[ALLOC_addr], &a);
}

void alloc_free(struct model *m, const struct event *ev)
{
    struct proc *p = proc_get(m, ev->vpid, ev->ts);
    end_alloc(m, p, ev->v[FREE_addr], ev->ts, ev->vtid);
}

/* Records that wait, at most: more only come from an agent that never says how far it is. */
enum {
    MOST_RECORDS = 2000000
};

/* One record of full mode. Threads' records come batch by batch, so one thread's free
 * may come before the other's allocation: they wait here for their turn. */
struct alloc_record {
    uint64_t time; /* order within the process */
    uint64_t ts, addr, size;
    struct thread *thread;
    uint32_t tid;
    uint32_t stack;
    uint8_t kind; /* enum whyprof_alloc_kind, or WHYPROF_BATCH_KIND_FREE */
};

static void replay(struct model *m, struct proc *p, const struct alloc_record *r)
{
    if (r->kind == WHYPROF_BATCH_KIND_FREE) {
        end_alloc(m, p, r->addr, r->ts, r->tid);
        return;
    }
    struct live_alloc a = {
        .ts = r->ts,
        .size = r->size,
        .weight = model_f64(1),
        .thread = r->thread,
        .stack = r->stack,
        .kind = r->kind,
    };
    begin_alloc(m, p, r->addr, &a);
}

/* Keeps the records of these ranks, in this order. */
static void keep_records(struct proc *p, const struct rank *ranks, size_t count)
{
    struct alloc_record *kept = mem_realloc(NULL, count + 1, sizeof *kept);
    for (size_t i = 0; i < count; i++)
        kept[i] = p->records[ranks[i].item];
    free(p->records);
    p->records = kept;
    p->record_cap = count + 1;
    p->record_count = count;
    p->first_record = count ? kept[0].time : UINT64_MAX;
}

/* Replays the records from before that time, in order. */
static void replay_until(struct model *m, struct proc *p, uint64_t before)
{
    size_t n = p->record_count, done = 0;
    if (!n || p->first_record >= before)
        return;
    struct rank *ranks = mem_realloc(NULL, 2 * n, sizeof *ranks);
    for (size_t i = 0; i < n; i++)
        ranks[i] = (struct rank){p->records[i].time, (uint32_t)i};
    const struct rank *sorted = ranks_sort(ranks, ranks + n, n);
    while (done < n && sorted[done].key < before)
        replay(m, p, &p->records[sorted[done++].item]);
    keep_records(p, sorted + done, n - done);
    free(ranks);
}

static uint64_t batch_ts(const struct event *ev, uint64_t time)
{
    double scale, ahead;
    memcpy(&scale, &ev->v[BATCH_ns_per_tick], sizeof scale);
    ahead = (double)(int64_t)(ev->v[BATCH_ticks] - (time << WHYPROF_BATCH_TICK_SHIFT)) * scale;
    /* A damaged scale must not become a time out of range. */
    if (!(ahead > 0 && ahead < (double)ev->v[BATCH_ns]))
        return ev->v[BATCH_ns];
    return ev->v[BATCH_ns] - (uint64_t)ahead;
}

/* The record's own part: what, where, how much. */
static struct alloc_record record_of(struct model *m, struct proc *p, const uint64_t *words)
{
    unsigned operation = WHYPROF_BATCH_OPERATION(words[0]);
    if (operation == WHYPROF_BATCH_FREE)
        return (struct alloc_record){.addr = WHYPROF_BATCH_ADDR(words[0]),
                                     .kind = WHYPROF_BATCH_KIND_FREE};
    bool is_long = operation == WHYPROF_BATCH_LONG;
    uint64_t what = is_long ? words[2] : words[1];
    return (struct alloc_record){
        .addr = is_long ? words[1] : WHYPROF_BATCH_ADDR(words[0]),
        .size = is_long ? words[3] : WHYPROF_BATCH_SIZE(what),
        .stack = stack_get(m, p, WHYPROF_BATCH_STACK(what)),
        .kind = (uint8_t)WHYPROF_BATCH_KIND(what),
    };
}

static void add_record(struct model *m, struct proc *p, const struct event *ev, struct thread *t,
                       const uint64_t *words, uint64_t time)
{
    if (p->record_count == MOST_RECORDS)
        replay_until(m, p, UINT64_MAX);
    if (!p->record_count || time < p->first_record)
        p->first_record = time;
    mem_grow(&p->records, &p->record_cap, p->record_count + 1, sizeof *p->records);
    struct alloc_record *r = &p->records[p->record_count++];
    *r = record_of(m, p, words);
    r->time = time;
    r->ts = batch_ts(ev, time);
    r->thread = t;
    r->tid = (uint32_t)ev->v[BATCH_tid];
}

static void write_heap(struct model *m, uint32_t pid, uint64_t ts, uint64_t bytes)
{
    MODEL_ROW(
        m, COUNTER,
        0, [TRACE_COUNTER_ts] = model_ts(m, ts), [TRACE_COUNTER_name] = model_str(m, "heap bytes"),
        [TRACE_COUNTER_value] = model_f64((double)bytes), [TRACE_COUNTER_pid] = pid);
}

void alloc_batch(struct model *m, const struct event *ev)
{
    struct proc *p = proc_get(m, ev->vpid, ev->ts);
    const uint64_t *words = event_seq(ev);
    struct thread *t = NULL;
    uint64_t time = ev->v[BATCH_begin];
    if (ev->seq_len)
        t = thread_get(m, (uint32_t)ev->v[BATCH_tid], ev->vpid, ev->ts);
    for (uint32_t at = 0, len; at < ev->seq_len; at += len) {
        len = WHYPROF_BATCH_WORDS(words[at]);
        if (at + len > ev->seq_len)
            break;
        if (WHYPROF_BATCH_OPERATION(words[at]) != WHYPROF_BATCH_TIME)
            add_record(m, p, ev, t, words + at, time += WHYPROF_BATCH_DELTA(words[at]));
        else if (words[at])
            time = WHYPROF_BATCH_TIME_OF(words[at]);
    }
    if (ev->seq_len)
        return;
    replay_until(m, p, time);
    write_heap(m, ev->vpid, batch_ts(ev, time), p->heap_bytes);
}

void alloc_stat(struct model *m, const struct event *ev)
{
    proc_get(m, ev->vpid, ev->ts);
    if (ev->v[ALLOC_STAT_live_bytes] != UINT64_MAX)
        write_heap(m, ev->vpid, ev->ts, ev->v[ALLOC_STAT_live_bytes]);
}

void alloc_finish(struct model *m, struct proc *p)
{
    size_t pos = 0;
    uint64_t addr, slot;
    replay_until(m, p, UINT64_MAX);
    while (map64_next(&p->allocs, &pos, &addr, &slot))
        write_alloc(m, addr, &m->live[slot], 0, 0);
    map64_clear(&p->allocs);
}
