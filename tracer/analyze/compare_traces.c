#include "analyze/compare_traces.h"

#include "analyze/causes.h"
#include "analyze/cpu.h"
#include "analyze/latency.h"
#include "analyze/syscalls.h"
#include "analyze/waits.h"
#include "base/fmt.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *key, *title;
} matters[COMPARE_MATTERS] = {
    [COMPARE_CPU] = {"cpu", "CPU time by function"},
    [COMPARE_WAITS] = {"waits", "Waits"},
    [COMPARE_LOCKS] = {"locks", "Locks"},
    [COMPARE_SYSCALLS] = {"syscalls", "System calls"},
    [COMPARE_RUN_QUEUE] = {"run_queue", "Queueing for a CPU, by thread"},
};

const char *compare_matter_key(enum compare_matter matter)
{
    return matters[matter].key;
}

const char *compare_matter_title(enum compare_matter matter)
{
    return matters[matter].title;
}

/* ---- rows by name ---- */

struct collector {
    struct arena *arena;
    struct intern names;
    struct compare_row *v; /* owned until published */
    size_t cap;
    bool is_after;             /* the side being read */
    const atomic_bool *cancel; /* or NULL */
};

static struct analyze_range whole_of(const struct collector *k, const struct trace *t)
{
    struct analyze_range whole = analyze_range_whole(t);
    whole.cancel = k->cancel;
    return whole;
}

static void add_measure(struct compare_measure *to, const struct compare_measure *m)
{
    to->count += m->count;
    to->total_ns += m->total_ns;
    to->p50_ns = m->p50_ns > to->p50_ns ? m->p50_ns : to->p50_ns;
    to->p99_ns = m->p99_ns > to->p99_ns ? m->p99_ns : to->p99_ns;
    to->max_ns = m->max_ns > to->max_ns ? m->max_ns : to->max_ns;
}

