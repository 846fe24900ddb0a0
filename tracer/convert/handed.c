#include "convert/handed.h"

#include "base/arena.h"

#include <stdlib.h>

struct handed *handed_new(const struct ctf_stream *file, struct flat_trace *flat, struct pool *pool)
{
    struct handed *h = mem_realloc(NULL, 1, sizeof *h);
    *h = (struct handed){.file = file, .flat = flat, .pool = pool};
    h->batches[0].end = true; /* of the packet before the first */
    return h;
}

void handed_free(struct handed *h)
{
    if (!h)
        return;
    pool_wait(h->pool, &h->job);
    flat_batch_release(&h->batches[0]);
    flat_batch_release(&h->batches[1]);
    free(h);
}

/* Works on copies: what the taking thread reads of `h` with each event must not share
 * a cache line with what is written here with each event. */
static void fill(void *data)
{
    struct handed *h = data;
    struct ctf_stream cursor = h->cursor;
    struct flat_batch batch = h->batches[!h->current];
    flat_fill(h->flat, &cursor, &batch);
    h->cursor.at = cursor.at; /* all that reading events moves */
    h->cursor.ts = cursor.ts;
    h->batches[!h->current] = batch;
}

static void begin_filling(struct handed *h)
{
    h->filling = true;
    h->job = (struct pool_job){.run = fill, .data = h};
    pool_submit_first(h->pool, &h->job);
}

void handed_packet(struct handed *h)
{
    h->cursor = *h->file;
    begin_filling(h);
}

bool handed_wants_packet(const struct handed *h)
{
    return !h->filling && h->batches[h->current].end && !handed_damage(h);
}

void handed_next_batch(struct handed *h)
{
    pool_wait(h->pool, &h->job);
    h->filling = false;
    h->current = !h->current;
    const struct flat_batch *b = &h->batches[h->current];
    h->next = b->events;
    h->end = b->events + b->count;
    h->next_class = b->classes;
    if (!b->end)
        begin_filling(h);
}

const struct err *handed_damage(const struct handed *h)
{
    const struct flat_batch *b = &h->batches[h->current];
    return b->err.text[0] ? &b->err : NULL;
}
