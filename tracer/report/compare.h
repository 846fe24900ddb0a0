/* compare: comparisons (analyze/compare.h, compare_traces.h) as pages, and as a
 * differential flame graph. */
#ifndef REPORT_COMPARE_H
#define REPORT_COMPARE_H

#include "analyze/compare.h"
#include "analyze/compare_traces.h"
#include "report/page.h"

struct report_compare_options {
    bool by_cum; /* functions by what they and all below them changed, not by their own */
};

/* Strings are borrowed from *c. */
void report_compare(struct page *page, const struct compare *c,
                    const struct report_compare_options *options);
void report_compare_traces(struct page *page, const struct compare_traces *c);

/* An SVG. Boxes are as wide as the larger of both sides, of their own and of all above, so
 * that what is gone keeps its place; red grew, blue shrank, by how much of itself. */
void report_compare_flame(const struct compare *c, FILE *out);

#endif
