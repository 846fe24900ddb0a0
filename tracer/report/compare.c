#include "report/compare.h"

#include "base/fmt.h"
#include "base/strbuf.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    STACK_FRAMES = 12, /* of the text */
    COLUMNS = 10
};

/* How the values are printed. */
struct unit {
    enum page_kind value, change;
};

static struct unit unit_of(const char *unit)
{
    if (!strcmp(unit, "nanoseconds"))
        return (struct unit){PAGE_NS, PAGE_CHANGE_NS};
    if (!strcmp(unit, "bytes"))
        return (struct unit){PAGE_BYTES, PAGE_CHANGE_BYTES};
    return (struct unit){PAGE_COUNT, PAGE_CHANGE_COUNT};
}

static uint64_t whole(double v)
{
    return v > 0 ? (uint64_t)llround(v) : 0;
}

static void add_facts(struct page *page, const struct compare *c, struct unit u)
{
    const char *sides = c->before_count + c->after_count > 2
                            ? arena_printf(&page->arena, "%zu before, %zu after (means are shown)",
                                           c->before_count, c->after_count)
                            : "1 before, 1 after";
    page_fact(page, "type", "values", PAGE_TEXT, page_text(c->type));
    page_fact(page, "unit", NULL, PAGE_TEXT, page_text(c->unit));
    page_fact(page, "profiles", "profiles", PAGE_TEXT, page_text(sides));
    page_fact(page, "before_duration_ns", c->before_s > 0 ? "duration before" : NULL, PAGE_NS,
              page_number(whole(c->before_s * 1e9)));
    page_fact(page, "after_duration_ns", c->after_s > 0 ? "duration after" : NULL, PAGE_NS,
              page_number(whole(c->after_s * 1e9)));
    page_fact(page, "before", "before", u.value, page_number(whole(c->total.before)));
    page_fact(page, "after", "after", u.value, page_number(whole(c->total.after)));
    page_fact(page, "change", "change", u.change, page_change(llround(compare_change(&c->total))));
    page_fact(page, "growth", "relative", PAGE_GROWTH,
              page_growth(whole(c->total.before), whole(c->total.after)));
    page_fact(page, "noise", c->total.has_noise ? "noise (95 %)" : NULL, u.value,
              page_number(whole(c->total.noise)));
}

static int by_cum(const void *a, const void *b)
{
    const struct compare_function *const *x = a, *const *y = b;
    double p = fabs(compare_change(&(*x)->cum)), q = fabs(compare_change(&(*y)->cum));
    return p != q ? (p < q) - (p > q) : strcmp((*x)->name, (*y)->name);
}

/* Columns are the page's: it lives as long as the page does. */
static const struct page_column *function_columns(struct page *page, struct unit u, bool noise)
{
    const struct page_column columns[COLUMNS] = {
        {"flat_change", "change", u.change, false},
        {"flat_growth", "of itself", PAGE_GROWTH, false},
        {"flat_before", "before", u.value, false},
        {"flat_after", "after", u.value, false},
        {"flat_noise", "noise", u.value, !noise},
        {"cum_change", "with callees", u.change, false},
        {"cum_growth", "of itself", PAGE_GROWTH, false},
        {"function", "function", PAGE_TEXT, false},
        {"file", "file", PAGE_TEXT, true},
        {0},
    };
    return arena_memdup(&page->arena, columns, sizeof columns);
}

static void add_function(struct page_table *t, const struct compare_function *f)
{
    const struct compare_value *flat = &f->flat, *cum = &f->cum;
    page_row(t, (struct page_cell[]){
                    page_change(llround(compare_change(flat))),
                    page_growth(whole(flat->before), whole(flat->after)),
                    page_number(whole(flat->before)), page_number(whole(flat->after)),
                    page_number(whole(flat->noise)), page_change(llround(compare_change(cum))),
                    page_growth(whole(cum->before), whole(cum->after)), page_text(f->name),
                    page_text(f->file)});
}

/* Functions whose change is real, or those where it may be chance. */
static void add_functions(struct page *page, const struct compare *c, struct unit u, bool cum,
                          bool real)
{
    const struct compare_function **order =
        arena_array(&page->arena, c->function_count + 1, sizeof(struct compare_function *));
    for (size_t i = 0; i < c->function_count; i++)
        order[i] = &c->functions[i];
    if (cum)
        qsort(order, c->function_count, sizeof(struct compare_function *), by_cum);
    struct page_table *t = page_table(page, real ? "functions" : "within_noise",
                                      real ? "Functions" : "Functions whose change may be chance",
                                      function_columns(page, u, c->total.has_noise));
    t->note =
        cum ? "by what they changed with all that they call" : "by what they changed themselves";
    t->none = real ? "none changed" : NULL;
    for (size_t i = 0; i < c->function_count; i++) {
        const struct compare_value *v = cum ? &order[i]->cum : &order[i]->flat;
        if (compare_change(v) != 0 && compare_is_real(v) == real)
            add_function(t, order[i]);
    }
}

