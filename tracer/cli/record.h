/* record: what `run --trace` and `trace` share: the options of a recording, where
 * its files go, and turning what was recorded into the trace file. */
#ifndef CLI_RECORD_H
#define CLI_RECORD_H

#include "base/err.h"
#include "base/opt.h"
#include "base/progress.h"
#include "base/strbuf.h"
#include "convert/convert.h"
#include "session/recorder.h"
#include "session/state.h"

#include <limits.h>

struct record_options {
    const char *out;        /* -o, or NULL */
    const char *output_dir; /* --output-dir, or NULL: $OUTPUT_DIR, ./profiles */
    const char *events;
    const char *locks;
    const char *alloc;
    const char *keep;     /* what the agent counts without a recording; NULL: as it does now */
    const char *keep_ctf; /* NULL: no, "": beside the trace, else the folder */
    const char *session;
    uint64_t cpu_hz;      /* RECORD_CPU_HZ_UNSET */
    uint64_t chunk_bytes; /* convert whenever so much was recorded; 0: at the end only */
    const char *flight;   /* --flight-recorder: NULL: no, "": of the default length */
};

#define RECORD_CPU_HZ_UNSET UINT64_MAX
#define RECORD_CHUNK_BYTES  (64u << 20)

/* Rows of an option table; `o` is a static struct record_options. */
#define RECORD_OPTION_ROWS(o)                                                                      \
    {'o', "output", OPT_STR, &(o).out, "FILE", "the trace file to write"},                         \
        {0,       "output-dir",                                                                    \
         OPT_STR, &(o).output_dir,                                                                 \
         "DIR",   "folder for trace_DATE_TIME.out (default $OUTPUT_DIR or ./profiles)"},           \
        {0,       "events",                                                                        \
         OPT_STR, &(o).events,                                                                     \
         "LIST",  "classes to record, of sched,syscall,lock,alloc,cpu,user\n(default all)"},       \
        {0, "locks", OPT_STR, &(o).locks, "WHICH", "holds to record: contended (default) or all"}, \
        {0,          "alloc", OPT_STR,                                                             \
         &(o).alloc, "WHICH", "allocations to record: sampled (default) or all"},                  \
        {0, "cpu-hz", OPT_U64, &(o).cpu_hz, "N", "CPU samples per second and thread"},             \
        {0, "session", OPT_STR, &(o).session, "NAME", "name of the LTTng session"},                \
        {0,                                                                                        \
         "chunk-size",                                                                             \
         OPT_U64,                                                                                  \
         &(o).chunk_bytes,                                                                         \
         "BYTES",                                                                                  \
         "convert meanwhile, whenever that much was recorded (default 64M;\n0: at the end)"},      \
    {                                                                                              \
        0, "keep-ctf", OPT_OPT_STR, &(o).keep_ctf, "DIR",                                          \
            "keep LTTng's own (CTF) files too, beside the trace or in DIR"                         \
    }

struct record {
    unsigned classes;
    char agent_options[160];
    uint32_t cpu_hz;
    char session[64];
    uint64_t keep_ns; /* of a flight recorder, else 0 */
    struct runtime runtime;
    struct state state; /* owned */
};

/* Checks the options' values only: wrong ones are usage errors. */
bool record_check(struct record *rec, const struct record_options *o, struct err *err);
/* Chooses the paths, makes the folders, and saves the first state: target is told
 * by status, command_line goes to the trace (or ""). */
bool record_prepare(struct record *rec, const struct record_options *o, const char *owner,
                    const char *target, struct err *err);
/* Chooses `out` and makes `ctf_dir` beside it, which reserves the name. */
bool record_choose_paths(struct state *st, const struct record_options *o, struct err *err);
/* Forgets a recording that never began: its folder and its state. */
void record_abandon(struct record *rec);

/* The agent library, or NULL where it cannot be loaded into this program, which is
 * told on stderr: a trace then has kernel events only. False with err where the
 * library is missing. */
bool record_choose_agent(const char *program, const char **agent, bool trace, struct err *err);

/* Notes that this process is the recorder. */
void record_note_recorder(struct state *st);
/* Notes what the recorder knows at its start and its end for the trace's meta. */
void record_note_start(struct state *st, const struct recorder *r);
void record_note_end(struct state *st, const struct recorder *r, const struct recorder_result *res,
                     const char *why);
void record_note_command(struct state *st, char *const *argv);

/* Is the recorder that wrote this state still running? */
bool record_alive(const struct state *st);

/* Converts what the state tells of to its `out`, adding its meta.*; then removes or
 * keeps the CTF files as asked. After a failure they stay, and the hint says where;
 * only when progress asked to stop do they go. */
bool record_convert(struct state *st, const struct progress *progress,
                    struct convert_result *result, struct err *err);
/* What a conversion needs besides: key, value, ..., NULL of the state's meta.*, borrowed
 * from it; the caller frees the array. */
const char **record_meta(const struct state *st);
/* Cuts off what a crash left half-written; is there anything to convert? */
bool record_has_events(const char *ctf_dir);
/* Where pictures of the recording under way are for those who follow; the caller's. */
char *record_live_path(const struct state *st);
/* Saves how the conversion went for who asks later: "done" or "failed"; and tells it. */
void record_save_outcome(struct state *st, bool ok, const struct convert_result *result,
                         const struct err *err);
bool record_told_outcome(const struct state *st, struct convert_result *result, struct err *err);
/* Adds to the hint where the CTF files are. */
void record_hint_kept(struct err *err, const char *ctf_dir);
/* "12,345 events, 1.2 MiB; none lost" and what else is to be known, on stderr. */
void record_print_result(const struct state *st, const struct convert_result *result);

/* Joins arguments with spaces, quoting where a shell would need it. */
void record_join(struct strbuf *sb, char *const *argv);

#endif
