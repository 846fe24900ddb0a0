/* The first screen for somebody who has just traced a program. */
#include "analyze/cpu.h"
#include "analyze/locks.h"
#include "analyze/threads.h"
#include "analyze/waits.h"
#include "base/fmt.h"
#include "report/report.h"
#include "report/sections.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    THREAD_ROWS = 8,
    WAIT_ROWS = 8,
    FUNCTION_ROWS = 8,
    EVENT_ROWS = 8
};

/* ---- facts ---- */

static const char *date_text(struct page *page, uint64_t unix_ns)
{
    time_t seconds = (time_t)(unix_ns / 1000000000);
    struct tm tm;
    char text[64];
    if (!unix_ns || !gmtime_r(&seconds, &tm) ||
        !strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &tm))
        return "";
    return arena_strdup(&page->arena, text);
}

static void recorded_fact(struct page *page, const struct trace *t)
{
    const char *host = trace_meta(t, "hostname");
    uint64_t start = trace_meta_u64(t, "start_unix_ns", 0);
    char duration[FMT_MAX];
    page_fact(page, "recorded", "recorded", PAGE_TEXT,
              page_text(arena_printf(&page->arena, "%s%s%s%s%s",
                                     fmt_ns(duration, trace_duration_ns(t)), host ? " on " : "",
                                     host ? host : "", start ? ", " : "", date_text(page, start))));
    page_fact(page, "duration_ns", NULL, PAGE_NS, page_number(trace_duration_ns(t)));
    page_fact(page, "start_unix_ns", NULL, PAGE_COUNT, page_number(start));
}

static void size_facts(struct page *page, const struct trace *t,
                       const struct analyze_threads *threads)
{
    uint64_t processes = trace_table_rows(t, TRACE_PROCESS_TABLE);
    page_fact(page, "process_count", NULL, PAGE_COUNT, page_number(processes));
    page_fact(page, "thread_count", NULL, PAGE_COUNT, page_number(threads->count));
    page_fact(page, "threads_text", "threads", PAGE_TEXT,
              page_text(arena_printf(&page->arena, "%zu in %llu process%s", threads->count,
                                     (unsigned long long)processes, processes == 1 ? "" : "es")));
}

/* How busy the CPUs were with it, and what it had to wait for them. */
static void cpu_fact(struct page *page, struct analyze_range range, const struct trace *t,
                     const struct analyze_threads *threads)
{
    uint64_t running = 0, runnable = 0, samples = 0;
    for (size_t i = 0; i < threads->count; i++) {
        running += analyze_thread_cpu_ns(&threads->v[i]);
        runnable += threads->v[i].state_ns[TRACE_RUNNABLE];
        samples += threads->v[i].samples;
    }
    uint64_t end = range.end_ns < trace_duration_ns(t) ? range.end_ns : trace_duration_ns(t);
    double length = end > range.begin_ns ? (double)(end - range.begin_ns) : 1;
    char run[FMT_MAX], wait[FMT_MAX], count[FMT_MAX];
    page_fact(page, "running_ns", NULL, PAGE_NS, page_number(running));
    page_fact(page, "runnable_ns", NULL, PAGE_NS, page_number(runnable));
    page_fact(page, "samples", NULL, PAGE_COUNT, page_number(samples));
    page_fact(page, "cpu_text", "CPU", PAGE_TEXT,
              page_text(arena_printf(&page->arena,
                                     "%s running (%.2f CPUs on average), %s waiting for a CPU, "
                                     "%s samples",
                                     fmt_ns(run, running), (double)running / length,
                                     fmt_ns(wait, runnable), fmt_count(count, samples))));
}

static uint64_t count_lost(const struct trace *t)
{
    struct trace_cursor c = trace_cursor(t, TRACE_LOST_TABLE, 0);
    uint64_t told = trace_meta_u64(t, "lost_events", 0), sum = 0;
    for (uint64_t row = 0; row < c.total_rows; row++)
        sum += trace_get(&c, row, TRACE_LOST_count);
    return sum > told ? sum : told;
}

