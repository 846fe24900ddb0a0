#include "base/arena.h"
#include "model/search_build.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_UP_EVERY = 4096 /* steps between looks at the cancel flag */
};

static uint8_t *flags(uint64_t count)
{
    uint8_t *p = calloc(count + 1, 1);
    if (!p)
        abort();
    return p;
}

static bool match_strings(struct model_search *s, const atomic_bool *cancel)
{
    uint64_t count = trace_string_count(s->doc->trace);
    s->string_match = flags(count);
    for (uint64_t i = 1; i < count; i++) {
        if (i % LOOK_UP_EVERY == 0 && atomic_load(cancel))
            return false;
        if (!model_filter_takes_name(&s->filter, trace_string(s->doc->trace, i)))
            continue;
        s->string_match[i] = 1;
        s->any_string = true;
    }
    return true;
}

static void match_locks(struct model_search *s)
{
    struct trace_cursor c = trace_cursor(s->doc->trace, TRACE_LOCK_TABLE, 0);
    for (uint64_t r = 0; r < c.total_rows && !c.damaged; r++) {
        uint64_t lock = trace_get(&c, r, TRACE_LOCK_lock);
        char address[32];
        snprintf(address, sizeof address, "0x%" PRIx64, lock);
        if (s->string_match[trace_get(&c, r, TRACE_LOCK_name)] ||
            model_filter_takes_name(&s->filter, address))
            *map64_put(&s->lock_match, lock, NULL) = r + 1;
    }
}

/* A stack matches by any of its functions. Parents stand before their children in
 * the tree, so one pass does. */
static bool match_stacks(struct model_search *s, const atomic_bool *cancel)
{
    struct trace *t = s->doc->trace;
    struct trace_cursor frames = trace_cursor(t, TRACE_FRAME_TABLE, 0);
    struct trace_cursor nodes = trace_cursor(t, TRACE_STACK_NODE_TABLE, 0);
    struct trace_cursor stacks = trace_cursor(t, TRACE_STACK_TABLE, 0);
    uint8_t *node_match = flags(nodes.total_rows);
    s->stack_match = flags(stacks.total_rows);
    bool go_on = true;
    for (uint64_t n = 1; n < nodes.total_rows && go_on; n++) {
        uint64_t parent = trace_get(&nodes, n, TRACE_STACK_NODE_parent);
        uint64_t frame = trace_get(&nodes, n, TRACE_STACK_NODE_frame);
        uint64_t function =
            frame < frames.total_rows ? trace_get(&frames, frame, TRACE_FRAME_function) : 0;
        node_match[n] = (function < trace_string_count(t) && s->string_match[function]) ||
                        (parent < n && node_match[parent]);
        go_on = n % LOOK_UP_EVERY || !atomic_load(cancel);
    }
    for (uint64_t i = 1; i < stacks.total_rows && go_on; i++) {
        uint64_t node = trace_get(&stacks, i, TRACE_STACK_node);
        s->stack_match[i] = node < nodes.total_rows && node_match[node];
        s->any_stack = s->any_stack || s->stack_match[i];
    }
    free(node_match);
    return go_on;
}

bool search_match_prepare(struct model_search *s, const atomic_bool *cancel)
{
    if (!s->filter.text[0])
        return true;
    if (!match_strings(s, cancel))
        return false;
    match_locks(s);
    return !s->any_string || match_stacks(s, cancel);
}

bool search_match_possible(const struct model_search *s, enum model_lane_kind lane)
{
    const struct model_filter *f = &s->filter;
    bool timed = f->least_ns || f->most_ns;
    if (lane == MODEL_LANE_SAMPLES)
        return s->any_stack && !timed && !model_filter_has_states(f);
    if (!f->text[0])
        return lane == MODEL_LANE_STATE || (timed && !model_filter_has_states(f));
    if (lane == MODEL_LANE_STATE)
        return s->any_stack;
    if (model_filter_has_states(f))
        return false;
    return lane == MODEL_LANE_LOCKS ? s->any_stack || s->lock_match.len : s->any_string;
}

static bool match_string(const struct model_search *s, uint64_t id)
{
    return s->string_match && id < trace_string_count(s->doc->trace) && s->string_match[id];
}

static bool match_stack(const struct model_search *s, uint64_t id)
{
    return s->stack_match && id < trace_rows(s->doc->trace, TRACE_STACK_TABLE, 0) &&
           s->stack_match[id];
}

static bool match_state(const struct model_search *s, struct trace_cursor *c, uint64_t row,
                        int64_t end_ns, uint64_t *name)
{
    const struct model_filter *f = &s->filter;
    if (f->text[0]) {
        *name = trace_get(c, row, TRACE_THREAD_STATE_stack_id);
        if (!match_stack(s, *name))
            return false;
    }
    if (f->classes) {
        enum model_class class =
            model_class_from_state((enum trace_state)trace_get(c, row, TRACE_THREAD_STATE_state),
                                   (enum trace_reason)trace_get(c, row, TRACE_THREAD_STATE_reason));
        if (!(f->classes >> class & 1))
            return false;
    }
    if (f->cpu >= 0 && (int64_t)trace_get(c, row, TRACE_THREAD_STATE_cpu) != f->cpu)
        return false;
    if (!f->least_ns && !f->most_ns)
        return true;
    int64_t begin = (int64_t)trace_get(c, row, TRACE_THREAD_STATE_ts);
    return model_filter_takes_dur(f, (int64_t)trace_state_end(c, row, (uint64_t)end_ns) - begin);
}

