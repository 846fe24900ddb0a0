/* chrome_write: the text of single events in Chrome's trace format.
 *
 *     chrome_begin(w, 'X', "syscall", pid, tid, ts_ns);
 *     chrome_dur(w, dur_ns);
 *     chrome_name_id(w, string_id);
 *     chrome_arg_u64(w, "ret", 3);
 *     chrome_end(w);
 *
 * Times are microseconds with three decimals made from integers, so that no ns is
 * lost. Strings of the trace are escaped by cJSON once each and kept. */
#ifndef EXPORT_CHROME_WRITE_H
#define EXPORT_CHROME_WRITE_H

#include "base/map.h"
#include "base/strbuf.h"
#include "export/out.h"
#include "trace/reader.h"

struct chrome_writer {
    const struct trace *trace;
    struct export_out *out;
    struct strbuf line;     /* the event being made */
    struct strbuf escaped;  /* all strings so far, quoted, each with a NUL */
    struct map64 of_string; /* string id -> offset in escaped */
    bool in_args;
    bool after_first; /* the array has an element */
    uint64_t events;
};

/* The key of an array of events, and its end. */
void chrome_array_begin(struct chrome_writer *w, const char *key);
void chrome_array_end(struct chrome_writer *w);

/* ph, cat and keys are plain ASCII that needs no escape. */
void chrome_begin(struct chrome_writer *w, char ph, const char *cat, uint64_t pid, uint64_t tid,
                  uint64_t ts_ns);
void chrome_dur(struct chrome_writer *w, uint64_t dur_ns);
/* A member of the event itself, its value as JSON. */
void chrome_member(struct chrome_writer *w, const char *key, const char *json);
void chrome_member_u64(struct chrome_writer *w, const char *key, uint64_t value);
void chrome_name_id(struct chrome_writer *w, uint64_t string_id);
/* Members of `args`: after all others. */
void chrome_arg_u64(struct chrome_writer *w, const char *key, uint64_t value);
void chrome_arg_i64(struct chrome_writer *w, const char *key, int64_t value);
void chrome_arg_hex(struct chrome_writer *w, const char *key, uint64_t value);
void chrome_arg_f64(struct chrome_writer *w, const char *key, double value);
void chrome_arg_id(struct chrome_writer *w, const char *key, uint64_t string_id);
/* `key` is a string of the trace too. */
void chrome_arg_f64_of(struct chrome_writer *w, uint64_t key_id, double value);
void chrome_end(struct chrome_writer *w);
/* A whole event as JSON text, made elsewhere. */
void chrome_event_text(struct chrome_writer *w, const char *json);

/* Appends text in quotes, escaped by cJSON, made valid UTF-8. */
void chrome_escape(struct strbuf *sb, const char *text);
/* Appends ns as microseconds. */
void chrome_us(struct strbuf *sb, uint64_t ns);

void chrome_writer_release(struct chrome_writer *w);

#endif
