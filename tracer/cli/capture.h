/* capture: the profile kinds that whyprof writes, for `whyprof cpu` and its siblings, and
 * `run --cpu`. Those of a running program come from a short recording (cpu), from what its
 * agent counted (heap, block ...) or from looking at it (threads); those of `run` all come
 * from a recording of just the event classes that they need. */
#ifndef CLI_CAPTURE_H
#define CLI_CAPTURE_H

#include "base/err.h"
#include "process/counts.h"
#include "profile/profile.h"
#include "profile/reduce.h"

#include <limits.h>
#include <stdio.h>

enum capture_way {
    CAPTURE_RECORDED, /* events of a while */
    CAPTURE_COUNTED,  /* what the agent keeps: until now, or two of them subtracted */
    CAPTURE_SEEN      /* where the threads are now */
};

struct capture_kind {
    const char *name; /* the command, the option of run and the file's first word */
    const char *path; /* of a server's /debug/pprof/ */
    enum reduce_kind reduce;
    unsigned classes; /* of session.h */
    enum capture_way way;
    enum process_kind counted; /* of CAPTURE_COUNTED */
    bool is_a_moment;          /* had at once, unless a while was asked for */
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
    CAPTURE_THREADCREATE,
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

/* Writes a profile as a file. */
bool capture_save(const char *path, const struct profile *p, const char *default_type,
                  struct err *err);
/* Writes each kind's profile of the trace into dir, and prints its path on `out`. How
 * many events it rests on is said on stderr. */
bool capture_write(const char *trace_path, unsigned kinds, const char *dir, FILE *out,
                   struct err *err);
/* The same for one kind under a name of its own. */
bool capture_write_as(const char *trace_path, unsigned kind, const char *path, FILE *out,
                      struct err *err);

#endif
