/* The heap: time spent in it, and what only grows. */
#include "analyze/findings.h"
#include "analyze/tally.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    QUARTERS = 4,
    GROWTH_BYTES = 8 << 20,
    SAMPLES = 15, /* fewer say nothing */
    DEPTH = 64
};

/* Functions of the heap, ours and libc's; "..." of a stripped libc have a named caller. */
static bool is_heap(const char *function)
{
    static const char *const starts[] = {
        "malloc",     "free",    "cfree",          "calloc",          "realloc",
        "_int_",      "tcache",  "posix_memalign", "aligned_alloc",   "unlink_chunk",
        "sysmalloc",  "systrim", "operator new",   "operator delete", "__libc_malloc",
        "__libc_free"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (!strncmp(function, starts[i], strlen(starts[i])))
            return true;
    return false;
}

/* Whether the innermost frames, up to the first of the program's own, are the heap's. */
static bool in_heap(const struct trace *t, uint64_t stack_id)
{
    struct trace_frame frames[DEPTH];
    size_t depth = trace_stack(t, stack_id, frames, DEPTH);
    for (size_t i = 0; i < depth && i < DEPTH; i++) {
        if (is_heap(frames[i].function))
            return true;
        if (!analyze_is_runtime_module(frames[i].module))
            return false;
    }
    return false;
}

struct churn {
    uint64_t heap_ns, samples, stack_id;
    struct tally_votes places;
    struct map64 of_stack; /* stack -> 1: the heap's, 2: not */
    struct analyze_sites sites;
};

static void add_samples(struct find *f, struct churn *churn, uint32_t thread)
{
    struct trace_cursor c = trace_cursor(f->trace, TRACE_SAMPLE_TABLE, thread);
    const struct analyze_range range = f->why->scope.range;
    uint64_t end = trace_lower_bound(&c, range.end_ns);
    for (uint64_t row = trace_lower_bound(&c, range.begin_ns); row < end; row++) {
        uint64_t ts = trace_get(&c, row, TRACE_SAMPLE_ts);
        uint64_t stack = trace_get(&c, row, TRACE_SAMPLE_stack_id);
        uint64_t *known = map64_put(&churn->of_stack, stack, NULL);
        if (!*known)
            *known = in_heap(f->trace, stack) ? 1 : 2;
        if (*known != 1 || !analyze_on_path_ns(&f->why->causes, thread, ts, ts + 1))
            continue;
        uint64_t weight = trace_get(&c, row, TRACE_SAMPLE_weight);
        churn->heap_ns += weight;
        churn->samples++;
        churn->stack_id = stack;
        uint32_t site = analyze_site(&churn->sites, stack, ANALYZE_SITE_ALLOC);
        tally_vote(&churn->places, (uint64_t)thread << 32 | site, weight);
    }
}

static void add_churn(struct find *f, const struct churn *churn)
{
    const struct analyze_causes *causes = &f->why->causes;
    /* samples say which share of the running time; the spans say how long that was */
    double share = (double)churn->heap_ns / (double)causes->sample_ns;
    uint64_t save = (uint64_t)(share * (double)causes->class_ns[TRACE_RUNNING]);
    if (save < f->threshold_ns)
        return;
    struct trace_cursor c = trace_cursor(f->trace, TRACE_THREAD_TABLE, 0);
    uint64_t at = tally_winner(&churn->places, 0);
    struct analyze_place place = {
        trace_get(&c, at >> 32, TRACE_THREAD_tid),
        arena_strdup(f->arena, analyze_site_name(&churn->sites, (uint32_t)at))};
    struct analyze_finding *found = find_add(f, ANALYZE_ALLOC_CHURN, save, place);
    found->answer = find_printf(f, "%s spends its time in malloc and free", find_place(f, place));
    find_evidence(f, found,
                  "%s of the running time on the path is in the heap's functions (%s "
                  "samples)",
                  find_share(f, churn->heap_ns, causes->sample_ns), find_count(f, churn->samples));
    found->stack_id = churn->stack_id;
    found->advice = "Reuse objects (a free list, an arena, a buffer kept between calls), or "
                    "allocate many at once.";
    found->sql = "SELECT f.function, count(*) FROM alloc a JOIN stack f ON f.stack_id = "
                 "a.stack_id GROUP BY 1 ORDER BY 2 DESC LIMIT 20";
}

static void find_churn(struct find *f)
{
    const struct analyze_causes *causes = &f->why->causes;
    struct churn churn = {.sites = {.trace = f->trace}};
    uint32_t thread = UINT32_MAX;
    for (size_t i = 0; i < causes->piece_count; i++) {
        if (causes->pieces[i].thread == thread)
            continue;
        thread = causes->pieces[i].thread;
        add_samples(f, &churn, thread);
    }
    if (churn.samples >= SAMPLES && causes->sample_ns)
        add_churn(f, &churn);
    tally_votes_release(&churn.places);
    map64_release(&churn.of_stack);
    analyze_sites_release(&churn.sites);
}

struct growth {
    double bytes;          /* asked for */
    double live[QUARTERS]; /* of what was asked for in that quarter of the time */
    double live_bytes;
    uint64_t stack_id;
    uint32_t thread;
};

struct growths {
    struct growth *v; /* owned, by site */
    size_t cap, count;
    struct analyze_sites sites;
    uint64_t begin_ns, end_ns;
};

static void add_allocs(struct growths *g, const struct trace *t, uint32_t thread)
{
    struct trace_cursor c = trace_cursor(t, TRACE_ALLOC_TABLE, thread);
    uint64_t end = trace_lower_bound(&c, g->end_ns);
    for (uint64_t row = trace_lower_bound(&c, g->begin_ns); row < end; row++) {
        uint64_t stack = trace_get(&c, row, TRACE_ALLOC_stack_id);
        uint64_t ts = trace_get(&c, row, TRACE_ALLOC_ts);
        if (trace_get(&c, row, TRACE_ALLOC_kind) == TRACE_ALLOC_BRK || ts < g->begin_ns ||
            ts >= g->end_ns) /* a damaged file's rows may be out of order */
            continue;
        uint32_t site = analyze_site(&g->sites, stack, ANALYZE_SITE_ALLOC);
        while (g->count <= site) {
            mem_grow(&g->v, &g->cap, g->count + 1, sizeof *g->v);
            g->v[g->count++] = (struct growth){0};
        }
        double bytes = (double)trace_get(&c, row, TRACE_ALLOC_size) *
                       trace_get_f64(&c, row, TRACE_ALLOC_weight);
        uint64_t freed = trace_get(&c, row, TRACE_ALLOC_free_ts);
        g->v[site].bytes += bytes;
        if (trace_get(&c, row, TRACE_ALLOC_free_tid) && freed < g->end_ns)
            continue;
        g->v[site].live_bytes += bytes;
        g->v[site].live[(ts - g->begin_ns) * QUARTERS / (g->end_ns - g->begin_ns)] += bytes;
        g->v[site].stack_id = stack;
        g->v[site].thread = thread;
    }
}

static bool only_grows(const struct growth *s)
{
    if (s->live_bytes < GROWTH_BYTES || s->live_bytes < s->bytes / 2)
        return false;
    for (int i = 0; i < QUARTERS; i++)
        if (s->live[i] < s->live_bytes / 10)
            return false;
    return true;
}

static void add_growth(struct find *f, const struct growths *g, uint32_t site)
{
    const struct growth *s = &g->v[site];
    struct trace_cursor c = trace_cursor(f->trace, TRACE_THREAD_TABLE, 0);
    struct analyze_place at = {trace_get(&c, s->thread, TRACE_THREAD_tid),
                               arena_strdup(f->arena, analyze_site_name(&g->sites, site))};
    struct analyze_finding *found = find_add(f, ANALYZE_HEAP_GROWTH, 0, at);
    found->save_bytes = (uint64_t)s->live_bytes;
    char live[FMT_MAX], all[FMT_MAX];
    fmt_bytes(live, (uint64_t)s->live_bytes);
    fmt_bytes(all, (uint64_t)s->bytes);
    found->answer = find_printf(f, "%s keeps %s of what it allocated, and more all the time",
                                find_place(f, at), live);
    find_evidence(f, found,
                  "allocated %s, still there at the end %s (estimated); by quarters of "
                  "the time %.0f, %.0f, %.0f and %.0f %% of that",
                  all, live, 100 * s->live[0] / s->live_bytes, 100 * s->live[1] / s->live_bytes,
                  100 * s->live[2] / s->live_bytes, 100 * s->live[3] / s->live_bytes);
    found->stack_id = s->stack_id;
    found->advice = "If that is no cache that is meant to grow, free what is no longer used; if "
                    "it is, give it a limit.";
    found->sql = find_printf(f,
                             "SELECT tid, ts, size, weight FROM alloc WHERE free_tid = 0 AND "
                             "stack_id = %" PRIu64 " ORDER BY ts",
                             s->stack_id);
}

static void find_growth(struct find *f)
{
    const struct analyze_range range = f->why->scope.range;
    struct growths g = {
        .sites = {.trace = f->trace}, .begin_ns = range.begin_ns, .end_ns = range.end_ns};
    uint64_t threads = trace_rows(f->trace, TRACE_THREAD_TABLE, 0), first = UINT64_MAX;
    for (uint32_t th = 0; th < threads; th++) { /* the quarters begin with the first one */
        struct trace_cursor c = trace_cursor(f->trace, TRACE_ALLOC_TABLE, th);
        uint64_t row = trace_lower_bound(&c, range.begin_ns);
        if (row < c.total_rows && trace_get(&c, row, TRACE_ALLOC_ts) < first)
            first = trace_get(&c, row, TRACE_ALLOC_ts);
    }
    if (first < g.end_ns) {
        g.begin_ns = first;
        for (uint32_t th = 0; th < threads; th++)
            add_allocs(&g, f->trace, th);
    }
    for (size_t site = 0; site < g.count; site++)
        if (only_grows(&g.v[site]))
            add_growth(f, &g, (uint32_t)site);
    free(g.v);
    analyze_sites_release(&g.sites);
}

void find_memory(struct find *f)
{
    find_churn(f);
    if (f->why->scope.kind == ANALYZE_SCOPE_PROGRAM)
        find_growth(f);
}
