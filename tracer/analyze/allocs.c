#include "analyze/allocs.h"

#include "analyze/site.h"
#include "analyze/tally.h"

#include <stdlib.h>

struct site_sums {
    struct analyze_alloc_site out;
    struct tally_votes stacks; /* bytes by stack, to find the caller */
};

/* Memory that came to life or died, to find the peaks. */
struct change {
    uint64_t ts;
    uint32_t group; /* index into v */
    double bytes;   /* below 0: freed */
};

struct allocs_work {
    const struct trace *trace;
    struct analyze_range range;
    struct analyze_sites sites;
    struct map64 of_site; /* site -> index into v */
    struct site_sums *v;  /* owned */
    size_t count;
    size_t cap;
    struct change *changes; /* owned */
    size_t change_count;
    size_t change_cap;
};

static struct site_sums *sums_of(struct allocs_work *w, uint64_t stack)
{
    uint32_t site = analyze_site(&w->sites, stack, ANALYZE_SITE_ALLOC);
    bool added;
    uint64_t *at = map64_put(&w->of_site, site, &added);
    if (added) {
        *at = w->count;
        mem_grow(&w->v, &w->cap, w->count + 1, sizeof *w->v);
        w->v[w->count++] = (struct site_sums){.out = {.function = ""}};
    }
    return &w->v[*at];
}

static void add_change(struct allocs_work *w, uint64_t ts, size_t group, double bytes)
{
    mem_grow(&w->changes, &w->change_cap, w->change_count + 1, sizeof *w->changes);
    w->changes[w->change_count++] = (struct change){ts, (uint32_t)group, bytes};
}

static void add_alloc(struct allocs_work *w, struct trace_cursor *c, uint64_t row, uint32_t thread)
{
    uint64_t ts = trace_get(c, row, TRACE_ALLOC_ts);
    uint64_t stack = trace_get(c, row, TRACE_ALLOC_stack_id);
    double weight = trace_get_f64(c, row, TRACE_ALLOC_weight);
    double bytes = weight * (double)trace_get(c, row, TRACE_ALLOC_size);
    bool live = !trace_get(c, row, TRACE_ALLOC_free_tid) ||
                trace_get(c, row, TRACE_ALLOC_free_ts) >= w->range.end_ns;
    struct site_sums *s = sums_of(w, stack);
    add_change(w, ts, (size_t)(s - w->v), bytes);
    if (live)
        analyze_keep_longer(&s->out.live,
                            (struct analyze_instance){thread, row, ts, w->range.end_ns - ts});
    else
        add_change(w, trace_get(c, row, TRACE_ALLOC_free_ts), (size_t)(s - w->v), -bytes);
    s->out.samples++;
    s->out.count += weight;
    s->out.bytes += bytes;
    s->out.live_count += live ? weight : 0;
    s->out.live_bytes += live ? bytes : 0;
    tally_vote(&s->stacks, stack, bytes > 0 && bytes < 1e18 ? (uint64_t)bytes : 0);
}

/* What is freed at the instant of an allocation makes room for it first. */
static int earlier(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    if (x->ts != y->ts)
        return x->ts < y->ts ? -1 : 1;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static void find_peaks(struct allocs_work *w, struct analyze_allocs *allocs)
{
    double *now = mem_realloc(NULL, w->count + 1, sizeof *now), all = 0;
    memset(now, 0, (w->count + 1) * sizeof *now);
    if (w->change_count)
        qsort(w->changes, w->change_count, sizeof *w->changes, earlier);
    for (size_t i = 0; i < w->change_count; i++) {
        const struct change *ch = &w->changes[i];
        struct analyze_alloc_site *site = &w->v[ch->group].out;
        now[ch->group] += ch->bytes;
        all += ch->bytes;
        if (now[ch->group] > site->peak_bytes)
            site->peak_bytes = now[ch->group];
        if (all > allocs->peak_bytes) {
            allocs->peak_bytes = all;
            allocs->peak_ts = ch->ts;
        }
    }
    free(now);
}

static int more_bytes(const void *a, const void *b)
{
    const struct analyze_alloc_site *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return strcmp(x->function, y->function);
}

/* The function that called `function` in its heaviest stack. */
static const char *caller_of(struct arena *a, struct allocs_work *w, uint64_t stack,
                             const char *function)
{
    struct trace_frame frames[64];
    size_t depth = trace_stack(w->trace, stack, frames, 64);
    for (size_t i = 0; i + 1 < depth && i + 1 < 64; i++) {
        uint32_t site = analyze_site_of_frame(&w->sites, &frames[i]);
        if (!strcmp(analyze_site_name(&w->sites, site), function)) {
            site = analyze_site_of_frame(&w->sites, &frames[i + 1]);
            return arena_strdup(a, analyze_site_name(&w->sites, site));
        }
    }
    return "";
}

static void finish_site(struct arena *a, struct allocs_work *w, struct site_sums *s)
{
    uint64_t stack = tally_winner(&s->stacks, 0);
    uint32_t site = analyze_site(&w->sites, stack, ANALYZE_SITE_ALLOC);
    s->out.function = arena_strdup(a, analyze_site_name(&w->sites, site));
    s->out.stack_id = stack;
    s->out.caller = caller_of(a, w, stack, s->out.function);
    tally_votes_release(&s->stacks);
}

static struct analyze_allocs finish(struct arena *a, struct allocs_work *w)
{
    struct analyze_allocs allocs = {.count = w->count};
    allocs.v = arena_array(a, w->count, sizeof *allocs.v);
    find_peaks(w, &allocs);
    for (size_t i = 0; i < w->count; i++) {
        finish_site(a, w, &w->v[i]);
        struct analyze_alloc_site *site = &allocs.v[i];
        *site = w->v[i].out;
        allocs.samples += site->samples;
        allocs.total_count += site->count;
        allocs.total_bytes += site->bytes;
        allocs.live_count += site->live_count;
        allocs.live_bytes += site->live_bytes;
    }
    qsort(allocs.v, allocs.count, sizeof *allocs.v, more_bytes);
    return allocs;
}

struct analyze_allocs analyze_allocs(struct arena *a, const struct trace *t,
                                     struct analyze_range range)
{
    struct allocs_work w = {.trace = t, .range = range, .sites = {.trace = t}};
    uint64_t threads = trace_rows(t, TRACE_THREAD_TABLE, 0);
    for (uint64_t th = 0; th < threads && th <= UINT32_MAX; th++) {
        if (!analyze_wants(range, (uint32_t)th))
            continue;
        struct trace_cursor c = trace_cursor(t, TRACE_ALLOC_TABLE, (uint32_t)th);
        uint64_t end = trace_lower_bound(&c, range.end_ns);
        for (uint64_t row = trace_lower_bound(&c, range.begin_ns); row < end; row++)
            add_alloc(&w, &c, row, (uint32_t)th);
    }
    struct analyze_allocs allocs = finish(a, &w);
    analyze_sites_release(&w.sites);
    map64_release(&w.of_site);
    free(w.v);
    free(w.changes);
    return allocs;
}
