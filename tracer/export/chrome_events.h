/* chrome_events: rows of the trace's tables as events of Chrome's format. */
#ifndef EXPORT_CHROME_EVENTS_H
#define EXPORT_CHROME_EVENTS_H

#include "export/chrome_rows.h"
#include "export/export.h"
#include "export/merge.h"

/* A task's end, due when the events before it have been written: tasks overlap
 * freely, so their ends are not in the order of their begins. */
struct task_end {
    uint64_t ts_ns;
    uint64_t task_id;
    uint64_t name;
};

/* A span whose end is not written yet (chrome_spans.c). */
struct chrome_span {
    uint64_t end_ns;
    uint64_t number; /* in order of their begins */
    uint64_t pid, tid;
    const char *name_json; /* static; NULL: */
    uint64_t name_id;
};

/* The spans open on one row, of which each lies within the one before. */
struct chrome_span_row {
    uint64_t *ends; /* owned */
    size_t count, cap;
};

struct chrome_spans {
    struct chrome_span *heap; /* owned: soonest end first */
    size_t count, cap;
    uint64_t opened;
    struct map64 row_of;          /* hash of process and thread -> index into rows */
    struct chrome_span_row *rows; /* owned */
    size_t row_count, row_cap;
};

/* What tells the viewers' dialects apart. */
struct chrome_dialect {
    bool frames;     /* stacks as numbers into `stackFrames`, and `samples` */
    bool states;     /* thread states as Perfetto's own `T` events, stacks in args */
    bool spans_only; /* as B and E, no args: speedscope takes those as part of the name */
};

struct chrome_stack {
    uint64_t off; /* in chrome.stack_texts */
    uint64_t len; /* 0: not made yet */
};

struct chrome {
    const struct trace *trace;
    const struct export_options *options;
    struct chrome_dialect dialect;
    struct chrome_writer w;
    struct text described;           /* the metadata events: the same in each part */
    struct text stack_texts;         /* stacks as JSON arrays, each made once */
    struct chrome_stack *stack_json; /* owned, by stack id */
    struct merge samples;
    struct merge_event sample; /* the next one, where sample_left */
    bool sample_left;
    uint64_t part_begin_bytes;
    struct chrome_rows rows;
    struct trace_cursor stacks;
    struct chrome_spans spans; /* where they are pairs of events */
    struct chrome_span span;   /* the one being written */
    struct task_end *ends;     /* owned, a heap: soonest first */
    size_t end_count;
    size_t end_cap;
};

/* Adds the partitions of all tables that become events. */
void chrome_add_sources(struct chrome *ch, struct merge *m);
/* Writes a row's event or events, unless the options leave it out. */
void chrome_write_row(struct chrome *ch, const struct merge_event *e);
/* Appends a frame's function, else its place in its module, as a JSON string. */
void chrome_frame_name(struct strbuf *sb, const struct trace_frame *f);
/* Writes the ends of tasks that are due. */
void chrome_write_task_ends(struct chrome *ch, uint64_t until_ns);
/* The thread id of the row for a span: another one than tid where it would overlap with
 * what is open there. */
uint64_t chrome_span_tid(struct chrome *ch, uint64_t pid, uint64_t tid, uint64_t begin_ns,
                         uint64_t end_ns);
void chrome_spans_release(struct chrome_spans *s);
/* Notes a span that has been begun, and writes the ends of those that are due. */
void chrome_span_opened(struct chrome *ch, struct chrome_span span);
void chrome_write_span_ends(struct chrome *ch, uint64_t until_ns);

#endif
