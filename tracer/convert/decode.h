/* decode: babeltrace2 event messages to `struct event`. The places of the
 * contract's fields are looked up by name once per event class, so extra or
 * reordered fields do no harm and missing ones read as 0. Every event is
 * counted under its name, ours or not. */
#ifndef CONVERT_DECODE_H
#define CONVERT_DECODE_H

#include "base/map.h"
#include "convert/event.h"

#include <babeltrace2/babeltrace.h>
#include <stddef.h>

struct decode_plan; /* how to read one event class */

struct decoder {
    struct map64 plan_of_class; /* const bt_event_class * -> index into plans */
    struct decode_plan *plans;  /* owned; each holds a reference on its class */
    size_t plan_count;
    size_t plan_cap;
    const bt_event_class *last_class; /* the latest look-up */
    size_t last_plan;
    struct intern names; /* event names; ids index counts */
    uint64_t *counts;    /* owned: events read, by name */
    size_t counts_cap;
    uint64_t *seq; /* owned: the current event's sequence */
    size_t seq_cap;
};

void decoder_release(struct decoder *d);

/* The number of an event name: the contract's, else foreign.h's. */
enum event_kind decoder_kind(const char *name);
/* The wanted fields of an event of that kind and name, blanks between, in order. */
const char *decoder_fields(enum event_kind kind, const char *name);
/* The index into d->counts of an event name. */
uint32_t decoder_name(struct decoder *d, const char *name);

/* Fills *ev, whose strings and sequence are borrowed until the next call or the
 * message's release. ev->kind is EVENT_FOREIGN for other providers' events. */
void decoder_event(struct decoder *d, const bt_message *msg, uint64_t ts, struct event *ev);

#endif
