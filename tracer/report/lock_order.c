/* Which locks are taken while others are held: a table, and a graph. */
#include "analyze/lock_order.h"

#include "base/json.h"
#include "report/report.h"
#include "report/section_lock_order.h"
#include "report/sections.h"

#include <inttypes.h>

void section_lock_order(struct page *page, const struct trace *t, struct analyze_range range)
{
    static const struct page_column columns[] = {
        {"first_text", "while it holds", PAGE_TEXT, false},
        {"then_text", "it takes", PAGE_TEXT, false},
        {"count", "times", PAGE_COUNT, false},
        {"wait_ns", "waited", PAGE_NS, false},
        {"both", "order", PAGE_TEXT, false},
        {"thread", "for example thread", PAGE_TEXT, false},
        {"first", "", PAGE_HEX, true},
        {"then", "", PAGE_HEX, true},
        {"pid", "pid", PAGE_ID, true},
        {0},
    };
    struct analyze_lock_edges edges = analyze_lock_order(&page->arena, t, range);
    struct trace_cursor threads = trace_cursor(t, TRACE_THREAD_TABLE, 0);
    struct page_table *table =
        page_table(page, "order", "Locks taken while others are held", columns);
    table->note = "contended ones, or all where --locks=all recorded them";
    for (size_t i = 0; i < edges.count; i++) {
        const struct analyze_lock_edge *e = &edges.v[i];
        uint64_t tid = trace_get(&threads, e->thread, TRACE_THREAD_tid);
        page_row(table, (struct page_cell[]){
                            page_text(analyze_lock_text(&page->arena, t, e->pid, e->first)),
                            page_text(analyze_lock_text(&page->arena, t, e->pid, e->then)),
                            page_number(e->count), page_number(e->wait_ns),
                            page_text(e->inverted ? "BOTH WAYS: can deadlock" : ""),
                            page_text(section_thread_name(page, t, tid)), page_number(e->first),
                            page_number(e->then), page_number(e->pid)});
    }
}

static void print_node(struct strbuf *sb, struct arena *a, const struct trace *t, uint64_t pid,
                       uint64_t lock)
{
    json_string(sb, arena_printf(a, "%s\n%" PRIu64, analyze_lock_text(a, t, pid, lock), pid));
}

bool report_lock_dot(const struct trace *t, struct analyze_range range, FILE *out, struct err *err)
{
    struct arena a = {0};
    struct analyze_lock_edges edges = analyze_lock_order(&a, t, range);
    struct strbuf sb = {0};
    strbuf_puts(&sb, "digraph locks {\n  node [shape=box];\n");
    for (size_t i = 0; i < edges.count; i++) {
        const struct analyze_lock_edge *e = &edges.v[i];
        strbuf_puts(&sb, "  ");
        print_node(&sb, &a, t, e->pid, e->first);
        strbuf_puts(&sb, " -> ");
        print_node(&sb, &a, t, e->pid, e->then);
        strbuf_printf(&sb, " [label=\"%" PRIu64 "\"%s];\n", e->count,
                      e->inverted ? ", color=red" : "");
    }
    strbuf_puts(&sb, "}\n");
    fputs(strbuf_str(&sb), out);
    strbuf_release(&sb);
    arena_release(&a);
    if (fflush(out) || ferror(out))
        return err_errno(err, "write the graph");
    return !trace_damage(t, err);
}
