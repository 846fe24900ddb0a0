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

/* What tells the viewers' dialects apart. */
struct chrome_dialect {
    bool frames;     /* stacks as numbers into `stackFrames`, and `samples` */
    bool states;     /* thread states as Perfetto's own `T` events, stacks in args */
    bool spans_only; /* B, E and X, no args: Speedscope takes those as part of the name */
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
    struct task_end *ends; /* owned, a heap: soonest first */
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

#endif
