/* How long threads queue for a CPU, and who wakes whom. */
#include "analyze/latency.h"
#include "base/fmt.h"
#include "report/report.h"
#include "report/sections.h"

enum {
    PAIR_ROWS = 30
};

static void add_latency(struct page_table *table, const struct analyze_latency_row *r,
                        const char *name)
{
    page_row(table, (struct page_cell[]){
                        page_number(r->tid), page_text(name), page_number(r->woken.count),
                        page_number(r->woken.total_ns), page_number(r->woken.p50_ns),
                        page_number(r->woken.p99_ns), page_number(r->woken.max_ns),
                        page_number(r->woken.longest.ts_ns), page_number(r->preempted.count),
                        page_number(r->preempted.total_ns), page_number(r->preempted.p50_ns),
                        page_number(r->preempted.p99_ns), page_number(r->preempted.max_ns),
                        page_number(r->pid)});
}

void report_latency(struct page *page, const struct trace *t, struct analyze_range range)
{
    static const struct page_column columns[] = {
        {"tid", "tid", PAGE_ID, false},
        {"name", "thread", PAGE_TEXT, false},
        {"woken", "woken", PAGE_COUNT, false},
        {"woken_ns", "queued", PAGE_NS, false},
        {"woken_p50_ns", "p50", PAGE_NS, false},
        {"woken_p99_ns", "p99", PAGE_NS, false},
        {"woken_max_ns", "longest", PAGE_NS, false},
        {"woken_max_ts", "at", PAGE_NS, false},
        {"preempted", "preempted", PAGE_COUNT, false},
        {"preempted_ns", "queued", PAGE_NS, false},
        {"preempted_p50_ns", "p50", PAGE_NS, true},
        {"preempted_p99_ns", "p99", PAGE_NS, false},
        {"preempted_max_ns", "longest", PAGE_NS, false},
        {"pid", "pid", PAGE_ID, true},
        {0},
    };
    struct analyze_latency latency = analyze_latency(&page->arena, t, range);
    page->title = section_title(page, t);
    section_range_fact(page, t, range);
    struct page_table *table = page_table(page, "latency", "Queueing for a CPU", columns);
    table->note = "from the wake-up to running, and from losing the CPU to having one again";
    table->none = "no thread ever did, or the trace has no scheduling events";
    if (latency.count > 1)
        add_latency(table, &latency.all, "(all)");
    for (size_t i = 0; i < latency.count; i++)
        add_latency(table, &latency.v[i], latency.v[i].name);
}

static const char *thread_name(struct page *page, const struct trace *t, uint64_t tid)
{
    return tid ? section_thread_name(page, t, tid) : "(the kernel: a timer, a device)";
}

void report_wakeups(struct page *page, const struct trace *t, struct analyze_range range)
{
    static const struct page_column columns[] = {
        {"waker", "waker", PAGE_TEXT, false},
        {"wakee", "wakes", PAGE_TEXT, false},
        {"count", "times", PAGE_COUNT, false},
        {"share", "of all", PAGE_SHARE, false},
        {"first_ts", "first", PAGE_NS, false},
        {"last_ts", "last", PAGE_NS, false},
        {"waker_tid", "tid", PAGE_ID, true},
        {"wakee_tid", "tid", PAGE_ID, true},
        {0},
    };
    struct analyze_wakeups wakeups = analyze_wakeups(&page->arena, t, range);
    char total[FMT_MAX];
    page->title = section_title(page, t);
    section_range_fact(page, t, range);
    struct page_table *table = page_table(page, "wakeups", "Who wakes whom", columns);
    table->note = arena_printf(&page->arena, "%s wakeups", fmt_count(total, wakeups.total));
    table->none = "no wakeups seen";
    table->short_rows = PAIR_ROWS;
    for (size_t i = 0; i < wakeups.count; i++) {
        const struct analyze_wakeup_pair *p = &wakeups.v[i];
        page_row(table,
                 (struct page_cell[]){page_text(thread_name(page, t, p->waker_tid)),
                                      page_text(thread_name(page, t, p->wakee_tid)),
                                      page_number(p->count), page_share(p->count, wakeups.total),
                                      page_number(p->first_ns), page_number(p->last_ns),
                                      page_number(p->waker_tid), page_number(p->wakee_tid)});
    }
}
