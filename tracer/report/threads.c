/* How each thread spent its time. */
#include "analyze/utilization.h"
#include "analyze/waits.h"
#include "base/fmt.h"
#include "report/report.h"
#include "report/sections.h"

/* "lock (80 %)": the class it was blocked in longest. */
static const char *main_wait(struct page *page, const struct analyze_thread *th)
{
    unsigned c = analyze_thread_main_wait(th);
    if (c == TRACE_CLASSES)
        return "";
    const char *why = analyze_reason_text((enum trace_reason)(c - TRACE_BLOCKED));
    char share[FMT_MAX];
    if (th->state_ns[c] == th->blocked_ns)
        return why;
    return arena_printf(&page->arena, "%s (%s)", why,
                        fmt_share(share, th->state_ns[c], th->blocked_ns));
}

static struct page_cell bar(const struct analyze_thread *th, struct analyze_range range)
{
    return (struct page_cell){
        .whole = range.end_ns - range.begin_ns,
        .parts = {th->state_ns[TRACE_RUNNING], th->state_ns[TRACE_RUNNABLE], th->blocked_ns}};
}

void section_threads(struct page *page, const struct trace *t, struct analyze_range range,
                     const struct analyze_threads *threads)
{
    static const struct page_column columns[] = {
        {"tid", "tid", PAGE_ID, false},
        {"name", "thread", PAGE_TEXT, false},
        {"running_ns", "running", PAGE_NS, false},
        {"runnable_ns", "runnable", PAGE_NS, false},
        {"blocked_ns", "blocked", PAGE_NS, false},
        {"mix", "#run +ready .blocked", PAGE_BAR, false},
        {"blocked_in", "blocked in", PAGE_TEXT, false},
        {"samples", "samples", PAGE_COUNT, false},
        {"syscalls", "syscalls", PAGE_COUNT, false},
        {"pid", "pid", PAGE_ID, true},
        {"unknown_ns", "unknown", PAGE_NS, true},
        {"sample_ns", "sampled", PAGE_NS, true},
        {"cpu_ns", "cpu", PAGE_NS, true},
        {0},
    };
    if (range.end_ns > trace_duration_ns(t))
        range.end_ns = trace_duration_ns(t);
    struct page_table *table = page_table(page, "threads", "Threads", columns);
    table->note = "most CPU time first";
    table->none = "none in this range";
    for (size_t i = 0; i < threads->count; i++) {
        const struct analyze_thread *th = &threads->v[i];
        page_row(table, (struct page_cell[]){
                            page_number(th->tid), page_text(th->name),
                            page_number(th->state_ns[TRACE_RUNNING]),
                            page_number(th->state_ns[TRACE_RUNNABLE]), page_number(th->blocked_ns),
                            bar(th, range), page_text(main_wait(page, th)),
                            page_number(th->samples), page_number(th->syscalls),
                            page_number(th->pid), page_number(th->state_ns[TRACE_UNKNOWN]),
                            page_number(th->sample_ns), page_number(th->cpu_ns)});
    }
}

