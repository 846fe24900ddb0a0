/* cut: a part of a trace, by time and threads, as a trace of its own.
 *
 *     struct trace_cut cut = {.begin_ns = 10000000, .end_ns = 20000000};
 *     if (!trace_cut(t, &cut, "part.out", &err)) ...
 *
 * Spans that reach over an end of the range are shortened to what is inside; what ended
 * later is unfinished. Times begin anew with the range, and meta `start_unix_ns` moves
 * along. Of a lock, waits and their sums are those in the range; counts that the file
 * has only for the whole (events by class, a thread's CPU time) are left out. */
#ifndef TRACE_CUT_H
#define TRACE_CUT_H

#include "base/progress.h"
#include "trace/reader.h"

struct trace_cut {
    uint64_t begin_ns, end_ns;       /* end_ns is at most the trace's duration */
    const bool *threads;             /* by row of table thread; NULL: all of them */
    const struct progress *progress; /* or NULL */
};

/* False with err, and no file, also on damage in the trace. *rows, or NULL: how many rows
 * with a time were taken. */
bool trace_cut(const struct trace *t, const struct trace_cut *cut, const char *path, uint64_t *rows,
               struct err *err);

#endif
