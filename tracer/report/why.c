#include "report/why.h"

#include "base/fmt.h"
#include "base/strbuf.h"
#include "report/section_path.h"
#include "report/sections.h"

#include <inttypes.h>

enum {
    STACK_FRAMES = 8
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
        {"save_bytes", "saves", PAGE_BYTES, false},
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
                     page_number(x->save_bytes), page_share(x->save_ns, why->causes.length_ns),
                     page_number(x->at.tid), page_text(section_thread_name(page, t, x->at.tid)),
                     page_text(x->at.function), page_text(x->object), page_text(x->answer),
                     page_text(evidence_text(page, x)), page_text(stack_text(page, t, x->stack_id)),
                     page_text(x->advice), page_text(x->sql), page_number(x->longest.ts_ns),
                     page_number(x->longest.dur_ns)});
    }
}

static void add_tables(struct page *page, const struct trace *t, const struct analyze_why *why)
{
    const struct analyze_causes *c = &why->causes;
    section_path(page, t, c);
    char threads[FMT_MAX];
    section_times(page, "account", "What the threads did themselves",
                  arena_printf(&page->arena, "%s of thread time", fmt_ns(threads, why->account_ns)),
                  why->account, why->account_ns);
    section_parts(page, t, "cpu_instead", "Who had the CPU instead",
                  "while the path queued for one", why->concurrency.culprits,
                  why->concurrency.culprit_count, c->class_ns[TRACE_RUNNABLE]);
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
        const struct analyze_concurrency *c = &why->concurrency;
        page_fact(&page, "busy_ns", NULL, PAGE_NS, page_number(c->busy_ns));
        page_fact(&page, "parallel_ns", NULL, PAGE_NS, page_number(c->parallel_ns));
        page_fact(&page, "queueing_ns", NULL, PAGE_NS, page_number(c->runnable_ns));
        page_fact(&page, "unavoidable_queueing_ns", NULL, PAGE_NS, page_number(c->excess_ns));
        page_fact(&page, "workers", NULL, PAGE_COUNT, page_number(c->workers));
        page_fact(&page, "cpus_used", NULL, PAGE_COUNT, page_number(c->cpus));
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