static void section_blocked(struct page *page, const struct analyze_threads *threads)
{
    static const struct page_column columns[] = {
        {"tid", "tid", PAGE_ID, false},
        {"name", "thread", PAGE_TEXT, false},
        {"lock_ns", "lock", PAGE_NS, false},
        {"cond_ns", "condition", PAGE_NS, false},
        {"join_ns", "join", PAGE_NS, false},
        {"syscall_ns", "syscall", PAGE_NS, false},
        {"sleep_ns", "sleep", PAGE_NS, false},
        {"io_ns", "disk/file", PAGE_NS, false},
        {"page_fault_ns", "page fault", PAGE_NS, false},
        {"unknown_ns", "not known", PAGE_NS, false},
        {"switches", "runs", PAGE_COUNT, false},
        {"preempted", "preempted", PAGE_COUNT, false},
        {0},
    };
    struct page_table *table = page_table(page, "blocked", "Blocked in", columns);
    table->note = "runs: times it got a CPU; preempted: times it lost it unwillingly";
    for (size_t i = 0; i < threads->count; i++) {
        const struct analyze_thread *th = &threads->v[i];
        const uint64_t *ns = th->state_ns + TRACE_BLOCKED;
        uint64_t unknown =
            ns[TRACE_REASON_UNKNOWN] + ns[TRACE_REASON_NONE] + ns[TRACE_REASON_PREEMPTED];
        page_row(table,
                 (struct page_cell[]){
                     page_number(th->tid), page_text(th->name), page_number(ns[TRACE_REASON_LOCK]),
                     page_number(ns[TRACE_REASON_COND]), page_number(ns[TRACE_REASON_JOIN]),
                     page_number(ns[TRACE_REASON_SYSCALL]), page_number(ns[TRACE_REASON_SLEEP]),
                     page_number(ns[TRACE_REASON_IO]), page_number(ns[TRACE_REASON_PAGE_FAULT]),
                     page_number(unknown), page_number(th->switches), page_number(th->preempted)});
    }
}

enum {
    CURVE_POINTS = 4,
    CURVE_THREADS = 20 /* those that ran most: one takes milliseconds */
};

/* A share in hundred-thousandths, of a CPU or, of all threads together, of several. */
static struct page_cell least(const struct analyze_utilization *u, uint64_t window_ns)
{
    for (size_t i = 0; i < u->count; i++)
        if (u->v[i].window_ns == window_ns)
            return page_share((uint64_t)(u->v[i].least * 100000 + 0.5), 100000);
    return page_share(0, 0); /* it did not live so long */
}

static void add_curve(struct page *page, struct page_table *table, const struct trace *t,
                      struct analyze_range range, uint64_t tid, const char *name)
{
    static const uint64_t windows[CURVE_POINTS] = {1000000, 10000000, 100000000, 1000000000};
    struct analyze_utilization u =
        analyze_utilization_of(&page->arena, t, range, windows, CURVE_POINTS);
    page_row(table, (struct page_cell[]){page_number(tid), page_text(name), least(&u, windows[0]),
                                         least(&u, windows[1]), least(&u, windows[2]),
                                         least(&u, windows[3]),
                                         page_share((uint64_t)(u.mean * 100000 + 0.5), 100000)});
}

/* The worst that could happen to who came at the wrong moment (analyze/utilization.h). */
static void section_utilization(struct page *page, const struct trace *t,
                                struct analyze_range range, const struct analyze_threads *threads)
{
    static const struct page_column columns[] = {
        {"tid", "tid", PAGE_ID, false},
        {"name", "thread", PAGE_TEXT, false},
        {"least_1ms", "1 ms", PAGE_SHARE, false},
        {"least_10ms", "10 ms", PAGE_SHARE, false},
        {"least_100ms", "100 ms", PAGE_SHARE, false},
        {"least_1s", "1 s", PAGE_SHARE, false},
        {"mean", "on average", PAGE_SHARE, false},
        {0},
    };
    struct page_table *table =
        page_table(page, "utilization", "Running at least, in any stretch of", columns);
    table->note = threads->count > CURVE_THREADS ? "share of one CPU; the 20 that ran most"
                                                 : "share of one CPU";
    if (!range.thread && threads->count > 1)
        add_curve(page, table, t, range, 0, "all");
    for (size_t i = 0; i < threads->count && i < CURVE_THREADS; i++) {
        struct analyze_range one = range;
        one.thread = threads->v[i].row + 1;
        add_curve(page, table, t, one, threads->v[i].tid, threads->v[i].name);
    }
}

void report_threads(struct page *page, const struct trace *t, struct analyze_range range)
{
    struct analyze_threads threads = analyze_threads(&page->arena, t, range);
    page->title = section_title(page, t);
    section_range_fact(page, t, range);
    section_threads(page, t, range, &threads);
    section_blocked(page, &threads);
    section_utilization(page, t, range, &threads);
}