static struct compare_row *add(struct collector *k, const char *name, struct compare_measure m)
{
    uint32_t known = k->names.count, id = intern_str(&k->names, name);
    if (id == known) {
        mem_grow(&k->v, &k->cap, (size_t)id + 1, sizeof *k->v);
        k->v[id] = (struct compare_row){.name = arena_strdup(k->arena, name)};
    }
    add_measure(k->is_after ? &k->v[id].after : &k->v[id].before, &m);
    return &k->v[id];
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

static int by_change(const void *a, const void *b)
{
    const struct compare_row *x = a, *y = b;
    uint64_t p = distance(x->after.total_ns, x->before.total_ns);
    uint64_t q = distance(y->after.total_ns, y->before.total_ns);
    return p != q ? (p < q) - (p > q) : strcmp(x->name, y->name);
}

static struct compare_rows publish(struct collector *k)
{
    struct compare_rows rows = {.count = k->names.count};
    rows.v = rows.count ? arena_memdup(k->arena, k->v, rows.count * sizeof *rows.v) : NULL;
    if (rows.count)
        qsort(rows.v, rows.count, sizeof *rows.v, by_change);
    free(k->v);
    intern_release(&k->names);
    return rows;
}

/* ---- one function a matter, for one side ---- */

static void add_cpu(struct collector *k, const struct trace *t)
{
    struct analyze_cpu cpu = analyze_cpu(k->arena, t, whole_of(k, t));
    for (size_t i = 0; i < cpu.count; i++)
        if (cpu.v[i].self_ns)
            add(k, cpu.v[i].name,
                (struct compare_measure){.count = cpu.v[i].samples, .total_ns = cpu.v[i].self_ns});
}

/* "mutex 0x7f30" and "3 x cond" differ from run to run; who waits does not. */
static const char *wait_name(struct arena *a, const struct analyze_wait *w)
{
    bool is_call = w->reason == TRACE_REASON_SYSCALL || w->reason == TRACE_REASON_IO ||
                   w->reason == TRACE_REASON_SLEEP;
    const char *what = is_call ? w->what : analyze_reason_text(w->reason);
    return *w->waiter ? arena_printf(a, "%s in %s", what, w->waiter) : what;
}

static void add_waits(struct collector *k, const struct trace *t)
{
    struct analyze_range whole = whole_of(k, t);
    struct analyze_locks locks = analyze_locks(k->arena, t, whole);
    struct analyze_waits waits = analyze_waits(k->arena, t, whole, &locks);
    for (size_t i = 0; i < waits.count; i++) {
        const struct analyze_wait *w = &waits.v[i];
        struct compare_row *row =
            add(k, wait_name(k->arena, w),
                (struct compare_measure){
                    .count = w->count, .total_ns = w->total_ns, .max_ns = w->max_ns});
        row->idle |= w->reason == TRACE_REASON_SYSCALL && analyze_call_is_idle(w->what);
    }
}

/* By its name, else by who waits for it and who holds it: addresses differ from run to run. */
static const char *lock_name(struct arena *a, const struct analyze_lock *l)
{
    const char *kind = trace_enum_name(TRACE_LOCK, (uint64_t)l->kind);
    if (*l->name && strncmp(l->name, "0x", 2))
        return arena_printf(a, "%s %s", kind, l->name);
    return arena_printf(a, "%s%s%s%s%s", kind, *l->waiter ? " wanted in " : "", l->waiter,
                        *l->holder ? ", held in " : "", l->holder);
}

static void add_locks(struct collector *k, const struct trace *t)
{
    struct analyze_locks locks = analyze_locks(k->arena, t, whole_of(k, t));
    for (size_t i = 0; i < locks.count; i++)
        if (locks.v[i].waits)
            add(k, lock_name(k->arena, &locks.v[i]),
                (struct compare_measure){.count = locks.v[i].waits,
                                         .total_ns = locks.v[i].wait_ns,
                                         .max_ns = locks.v[i].max_wait_ns});
}

static void add_syscalls(struct collector *k, const struct trace *t)
{
    struct analyze_syscalls calls = analyze_syscalls(k->arena, t, whole_of(k, t));
    for (size_t i = 0; i < calls.count; i++) {
        const struct analyze_syscall *c = &calls.v[i];
        add(k, c->name,
            (struct compare_measure){c->count, c->total_ns, c->p50_ns, c->p99_ns, c->max_ns})
            ->idle |= analyze_call_is_idle(c->name);
    }
}

static void add_run_queue(struct collector *k, const struct trace *t)
{
    struct analyze_latency latency = analyze_latency(k->arena, t, whole_of(k, t));
    for (size_t i = 0; i < latency.count; i++) {
        const struct analyze_queueing *both[] = {&latency.v[i].woken, &latency.v[i].preempted};
        for (int w = 0; w < 2; w++)
            if (both[w]->count)
                add(k, *latency.v[i].name ? latency.v[i].name : "?",
                    (struct compare_measure){both[w]->count, both[w]->total_ns, both[w]->p50_ns,
                                             both[w]->p99_ns, both[w]->max_ns});
    }
}

static void (*const readers[COMPARE_MATTERS])(struct collector *k, const struct trace *t) = {
    [COMPARE_CPU] = add_cpu,
    [COMPARE_WAITS] = add_waits,
    [COMPARE_LOCKS] = add_locks,
    [COMPARE_SYSCALLS] = add_syscalls,
    [COMPARE_RUN_QUEUE] = add_run_queue,
};

/* ---- words ---- */

/* "+150 %", or how it came or went. */
static const char *relative(struct arena *a, uint64_t before, uint64_t after)
{
    if (!before || !after)
        return before ? "gone" : "new";
    double percent = ((double)after - (double)before) / (double)before * 100;
    return arena_printf(a, percent < 10 && percent > -10 ? "%+.1f %%" : "%+.0f %%", percent);
}

static const char *sentence(struct arena *a, enum compare_matter matter,
                            const struct compare_row *r)
{
    static const char *const verbs[COMPARE_MATTERS] = {
        [COMPARE_CPU] = "running in",
        [COMPARE_WAITS] = "waiting for",
        [COMPARE_RUN_QUEUE] = "queueing for a CPU: thread",
    };
    char change[FMT_MAX], before[FMT_MAX], after[FMT_MAX], n[FMT_MAX], m[FMT_MAX];
    return arena_printf(a, "%s %s: %s %s (%s -> %s, %s), %s -> %s times", verbs[matter], r->name,
                        fmt_ns(change, distance(r->after.total_ns, r->before.total_ns)),
                        r->after.total_ns > r->before.total_ns ? "more" : "less",
                        fmt_ns(before, r->before.total_ns), fmt_ns(after, r->after.total_ns),
                        relative(a, r->before.total_ns, r->after.total_ns),
                        fmt_count(n, r->before.count), fmt_count(m, r->after.count));
}

/* Running, waiting and queueing are what threads do with their time: the largest changes
 * of all three, without what waits for the outside. (Locks and system calls tell of parts
 * of the same time.) */
static void find_sentences(struct arena *a, struct compare_traces *c)
{
    static const enum compare_matter parts[] = {COMPARE_CPU, COMPARE_WAITS, COMPARE_RUN_QUEUE};
    uint64_t longer = c->before_ns > c->after_ns ? c->before_ns : c->after_ns;
    size_t at[COMPARE_MATTERS] = {0};
    for (size_t n = 0; n < COMPARE_SENTENCES; n++) {
        const struct compare_row *best = NULL;
        enum compare_matter best_matter = COMPARE_CPU;
        for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
            const struct compare_rows *rows = &c->matters[parts[p]];
            while (at[parts[p]] < rows->count && rows->v[at[parts[p]]].idle)
                at[parts[p]]++;
            const struct compare_row *r =
                at[parts[p]] < rows->count ? &rows->v[at[parts[p]]] : NULL;
            if (r && (!best || distance(r->after.total_ns, r->before.total_ns) >
                                   distance(best->after.total_ns, best->before.total_ns))) {
                best = r;
                best_matter = parts[p];
            }
        }
        if (!best || distance(best->after.total_ns, best->before.total_ns) * 100 <
                         longer * COMPARE_SENTENCE_SHARE)
            return;
        at[best_matter]++;
        c->sentences[n] = sentence(a, best_matter, best);
    }
}

