/* Where memory is allocated. */
#include "analyze/allocs.h"

#include "base/fmt.h"
#include "report/report.h"
#include "report/sections.h"

enum {
    SHORT_ROWS = 6,
    LONG_ROWS = 30
};

static uint64_t whole(double estimate)
{
    return estimate > 0 && estimate < 1e18 ? (uint64_t)(estimate + 0.5) : 0;
}

void section_allocs(struct page *page, const struct trace *t, struct analyze_range range)
{
    static const struct page_column columns[] = {
        {"function", "function", PAGE_TEXT, false},
        {"caller", "called from", PAGE_TEXT, false},
        {"bytes", "allocated", PAGE_BYTES, false},
        {"share", "share", PAGE_SHARE, false},
        {"count", "times", PAGE_COUNT, false},
        {"live_bytes", "not freed", PAGE_BYTES, false},
        {"live_count", "objects", PAGE_COUNT, false},
        {"samples", "samples", PAGE_COUNT, false},
        {0},
    };
    struct analyze_allocs allocs = analyze_allocs(&page->arena, t, range);
    char bytes[FMT_MAX], live[FMT_MAX], samples[FMT_MAX];
    struct page_table *table = page_table(page, "allocs", "Allocations", columns);
    table->note =
        arena_printf(&page->arena, "%s, %s of it not freed; estimated from %s samples",
                     fmt_bytes(bytes, whole(allocs.total_bytes)),
                     fmt_bytes(live, whole(allocs.live_bytes)), fmt_count(samples, allocs.samples));
    table->none = "none were sampled";
    table->short_rows = SHORT_ROWS;
    for (size_t i = 0; i < allocs.count; i++) {
        const struct analyze_alloc_site *s = &allocs.v[i];
        page_row(table,
                 (struct page_cell[]){
                     page_text(s->function), page_text(s->caller), page_number(whole(s->bytes)),
                     page_share(whole(s->bytes), whole(allocs.total_bytes)),
                     page_number(whole(s->count)), page_number(whole(s->live_bytes)),
                     page_number(whole(s->live_count)), page_number(s->samples)});
    }
}

void report_allocs(struct page *page, const struct trace *t, struct analyze_range range)
{
    page->title = section_title(page, t);
    section_range_fact(page, t, range);
    section_allocs(page, t, range);
    page->tables->short_rows = LONG_ROWS;
}
