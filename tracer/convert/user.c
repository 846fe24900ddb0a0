/* The program's own marks: regions nest by thread and are written when the
 * outermost ends, in order of their begins; tasks span threads. */
#include "convert/model.h"

#include <stdlib.h>
#include <string.h>

/* Regions kept for the sake of order inside one that never ends. */
enum {
    MOST_REGIONS = 4096
};

static void write_region(struct model *m, struct thread *t, const struct region *r)
{
    uint32_t row = thread_row(m, t);
    if (row == MODEL_NO_ROW)
        return;
    uint64_t ts = model_ts(m, r->ts);
    uint32_t name = r->function ? stack_function(m, t->proc, r->function) : r->name;
    MODEL_ROW(m, REGION,
              row, [TRACE_REGION_ts] = ts, [TRACE_REGION_dur] = model_ts(m, r->end_ts) - ts,
              [TRACE_REGION_name] = name, [TRACE_REGION_task_id] = r->task);
}

/* Writes the regions that have ended; open ones stay, in order. */
static void write_ended(struct model *m, struct thread *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->region_count; i++) {
        if (t->regions[i].end_ts)
            write_region(m, t, &t->regions[i]);
        else
            t->regions[kept++] = t->regions[i];
    }
    t->region_count = kept;
}

static void end_region(struct thread *t, struct region *r, uint64_t ts)
{
    r->end_ts = ts > r->ts ? ts : r->ts;
    t->region_depth--;
}

static void end_innermost(struct thread *t, uint64_t ts)
{
    for (size_t i = t->region_count; i-- > 0;)
        if (!t->regions[i].end_ts) {
            end_region(t, &t->regions[i], ts);
            return;
        }
}

/* The innermost open region of that name or function, and those in it, whose own ends
 * were lost (or, of functions, jumped over). */
static void end_named(struct thread *t, uint32_t name, uint64_t function, uint64_t ts)
{
    size_t first = t->region_count;
    while (first-- > 0) {
        const struct region *r = &t->regions[first];
        if (!r->end_ts && r->function == function && (function || r->name == name))
            break;
    }
    for (size_t i = first; i < t->region_count; i++) /* none: first is SIZE_MAX */
        if (!t->regions[i].end_ts)
            end_region(t, &t->regions[i], ts);
}

/* The contract's regions have a name when they begin and none when they end. What other
 * tracers tell (foreign.h) may have one at either, or a function's address instead. */
static bool is_text(const struct event *ev)
{
    return ev->strings >> REGION_name & 1;
}

void user_region_begin(struct model *m, const struct event *ev)
{
    struct thread *t = thread_get(m, ev->vtid, ev->vpid, ev->ts);
    if (t->closed)
        return;
    if (t->region_count >= MOST_REGIONS && t->region_depth < t->region_count / 2)
        write_ended(m, t);
    mem_grow(&t->regions, &t->region_cap, t->region_count + 1, sizeof *t->regions);
    t->regions[t->region_count++] = (struct region){
        .ts = ev->ts,
        .task = ev->v[REGION_task],
        .function = is_text(ev) ? 0 : ev->v[REGION_name],
        .name = is_text(ev) ? model_str(m, event_str(ev, REGION_name)) : 0,
    };
    t->region_depth++;
}

void user_region_end(struct model *m, const struct event *ev)
{
    struct thread *t = thread_get(m, ev->vtid, ev->vpid, ev->ts);
    if (is_text(ev))
        end_named(t, model_str(m, event_str(ev, REGION_name)), 0, ev->ts);
    else if (ev->v[REGION_name])
        end_named(t, 0, ev->v[REGION_name], ev->ts);
    else
        end_innermost(t, ev->ts);
    if (!t->region_depth)
        write_ended(m, t);
}

void user_close(struct model *m, struct thread *t, uint64_t end)
{
    while (t->region_depth)
        end_innermost(t, end);
    write_ended(m, t);
}

static void write_task(struct model *m, const struct task *task, uint64_t end)
{
    uint64_t ts = model_ts(m, task->ts), end_ts = model_ts(m, end);
    MODEL_ROW(m, TASK, 0, [TRACE_TASK_task_id] = task->id, [TRACE_TASK_parent_id] = task->parent,
              [TRACE_TASK_name] = task->name, [TRACE_TASK_ts] = ts,
              [TRACE_TASK_dur] = end_ts > ts ? end_ts - ts : 0);
}

void user_task_begin(struct model *m, const struct event *ev)
{
    struct proc *p = proc_get(m, ev->vpid, ev->ts);
    struct task *task = arena_alloc(&m->arena, sizeof *task);
    *task = (struct task){
        .id = ev->v[TASK_BEGIN_task],
        .parent = ev->v[TASK_BEGIN_parent],
        .ts = ev->ts,
        .name = model_str(m, event_str(ev, TASK_BEGIN_name)),
    };
    bool added;
    uint64_t *place = map64_put(&p->tasks, task->id, &added);
    if (!added)
        write_task(m, (struct task *)(uintptr_t)*place, ev->ts); /* its end was lost */
    *place = (uint64_t)(uintptr_t)task;
}

void user_task_end(struct model *m, const struct event *ev)
{
    struct proc *p = proc_get(m, ev->vpid, ev->ts);
    uint64_t *found = map64_get(&p->tasks, ev->v[TASK_END_task]);
    if (!found)
        return;
    write_task(m, (struct task *)(uintptr_t)*found, ev->ts);
    map64_delete(&p->tasks, ev->v[TASK_END_task]);
}

void user_counter(struct model *m, const struct event *ev)
{
    thread_get(m, ev->vtid, ev->vpid, ev->ts);
    MODEL_ROW(m, COUNTER, 0, [TRACE_COUNTER_ts] = model_ts(m, ev->ts),
              [TRACE_COUNTER_name] = model_str(m, event_str(ev, COUNTER_name)),
              [TRACE_COUNTER_value] = ev->v[COUNTER_value], [TRACE_COUNTER_pid] = ev->vpid);
}

void user_message(struct model *m, const struct event *ev)
{
    struct thread *t = thread_get(m, ev->vtid, ev->vpid, ev->ts);
    uint32_t row = thread_row(m, t);
    if (row != MODEL_NO_ROW)
        MODEL_ROW(m, MESSAGE, row, [TRACE_MESSAGE_ts] = model_ts(m, ev->ts),
                  [TRACE_MESSAGE_text] = model_str(m, event_str(ev, MESSAGE_text)));
}

void user_finish(struct model *m, struct proc *p)
{
    size_t pos = 0;
    uint64_t id, pointer;
    while (map64_next(&p->tasks, &pos, &id, &pointer))
        write_task(m, (struct task *)(uintptr_t)pointer, m->last_ts);
}
