#include "report/section_path.h"

#include "analyze/waits.h"
#include "base/fmt.h"
#include "report/sections.h"

enum {
    CAUSE_ROWS = 12,
    FUNCTION_ROWS = 12
};

static const char *class_text(struct page *page, unsigned class)
{
    if (class < TRACE_BLOCKED) {
        static const char *const names[] = {"not known", "running", "queueing for a CPU"};
        return names[class];
    }
    return arena_printf(&page->arena, "blocked: %s",
                        analyze_reason_text((enum trace_reason)(class - TRACE_BLOCKED)));
}

static const struct page_column *time_columns(void)
{
    static const struct page_column columns[] = {
        {"what", "what", PAGE_TEXT, false},    {"ns", "time", PAGE_NS, false},
        {"share", "of it", PAGE_SHARE, false}, {"state", "", PAGE_TEXT, true},
        {"reason", "", PAGE_TEXT, true},       {0},
    };
    return columns;
}

/* Exact: the rows add up to the length. Text shows what is not zero. */
void section_times(struct page *page, const char *key, const char *title, const char *note,
                   const uint64_t ns[TRACE_CLASSES], uint64_t length)
{
    struct page_table *table = page_table(page, key, title, time_columns());
    table->note = note;
    table->none = "no time";
    for (unsigned c = 0; c < TRACE_CLASSES; c++) {
        unsigned class = (c + 1) % TRACE_CLASSES; /* what is not known comes last */
        if (!ns[class])
            continue;
        unsigned state = class < TRACE_BLOCKED ? class : TRACE_BLOCKED;
        const char *reason =
            class < TRACE_BLOCKED ? "" : trace_enum_name(TRACE_REASON, class - TRACE_BLOCKED);
        page_row(table, (struct page_cell[]){page_text(class_text(page, class)),
                                             page_number(ns[class]), page_share(ns[class], length),
                                             page_text(trace_enum_name(TRACE_STATE, state)),
                                             page_text(reason ? reason : "")});
    }
}

static void add_causes(struct page *page, const struct trace *t,
                       const struct analyze_causes *causes)
{
    static const struct page_column columns[] = {
        {"what", "waited for", PAGE_TEXT, false},
        {"file", "file or peer", PAGE_TEXT, false},
        {"path_ns", "time", PAGE_NS, false},
        {"share", "of it", PAGE_SHARE, false},
        {"self_ns", "for itself", PAGE_NS, false},
        {"waits", "waits", PAGE_COUNT, false},
        {"waiter", "in", PAGE_TEXT, false},
        {"waiter_thread", "thread", PAGE_TEXT, false},
        {"ended_by", "for what happened in", PAGE_TEXT, false},
        {"ended_by_thread", "thread", PAGE_TEXT, false},
        {"reason", "", PAGE_TEXT, true},
        {"object", "", PAGE_HEX, true},
        {"running_ns", "", PAGE_NS, true},
        {"runnable_ns", "", PAGE_NS, true},
        {"blocked_ns", "", PAGE_NS, true},
        {"idle_ns", "", PAGE_NS, true},
        {0},
    };
    struct page_table *table = page_table(page, "waits", "Waits on the path", columns);
    table->note = "time: with all that was behind them; for itself: nothing further was";
    table->none = "none";
    table->short_rows = CAUSE_ROWS;
    for (size_t i = 0; i < causes->count; i++) {
        const struct analyze_cause *c = &causes->v[i];
        const char *reason = trace_enum_name(TRACE_REASON, c->reason);
        page_row(table, (struct page_cell[]){
                            page_text(c->what), page_text(c->file), page_number(c->path_ns),
                            page_share(c->path_ns, causes->length_ns), page_number(c->self_ns),
                            page_number(c->waits), page_text(c->waiter.function),
                            page_text(section_thread_name(page, t, c->waiter.tid)),
                            page_text(c->holder.function),
                            page_text(section_thread_name(page, t, c->holder.tid)),
                            page_text(reason ? reason : ""), page_number(c->object),
                            page_number(c->end_running_ns), page_number(c->end_runnable_ns),
                            page_number(c->end_blocked_ns), page_number(c->idle_ns)});
    }
}

void section_parts(struct page *page, const struct trace *t, const char *key, const char *title,
                   const char *note, const struct analyze_part *v, size_t count, uint64_t whole)
{
    static const struct page_column columns[] = {
        {"function", "function", PAGE_TEXT, false},
        {"thread", "thread", PAGE_TEXT, false},
        {"ns", "time", PAGE_NS, false},
        {"share", "of it", PAGE_SHARE, false},
        {"tid", "tid", PAGE_ID, true},
        {0},
    };
    struct page_table *table = page_table(page, key, title, columns);
    table->note = note;
    table->short_rows = FUNCTION_ROWS;
    for (size_t i = 0; i < count; i++)
        page_row(table,
                 (struct page_cell[]){page_text(v[i].function),
                                      page_text(v[i].tid ? section_thread_name(page, t, v[i].tid)
                                                         : "another program, or nobody"),
                                      page_number(v[i].ns), page_share(v[i].ns, whole),
                                      page_number(v[i].tid)});
}

void section_path(struct page *page, const struct trace *t, const struct analyze_causes *c)
{
    char length[FMT_MAX];
    fmt_ns(length, c->length_ns);
    section_times(page, "path", "Where the time went",
                  arena_printf(&page->arena, "%s; waits followed to what was at their end", length),
                  c->class_ns, c->length_ns);
    section_parts(page, t, "functions", "Running", "functions on the path, by CPU samples",
                  c->functions, c->function_count, c->sample_ns);
    section_parts(page, t, "path_threads", "The path went through", "", c->threads, c->thread_count,
                  c->length_ns);
    add_causes(page, t, c);
}
