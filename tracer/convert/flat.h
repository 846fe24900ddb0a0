/* flat: events of our own stream reader to `struct event`, without babeltrace2's
 * field objects in between. Each event class of the metadata is compiled once to a
 * short list of operations: fixed-size fields that nobody wants are stepped over in
 * one go, the contract's are stored to their place. What decode.h does for any
 * graph, for a stream handed over by source.whyprof.ctf (source.h). Events are
 * decoded a batch at a time, so that another thread can do it. */
#ifndef CONVERT_FLAT_H
#define CONVERT_FLAT_H

#include "convert/ctf_stream.h"
#include "convert/decode.h"

struct flat_plan;

/* The plans of one trace's event classes. Not changed by reading. */
struct flat_trace {
    const struct tsdl *tsdl;        /* borrowed */
    const struct flat_plan **plans; /* by index into tsdl->events */
    uint32_t *names;                /* likewise: decoder_name, UINT32_MAX: not asked yet */
    struct arena arena;
};

enum {
    FLAT_BATCH = 4096,       /* events */
    FLAT_BATCH_WORDS = 65536 /* of their sequences, about */
};

/* Some events of one packet in order. Their strings are borrowed from the stream's
 * map, their sequences from `words`. */
struct flat_batch {
    struct event *events; /* owned, FLAT_BATCH */
    uint32_t *classes;    /* owned: each one's index into tsdl->events */
    uint32_t *counts;     /* owned: of each class in the batch */
    uint32_t count;
    uint64_t *words; /* owned */
    size_t word_count, word_cap;
    bool end;       /* of the packet; set after damage too */
    struct err err; /* damage behind the last event, if any */
};

void flat_trace_init(struct flat_trace *t, const struct tsdl *tsdl);
void flat_trace_release(struct flat_trace *t);

/* Fills a batch (zeroed, or filled before) from the stream's current packet. */
void flat_fill(const struct flat_trace *t, struct ctf_stream *s, struct flat_batch *b);
void flat_batch_release(struct flat_batch *b);

#endif
