/* The critical path: the chain of threads' time that the program's length, or one
 * thread's, is made of (analyze/path.h). */
#include "analyze/why.h"
#include "base/fmt.h"
#include "report/report.h"
#include "report/section_path.h"
#include "report/sections.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    STRETCH_ROWS = 40
};

static int longer(const void *a, const void *b)
{
    const struct analyze_piece *x = a, *y = b;
    uint64_t nx = x->end_ns - x->begin_ns, ny = y->end_ns - y->begin_ns;
    return nx != ny ? (nx > ny ? -1 : 1) : x->begin_ns < y->begin_ns ? -1 : 1;
}

static int earlier(const void *a, const void *b)
{
    const struct analyze_piece *x = a, *y = b;
    return x->begin_ns < y->begin_ns ? -1 : x->begin_ns > y->begin_ns;
}

/* The longest stretches in one thread, in order of time. */
static void add_stretches(struct page *page, const struct trace *t,
                          const struct analyze_causes *causes)
{
    static const struct page_column columns[] = {
        {"ts", "from", PAGE_NS, false},        {"dur_ns", "for", PAGE_NS, false},
        {"share", "of it", PAGE_SHARE, false}, {"thread", "in thread", PAGE_TEXT, false},
        {"tid", "tid", PAGE_ID, true},         {0},
    };
    struct page_table *table = page_table(page, "stretches", "The path", columns);
    struct trace_cursor threads = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    struct analyze_piece *v = arena_array(&page->arena, causes->piece_count + 1, sizeof *v);
    size_t count = causes->piece_count;
    if (count)
        memcpy(v, causes->pieces, count * sizeof *v);
    qsort(v, count, sizeof *v, longer);
    size_t shown = count < STRETCH_ROWS ? count : STRETCH_ROWS;
    qsort(v, shown, sizeof *v, earlier);
    char all[FMT_MAX];
    table->note = arena_printf(&page->arena, "%s%s stretch%s, in order of time",
                               shown < count ? "the longest 40 of " : "", fmt_count(all, count),
                               count == 1 ? "" : "es");
    table->short_rows = STRETCH_ROWS;
    table->none = "nothing";
    for (size_t i = 0; i < shown; i++) {
        uint64_t tid = trace_get(&threads, v[i].thread, TRACE_THREAD_tid);
        uint64_t ns = v[i].end_ns - v[i].begin_ns;
        page_row(table, (struct page_cell[]){page_number(v[i].begin_ns), page_number(ns),
                                             page_share(ns, causes->length_ns),
                                             page_text(section_thread_name(page, t, tid)),
                                             page_number(tid)});
    }
}

void report_critical_path(struct page *page, const struct trace *t, struct analyze_range range)
{
    struct analyze_question question = {.range = range};
    struct analyze_scope scope;
    page->title = section_title(page, t);
    section_range_fact(page, t, range);
    if (range.thread) {
        struct trace_cursor c = trace_cursor(t, TRACE_THREAD_TABLE, 0);
        question.thread = arena_printf(&page->arena, "%" PRIu64,
                                       trace_get(&c, range.thread - 1, TRACE_THREAD_tid));
    }
    if (question.range.end_ns > trace_duration_ns(t))
        question.range.end_ns = trace_duration_ns(t);
    if (!analyze_scope_find(&page->arena, t, &question, &scope, NULL)) {
        page_fact(page, "length_ns", "length", PAGE_NS, page_number(0));
        return;
    }
    struct analyze_causes causes = analyze_causes(&page->arena, t, &scope);
    page_fact(page, "scope", "of", PAGE_TEXT, page_text(scope.title));
    page_fact(page, "length_ns", "length", PAGE_NS, page_number(causes.length_ns));
    add_stretches(page, t, &causes);
    section_path(page, t, &causes);
}
