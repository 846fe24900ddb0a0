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

static uint32_t leaf_of(struct model_flame_job *job, struct model_flame *f, uint64_t stack)
{
    bool added;
    uint64_t *at = map64_put(&job->leaf_by_stack, stack, &added);
    if (!added)
        return (uint32_t)*at;
    struct trace_frame frames[MODEL_FLAME_DEPTH];
    size_t depth = trace_stack(job->doc->trace, stack, frames, MODEL_FLAME_DEPTH);
    if (depth > MODEL_FLAME_DEPTH)
        depth = MODEL_FLAME_DEPTH;
    uint32_t node = 0;
    while (depth-- > 0)
        node = add_frame(f, node, &frames[depth]);
    if (!node)
        node = model_flame_child(f, 0, &(struct flame_frame){"[no stack]", "", "", MODEL_CLASSES});
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

/* Rows of the current thread, at most `left`; false when the thread is done. */
static bool add_samples(struct model_flame_job *job, struct model_flame *f, uint64_t *left)
{
    uint32_t key = job->doc->threads[job->thread].key;
    struct trace_cursor c = trace_cursor(job->doc->trace, TRACE_SAMPLE_TABLE, key);
    if (!job->entered)
        job->row = trace_lower_bound(&c, (uint64_t)job->range.begin_ns);
    job->entered = true;
    for (; job->row < c.total_rows && !c.damaged && *left; job->row++, --*left) {
        if ((int64_t)trace_get(&c, job->row, TRACE_SAMPLE_ts) >= job->range.end_ns)
            return false;
        uint64_t stack = trace_get(&c, job->row, TRACE_SAMPLE_stack_id);
        uint32_t leaf = leaf_of(job, f, stack);
        add_weight(f, leaf, stack, trace_get(&c, job->row, TRACE_SAMPLE_weight));
    }
    return job->row < c.total_rows && !c.damaged;
}

static void add_wait(struct model_flame_job *job, struct model_flame *f, const struct model_span *s,
                     uint64_t stack)
{
    int64_t from = s->begin_ns > job->range.begin_ns ? s->begin_ns : job->range.begin_ns;
    int64_t to = s->end_ns < job->range.end_ns ? s->end_ns : job->range.end_ns;
    if (to <= from)
        return;
    char name[64];
    snprintf(name, sizeof name, "[%s]", model_class_name(s->class));
    uint32_t leaf = leaf_of(job, f, stack);
    leaf = model_flame_child(f, leaf, &(struct flame_frame){name, "", "", s->class});
    add_weight(f, leaf, stack, (uint64_t)(to - from));
}

static bool add_waits(struct model_flame_job *job, struct model_flame *f, uint64_t *left)
{
    const struct model_thread *th = &job->doc->threads[job->thread];
    struct model_spans spans;
    struct model_span s;
    model_spans_states(&spans, job->doc->trace, th->key, th->end_ns);
    if (job->entered)
        model_spans_goto(&spans, job->row);
    else
        model_spans_seek(&spans, job->range.begin_ns);
    job->entered = true;
    for (; *left; --*left) {
        if (!model_spans_next(&spans, &s) || s.begin_ns >= job->range.end_ns)
            return false;
        if (model_class_is_blocked(s.class))
            add_wait(job, f, &s, trace_get(&spans.cursor, s.row, TRACE_THREAD_STATE_stack_id));
    }
    job->row = spans.next;
    return true;
}

bool model_flame_job_step(struct model_flame_job *job, struct model_flame *f, uint64_t rows)
{
    if (!f->count)
        model_flame_clear(f);
    while (job->thread < job->thread_end && rows) {
        bool more =
            job->kind == MODEL_FLAME_CPU ? add_samples(job, f, &rows) : add_waits(job, f, &rows);
        if (more)
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
