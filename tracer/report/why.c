#include "report/why.h"

#include "analyze/waits.h"
#include "base/fmt.h"
#include "base/strbuf.h"
#include "report/sections.h"

#include <inttypes.h>

enum {
    STACK_FRAMES = 8,
    CAUSE_ROWS = 12,
    FUNCTION_ROWS = 12
};

/* "write < flush < main": where, innermost first. */
static const char *stack_text(struct page *page, const struct trace *t, uint64_t stack_id)
{
    struct trace_frame frames[STACK_FRAMES];
    size_t depth = trace_stack(t, stack_id, frames, STACK_FRAMES);
    struct strbuf sb = {0};
    for (size_t i = 0; i < depth && i < STACK_FRAMES; i++) {
        strbuf_puts(&sb, i ? " < " : "");
        if (*frames[i].function)
            strbuf_puts(&sb, frames[i].function);
        else
            strbuf_printf(&sb, "0x%" PRIx64, frames[i].address);
    }
    if (depth > STACK_FRAMES)
        strbuf_puts(&sb, " < ...");
    const char *text = arena_strdup(&page->arena, strbuf_str(&sb));
    strbuf_release(&sb);
    return text;
}

static const char *evidence_text(struct page *page, const struct analyze_finding *x)
{
    struct strbuf sb = {0};
    for (int i = 0; x->evidence[i]; i++)
        strbuf_printf(&sb, "%s%s", i ? "; " : "", x->evidence[i]);
    const char *text = arena_strdup(&page->arena, strbuf_str(&sb));
    strbuf_release(&sb);
    return text;
}

static void add_findings(struct page *page, const struct trace *t, const struct analyze_why *why)
{
    static const struct page_column columns[] = {
        {"kind", "kind", PAGE_TEXT, false},
        {"title", "title", PAGE_TEXT, false},
        {"save_ns", "saves", PAGE_NS, false},
        {"share", "of it", PAGE_SHARE, false},
        {"tid", "tid", PAGE_ID, false},
        {"thread", "thread", PAGE_TEXT, false},
        {"function", "function", PAGE_TEXT, false},
        {"object", "object", PAGE_TEXT, false},
        {"answer", "answer", PAGE_TEXT, false},
        {"evidence", "evidence", PAGE_TEXT, false},
        {"stack", "stack", PAGE_TEXT, false},
        {"advice", "advice", PAGE_TEXT, false},
        {"sql", "sql", PAGE_TEXT, false},
        {"longest_ts", "at", PAGE_NS, false},
        {"longest_dur_ns", "longest", PAGE_NS, false},
        {0},
    };
    struct page_table *table = page_table(page, "findings", "Findings", columns);
    for (size_t i = 0; i < why->finding_count; i++) {
        const struct analyze_finding *x = &why->findings[i];
        page_row(table,
                 (struct page_cell[]){
                     page_text(analyze_finding_name(x->kind)),
                     page_text(analyze_finding_title(x->kind)), page_number(x->save_ns),
                     page_share(x->save_ns, why->causes.length_ns), page_number(x->at.tid),
                     page_text(section_thread_name(page, t, x->at.tid)), page_text(x->at.function),
                     page_text(x->object), page_text(x->answer), page_text(evidence_text(page, x)),
                     page_text(stack_text(page, t, x->stack_id)), page_text(x->advice),
                     page_text(x->sql), page_number(x->longest.ts_ns),
                     page_number(x->longest.dur_ns)});
    }
}

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
static void add_times(struct page *page, const char *key, const char *title, const char *note,
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

static void add_parts(struct page *page, const struct trace *t, const char *key, const char *title,
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

static void add_tables(struct page *page, const struct trace *t, const struct analyze_why *why)
{
    const struct analyze_causes *c = &why->causes;
    char length[FMT_MAX], threads[FMT_MAX];
    fmt_ns(length, c->length_ns);
    fmt_ns(threads, why->account_ns);
    add_times(page, "path", "Where the time went",
              arena_printf(&page->arena, "%s; waits followed to what was at their end", length),
              c->class_ns, c->length_ns);
    add_times(page, "account", "What the threads did themselves",
              arena_printf(&page->arena, "%s of thread time", threads), why->account,
              why->account_ns);
    add_parts(page, t, "functions", "Running", "functions on the path, by CPU samples",
              c->functions, c->function_count, c->sample_ns);
    add_parts(page, t, "cpu_instead", "Who had the CPU instead", "while the path queued for one",
              why->concurrency.culprits, why->concurrency.culprit_count,
              c->class_ns[TRACE_RUNNABLE]);
    add_parts(page, t, "path_threads", "The path went through", "", c->threads, c->thread_count,
              c->length_ns);
    add_causes(page, t, c);
}

static void print_finding(struct page *page, const struct trace *t, const struct analyze_why *why,
                          size_t i, FILE *out)
{
    const struct analyze_finding *x = &why->findings[i];
    char save[FMT_MAX], share[FMT_MAX];
    fprintf(out, "\n%zu. %s", i + 1, analyze_finding_title(x->kind));
    if (x->save_ns)
        fprintf(out, ", at most %s to save (%s)", fmt_ns(save, x->save_ns),
                fmt_share(share, x->save_ns, why->causes.length_ns));
    fprintf(out, "\n   %s\n", x->answer);
    for (int k = 0; x->evidence[k]; k++)
        fprintf(out, "   - %s\n", x->evidence[k]);
    if (x->stack_id)
        fprintf(out, "   - stack: %s\n", stack_text(page, t, x->stack_id));
    if (*x->advice)
        fprintf(out, "   What to do: %s\n", x->advice);
    if (*x->sql)
        fprintf(out, "   To see it: %s\n", x->sql);
}

bool report_why(const struct analyze_why *why, const struct trace *t,
                const struct report_why_options *options, FILE *out, struct err *err)
{
    struct page page = {.name = "why"};
    if (options->json) {
        page_fact(&page, "answer", NULL, PAGE_TEXT, page_text(why->answer));
        page_fact(&page, "scope", NULL, PAGE_TEXT, page_text(why->scope.title));
        page_fact(&page, "length_ns", NULL, PAGE_NS, page_number(why->causes.length_ns));
        page_fact(&page, "account_ns", NULL, PAGE_NS, page_number(why->account_ns));
        page_fact(&page, "begin_ns", NULL, PAGE_NS, page_number(why->scope.range.begin_ns));
        page_fact(&page, "end_ns", NULL, PAGE_NS, page_number(why->scope.range.end_ns));
        page_fact(&page, "threshold_ns", NULL, PAGE_NS,
                  page_number(why->causes.length_ns * ANALYZE_FINDING_SHARE / 100));
        add_findings(&page, t, why);
    } else {
        fprintf(out, "%s\n", why->answer);
        for (size_t i = 0; i < why->finding_count; i++)
            print_finding(&page, t, why, i, out);
        fputc('\n', out);
    }
    add_tables(&page, t, why);
    if (options->json)
        page_print_json(&page, &options->style, out);
    else
        page_print_text(&page, &options->style, out);
    page_release(&page);
    if (!options->json)
        fprintf(out, "\nNothing that could save less than %d %% of the time is told.\n",
                ANALYZE_FINDING_SHARE);
    if (fflush(out) || ferror(out))
        return err_errno(err, "write the answer");
    return true;
}
