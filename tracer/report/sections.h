/* sections: the tables that several reports show. */
#ifndef REPORT_SECTIONS_H
#define REPORT_SECTIONS_H

#include "analyze/locks.h"
#include "analyze/range.h"
#include "analyze/threads.h"
#include "report/page.h"

/* "redis-server *:6379" or "3 processes: a, b and c": a page's title. */
const char *section_title(struct page *page, const struct trace *t);
/* "from 1.2 s to 1.3 s (100 ms) of 12 s" when only a part is shown. */
void section_range_fact(struct page *page, const struct trace *t, struct analyze_range range);
/* A thread as people know it: its name, and its process where that has another. */
const char *section_thread_name(struct page *page, const struct trace *t, uint64_t tid);

void section_threads(struct page *page, const struct trace *t, struct analyze_range range,
                     const struct analyze_threads *threads);
void section_syscalls(struct page *page, const struct trace *t, struct analyze_range range,
                      bool short_form);
void section_allocs(struct page *page, const struct trace *t, struct analyze_range range);

#endif