static bool match_call(const struct model_search *s, struct trace_cursor *c, uint64_t row,
                       uint64_t *name)
{
    if (!model_filter_takes_dur(&s->filter, (int64_t)trace_get(c, row, TRACE_SYSCALL_dur)))
        return false;
    *name = trace_get(c, row, TRACE_SYSCALL_name);
    if (!s->filter.text[0] || match_string(s, *name))
        return true;
    *name = trace_get(c, row, TRACE_SYSCALL_object);
    return match_string(s, *name);
}

static bool match_lock_wait(const struct model_search *s, struct trace_cursor *c, uint64_t row,
                            uint64_t *name)
{
    if (!model_filter_takes_dur(&s->filter, (int64_t)trace_get(c, row, TRACE_LOCK_WAIT_dur)))
        return false;
    *name = trace_get(c, row, TRACE_LOCK_WAIT_lock);
    return !s->filter.text[0] || map64_get(&s->lock_match, *name) ||
           match_stack(s, trace_get(c, row, TRACE_LOCK_WAIT_stack_id));
}

bool search_match_row(const struct model_search *s, struct trace_cursor *c, uint64_t row,
                      int64_t end_ns, uint64_t *name)
{
    uint64_t ignored;
    if (!name)
        name = &ignored;
    *name = 0;
    switch (c->table) {
    case TRACE_THREAD_STATE_TABLE:
        return match_state(s, c, row, end_ns, name);
    case TRACE_SYSCALL_TABLE:
        return match_call(s, c, row, name);
    case TRACE_LOCK_WAIT_TABLE:
        return match_lock_wait(s, c, row, name);
    case TRACE_SAMPLE_TABLE:
        *name = trace_get(c, row, TRACE_SAMPLE_stack_id);
        return match_stack(s, *name);
    default:
        *name = trace_get(c, row, TRACE_REGION_name);
        return (!s->filter.text[0] || match_string(s, *name)) &&
               model_filter_takes_dur(&s->filter, (int64_t)trace_get(c, row, TRACE_REGION_dur));
    }
}

/* --- names ----------------------------------------------------------------- */

/* Keeps the list sorted by count, its last one out when it is full. */
static void add_name(struct model_search *s, struct model_search_name name)
{
    size_t i = s->name_count < MODEL_SEARCH_NAMES ? s->name_count : MODEL_SEARCH_NAMES - 1;
    if (s->name_count == MODEL_SEARCH_NAMES && s->names[i].count >= name.count)
        return;
    if (s->name_count < MODEL_SEARCH_NAMES)
        s->name_count++;
    for (; i > 0 && s->names[i - 1].count < name.count; i--)
        s->names[i] = s->names[i - 1];
    s->names[i] = name;
}

/* A stack's hits count for each matching function in it, once. */
static void count_functions(struct model_search *s, const uint32_t *by_stack, uint32_t *by_function,
                            const atomic_bool *cancel)
{
    struct trace_frame frames[256];
    uint64_t stacks = trace_rows(s->doc->trace, TRACE_STACK_TABLE, 0);
    for (uint64_t id = 1; id < stacks && !atomic_load(cancel); id++) {
        size_t depth = by_stack[id] ? trace_stack(s->doc->trace, id, frames, 256) : 0;
        struct trace_cursor c = trace_cursor(s->doc->trace, TRACE_FRAME_TABLE, 0);
        struct map64 seen = {0};
        for (size_t i = 0; i < depth && i < 256; i++) {
            uint64_t function = trace_get(&c, frames[i].frame_id, TRACE_FRAME_function);
            bool added = false;
            if (match_string(s, function))
                map64_put(&seen, function, &added);
            if (added)
                by_function[function] += by_stack[id];
        }
        map64_release(&seen);
    }
}

static void add_locks(struct model_search *s, const struct map64 *by_lock)
{
    struct trace_cursor c = trace_cursor(s->doc->trace, TRACE_LOCK_TABLE, 0);
    size_t at = 0;
    uint64_t lock, row;
    while (map64_next(&s->lock_match, &at, &lock, &row)) {
        const uint64_t *count = map64_get(by_lock, lock);
        const char *name = trace_string(s->doc->trace, trace_get(&c, row - 1, TRACE_LOCK_name));
        add_name(s, (struct model_search_name){.kind = MODEL_SEARCH_LOCK,
                                               .name = name[0] ? name : "a lock without a name",
                                               .count = count ? *count : 0});
    }
}

void search_match_names(struct model_search *s, const struct search_counts *n,
                        const atomic_bool *cancel)
{
    uint64_t strings = trace_string_count(s->doc->trace);
    uint32_t *by_function = calloc(strings + 1, sizeof *by_function);
    if (!by_function)
        abort();
    if (s->any_stack)
        count_functions(s, n->by_stack, by_function, cancel);
    for (int kind = 0; kind <= MODEL_SEARCH_FUNCTION; kind++) {
        const uint32_t *counts = kind == MODEL_SEARCH_FUNCTION ? by_function : n->by_string[kind];
        for (uint64_t i = 1; i < strings && s->any_string; i++)
            if (counts[i])
                add_name(s, (struct model_search_name){.kind = (enum model_search_kind)kind,
                                                       .name = trace_string(s->doc->trace, i),
                                                       .count = counts[i]});
    }
    add_locks(s, &n->by_lock);
    free(by_function);
}
