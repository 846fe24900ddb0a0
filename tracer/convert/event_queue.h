/* event_queue: events in the order they came, copied with what they point to. */
#ifndef CONVERT_EVENT_QUEUE_H
#define CONVERT_EVENT_QUEUE_H

#include "convert/event.h"

#include <stddef.h>

struct event_queue_part;

struct event_queue {
    struct event_queue_part *head; /* oldest; owned */
    struct event_queue_part *tail;
    struct event_queue_part *spare; /* empty ones kept for reuse */
    unsigned spares;
    uint64_t bytes; /* of the events in it */
};

void event_queue_push(struct event_queue *q, const struct event *ev);
/* The oldest, or NULL; borrowed until event_queue_pop. */
const struct event *event_queue_front(struct event_queue *q);
/* Drops the oldest, which event_queue_front has given. */
void event_queue_pop(struct event_queue *q);
void event_queue_release(struct event_queue *q);

#endif
