#include "report/sections.h"

#include "base/fmt.h"

const char *section_title(struct page *page, const struct trace *t)
{
    struct trace_cursor c = trace_cursor(t, TRACE_PROCESS_TABLE, 0);
    if (!c.total_rows)
        return "(no process)";
    const char *cmdline = trace_string(t, trace_get(&c, 0, TRACE_PROCESS_cmdline));
    if (!*cmdline)
        cmdline = trace_string(t, trace_get(&c, 0, TRACE_PROCESS_name));
    if (c.total_rows == 1)
        return cmdline;
    return arena_printf(&page->arena, "%s, and %llu more process%s", cmdline,
                        (unsigned long long)c.total_rows - 1, c.total_rows == 2 ? "" : "es");
}

void section_range_fact(struct page *page, const struct trace *t, struct analyze_range range)
{
    uint64_t duration = trace_duration_ns(t);
    uint64_t end = range.end_ns < duration ? range.end_ns : duration;
    page_fact(page, "begin_ns", NULL, PAGE_NS, page_number(range.begin_ns));
    page_fact(page, "end_ns", NULL, PAGE_NS, page_number(end));
    if (range.begin_ns == 0 && range.end_ns > duration)
        return;
    char from[FMT_MAX], to[FMT_MAX], part[FMT_MAX], whole[FMT_MAX];
    uint64_t length = end > range.begin_ns ? end - range.begin_ns : 0;
    page_fact(
        page, "range", "range", PAGE_TEXT,
        page_text(arena_printf(&page->arena, "%s to %s: %s of %s", fmt_ns(from, range.begin_ns),
                               fmt_ns(to, end), fmt_ns(part, length), fmt_ns(whole, duration))));
}

const char *section_thread_name(struct page *page, const struct trace *t, uint64_t tid)
{
    if (!tid)
        return "";
    struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    for (uint64_t row = 0; row < c.total_rows; row++)
        if (trace_get(&c, row, TRACE_THREAD_tid) == tid)
            return arena_printf(&page->arena, "%s (%llu)",
                                trace_string(t, trace_get(&c, row, TRACE_THREAD_name)),
                                (unsigned long long)tid);
    return arena_printf(&page->arena, "another program (%llu)", (unsigned long long)tid);
}
