/* handed: a stream that source.whyprof.ctf hands over packet by packet (source.h).
 * While one batch of its events is taken, the next one is decoded, on another
 * thread where there is one.
 *
 *     handed_packet(h);                            // the source stands at a packet
 *     while (handed_some(h)) ... handed_take(h) ...
 *
 * As soon as handed_wants_packet says so, the source may be asked for the next
 * packet; the batch in hand stays. */
#ifndef CONVERT_HANDED_H
#define CONVERT_HANDED_H

#include "base/pool.h"
#include "convert/flat.h"

struct handed {
    const struct event *next, *end; /* of the batch being taken, */
    const uint32_t *next_class;     /* and its class */
    const struct ctf_stream *file;  /* borrowed: the source's reader */
    struct flat_trace *flat;        /* borrowed */
    struct pool *pool;              /* borrowed, or NULL */
    unsigned current;               /* of the batches: being taken; the other one is */
    bool filling;                   /* being filled, by: */
    struct pool_job job;
    struct ctf_stream cursor; /* a copy of `file`, which goes through the packet */
    struct flat_batch batches[2];
};

struct handed *handed_new(const struct ctf_stream *file, struct flat_trace *flat,
                          struct pool *pool);
void handed_free(struct handed *h); /* NULL is fine */

void handed_packet(struct handed *h);
/* The packet in hand is decoded to its end. */
bool handed_wants_packet(const struct handed *h);
/* Goes on to the next batch; handed_some tells whether that has events. */
void handed_next_batch(struct handed *h);

/* Whether there is an event to be taken; waits for it to be decoded. */
static inline bool handed_some(struct handed *h)
{
    while (h->next == h->end && h->filling)
        handed_next_batch(h);
    return h->next < h->end;
}

/* What is wrong behind the last event, or NULL. */
const struct err *handed_damage(const struct handed *h);

/* The batch in hand. */
static inline struct flat_batch *handed_batch(struct handed *h)
{
    return &h->batches[h->current];
}

/* The next event, after handed_some. */
static inline const struct event *handed_front(const struct handed *h)
{
    return h->next;
}

/* The same, and goes on. *class: index into the trace's tsdl->events. */
static inline const struct event *handed_take(struct handed *h, uint32_t *class)
{
    *class = *h->next_class++;
    return h->next++;
}

#endif
