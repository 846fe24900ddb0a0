/* capture: the profile kinds that whyprof writes, each from a recording of just the
 * event classes it needs: `whyprof cpu` and its siblings, and `run --cpu`. */
#ifndef CLI_CAPTURE_H
#define CLI_CAPTURE_H

#include "base/err.h"
#include "profile/reduce.h"

#include <limits.h>
#include <stdio.h>

struct capture_kind {
    const char *name; /* the command, the option of run and the file's first word */
    const char *path; /* of a server's /debug/pprof/ */
    enum reduce_kind reduce;
    unsigned classes; /* of session.h */
    bool is_a_moment; /* where things stand, not what happens: a short recording does */
    const char *help;
};

extern const struct capture_kind capture_kinds[]; /* name NULL ends them */

/* Places in capture_kinds. */
enum {
    CAPTURE_CPU,
    CAPTURE_HEAP,
    CAPTURE_ALLOCS,
    CAPTURE_BLOCK,
    CAPTURE_MUTEX,
    CAPTURE_THREADS,
    CAPTURE_GOROUTINE,
    CAPTURE_KINDS
};

/* Makes the folder (--output-dir, or NULL: $OUTPUT_DIR, ./profiles) and gives its full path. */
bool capture_folder(const char *option, char dir[PATH_MAX], struct err *err);
/* "DIR/KIND_20250101_120000.prof", "..._2.prof" where that exists. The caller frees it. */
char *capture_path(const char *dir, const char *kind, const char *suffix);
/* The event classes that the kinds (bits by their place in capture_kinds) need, as
 * --events names them. */
const char *capture_classes(unsigned kinds, char *buf, size_t cap);
/* A hidden name in dir for the recording that the profiles are made from. */
void capture_trace_path(const char *dir, char path[PATH_MAX]);

/* Writes each kind's profile of the trace into dir, and prints its path on `out`. How
 * many events it rests on is said on stderr. */
bool capture_write(const char *trace_path, unsigned kinds, const char *dir, FILE *out,
                   struct err *err);

#endif
