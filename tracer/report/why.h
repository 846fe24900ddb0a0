/* why: analyze_why's answer as an expert would tell it: the answer, each finding with
 * its evidence and advice, then where the time went. */
#ifndef REPORT_WHY_H
#define REPORT_WHY_H

#include "analyze/why.h"
#include "report/page.h"

struct report_why_options {
    bool json;
    struct page_style style;
};

/* The path as folded stacks, for flame graphs: "thread;main;...;write;[blocked: io] ns". */
bool report_why_folded(const struct analyze_why *why, const struct trace *t, FILE *out,
                       struct err *err);

/* False with err when `out` fails. */
bool report_why(const struct analyze_why *why, const struct trace *t,
                const struct report_why_options *options, FILE *out, struct err *err);

#endif
