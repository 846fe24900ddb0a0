/* check: verifies all that a reader relies on, and all that format.h promises.
 *
 * The container is checked from the bytes, not through the reader: checksums of
 * header, contents, sections and blocks; that everything lies where it must. The
 * rows are then read with cursors: order by time, ids and enum values in range,
 * parents of stack nodes before their children, states of a thread without a
 * gap. Cost: one pass over the file, 4 bytes of memory for each stack node. */
#ifndef TRACE_CHECK_H
#define TRACE_CHECK_H

#include "base/progress.h"
#include "trace/reader.h"

struct trace_check_sink {
    /* Told of each problem and the file offset where it was met. */
    void (*problem)(void *data, uint64_t off, const char *text);
    void *data;
    uint64_t max;                    /* stops after so many */
    const struct progress *progress; /* or NULL */
};

/* The number of problems found in the file in memory (aligned to 8 bytes); 0: sound. */
uint64_t trace_check(const void *data, size_t bytes, const struct trace_check_sink *sink);

#endif
