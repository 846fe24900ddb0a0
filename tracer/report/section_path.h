/* section_path: the tables about a path (analyze/causes.h) that `why` and the critical
 * path's report show. */
#ifndef REPORT_SECTION_PATH_H
#define REPORT_SECTION_PATH_H

#include "analyze/causes.h"
#include "report/page.h"

/* Where the time went, the functions, the threads, the waits. */
void section_path(struct page *page, const struct trace *t, const struct analyze_causes *causes);

/* Time by class: the rows add up to `length`. */
void section_times(struct page *page, const char *key, const char *title, const char *note,
                   const uint64_t ns[TRACE_CLASSES], uint64_t length);
/* Functions and threads, with their shares of `whole`; tid 0 is who is not in the trace. */
void section_parts(struct page *page, const struct trace *t, const char *key, const char *title,
                   const char *note, const struct analyze_part *v, size_t count, uint64_t whole);

#endif
