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
    const struct ctf_stream *file; /* borrowed: the source's reader */
    struct ctf_stream cursor;      /* its copy, which goes through the packet */
    struct flat_trace *flat;       /* borrowed */
    struct pool *pool;             /* borrowed, or NULL */
    struct flat_batch batches[2];
    unsigned current; /* the one being taken ... */
    uint32_t pos;     /* ... from here; the other one is being filled: */
    bool filling;
    struct pool_job job;
};

struct handed *handed_new(const struct ctf_stream *file, struct flat_trace *flat,
                          struct pool *pool);
void handed_free(struct handed *h); /* NULL is fine */

void handed_packet(struct handed *h);
/* The packet in hand is decoded to its end. */
bool handed_wants_packet(const struct handed *h);
/* Whether there is an event to be taken; waits for it to be decoded. */
bool handed_some(struct handed *h);
/* What is wrong behind the last event, or NULL. */
const struct err *handed_damage(const struct handed *h);

/* The next event, after handed_some. */
static inline const struct event *handed_front(const struct handed *h)
{
    return &h->batches[h->current].events[h->pos];
}

/* The same, and goes on. *class: index into the trace's tsdl->events. */
static inline const struct event *handed_take(struct handed *h, uint32_t *class)
{
    const struct flat_batch *b = &h->batches[h->current];
    *class = b->classes[h->pos];
    return &b->events[h->pos++];
}

#endif
