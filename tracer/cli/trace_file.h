/* trace_file: the trace that a sub-command reads, and which part of it. */
#ifndef CLI_TRACE_FILE_H
#define CLI_TRACE_FILE_H

#include "analyze/range.h"

/* The rows of an option table that set such a range. */
/* clang-format off */
#define CLI_RANGE_OPTIONS(range)                                                                   \
    {0, "from", OPT_DURATION, &(range).begin_ns, "TIME",                                           \
     "only from TIME on (1.5s, 20ms) since the trace's start"},                                    \
    {0, "to", OPT_DURATION, &(range).end_ns, "TIME", "only up to TIME"}
/* clang-format on */

/* Opens a trace file; or what whyprof convert takes (a folder of CTF traces, a Go execution
 * trace, Chrome's JSON), converted to a file that nobody sees. NULL with err. */
struct trace *cli_trace_map(const char *path, struct err *err);

/* Opens the trace; cuts the range to it, an end of 0 being the trace's. NULL where there
 * is no such trace or nothing of the range in it: that was told, *status is to return. */
struct trace *cli_trace_open(const char *path, struct analyze_range *range, int *status);

#endif
