/* Contended locks, conditions and joins. */
#include "analyze/locks.h"
#include "base/fmt.h"
#include "report/report.h"
#include "report/section_lock_order.h"
#include "report/sections.h"

enum {
    LOCK_ROWS = 30
};

static void add_row(struct page *page, struct page_table *table, const struct trace *t,
                    const struct analyze_lock *l)
{
    const char *kind = trace_enum_name(TRACE_LOCK, l->kind);
    const char *text =
        *l->name ? l->name : arena_printf(&page->arena, "0x%llx", (unsigned long long)l->lock);
    page_row(table,
             (struct page_cell[]){
                 page_text(kind ? kind : ""), page_text(text), page_number(l->lock),
                 page_text(l->name), page_number(l->waits), page_number(l->wait_ns),
                 page_number(l->max_wait_ns), page_number(l->waiters), page_text(l->waiter),
                 page_text(l->holder), page_text(section_thread_name(page, t, l->holder_tid)),
                 page_number(l->hold_ns), page_number(l->max_hold_ns), page_number(l->acquisitions),
                 page_number(l->contentions), page_number(l->pid), page_number(l->holder_tid)});
}

void report_locks(struct page *page, const struct trace *t, struct analyze_range range)
{
    static const struct page_column columns[] = {
        {"kind", "kind", PAGE_TEXT, false},
        {"text", "lock", PAGE_TEXT, false},
        {"lock", "", PAGE_HEX, true},
        {"name", "", PAGE_TEXT, true},
        {"waits", "waits", PAGE_COUNT, false},
        {"wait_ns", "waited", PAGE_NS, false},
        {"max_wait_ns", "longest", PAGE_NS, false},
        {"waiters", "threads", PAGE_COUNT, false},
        {"waiter", "waiting in", PAGE_TEXT, false},
        {"holder", "held by", PAGE_TEXT, false},
        {"holder_thread", "thread", PAGE_TEXT, false},
        {"hold_ns", "held", PAGE_NS, true},
        {"max_hold_ns", "longest hold", PAGE_NS, false},
        {"acquisitions", "acquired", PAGE_COUNT, false},
        {"contentions", "contended", PAGE_COUNT, true},
        {"pid", "pid", PAGE_ID, true},
        {"holder_tid", "holder", PAGE_ID, true},
        {0},
    };
    struct analyze_locks locks = analyze_locks(&page->arena, t, range);
    char waits[FMT_MAX], total[FMT_MAX];
    page->title = section_title(page, t);
    section_range_fact(page, t, range);
    struct page_table *table = page_table(page, "locks", "Locks", columns);
    table->note = arena_printf(&page->arena, "%s contended waits, %s; longest first",
                               fmt_count(waits, locks.waits), fmt_ns(total, locks.wait_ns));
    table->none = "no thread waited for one";
    table->short_rows = LOCK_ROWS;
    for (size_t i = 0; i < locks.count; i++)
        add_row(page, table, t, &locks.v[i]);
    section_lock_order(page, t, range);
}