static void event_fact(struct page *page, const struct trace *t)
{
    uint64_t events = trace_meta_u64(t, "events", 0), lost = count_lost(t);
    char n[FMT_MAX], l[FMT_MAX], size[FMT_MAX];
    page_fact(page, "events", NULL, PAGE_COUNT, page_number(events));
    page_fact(page, "lost_events", NULL, PAGE_COUNT, page_number(lost));
    page_fact(page, "events_text", "events", PAGE_TEXT,
              page_text(arena_printf(&page->arena, "%s, %s lost; %s", fmt_count(n, events),
                                     lost ? fmt_count(l, lost) : "none",
                                     fmt_bytes(size, trace_file_bytes(t)))));
}

/* "sched bpf, syscall bpf, lock agent": how each class of events was recorded. */
static void mechanism_fact(struct page *page, const struct trace *t)
{
    static const char *const classes[] = {"sched", "syscall", "lock", "alloc", "cpu"};
    const char *text = "";
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        const char *key = arena_printf(&page->arena, "mechanism.%s", classes[i]);
        const char *how = trace_meta(t, key);
        page_fact(page, key, NULL, PAGE_TEXT, page_text(how ? how : "none"));
        text = arena_printf(&page->arena, "%s%s%s: %s", text, *text ? "; " : "", classes[i],
                            how ? how : "none");
    }
    page_fact(page, "mechanisms", "recorded by", PAGE_TEXT, page_text(text));
}

/* ---- tables ---- */

/* "queue_put in worker-1 (101)", or the half of it that is known. */
static const char *ended_by(struct page *page, const struct trace *t, const struct analyze_wait *w)
{
    const char *thread = section_thread_name(page, t, w->holder_tid);
    return *w->holder && *thread ? arena_printf(&page->arena, "%s in %s", w->holder, thread)
           : *w->holder          ? w->holder
                                 : thread;
}

static void waits_section(struct page *page, const struct trace *t, struct analyze_range range)
{
    static const struct page_column columns[] = {
        {"what", "wait for", PAGE_TEXT, false},
        {"object", "on", PAGE_TEXT, false},
        {"total_ns", "total", PAGE_NS, false},
        {"share", "share", PAGE_SHARE, false},
        {"count", "times", PAGE_COUNT, false},
        {"max_ns", "longest", PAGE_NS, false},
        {"waiter", "waiting in", PAGE_TEXT, false},
        {"ended_by", "held or woken by", PAGE_TEXT, false},
        {"holder", "", PAGE_TEXT, true},
        {"reason", "", PAGE_TEXT, true},
        {"holder_tid", "", PAGE_ID, true},
        {0},
    };
    struct analyze_locks locks = analyze_locks(&page->arena, t, range);
    struct analyze_waits waits = analyze_waits(&page->arena, t, range, &locks);
    struct page_table *table = page_table(page, "waits", "Waits", columns);
    char total[FMT_MAX];
    table->note = arena_printf(&page->arena, "%s blocked in all threads; longest total first",
                               fmt_ns(total, waits.total_ns));
    table->none = "no thread was seen blocked";
    table->short_rows = WAIT_ROWS;
    for (size_t i = 0; i < waits.count; i++) {
        const struct analyze_wait *w = &waits.v[i];
        const char *reason = trace_enum_name(TRACE_REASON, w->reason);
        page_row(table, (struct page_cell[]){
                            page_text(w->what), page_text(w->object), page_number(w->total_ns),
                            page_share(w->total_ns, waits.total_ns), page_number(w->count),
                            page_number(w->max_ns), page_text(w->waiter),
                            page_text(ended_by(page, t, w)), page_text(w->holder),
                            page_text(reason ? reason : ""), page_number(w->holder_tid)});
    }
}

