/* dump: a trace file as text, a row a line, strings and enums by name:
 *
 *     thread_state tid=7 ts=1200 state=blocked cpu=-1 reason=lock object=0x40 ...
 *
 * The text depends on the file's content only, so that two traces can be
 * compared with diff and damaged ones reviewed. */
#ifndef TRACE_DUMP_H
#define TRACE_DUMP_H

#include "trace/reader.h"

#include <stdio.h>

/* The table of that name, or -1 with err (which lists them). */
int trace_dump_find(const char *name, struct err *err);

/* Prints a table, or with -1 all of them. False with err when a block is damaged
 * (what could be read is printed) or when `out` cannot be written. */
bool trace_dump(const struct trace *t, int table, FILE *out, struct err *err);

#endif