static const char *find_answer(struct arena *a, const struct compare_traces *c)
{
    char before[FMT_MAX], after[FMT_MAX], change[FMT_MAX];
    const char *took = arena_printf(
        a, "%s instead of %s (%s %s, %s)", fmt_ns(after, c->after_ns), fmt_ns(before, c->before_ns),
        fmt_ns(change, distance(c->after_ns, c->before_ns)),
        c->after_ns > c->before_ns ? "longer" : "shorter", relative(a, c->before_ns, c->after_ns));
    if (!c->sentences[0])
        return arena_printf(a, "It took %s. Nothing that its threads did changed by %d %% of that.",
                            took, COMPARE_SENTENCE_SHARE);
    return arena_printf(a, "It took %s. What changed most: %s.", took, c->sentences[0]);
}

void compare_traces(struct arena *a, const struct trace *before, const struct trace *after,
                    struct compare_traces *out)
{
    compare_traces_until(a, before, after, NULL, out);
}

void compare_traces_until(struct arena *a, const struct trace *before, const struct trace *after,
                          const atomic_bool *cancel, struct compare_traces *out)
{
    *out = (struct compare_traces){.before_ns = trace_duration_ns(before),
                                   .after_ns = trace_duration_ns(after)};
    for (int m = 0; m < COMPARE_MATTERS; m++) {
        struct collector k = {.arena = a, .cancel = cancel};
        readers[m](&k, before);
        k.is_after = true;
        readers[m](&k, after);
        out->matters[m] = publish(&k);
    }
    find_sentences(a, out);
    out->answer = find_answer(a, out);
}
