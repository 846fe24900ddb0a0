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
    struct tally_votes errors, callers, objects;
};

struct calls_work {
    const struct trace *trace;
    struct analyze_range range;
    struct analyze_sites sites;
    struct map64 of_name; /* string id -> index into v */
    struct call_sums *v;  /* owned */
    size_t count;
    size_t cap;
};

static struct call_sums *sums_of(struct calls_work *w, uint64_t name)
{
    bool added;
    uint64_t *at = map64_put(&w->of_name, name, &added);
    if (added) {
        *at = w->count;
        mem_grow(&w->v, &w->cap, w->count + 1, sizeof *w->v);
        w->v[w->count++] =
            (struct call_sums){.out = {.name = trace_string(w->trace, name)},
                               .durations = mem_realloc(NULL, 1, sizeof(struct histogram))};
        memset(w->v[*at].durations, 0, sizeof(struct histogram));
    }
    return &w->v[*at];
}

static void add_call(struct calls_work *w, struct trace_cursor *c, uint64_t row)
{
    uint64_t ts = trace_get(c, row, TRACE_SYSCALL_ts), dur = trace_get(c, row, TRACE_SYSCALL_dur);
    if (!analyze_in_range(w->range, ts, dur))
        return;
    struct call_sums *s = sums_of(w, trace_get(c, row, TRACE_SYSCALL_name));
    uint64_t ns = analyze_overlap_ns(w->range, ts, dur);
    uint64_t stack = trace_get(c, row, TRACE_SYSCALL_stack_id);
    uint64_t object = trace_get(c, row, TRACE_SYSCALL_object);
    int64_t ret = (int64_t)trace_get(c, row, TRACE_SYSCALL_ret);
    bool unfinished = trace_get(c, row, TRACE_SYSCALL_unfinished);
    s->out.count++;
    s->out.total_ns += ns;
    s->out.unfinished += unfinished;
    histogram_add(s->durations, dur);
    if (!unfinished && ret < 0 && ret >= -MAX_ERRNO) {
        s->out.errors++;
        tally_vote(&s->errors, (uint64_t)-ret, 1);
    }
    if (stack)
        tally_vote(&s->callers, analyze_site(&w->sites, stack, ANALYZE_SITE_CALLER), ns);
    if (object)
        tally_vote(&s->objects, object, ns);
}

static int longer(const void *a, const void *b)
{
    const struct analyze_syscall *x = a, *y = b;
    if (x->total_ns != y->total_ns)
        return x->total_ns > y->total_ns ? -1 : 1;
    return strcmp(x->name, y->name);
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
    s->out.object = trace_string(w->trace, tally_winner(&s->objects, 0));
    s->out.caller =
        caller == UINT64_MAX ? "" : arena_strdup(a, analyze_site_name(&w->sites, (uint32_t)caller));
    free(s->durations);
    tally_votes_release(&s->errors);
    tally_votes_release(&s->callers);
    tally_votes_release(&s->objects);
}

struct analyze_syscalls analyze_syscalls(struct arena *a, const struct trace *t,
                                         struct analyze_range range)
{
    struct calls_work w = {.trace = t, .range = range, .sites = {.trace = t}};
    uint64_t threads = trace_rows(t, TRACE_THREAD_TABLE, 0);
    for (uint64_t th = 0; th < threads && th <= UINT32_MAX; th++) {
        struct analyze_rows rows = analyze_rows(t, TRACE_SYSCALL_TABLE, (uint32_t)th, range);
        for (; rows.row < rows.end; rows.row++)
            add_call(&w, &rows.cursor, rows.row);
    }
    struct analyze_syscalls calls = {.count = w.count};
    calls.v = arena_array(a, w.count, sizeof *calls.v);
    for (size_t i = 0; i < w.count; i++) {
        finish_call(a, &w, &w.v[i]);
        calls.v[i] = w.v[i].out;
        calls.calls += calls.v[i].count;
        calls.total_ns += calls.v[i].total_ns;
    }
    qsort(calls.v, calls.count, sizeof *calls.v, longer);
    analyze_sites_release(&w.sites);
    map64_release(&w.of_name);
    free(w.v);
    return calls;
}
