#include "analyze/cpu.h"

#include "analyze/site.h"

#include <stdlib.h>

enum {
    MAX_DEPTH = 1024
};

static void add_thread(struct map64 *of_stack, struct analyze_stack_weights *out, size_t *cap,
                       const struct trace *t, struct analyze_range range, uint32_t thread)
{
    struct trace_cursor c = trace_cursor(t, TRACE_SAMPLE_TABLE, thread);
    uint64_t end = trace_lower_bound(&c, range.end_ns);
    for (uint64_t row = trace_lower_bound(&c, range.begin_ns); row < end; row++) {
        if (trace_get(&c, row, TRACE_SAMPLE_kind) != TRACE_SAMPLE_CPU)
            continue;
        uint64_t stack = trace_get(&c, row, TRACE_SAMPLE_stack_id);
        bool added;
        uint64_t *at = map64_put(of_stack, stack, &added);
        if (added) {
            *at = out->count;
            mem_grow(&out->v, cap, out->count + 1, sizeof *out->v);
            out->v[out->count++] = (struct analyze_stack_weight){.stack_id = stack};
        }
        out->v[*at].weight_ns += trace_get(&c, row, TRACE_SAMPLE_weight);
        out->v[*at].samples++;
    }
}

static int by_stack(const void *a, const void *b)
{
    const struct analyze_stack_weight *x = a, *y = b;
    return x->stack_id < y->stack_id ? -1 : x->stack_id > y->stack_id;
}

struct analyze_stack_weights analyze_cpu_stacks(struct arena *a, const struct trace *t,
                                                struct analyze_range range, uint32_t thread)
{
    struct map64 of_stack = {0};
    struct analyze_stack_weights sums = {0};
    size_t cap = 0;
    uint64_t threads = trace_rows(t, TRACE_THREAD_TABLE, 0);
    for (uint64_t th = 0; th < threads && th <= UINT32_MAX; th++)
        if (analyze_wants(range, (uint32_t)th) && (thread == UINT32_MAX || thread == th))
            add_thread(&of_stack, &sums, &cap, t, range, (uint32_t)th);
    struct analyze_stack_weights out = {arena_array(a, sums.count, sizeof *out.v), sums.count};
    if (sums.count) {
        memcpy(out.v, sums.v, sums.count * sizeof *out.v);
        qsort(out.v, out.count, sizeof *out.v, by_stack);
    }
    free(sums.v);
    map64_release(&of_stack);
    return out;
}

/* Functions by site number, while stacks are being added up. */
struct cpu_work {
    const struct trace *trace;
    struct analyze_sites sites;
    struct analyze_function *v; /* owned, by site */
    uint64_t *seen_in;          /* owned, by site: the last stack it was counted in, + 1 */
    size_t cap;
    size_t seen_cap;
    size_t count;
};

static struct analyze_function *function_of(struct cpu_work *w, const struct trace_frame *f,
                                            uint32_t *site)
{
    *site = analyze_site_of_frame(&w->sites, f);
    while (w->count <= *site) {
        mem_grow(&w->v, &w->cap, w->count + 1, sizeof *w->v);
        mem_grow(&w->seen_in, &w->seen_cap, w->count + 1, sizeof *w->seen_in);
        w->v[w->count] = (struct analyze_function){.module = ""};
        w->seen_in[w->count++] = 0;
    }
    if (!w->v[*site].module[0])
        w->v[*site].module = f->module;
    return &w->v[*site];
}

static void add_stack(struct cpu_work *w, const struct analyze_stack_weight *s, uint64_t number)
{
    struct trace_frame frames[MAX_DEPTH];
    size_t depth = trace_stack(w->trace, s->stack_id, frames, MAX_DEPTH);
    for (size_t i = 0; i < depth && i < MAX_DEPTH; i++) {
        uint32_t site;
        struct analyze_function *f = function_of(w, &frames[i], &site);
        if (i == 0) {
            f->self_ns += s->weight_ns;
            f->samples += s->samples;
        }
        if (w->seen_in[site] != number + 1)
            f->total_ns += s->weight_ns;
        w->seen_in[site] = number + 1;
    }
}

static int hotter(const void *a, const void *b)
{
    const struct analyze_function *x = a, *y = b;
    if (x->self_ns != y->self_ns)
        return x->self_ns > y->self_ns ? -1 : 1;
    if (x->total_ns != y->total_ns)
        return x->total_ns > y->total_ns ? -1 : 1;
    return strcmp(x->name, y->name);
}

struct analyze_cpu analyze_cpu(struct arena *a, const struct trace *t, struct analyze_range range)
{
    struct cpu_work w = {.trace = t, .sites = {.trace = t}};
    struct analyze_stack_weights stacks = analyze_cpu_stacks(a, t, range, UINT32_MAX);
    struct analyze_cpu cpu = {0};
    for (size_t i = 0; i < stacks.count; i++) {
        cpu.samples += stacks.v[i].samples;
        cpu.sample_ns += stacks.v[i].weight_ns;
        if (!trace_stack(t, stacks.v[i].stack_id, NULL, 0))
            cpu.no_stack_ns += stacks.v[i].weight_ns;
        add_stack(&w, &stacks.v[i], i);
    }
    cpu.count = w.count;
    cpu.v = arena_array(a, w.count, sizeof *cpu.v);
    for (size_t i = 0; i < w.count; i++) {
        cpu.v[i] = w.v[i];
        cpu.v[i].name = arena_strdup(a, analyze_site_name(&w.sites, (uint32_t)i));
    }
    qsort(cpu.v, cpu.count, sizeof *cpu.v, hotter);
    analyze_sites_release(&w.sites);
    free(w.v);
    free(w.seen_in);
    return cpu;
}
