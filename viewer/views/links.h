/* links: where they lead: to a lock's row, to an instance that an analysis found, to
 * a function wherever it is shown; and what goes to the clipboard. */
#ifndef VIEWS_LINKS_H
#define VIEWS_LINKS_H

#include "analyze/range.h"

struct views;

/* Picks a span of a thread's states and brings it into sight, large where zoom. */
void views_go_instance(struct views *v, const struct analyze_instance *at, bool zoom);
/* Brings a contended lock's row into sight; says so where it has none. */
void views_go_lock(struct views *v, uint64_t address);
/* One function for all: bright in every graph, found in every table, its source in the
 * Source tabs, of the trace and of profiles. */
void views_function_select(struct views *v, const char *function);
/* The same, but nothing is searched for: all stays as bright as it is. */
void views_function_pick(struct views *v, const char *function);
/* Leaves text for the app to put on the clipboard, with a notice. */
void views_copy(struct views *v, const char *text);
/* What a person would want copied of what is in sight. */
void views_copy_in_sight(struct views *v);

#endif
