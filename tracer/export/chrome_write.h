/* chrome_write: the text of single events in Chrome's trace format.
 *
 *     chrome_begin(w, 'X', "syscall", pid, tid, ts_ns);
 *     chrome_dur(w, dur_ns);
 *     chrome_name_id(w, string_id);
 *     chrome_arg_u64(w, "ret", 3);
 *     chrome_end(w);
 *
 * Times are microseconds with three decimals made from integers, so that no ns is
 * lost. Strings of the trace are escaped by cJSON once each and kept. Functions
 * that take a key are inlined for the sake of its length. */
#ifndef EXPORT_CHROME_WRITE_H
#define EXPORT_CHROME_WRITE_H

#include "base/map.h"
#include "base/strbuf.h"
#include "export/text.h"
#include "trace/reader.h"

struct chrome_escaped {
    uint64_t off; /* in chrome_writer.escaped */
    uint64_t len; /* 0: not escaped yet */
};

struct chrome_writer {
    const struct trace *trace;
    struct text x;
    struct strbuf escaped;            /* strings so far, quoted, one after the other */
    struct chrome_escaped *of_string; /* owned, by string id */
    uint64_t string_count;
    bool plain; /* args are left out */
    bool in_args;
    bool after_first; /* the array has an element */
    uint64_t events;
};

void chrome_writer_init(struct chrome_writer *w, const struct trace *t, struct export_out *out);
void chrome_writer_release(struct chrome_writer *w);

/* The key of an array of events, and its end. */
void chrome_array_begin(struct chrome_writer *w, const char *key);
void chrome_array_end(struct chrome_writer *w);

/* A whole event as JSON text, made elsewhere. */
void chrome_event_text(struct chrome_writer *w, const char *json, size_t len);

/* Appends text in quotes, escaped by cJSON, made valid UTF-8. */
void chrome_escape(struct strbuf *sb, const char *text);
/* A string of the trace so. */
void chrome_string(struct chrome_writer *w, uint64_t string_id);

/* The comma, or none, before an element of the array. */
static inline void chrome_separate(struct chrome_writer *w)
{
    if (w->after_first)
        text_lit(&w->x, ",\n");
    else
        text_lit(&w->x, "\n");
    w->after_first = true;
    w->events++;
}

/* ph, cat and keys are plain ASCII that needs no escape. */
__attribute__((always_inline)) static inline void chrome_begin(struct chrome_writer *w, char ph,
                                                               const char *cat, uint64_t pid,
                                                               uint64_t tid, uint64_t ts_ns)
{
    chrome_separate(w);
    w->in_args = false;
    text_lit(&w->x, "{\"ph\":\"");
    text_putc(&w->x, ph);
    text_lit(&w->x, "\",\"cat\":\"");
    text_lit(&w->x, cat);
    text_lit(&w->x, "\",\"pid\":");
    text_u64(&w->x, pid);
    text_lit(&w->x, ",\"tid\":");
    text_u64(&w->x, tid);
    text_lit(&w->x, ",\"ts\":");
    text_us(&w->x, ts_ns);
}

__attribute__((always_inline)) static inline void chrome_key(struct chrome_writer *w,
                                                             const char *key)
{
    text_lit(&w->x, ",\"");
    text_lit(&w->x, key);
    text_lit(&w->x, "\":");
}

static inline void chrome_dur(struct chrome_writer *w, uint64_t dur_ns)
{
    chrome_key(w, "dur");
    text_us(&w->x, dur_ns);
}

/* A member of the event itself, its value as JSON. */
__attribute__((always_inline)) static inline void chrome_member(struct chrome_writer *w,
                                                                const char *key, const char *json)
{
    chrome_key(w, key);
    text_lit(&w->x, json);
}

__attribute__((always_inline)) static inline void chrome_member_u64(struct chrome_writer *w,
                                                                    const char *key, uint64_t value)
{
    chrome_key(w, key);
    text_u64(&w->x, value);
}

static inline void chrome_name_id(struct chrome_writer *w, uint64_t string_id)
{
    chrome_key(w, "name");
    chrome_string(w, string_id);
}

/* ---- members of `args`: after all others; none where they are left out ---- */

static inline bool chrome_args_comma(struct chrome_writer *w)
{
    if (w->plain)
        return false;
    if (w->in_args)
        text_lit(&w->x, ",");
    else
        text_lit(&w->x, ",\"args\":{");
    w->in_args = true;
    return true;
}

__attribute__((always_inline)) static inline bool chrome_arg_key(struct chrome_writer *w,
                                                                 const char *key)
{
    if (!chrome_args_comma(w))
        return false;
    text_lit(&w->x, "\"");
    text_lit(&w->x, key);
    text_lit(&w->x, "\":");
    return true;
}

__attribute__((always_inline)) static inline void chrome_arg_u64(struct chrome_writer *w,
                                                                 const char *key, uint64_t value)
{
    if (chrome_arg_key(w, key))
        text_u64(&w->x, value);
}

__attribute__((always_inline)) static inline void chrome_arg_i64(struct chrome_writer *w,
                                                                 const char *key, int64_t value)
{
    if (chrome_arg_key(w, key))
        text_i64(&w->x, value);
}

__attribute__((always_inline)) static inline void chrome_arg_hex(struct chrome_writer *w,
                                                                 const char *key, uint64_t value)
{
    if (!chrome_arg_key(w, key))
        return;
    text_putc(&w->x, '"');
    text_hex(&w->x, value);
    text_putc(&w->x, '"');
}

__attribute__((always_inline)) static inline void chrome_arg_f64(struct chrome_writer *w,
                                                                 const char *key, double value)
{
    if (chrome_arg_key(w, key))
        text_f64(&w->x, value);
}

__attribute__((always_inline)) static inline void chrome_arg_id(struct chrome_writer *w,
                                                                const char *key, uint64_t string_id)
{
    if (chrome_arg_key(w, key))
        chrome_string(w, string_id);
}

/* The value as JSON. */
__attribute__((always_inline)) static inline void chrome_arg(struct chrome_writer *w,
                                                             const char *key, const char *json)
{
    if (chrome_arg_key(w, key))
        text_lit(&w->x, json);
}

/* `key` is a string of the trace too. */
static inline void chrome_arg_f64_of(struct chrome_writer *w, uint64_t key_id, double value)
{
    if (!chrome_args_comma(w))
        return;
    chrome_string(w, key_id);
    text_putc(&w->x, ':');
    text_f64(&w->x, value);
}

static inline void chrome_end(struct chrome_writer *w)
{
    if (w->in_args)
        text_lit(&w->x, "}}");
    else
        text_lit(&w->x, "}");
}

#endif
