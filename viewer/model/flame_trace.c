/* flame_trace: flame trees from the samples and waits of a trace. */
#include "model/describe.h"
#include "model/flame_build.h"
#include "model/spans.h"

#include <stdio.h>
#include <string.h>

void model_flame_job_init(struct model_flame_job *job, const struct model_doc *doc,
                          enum model_flame_kind kind, struct model_range range, int thread)
{
    *job = (struct model_flame_job){.doc = doc, .kind = kind, .range = range};
    job->all_threads = thread == MODEL_NO_THREAD;
    job->thread = thread == MODEL_NO_THREAD ? 0 : (uint32_t)thread;
    job->thread_end = thread == MODEL_NO_THREAD ? doc->thread_count : (uint32_t)thread + 1;
}

void model_flame_job_release(struct model_flame_job *job)
{
    map64_release(&job->leaf_by_stack);
}

static uint32_t add_frame(struct model_flame *f, uint32_t parent, const struct trace_frame *frame)
{
    char name[1024], source[1024] = "";
    model_frame_name(frame, name, sizeof name);
    if (frame->file[0])
        snprintf(source, sizeof source, "%s:%llu", frame->file, (unsigned long long)frame->line);
    return model_flame_child(f, parent,
                             &(struct flame_frame){.name = name,
                                                   .module = model_basename(frame->module),
                                                   .source = source,
                                                   .wait = MODEL_CLASSES});
}

/* The node that a stack ends in. In order of time it is one of this moment, so none
 * can be remembered. */
static uint32_t grow_stack(struct model_flame_job *job, struct model_flame *f, uint64_t stack)
{
    struct trace_frame frames[MODEL_FLAME_DEPTH];
    size_t depth = trace_stack(job->doc->trace, stack, frames, MODEL_FLAME_DEPTH);
    if (depth > MODEL_FLAME_DEPTH)
        depth = MODEL_FLAME_DEPTH;
    uint32_t node = job->base;
    if (!depth)
        return model_flame_child(f, node,
                                 &(struct flame_frame){"[no stack]", "", "", MODEL_CLASSES});
    while (depth-- > 0)
        node = add_frame(f, node, &frames[depth]);
    return node;
}

static uint32_t leaf_of(struct model_flame_job *job, struct model_flame *f, uint64_t stack)
{
    bool added;
    if (job->in_time_order)
        return grow_stack(job, f, stack);
    uint64_t *at = map64_put(&job->leaf_by_stack, stack, &added);
    if (!added)
        return (uint32_t)*at;
    uint32_t node = grow_stack(job, f, stack);
    *map64_put(&job->leaf_by_stack, stack, NULL) = node;
    return node;
}

static void add_weight(struct model_flame *f, uint32_t node, uint64_t stack, uint64_t weight)
{
    f->nodes[node].self += weight;
    f->samples++;
    if (!stack)
        f->unknown += weight;
}

static void add_sample(struct model_flame_job *job, struct model_flame *f, struct trace_cursor *c)
{
    uint64_t stack = trace_get(c, job->row, TRACE_SAMPLE_stack_id);
    uint32_t leaf = leaf_of(job, f, stack);
    add_weight(f, leaf, stack, trace_get(c, job->row, TRACE_SAMPLE_weight));
    job->row++;
}

static void add_wait(struct model_flame_job *job, struct model_flame *f, const struct model_span *s,
                     uint64_t stack)
{
    int64_t from = s->begin_ns > job->range.begin_ns ? s->begin_ns : job->range.begin_ns;
    int64_t to = s->end_ns < job->range.end_ns ? s->end_ns : job->range.end_ns;
    if (to <= from || !model_class_is_blocked(s->class))
        return;
    char name[64];
    snprintf(name, sizeof name, "[%s]", model_class_name(s->class));
    uint32_t leaf = leaf_of(job, f, stack);
    leaf = model_flame_child(f, leaf, &(struct flame_frame){name, "", "", s->class});
    add_weight(f, leaf, stack, (uint64_t)(to - from));
}

/* The current thread's samples and states, of which the kind may leave out one. */
struct flame_rows {
    struct trace_cursor samples;
    uint64_t sample_end;
    struct model_spans states;
    struct model_span state; /* the next one */
    bool has_state;
};

static void next_state(struct model_flame_job *job, struct flame_rows *r)
{
    job->wait_row = r->states.next;
    r->has_state = model_spans_next(&r->states, &r->state) && r->state.begin_ns < job->range.end_ns;
}

static void enter(struct model_flame_job *job, struct model_flame *f, struct flame_rows *r)
{
    const struct model_thread *th = &job->doc->threads[job->thread];
    *r = (struct flame_rows){0};
    r->samples = trace_cursor(job->doc->trace, TRACE_SAMPLE_TABLE, th->key);
    model_spans_states(&r->states, job->doc->trace, th->key, th->end_ns);
    if (job->entered) {
        model_spans_goto(&r->states, job->wait_row);
    } else {
        job->row = trace_lower_bound(&r->samples, (uint64_t)job->range.begin_ns);
        model_spans_seek(&r->states, job->range.begin_ns);
        job->base = 0;
        if (job->in_time_order && job->all_threads) {
            char name[128];
            snprintf(name, sizeof name, "%s %u", th->name, th->tid);
            job->base = model_flame_child(f, 0, &(struct flame_frame){name, "", "", MODEL_CLASSES});
        }
    }
    job->entered = true;
    if (job->kind != MODEL_FLAME_WAITS)
        r->sample_end = trace_lower_bound(&r->samples, (uint64_t)job->range.end_ns);
    if (job->kind != MODEL_FLAME_CPU)
        next_state(job, r);
}

/* At most `left` rows of the current thread, as they follow in time; false when the
 * thread is done. */
static bool add_rows(struct model_flame_job *job, struct model_flame *f, uint64_t *left)
{
    struct flame_rows r;
    enter(job, f, &r);
    for (; *left; --*left) {
        bool sample = job->row < r.sample_end && !r.samples.damaged;
        if (!sample && !r.has_state)
            return false;
        if (sample && r.has_state)
            sample = (int64_t)trace_get(&r.samples, job->row, TRACE_SAMPLE_ts) < r.state.begin_ns;
        if (sample) {
            add_sample(job, f, &r.samples);
            continue;
        }
        add_wait(job, f, &r.state,
                 trace_get(&r.states.cursor, r.state.row, TRACE_THREAD_STATE_stack_id));
        next_state(job, &r);
    }
    return true;
}

bool model_flame_job_step(struct model_flame_job *job, struct model_flame *f, uint64_t rows)
{
    if (!f->count)
        model_flame_clear(f);
    f->in_time_order = job->in_time_order;
    while (job->thread < job->thread_end && rows) {
        if (add_rows(job, f, &rows))
            return false;
        job->thread++;
        job->entered = false;
        rows -= rows > 0; /* a thread without rows costs something too */
    }
    if (job->thread < job->thread_end)
        return false;
    model_flame_finish(f);
    return true;
}
