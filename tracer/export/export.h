/* export: a trace in other tools' formats. Each format is a row of one table in
 * export.c and a file of its own; it streams, so memory does not grow with the
 * trace. */
#ifndef EXPORT_EXPORT_H
#define EXPORT_EXPORT_H

#include "analyze/range.h"
#include "base/progress.h"
#include "export/out.h"
#include "trace/reader.h"

struct export_options {
    struct analyze_range range;
    uint64_t min_dur_ns;             /* leave out shorter spans */
    uint64_t split_bytes;            /* begin another file after about so many; 0: one file */
    const char *kind;                /* of a profile, NULL: the format's default */
    const char *table;               /* this one alone, NULL: all */
    const char *threads;             /* ids or names of those alone, "12,worker"; NULL: all */
    const struct progress *progress; /* or NULL */
};

struct export_result {
    uint64_t events;
    uint64_t bytes; /* before compression */
    unsigned parts; /* files written */
};

enum export_takes {
    EXPORT_TAKES_SPLIT = 1 << 0,
    EXPORT_TAKES_KIND = 1 << 1,
    EXPORT_TAKES_TABLE = 1 << 2,
    EXPORT_TAKES_THREADS = 1 << 3,
};

struct export_format {
    const char *name; /* --for=name */
    const char *help;
    unsigned takes; /* enum export_takes bits: options that it has a use for */
    /* Whether the values of those options are right, or NULL. */
    bool (*check)(const struct export_options *options, struct err *err);
    /* Writes everything; *events counts what was written. False with err when it
     * was asked to stop; failed writes are the caller's to find. */
    bool (*write)(struct trace *t, const struct export_options *options, struct export_out *out,
                  uint64_t *events, struct err *err);
    /* Where the format is no stream: a folder, unless the options choose one file of it, or
     * a file that is not written from begin to end; or NULL. */
    bool (*write_path)(struct trace *t, const char *path, const struct export_options *options,
                       struct export_result *result, struct err *err);
};

/* All formats, the default first; name NULL ends the list. */
extern const struct export_format export_formats[];

/* NULL with err (which lists them) when there is no such format. */
const struct export_format *export_find(const char *name, struct err *err);

/* Whether the format has a use for all options given: else they are mistakes. */
bool export_check(const struct export_format *format, const struct export_options *options,
                  struct err *err);

/* Writes `path` ("-": standard output). On failure, also on damage in the trace,
 * there is no file. The options have been checked. */
bool export_trace(struct trace *t, const struct export_format *format, const char *path,
                  const struct export_options *options, struct export_result *result,
                  struct err *err);

bool export_chrome(struct trace *t, const struct export_options *options, struct export_out *out,
                   uint64_t *events, struct err *err);
bool export_perfetto(struct trace *t, const struct export_options *options, struct export_out *out,
                     uint64_t *events, struct err *err);
bool export_speedscope(struct trace *t, const struct export_options *options,
                       struct export_out *out, uint64_t *events, struct err *err);
/* options->table alone. */
bool export_csv(struct trace *t, const struct export_options *options, struct export_out *out,
                uint64_t *events, struct err *err);
/* Every table that has rows, as FOLDER/TABLE.csv. */
bool export_csv_folder(struct trace *t, const char *folder, const struct export_options *options,
                       struct export_result *result, struct err *err);
bool export_folded(struct trace *t, const struct export_options *options, struct export_out *out,
                   uint64_t *events, struct err *err);
bool export_pprof(struct trace *t, const struct export_options *options, struct export_out *out,
                  uint64_t *events, struct err *err);
/* That part as a trace of its own. */
bool export_cut(struct trace *t, const char *path, const struct export_options *options,
                struct export_result *result, struct err *err);
bool export_csv_check(const struct export_options *options, struct err *err);
bool export_folded_check(const struct export_options *options, struct err *err);
bool export_pprof_check(const struct export_options *options, struct err *err);

#endif
