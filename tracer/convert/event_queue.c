#include "convert/event_queue.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

enum {
    PART_BYTES = 256 * 1024,
    MOST_SPARES = 64
};

/* Queued events stand one after the other: the struct, then its strings and sequence. */
struct event_queue_part {
    struct event_queue_part *next;
    size_t read_off;
    size_t write_off;
    size_t bytes;
    _Alignas(8) char data[];
};

static void free_part(struct event_queue *q, struct event_queue_part *part)
{
    if (q->spares == MOST_SPARES || part->bytes != PART_BYTES) {
        free(part);
        return;
    }
    part->next = q->spare;
    q->spare = part;
    q->spares++;
}

static void pop_part(struct event_queue *q)
{
    struct event_queue_part *part = q->head;
    q->head = part->next;
    if (!q->head)
        q->tail = NULL;
    free_part(q, part);
}

static size_t align8(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

static size_t queued_bytes(const struct event *ev)
{
    size_t bytes = sizeof *ev + (size_t)ev->seq_len * sizeof(uint64_t);
    for (int f = 0; f < EVENT_MAX_FIELDS; f++)
        if (ev->strings >> f & 1)
            bytes += strlen(event_str(ev, f)) + 1;
    return align8(bytes);
}

static char *queue_room(struct event_queue *q, size_t bytes)
{
    struct event_queue_part *tail = q->tail;
    if (!tail || tail->bytes - tail->write_off < bytes) {
        size_t size = bytes > PART_BYTES ? bytes : PART_BYTES;
        struct event_queue_part *part = size == PART_BYTES ? q->spare : NULL;
        if (part) {
            q->spare = part->next;
            q->spares--;
        } else {
            part = mem_realloc(NULL, 1, sizeof *part + size);
        }
        *part = (struct event_queue_part){.bytes = size};
        if (tail)
            tail->next = part;
        else
            q->head = part;
        q->tail = tail = part;
    }
    char *room = tail->data + tail->write_off;
    tail->write_off += bytes;
    return room;
}

void event_queue_push(struct event_queue *q, const struct event *ev)
{
    char *p = queue_room(q, queued_bytes(ev));
    struct event *copy = (struct event *)(void *)p;
    *copy = *ev;
    p += sizeof *copy;
    if (ev->sequence >= 0) {
        size_t bytes = (size_t)ev->seq_len * sizeof(uint64_t);
        if (bytes)
            memcpy(p, event_seq(ev), bytes);
        copy->v[ev->sequence] = (uint64_t)(uintptr_t)p;
        p += bytes;
    }
    for (int f = 0; f < EVENT_MAX_FIELDS; f++) {
        if (!(ev->strings >> f & 1))
            continue;
        size_t bytes = strlen(event_str(ev, f)) + 1;
        memcpy(p, event_str(ev, f), bytes);
        copy->v[f] = (uint64_t)(uintptr_t)p;
        p += bytes;
    }
    q->bytes += queued_bytes(ev);
}

const struct event *event_queue_front(struct event_queue *q)
{
    while (q->head && q->head->read_off == q->head->write_off)
        pop_part(q);
    return q->head ? (const struct event *)(const void *)(q->head->data + q->head->read_off) : NULL;
}

void event_queue_pop(struct event_queue *q)
{
    const struct event *ev =
        (const struct event *)(const void *)(q->head->data + q->head->read_off);
    size_t bytes = queued_bytes(ev);
    q->head->read_off += bytes;
    q->bytes -= bytes;
}

void event_queue_release(struct event_queue *q)
{
    while (q->head)
        pop_part(q);
    while (q->spare) {
        struct event_queue_part *part = q->spare;
        q->spare = part->next;
        free(part);
    }
    *q = (struct event_queue){0};
}
