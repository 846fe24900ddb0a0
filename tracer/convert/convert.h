/* convert: a CTF folder (LTTng's output) to a trace file, through a babeltrace2
 * graph whose sink is our component class `sink.whyprof.trace`. The same class
 * is built as a babeltrace2 plugin (plugin.c). The only user of babeltrace2. */
#ifndef CONVERT_CONVERT_H
#define CONVERT_CONVERT_H

#include "base/err.h"
#include "base/progress.h"

#include <stddef.h>
#include <stdint.h>

enum convert_reader {
    CONVERT_READER_AUTO,   /* each trace by the faster one that knows it */
    CONVERT_READER_CTF,    /* our source.whyprof.ctf */
    CONVERT_READER_CTF_FS, /* babeltrace2's source.ctf.fs */
    CONVERT_READER_LIVE,   /* its source.ctf.lttng-live: the folder is a relay daemon's URL */
};

struct convert_options {
    const char *ctf_dir; /* any folder with CTF traces below it */
    /* More such folders, merged into one trace file; or NULL. Where they are of several
     * machines, their processes, threads and CPUs are kept apart (hosts.h). */
    const char *const *more_dirs;
    size_t more_count;
    enum convert_reader reader;
    unsigned threads;                /* 0: one for each CPU; the file is the same with any */
    const char *out_path;            /* gets its name when complete */
    const struct progress *progress; /* or NULL */
    const char *const *meta; /* key, value, key, value, ..., NULL: added to table meta; or NULL */
};

struct convert_result {
    uint64_t events; /* CTF events read */
    uint64_t lost;   /* events the tracer discarded */
    uint64_t bytes;  /* of the trace file */
};

/* False with err (and no file) on failure or when progress asked to stop; of a live session
 * that is its end as good as any. */
bool convert_ctf(const struct convert_options *options, struct convert_result *result,
                 struct err *err);

/* The same in parts, while the recording goes on: a session's chunks of files, one after
 * the other. All events before until_ns (of the trace's clock) must be in this chunk or one
 * before; UINT64_MAX for the last. After a failure only convert_cancel. */
struct convert;
struct convert *convert_begin(const char *out_path, const struct progress *progress,
                              struct err *err);
bool convert_add(struct convert *c, const char *ctf_dir, enum convert_reader reader,
                 uint64_t until_ns, struct err *err);
/* From here on with so many threads, 0: one for each CPU. At first it is this one
 * alone, which leaves the others to what is being recorded. */
void convert_use_threads(struct convert *c, unsigned threads);
/* For a process forked from the one that goes on with c: from here on c is a copy with a
 * file of its own. convert_end then makes a picture of what came so far. Only while one
 * thread converts. */
bool convert_branch(struct convert *c, const char *out_path, struct err *err);
/* Looks up the names of the places that came since, so that pictures need not each. */
void convert_resolve(struct convert *c);
/* Completes the file and frees c; c is gone after a failure too. */
bool convert_end(struct convert *c, const char *const *meta, struct convert_result *result,
                 struct err *err);
void convert_cancel(struct convert *c);

/* Of the babeltrace2 library in use: "2.0.4". */
const char *convert_babeltrace_version(void);

#endif
