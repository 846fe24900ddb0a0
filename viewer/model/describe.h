/* describe: a span, sample or column in words: the label inside it, the lines
 * of its tooltip, the facts and stacks of the Details tab. */
#ifndef MODEL_DESCRIBE_H
#define MODEL_DESCRIBE_H

#include "model/doc.h"
#include "model/lanes.h"

#include <stddef.h>

/* Where a fact leads. */
enum model_link {
    MODEL_LINK_NONE,
    MODEL_LINK_THREAD, /* to what the thread with tid `to` did at `to_ns` */
    MODEL_LINK_LOCK,   /* to the row of the lock at address `to` */
    MODEL_LINK_CALL    /* to row `to` of the thread's system calls */
};

struct model_fact {
    const char *label;
    const char *text;
    enum model_class class; /* a colour to show beside it, or MODEL_CLASSES */
    bool minor;             /* too much for a tooltip */
    enum model_link link;
    uint64_t to;
    int64_t to_ns;
};

enum {
    MODEL_FACTS = 32
};

struct model_words {
    const char *title;
    enum model_class class; /* colour of the title */
    struct model_fact facts[MODEL_FACTS];
    size_t fact_count;
    uint64_t stack_id;       /* 0: none */
    const char *stack_title; /* "Blocked at" */
    uint64_t other_stack_id; /* the holder's */
    const char *other_title;
};

/* Adds a line; nothing where the text is empty. The text is borrowed. */
void model_words_fact(struct model_words *w, const char *label, const char *text);

/* The same with a link. */
void model_words_link(struct model_words *w, const char *label, const char *text,
                      enum model_link link, uint64_t to, int64_t to_ns);

/* One row of a thread's table (THREAD_STATE, SYSCALL, LOCK_WAIT, REGION, SAMPLE). */
void model_describe_row(struct model_words *w, const struct model_doc *doc, uint32_t thread,
                        enum trace_table table, uint64_t row, struct arena *a);
/* "orders (0x5581a040)". */
const char *model_lock_text(const struct model_doc *doc, uint64_t address, struct arena *a);
/* "read  /etc/hosts": the call that a blocked span was in, or NULL. */
const char *model_wait_call(const struct model_doc *doc, const struct model_thread *th,
                            const struct model_span *s, struct arena *a);
/* A column or range: totals by class, spans and the longest. */
void model_describe_totals(struct model_words *w, const struct model_totals *t, int64_t begin_ns,
                           int64_t end_ns, struct arena *a);

/* Short text for inside a span; written to buf, which is returned. */
const char *model_span_label(const struct model_doc *doc, uint32_t thread,
                             enum model_lane_kind lane, const struct model_span *span, char *buf,
                             size_t bytes);

/* The function, else "module+0xaddress", else "0xaddress". */
const char *model_frame_name(const struct trace_frame *frame, char *buf, size_t bytes);
/* Index of the innermost frame that is the program's own; 0 where none is. */
size_t model_stack_own(const struct trace_frame *frames, size_t depth);
/* The innermost function of a stack that is the program's own: not libc's, the
 * loader's or the agent's. "" for none. */
const char *model_stack_function(const struct trace *t, uint64_t stack_id, char *buf, size_t bytes);
const char *model_basename(const char *path);
/* A function's name without the path of its Go package: "http.(*conn).serve". */
const char *model_short_function(const char *name);

#endif
