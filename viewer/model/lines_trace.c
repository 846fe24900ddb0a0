/* lines_trace: what source lines weigh in a trace: CPU samples and waits by their stacks. */
#include "model/lines.h"

#include "base/map.h"
#include "model/spans.h"

#include <stdlib.h>

enum {
    LOOK_UP_EVERY = 65536,
    FRAMES = 512
};

static void add_samples(struct map64 *stacks, const struct model_doc *doc,
                        const struct model_thread *th, struct model_range range,
                        const atomic_bool *cancel)
{
    struct trace_cursor c = trace_cursor(doc->trace, TRACE_SAMPLE_TABLE, th->key);
    uint64_t end = trace_lower_bound(&c, (uint64_t)range.end_ns);
    for (uint64_t row = trace_lower_bound(&c, (uint64_t)range.begin_ns); row < end; row++) {
        if (row % LOOK_UP_EVERY == 0 && atomic_load(cancel))
            return;
        *map64_put(stacks, trace_get(&c, row, TRACE_SAMPLE_stack_id), NULL) +=
            trace_get(&c, row, TRACE_SAMPLE_weight);
    }
}

static void add_waits(struct map64 *stacks, const struct model_doc *doc,
                      const struct model_thread *th, struct model_range range,
                      const atomic_bool *cancel)
{
    struct model_spans spans;
    struct model_span s;
    model_spans_states(&spans, doc->trace, th->key, th->end_ns);
    model_spans_seek(&spans, range.begin_ns);
    while (model_spans_next(&spans, &s) && s.begin_ns < range.end_ns) {
        int64_t from = s.begin_ns > range.begin_ns ? s.begin_ns : range.begin_ns;
        int64_t to = s.end_ns < range.end_ns ? s.end_ns : range.end_ns;
        if (s.row % LOOK_UP_EVERY == 0 && atomic_load(cancel))
            return;
        if (to > from && model_class_is_blocked(s.class))
            *map64_put(stacks, trace_get(&spans.cursor, s.row, TRACE_THREAD_STATE_stack_id),
                       NULL) += (uint64_t)(to - from);
    }
}

/* Strings of a trace are equal where they are at one place. */
static struct model_line *line_of(struct model_lines *l, struct map64 *at,
                                  const struct trace_frame *f)
{
    bool added;
    uint64_t key = hash64((uintptr_t)f->function) + hash64((uintptr_t)f->file + f->line);
    uint64_t *index = map64_put(at, hash64(key), &added);
    if (added) {
        *index = l->count;
        mem_grow(&l->v, &l->cap, l->count + 1, sizeof *l->v);
        l->v[l->count++] =
            (struct model_line){.function = f->function, .file = f->file, .line = (int64_t)f->line};
    }
    return &l->v[*index];
}

static void add_stack(struct model_lines *l, struct map64 *at, struct map64 *seen,
                      const struct model_doc *doc, uint64_t stack, uint64_t weight)
{
    struct trace_frame frames[FRAMES];
    size_t depth = trace_stack(doc->trace, stack, frames, FRAMES);
    map64_clear(seen);
    for (size_t i = 0; i < depth && i < FRAMES; i++) {
        bool first;
        if (!frames[i].function[0])
            continue;
        struct model_line *line = line_of(l, at, &frames[i]);
        line->self += i ? 0 : weight;
        map64_put(seen, (uint64_t)(line - l->v), &first);
        line->total += first ? weight : 0;
    }
}

void model_lines_from_trace(struct model_lines *l, const struct model_doc *doc,
                            struct model_range range, int thread, enum model_flame_kind kind,
                            const atomic_bool *cancel)
{
    struct map64 stacks = {0}, at = {0}, seen = {0};
    uint64_t stack, weight;
    size_t pos = 0;
    l->count = 0;
    l->all = 0;
    for (uint32_t i = 0; i < doc->thread_count && !atomic_load(cancel); i++) {
        if (thread != MODEL_NO_THREAD && thread != (int)i)
            continue;
        if (kind != MODEL_FLAME_WAITS)
            add_samples(&stacks, doc, &doc->threads[i], range, cancel);
        if (kind != MODEL_FLAME_CPU)
            add_waits(&stacks, doc, &doc->threads[i], range, cancel);
    }
    while (map64_next(&stacks, &pos, &stack, &weight) && !atomic_load(cancel)) {
        add_stack(l, &at, &seen, doc, stack, weight);
        l->all += weight;
    }
    model_lines_sort(l);
    map64_release(&stacks);
    map64_release(&at);
    map64_release(&seen);
}
