/* order: puts direct events and the kernel records that relays bring later, in
 * packed batches, into one order of true time.
 *
 * Direct events come in order already. As soon as a relay is known they wait in
 * a queue until its watermark has passed them; in the first second (or 64 MiB) they
 * wait in any case, for a relay to show itself. A relay that falls silent (it died) is
 * waited for no longer than ORDER_SILENT_NS. */
#ifndef CONVERT_ORDER_H
#define CONVERT_ORDER_H

#include "base/map.h"
#include "base/rank.h"
#include "convert/event_queue.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    ORDER_FIRST_WAIT_NS = 1000000000,
    ORDER_FIRST_WAIT_BYTES = 64 << 20
};
#define ORDER_SILENT_NS 10000000000u

struct order_sink {
    /* The event and what it points to are borrowed for the call. */
    void (*event)(void *data, const struct event *ev);
    /* One kernel record; words[0] is its head, at least 2 words. */
    void (*record)(void *data, const uint64_t *words, uint32_t count);
    void *data;
};

struct order {
    struct order_sink sink;
    bool started;
    bool direct; /* no relay: events pass at once */
    uint64_t first_ts;
    struct event_queue queue; /* events that wait */
    uint64_t pushes;
    struct map64 watermarks; /* relay's vpid -> its latest watermark */
    struct map64 last_seen;  /* relay's vpid -> time of its latest event */
    struct rank *records;    /* waiting kernel records: time, place in words */
    size_t record_count, record_cap;
    bool sorted;     /* else by arrival */
    uint64_t *words; /* the records' words */
    size_t word_count, word_cap;
};

void order_init(struct order *o, struct order_sink sink);
/* Takes an event, copying what it points to where it has to wait. */
void order_push(struct order *o, const struct event *ev);
/* Passes on everything still waiting that is before end_ts, and drops the rest. */
void order_flush(struct order *o, uint64_t end_ts);
void order_release(struct order *o);

#endif
