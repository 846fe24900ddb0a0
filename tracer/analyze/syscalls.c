#include "analyze/syscalls.h"

#include "analyze/histogram.h"
#include "analyze/site.h"
#include "analyze/tally.h"

#include <stdlib.h>

enum {
    MAX_ERRNO = 4095
};

struct call_sums {
    struct analyze_syscall out;
    struct histogram *durations; /* owned */
    struct tally_votes errors, callers, objects, names, stacks;
};

struct calls_work {
    const struct trace *trace;
    struct analyze_range range;
    struct analyze_sites sites;
    bool by_object;      /* groups are objects, not names */
    struct map64 of_key; /* string id of the name or object -> index into v */
    struct call_sums *v; /* owned */
    size_t count;
    size_t cap;
};

static struct call_sums *sums_of(struct calls_work *w, uint64_t key)
{
    bool added;
    if (w->by_object && w->count > ANALYZE_OBJECTS && !map64_get(&w->of_key, key))
        key = UINT64_MAX;
    uint64_t *at = map64_put(&w->of_key, key, &added);
    if (added) {
        *at = w->count;
        mem_grow(&w->v, &w->cap, w->count + 1, sizeof *w->v);
        w->v[w->count++] =
            (struct call_sums){.durations = mem_realloc(NULL, 1, sizeof(struct histogram))};
        memset(w->v[*at].durations, 0, sizeof(struct histogram));
    }
    return &w->v[*at];
}

static void vote(struct calls_work *w, struct call_sums *s, uint64_t name, uint64_t object,
                 uint64_t stack, uint64_t ns)
{
    tally_vote(&s->names, name, ns);
    if (object)
        tally_vote(&s->objects, object, ns);
    if (!stack)
        return;
    tally_vote(&s->callers, analyze_site(&w->sites, stack, ANALYZE_SITE_CALLER), ns);
    tally_vote(&s->stacks, stack, ns);
}

static void add_call(struct calls_work *w, struct trace_cursor *c, uint64_t row, uint32_t thread)
{
    uint64_t ts = trace_get(c, row, TRACE_SYSCALL_ts), dur = trace_get(c, row, TRACE_SYSCALL_dur);
    if (!analyze_in_range(w->range, ts, dur))
        return;
    uint64_t name = trace_get(c, row, TRACE_SYSCALL_name);
    uint64_t object = trace_get(c, row, TRACE_SYSCALL_object);
    if (w->by_object && !object)
        return;
    struct call_sums *s = sums_of(w, w->by_object ? object : name);
    uint64_t ns = analyze_overlap_ns(w->range, ts, dur);
    int64_t ret = (int64_t)trace_get(c, row, TRACE_SYSCALL_ret);
    bool unfinished = trace_get(c, row, TRACE_SYSCALL_unfinished);
    s->out.count++;
    s->out.total_ns += ns;
    s->out.unfinished += unfinished;
    histogram_add(s->durations, dur);
    analyze_keep_longer(&s->out.longest, (struct analyze_instance){thread, row, ts, dur});
    if (!unfinished && ret < 0 && ret >= -MAX_ERRNO) {
        s->out.errors++;
        tally_vote(&s->errors, (uint64_t)-ret, 1);
    }
    vote(w, s, name, object, trace_get(c, row, TRACE_SYSCALL_stack_id), ns);
}

static int longer(const void *a, const void *b)
{
    const struct analyze_syscall *x = a, *y = b;
    if (x->total_ns != y->total_ns)
        return x->total_ns > y->total_ns ? -1 : 1;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->object, y->object);
}

static const char *error_name(struct arena *a, uint64_t number)
{
    if (!number)
        return "";
    const char *name = strerrorname_np((int)number);
    return name ? name : arena_printf(a, "error %d", (int)number);
}

static void finish_call(struct arena *a, struct calls_work *w, struct call_sums *s)
{
    uint64_t caller = tally_winner(&s->callers, UINT64_MAX);
    s->out.p50_ns = histogram_at(s->durations, 0.5);
    s->out.p99_ns = histogram_at(s->durations, 0.99);
    s->out.max_ns = s->durations->max;
    s->out.error = error_name(a, tally_winner(&s->errors, 0));
    s->out.name = trace_string(w->trace, tally_winner(&s->names, 0));
    s->out.object = trace_string(w->trace, tally_winner(&s->objects, 0));
    s->out.stack_id = tally_winner(&s->stacks, 0);
    s->out.caller =
        caller == UINT64_MAX ? "" : arena_strdup(a, analyze_site_name(&w->sites, (uint32_t)caller));
    free(s->durations);
    tally_votes_release(&s->errors);
    tally_votes_release(&s->callers);
    tally_votes_release(&s->objects);
    tally_votes_release(&s->names);
    tally_votes_release(&s->stacks);
}

/* Those past the limit are told as such: no one object stands for them. */
static void name_rest(struct calls_work *w)
{
    uint64_t *rest = map64_get(&w->of_key, UINT64_MAX);
    if (rest)
        w->v[*rest].out.object = "(others)";
}

static struct analyze_syscalls group_calls(struct arena *a, const struct trace *t,
                                           struct analyze_range range, bool by_object)
{
    struct calls_work w = {
        .trace = t, .range = range, .sites = {.trace = t}, .by_object = by_object};
    uint64_t threads = trace_rows(t, TRACE_THREAD_TABLE, 0);
    for (uint64_t th = 0; th < threads && th <= UINT32_MAX; th++) {
        struct analyze_rows rows = analyze_rows(t, TRACE_SYSCALL_TABLE, (uint32_t)th, range);
        for (; rows.row < rows.end; rows.row++)
            add_call(&w, &rows.cursor, rows.row, (uint32_t)th);
    }
    struct analyze_syscalls calls = {.count = w.count};
    calls.v = arena_array(a, w.count, sizeof *calls.v);
    for (size_t i = 0; i < w.count; i++)
        finish_call(a, &w, &w.v[i]);
    name_rest(&w);
    for (size_t i = 0; i < w.count; i++) {
        calls.v[i] = w.v[i].out;
        calls.calls += calls.v[i].count;
        calls.total_ns += calls.v[i].total_ns;
    }
    qsort(calls.v, calls.count, sizeof *calls.v, longer);
    analyze_sites_release(&w.sites);
    map64_release(&w.of_key);
    free(w.v);
    return calls;
}

struct analyze_syscalls analyze_syscalls(struct arena *a, const struct trace *t,
                                         struct analyze_range range)
{
    return group_calls(a, t, range, false);
}

struct analyze_syscalls analyze_syscall_objects(struct arena *a, const struct trace *t,
                                                struct analyze_range range)
{
    return group_calls(a, t, range, true);
}