static void functions_section(struct page *page, const struct trace *t, struct analyze_range range)
{
    static const struct page_column columns[] = {
        {"function", "function", PAGE_TEXT, false},
        {"self_ns", "self", PAGE_NS, false},
        {"self_share", "share", PAGE_SHARE, false},
        {"total_ns", "with callees", PAGE_NS, false},
        {"samples", "samples", PAGE_COUNT, false},
        {"module", "module", PAGE_TEXT, false},
        {0},
    };
    struct analyze_cpu cpu = analyze_cpu(&page->arena, t, range);
    struct page_table *table = page_table(page, "functions", "Hottest functions", columns);
    char samples[FMT_MAX], total[FMT_MAX];
    table->note = arena_printf(&page->arena, "%s of CPU time in %s samples",
                               fmt_ns(total, cpu.sample_ns), fmt_count(samples, cpu.samples));
    table->none = "no CPU samples";
    table->short_rows = FUNCTION_ROWS;
    for (size_t i = 0; i < cpu.count; i++) {
        const struct analyze_function *f = &cpu.v[i];
        page_row(table, (struct page_cell[]){page_text(f->name), page_number(f->self_ns),
                                             page_share(f->self_ns, cpu.sample_ns),
                                             page_number(f->total_ns), page_number(f->samples),
                                             page_text(f->module)});
    }
}

static int by_count(const void *a, const void *b)
{
    const struct page_cell *x = a, *y = b; /* rows of two cells: name, count */
    if (x[1].number != y[1].number)
        return x[1].number > y[1].number ? -1 : 1;
    return strcmp(x[0].text, y[0].text);
}

static void events_section(struct page *page, const struct trace *t)
{
    static const struct page_column columns[] = {
        {"event", "event", PAGE_TEXT, false}, {"count", "count", PAGE_COUNT, false}, {0}};
    struct trace_cursor c = trace_cursor(t, TRACE_EVENT_COUNT_TABLE, 0);
    struct page_table *table = page_table(page, "event_counts", "Events", columns);
    table->note = "by class, as LTTng recorded them";
    table->short_rows = EVENT_ROWS;
    for (uint64_t row = 0; row < c.total_rows; row++)
        page_row(table, (struct page_cell[]){
                            page_text(trace_string(t, trace_get(&c, row, TRACE_EVENT_COUNT_name))),
                            page_number(trace_get(&c, row, TRACE_EVENT_COUNT_count))});
    if (table->rows)
        qsort(table->cells, table->rows, table->column_count * sizeof *table->cells, by_count);
}

static void losses_section(struct page *page, const struct trace *t)
{
    static const struct page_column columns[] = {{"count", "events", PAGE_COUNT, false},
                                                 {"source", "lost in", PAGE_TEXT, false},
                                                 {"ts", "at", PAGE_NS, false},
                                                 {"dur_ns", "within", PAGE_NS, false},
                                                 {"thread", "of thread", PAGE_TEXT, false},
                                                 {0}};
    struct trace_cursor c = trace_cursor(t, TRACE_LOST_TABLE, 0);
    struct page_table *table = page_table(page, "losses", "Losses", columns);
    table->note = "this much the trace does not know";
    for (uint64_t row = 0; row < c.total_rows; row++) {
        uint64_t tid = trace_get(&c, row, TRACE_LOST_tid);
        page_row(table, (struct page_cell[]){
                            page_number(trace_get(&c, row, TRACE_LOST_count)),
                            page_text(trace_string(t, trace_get(&c, row, TRACE_LOST_source))),
                            page_number(trace_get(&c, row, TRACE_LOST_ts)),
                            page_number(trace_get(&c, row, TRACE_LOST_dur)),
                            page_text(section_thread_name(page, t, tid))});
    }
}

void report_summary(struct page *page, const struct trace *t, struct analyze_range range)
{
    struct analyze_threads threads = analyze_threads(&page->arena, t, range);
    page->title = section_title(page, t);
    page_fact(page, "file", NULL, PAGE_TEXT, page_text(trace_path(t)));
    recorded_fact(page, t);
    section_range_fact(page, t, range);
    size_facts(page, t, &threads);
    cpu_fact(page, range, t, &threads);
    event_fact(page, t);
    mechanism_fact(page, t);
    section_threads(page, t, range, &threads);
    page->tables->short_rows = THREAD_ROWS;
    waits_section(page, t, range);
    functions_section(page, t, range);
    section_syscalls(page, t, range, true);
    section_allocs(page, t, range);
    losses_section(page, t);
    events_section(page, t);
}
