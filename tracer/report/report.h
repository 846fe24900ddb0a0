/* report: tables about a trace. Each report is a row of one table in report.c and
 * a file of its own that fills a page from the analyses. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "analyze/range.h"
#include "report/page.h"

struct report {
    const char *name;
    const char *help; /* what it shows, one line */
    void (*fill)(struct page *page, const struct trace *t, struct analyze_range range);
};

struct report_options {
    struct analyze_range range;
    bool json;
    struct page_style style;
};

/* All reports, `summary` first; name NULL ends the list. */
extern const struct report report_table[];

/* NULL with err (which lists them) when there is no such report. */
const struct report *report_find(const char *name, struct err *err);

/* Prints one. False with err on damage met in the file, or when `out` fails. */
bool report_print(const struct report *r, const struct trace *t,
                  const struct report_options *options, FILE *out, struct err *err);

/* The order in which locks are taken, as a graph for Graphviz; inverted ones in red. */
bool report_lock_dot(const struct trace *t, struct analyze_range range, FILE *out, struct err *err);

void report_summary(struct page *page, const struct trace *t, struct analyze_range range);
void report_threads(struct page *page, const struct trace *t, struct analyze_range range);
void report_locks(struct page *page, const struct trace *t, struct analyze_range range);
void report_syscalls(struct page *page, const struct trace *t, struct analyze_range range);
void report_latency(struct page *page, const struct trace *t, struct analyze_range range);
void report_wakeups(struct page *page, const struct trace *t, struct analyze_range range);
void report_critical_path(struct page *page, const struct trace *t, struct analyze_range range);
void report_allocs(struct page *page, const struct trace *t, struct analyze_range range);

#endif
