/* flat: events of our own stream reader to `struct event`, without babeltrace2's
 * field objects in between. Each event class of the metadata is compiled once to a
 * short list of operations: fixed-size fields that nobody wants are stepped over in
 * one go, the contract's are stored to their place. What decode.h does for any
 * graph, for a stream handed over by source.whyprof.ctf (source.h). */
#ifndef CONVERT_FLAT_H
#define CONVERT_FLAT_H

#include "convert/ctf_stream.h"
#include "convert/decode.h"

struct flat_plan;

/* The plans of one trace's event classes; in the decoder's care. */
struct flat_trace {
    const struct tsdl *tsdl;  /* borrowed */
    struct flat_plan **plans; /* owned, by index into tsdl->events; NULL: not met yet */
    struct arena arena;
};

void flat_trace_init(struct flat_trace *t, const struct tsdl *tsdl);
void flat_trace_release(struct flat_trace *t);

/* Reads the event whose header was read last. Counts it in d as decoder_event
 * does; *out's strings and sequence are borrowed from the stream's map or from d
 * until the next call. False with err on damage. out->ts is left alone. */
bool flat_event(struct flat_trace *t, struct decoder *d, struct ctf_stream *s,
                const struct ctf_event *ev, struct event *out, struct err *err);

#endif
