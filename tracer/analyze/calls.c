#include "analyze/calls.h"

#include "analyze/tally.h"

#include <errno.h>
#include <stdlib.h>

enum {
    LOOP_PAUSE_NS = 20000 /* a call so soon after the same one is of one loop */
};

struct call_sums {
    struct analyze_call_group out;
    struct tally_votes places, stacks;
};

struct calls_work {
    const struct trace *trace;
    struct analyze_range range;
    const struct analyze_causes *causes;
    struct analyze_sites sites;
    struct tally_groups groups;
    struct call_sums *v;
    size_t cap;
    uint64_t last_end_ns; /* of the thread's call before */
    uint32_t last_group;
};

static uint32_t group_of(struct calls_work *w, uint64_t name, uint64_t file)
{
    uint32_t known = w->groups.keys.count;
    uint32_t group = tally_group(&w->groups, name, file);
    if (group == known) {
        mem_grow(&w->v, &w->cap, (size_t)group + 1, sizeof *w->v);
        w->v[group] = (struct call_sums){
            .out = {.name = trace_string(w->trace, name), .file = trace_string(w->trace, file)}};
    }
    return group;
}

static bool is_poll(const char *name)
{
    return strstr(name, "poll") || strstr(name, "select");
}

/* The state that its thread was in halfway through a call. */
static struct analyze_instance inside(const struct calls_work *w, uint32_t thread, uint64_t ts,
                                      uint64_t dur)
{
    struct trace_cursor states = trace_cursor(w->trace, TRACE_THREAD_STATE_TABLE, thread);
    uint64_t row = states.total_rows ? trace_row_at(&states, ts + dur / 2) : 0;
    return (struct analyze_instance){thread, row, ts, dur};
}

static void add_call(struct calls_work *w, struct trace_cursor *c, uint64_t row, uint32_t thread)
{
    uint64_t ts = trace_get(c, row, TRACE_SYSCALL_ts);
    uint64_t dur = trace_get(c, row, TRACE_SYSCALL_dur);
    uint64_t ns = analyze_on_path_ns(w->causes, thread, ts, ts + dur);
    uint32_t group =
        group_of(w, trace_get(c, row, TRACE_SYSCALL_name), trace_get(c, row, TRACE_SYSCALL_object));
    struct call_sums *s = &w->v[group];
    uint64_t pause = w->last_group == group && ts >= w->last_end_ns ? ts - w->last_end_ns : ~0ULL;
    w->last_group = group;
    w->last_end_ns = ts + dur;
    if (!ns)
        return;
    int64_t ret = (int64_t)trace_get(c, row, TRACE_SYSCALL_ret);
    uint64_t stack = trace_get(c, row, TRACE_SYSCALL_stack_id);
    s->out.count++;
    s->out.path_ns += ns;
    s->out.loop_ns += ns + (pause < LOOP_PAUSE_NS ? pause : 0);
    if (dur > s->out.longest.dur_ns)
        s->out.longest = inside(w, thread, ts, dur);
    s->out.bytes += ret > 0 ? (uint64_t)ret : 0;
    s->out.moves += ret > 0;
    s->out.nothing += ret == -EAGAIN || (ret == 0 && is_poll(s->out.name));
    uint32_t site = analyze_site(&w->sites, stack, ANALYZE_SITE_CALLER);
    /* only long calls have stacks: any stack says more than none */
    tally_vote(&s->places, (uint64_t)thread << 32 | site, stack ? ns : 1);
    if (stack)
        tally_vote(&s->stacks, stack, ns);
}

static struct analyze_call_group finish(struct arena *a, struct calls_work *w, struct call_sums *s)
{
    struct trace_cursor threads = trace_cursor(w->trace, TRACE_THREAD_TABLE, 0);
    uint64_t at = tally_winner(&s->places, 0);
    s->out.stack_id = tally_winner(&s->stacks, 0);
    if (s->out.count)
        s->out.at =
            (struct analyze_place){trace_get(&threads, at >> 32, TRACE_THREAD_tid),
                                   arena_strdup(a, analyze_site_name(&w->sites, (uint32_t)at))};
    tally_votes_release(&s->places);
    tally_votes_release(&s->stacks);
    return s->out;
}

static int more_path(const void *a, const void *b)
{
    const struct analyze_call_group *x = a, *y = b;
    if (x->path_ns != y->path_ns)
        return x->path_ns > y->path_ns ? -1 : 1;
    int by_name = strcmp(x->name, y->name);
    return by_name ? by_name : strcmp(x->file, y->file);
}

struct analyze_calls analyze_calls(struct arena *a, const struct trace *t,
                                   struct analyze_range range, const struct analyze_causes *causes)
{
    struct calls_work w = {.trace = t, .range = range, .causes = causes, .sites = {.trace = t}};
    uint32_t thread = UINT32_MAX;
    range.thread = 0;
    for (size_t i = 0; i < causes->piece_count; i++) {
        if (causes->pieces[i].thread == thread)
            continue;
        thread = causes->pieces[i].thread;
        w.last_group = UINT32_MAX;
        struct analyze_rows rows = analyze_rows(t, TRACE_SYSCALL_TABLE, thread, range);
        for (; rows.row < rows.end; rows.row++)
            add_call(&w, &rows.cursor, rows.row, thread);
    }
    struct analyze_calls calls = {arena_array(a, w.groups.keys.count + 1, sizeof *calls.v), 0};
    for (size_t i = 0; i < w.groups.keys.count; i++) {
        struct analyze_call_group g = finish(a, &w, &w.v[i]);
        if (g.count)
            calls.v[calls.count++] = g;
    }
    qsort(calls.v, calls.count, sizeof *calls.v, more_path);
    analyze_sites_release(&w.sites);
    tally_groups_release(&w.groups);
    free(w.v);
    return calls;
}
