/* Allocations. A row is written when its life is known: at its free, or at the
 * end of its process. */
#include "convert/model.h"

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

static void end_alloc(struct model *m, struct proc *p, uint64_t addr, uint64_t free_ts,
                      uint32_t free_tid)
{
    uint64_t *found = map64_get(&p->allocs, addr);
    if (!found)
        return;
    size_t slot = (size_t)*found;
    write_alloc(m, addr, &m->live[slot], free_ts, free_tid);
    m->live[slot].size = m->live_free;
    m->live_free = slot + 1;
    map64_delete(&p->allocs, addr);
}

void alloc_alloc(struct model *m, const struct event *ev)
{
    struct proc *p = proc_get(m, ev->vpid, ev->ts);
    struct thread *t = thread_get(m, ev->vtid, ev->vpid, ev->ts);
    uint64_t addr = ev->v[ALLOC_addr];
    end_alloc(m, p, addr, 0, 0); /* its free was lost */
    size_t slot = take_slot(m);
    m->live[slot] = (struct live_alloc){
        .ts = ev->ts,
        .size = ev->v[ALLOC_size],
        .weight = ev->v[ALLOC_weight],
        .thread = t,
        .stack = stack_get(m, p, ev->v[ALLOC_stack]),
        .kind = (uint8_t)ev->v[ALLOC_kind],
    };
    *map64_put(&p->allocs, addr, NULL) = slot;
}

void alloc_free(struct model *m, const struct event *ev)
{
    struct proc *p = proc_get(m, ev->vpid, ev->ts);
    end_alloc(m, p, ev->v[FREE_addr], ev->ts, ev->vtid);
}

void alloc_stat(struct model *m, const struct event *ev)
{
    proc_get(m, ev->vpid, ev->ts);
    MODEL_ROW(m, COUNTER, 0, [TRACE_COUNTER_ts] = model_ts(m, ev->ts),
              [TRACE_COUNTER_name] = model_str(m, "heap bytes"),
              [TRACE_COUNTER_value] = model_f64((double)ev->v[ALLOC_STAT_live_bytes]),
              [TRACE_COUNTER_pid] = ev->vpid);
}

void alloc_finish(struct model *m, struct proc *p)
{
    size_t pos = 0;
    uint64_t addr, slot;
    while (map64_next(&p->allocs, &pos, &addr, &slot))
        write_alloc(m, addr, &m->live[slot], 0, 0);
    map64_clear(&p->allocs);
}
