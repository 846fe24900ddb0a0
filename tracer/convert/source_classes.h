/* source_classes: what the metadata of a trace says, in babeltrace2's words: its
 * trace, stream, event and field classes; and the filling of an event's fields
 * from the bytes of a stream. */
#ifndef CONVERT_SOURCE_CLASSES_H
#define CONVERT_SOURCE_CLASSES_H

#include "convert/ctf_stream.h"

#include <babeltrace2/babeltrace.h>

struct source_stream_class {
    const struct tsdl_stream *tsdl;
    bt_stream_class *class;        /* owned reference */
    const bt_event_class **events; /* by index into tsdl->events; NULL: another stream's */
};

struct source_classes {
    bt_trace_class *trace;               /* owned reference */
    bt_clock_class *clock;               /* owned reference */
    struct source_stream_class *streams; /* in the arena, tsdl->stream_count */
    uint32_t stream_count;
};

/* arena and tsdl are borrowed until release. */
bool source_classes_init(struct source_classes *c, struct arena *arena, const struct tsdl *tsdl,
                         bt_self_component *self, struct err *err);
void source_classes_release(struct source_classes *c);

/* The caller owns the reference of each; NULL on failure. */
const bt_trace *source_trace(const struct source_classes *c, const struct tsdl *tsdl,
                             struct err *err);
bt_stream *source_stream(const struct source_stream_class *class, const bt_trace *trace,
                         uint64_t id);
bt_packet *source_packet(const struct source_stream_class *class, bt_stream *stream,
                         const struct ctf_packet *values);

/* NULL where the trace has no such stream class. */
const struct source_stream_class *source_stream_class(const struct source_classes *c, uint64_t id);

static inline const bt_event_class *source_event_class(const struct source_stream_class *class,
                                                       const struct tsdl *tsdl,
                                                       const struct tsdl_event *event)
{
    return class->events[event - tsdl->events];
}

/* Reads the event's fields at the stream's place into a new event. */
bool source_fill_event(bt_event *event, struct ctf_stream *stream,
                       const struct source_stream_class *class, const struct tsdl_event *tsdl,
                       struct err *err);

#endif
