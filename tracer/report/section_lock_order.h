/* section_lock_order: which locks are taken while others are held; nothing where none. */
#ifndef REPORT_SECTION_LOCK_ORDER_H
#define REPORT_SECTION_LOCK_ORDER_H

#include "analyze/range.h"
#include "report/page.h"

void section_lock_order(struct page *page, const struct trace *t, struct analyze_range range);

#endif
