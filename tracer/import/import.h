/* import: files of other tracers to a trace file, without babeltrace2: what a Go program's
 * runtime/trace wrote (the format of Go 1.11 to 1.21), and Chrome's trace JSON, which many
 * tools write. Files are mapped and read in place: memory grows with threads, names and
 * stacks, not with events. */
#ifndef IMPORT_IMPORT_H
#define IMPORT_IMPORT_H

#include "base/err.h"
#include "base/progress.h"

#include <stdint.h>

struct import_result {
    uint64_t events;
    uint64_t bytes; /* of the trace file */
};

struct import_options {
    const char *path;
    const char *out_path;            /* gets its name when complete */
    const struct progress *progress; /* or NULL */
};

/* By its first bytes: is it such a file? */
bool import_takes(const char *path);
/* False with err, and no file; what is wrong in the input is told with its offset. */
bool import_file(const struct import_options *options, struct import_result *result,
                 struct err *err);

#endif