static const char *stack_text(struct page *page, const struct compare *c,
                              const struct compare_stack *s)
{
    struct strbuf sb = {0};
    for (uint32_t d = 0; d < s->depth && d < STACK_FRAMES; d++)
        strbuf_printf(&sb, "%s%s", d ? " < " : "", c->functions[s->functions[d]].name);
    if (s->depth > STACK_FRAMES)
        strbuf_puts(&sb, " < ...");
    const char *text = arena_strdup(&page->arena, strbuf_str(&sb));
    strbuf_release(&sb);
    return text;
}

static void add_stacks(struct page *page, const struct compare *c, struct unit u)
{
    const struct page_column columns[COLUMNS] = {
        {"change", "change", u.change, false},
        {"growth", "of itself", PAGE_GROWTH, false},
        {"before", "before", u.value, false},
        {"after", "after", u.value, false},
        {"noise", "noise", u.value, !c->total.has_noise},
        {"stack", "stack", PAGE_TEXT, false},
        {0},
    };
    struct page_table *t =
        page_table(page, "stacks", "Stacks", arena_memdup(&page->arena, columns, sizeof columns));
    t->note = "innermost function first";
    t->none = "none changed";
    for (size_t i = 0; i < c->stack_count; i++) {
        const struct compare_value *v = &c->stacks[i].value;
        if (compare_change(v) == 0 || !compare_is_real(v))
            continue;
        page_row(t, (struct page_cell[]){page_change(llround(compare_change(v))),
                                         page_growth(whole(v->before), whole(v->after)),
                                         page_number(whole(v->before)),
                                         page_number(whole(v->after)), page_number(whole(v->noise)),
                                         page_text(stack_text(page, c, &c->stacks[i]))});
    }
}

void report_compare(struct page *page, const struct compare *c,
                    const struct report_compare_options *options)
{
    struct unit u = unit_of(c->unit);
    add_facts(page, c, u);
    add_functions(page, c, u, options->by_cum, true);
    if (c->total.has_noise)
        add_functions(page, c, u, options->by_cum, false);
    add_stacks(page, c, u);
}

/* ---- traces ---- */

static void add_rows(struct page *page, enum compare_matter matter, const struct compare_rows *rows)
{
    static const struct page_column columns[] = {
        {"change_ns", "change", PAGE_CHANGE_NS, false},
        {"growth", "of itself", PAGE_GROWTH, false},
        {"before_ns", "before", PAGE_NS, false},
        {"after_ns", "after", PAGE_NS, false},
        {"before_count", "times", PAGE_COUNT, false},
        {"after_count", "after", PAGE_COUNT, false},
        {"before_p50_ns", "p50", PAGE_NS, true},
        {"after_p50_ns", "after", PAGE_NS, true},
        {"before_p99_ns", "p99", PAGE_NS, false},
        {"after_p99_ns", "after", PAGE_NS, false},
        {"before_max_ns", "longest", PAGE_NS, false},
        {"after_max_ns", "after", PAGE_NS, false},
        {"name", "what", PAGE_TEXT, false},
        {0},
    };
    struct page_table *t =
        page_table(page, compare_matter_key(matter), compare_matter_title(matter), columns);
    t->note = "largest change first; of each pair the first is before";
    for (size_t i = 0; i < rows->count; i++) {
        const struct compare_row *r = &rows->v[i];
        const struct compare_measure *b = &r->before, *a = &r->after;
        page_row(t, (struct page_cell[]){
                        page_change((int64_t)(a->total_ns - b->total_ns)),
                        page_growth(b->total_ns, a->total_ns), page_number(b->total_ns),
                        page_number(a->total_ns), page_number(b->count), page_number(a->count),
                        page_number(b->p50_ns), page_number(a->p50_ns), page_number(b->p99_ns),
                        page_number(a->p99_ns), page_number(b->max_ns), page_number(a->max_ns),
                        page_text(r->name)});
    }
}

void report_compare_traces(struct page *page, const struct compare_traces *c)
{
    static const struct page_column columns[] = {{"text", "time of threads", PAGE_TEXT, false},
                                                 {0}};
    page->title = c->answer;
    page_fact(page, "answer", NULL, PAGE_TEXT, page_text(c->answer));
    page_fact(page, "before_ns", "before", PAGE_NS, page_number(c->before_ns));
    page_fact(page, "after_ns", "after", PAGE_NS, page_number(c->after_ns));
    page_fact(page, "change_ns", "change", PAGE_CHANGE_NS,
              page_change((int64_t)(c->after_ns - c->before_ns)));
    struct page_table *t = page_table(page, "changes", "What changed most", columns);
    for (int i = 0; c->sentences[i]; i++)
        page_row(t, (struct page_cell[]){page_text(c->sentences[i])});
    for (int m = 0; m < COMPARE_MATTERS; m++)
        add_rows(page, (enum compare_matter)m, &c->matters[m]);
}
