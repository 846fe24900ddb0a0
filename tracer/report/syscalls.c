/* System calls by name. */
#include "analyze/syscalls.h"
#include "base/fmt.h"
#include "report/report.h"
#include "report/sections.h"

enum {
    SHORT_ROWS = 6
};

static const char *errors_text(struct page *page, const struct analyze_syscall *s)
{
    char n[FMT_MAX];
    if (!s->errors)
        return "";
    return arena_printf(&page->arena, "%s %s", fmt_count(n, s->errors), s->error);
}

void section_syscalls(struct page *page, const struct trace *t, struct analyze_range range,
                      bool short_form)
{
    static const struct page_column columns[] = {
        {"name", "call", PAGE_TEXT, false},         {"count", "count", PAGE_COUNT, false},
        {"total_ns", "total", PAGE_NS, false},      {"p50_ns", "median", PAGE_NS, false},
        {"p99_ns", "99 %", PAGE_NS, false},         {"max_ns", "longest", PAGE_NS, false},
        {"error_text", "errors", PAGE_TEXT, false}, {"caller", "mostly from", PAGE_TEXT, false},
        {"object", "mostly on", PAGE_TEXT, false},  {"errors", "", PAGE_COUNT, true},
        {"unfinished", "", PAGE_COUNT, true},       {0},
    };
    struct analyze_syscalls calls = analyze_syscalls(&page->arena, t, range);
    struct page_table *table = page_table(page, "syscalls", "System calls", columns);
    char count[FMT_MAX], total[FMT_MAX];
    table->note = arena_printf(&page->arena, "%s calls, %s; longest total first",
                               fmt_count(count, calls.calls), fmt_ns(total, calls.total_ns));
    table->none = "none were recorded";
    table->short_rows = short_form ? SHORT_ROWS : 30;
    for (size_t i = 0; i < calls.count; i++) {
        const struct analyze_syscall *s = &calls.v[i];
        page_row(table, (struct page_cell[]){page_text(s->name), page_number(s->count),
                                             page_number(s->total_ns), page_number(s->p50_ns),
                                             page_number(s->p99_ns), page_number(s->max_ns),
                                             page_text(errors_text(page, s)), page_text(s->caller),
                                             page_text(s->object), page_number(s->errors),
                                             page_number(s->unfinished)});
    }
}

void report_syscalls(struct page *page, const struct trace *t, struct analyze_range range)
{
    page->title = section_title(page, t);
    section_range_fact(page, t, range);
    section_syscalls(page, t, range, false);
}
