/* ring: reads one BPF ring buffer in its mapped memory (layout:
 * Documentation/bpf/ringbuf.rst; libbpf 1.1's reader hides what is needed here:
 * whether a record was still being written).
 *
 *     ring_begin(&r);
 *     while (ring_next(&r, &words, &count) == RING_RECORD) ...  // in the order of reservation
 *     ring_release(&r);   // the words may be overwritten from here on
 *
 * One reader a ring; the kernel is the writer. */
#ifndef COLLECT_RING_H
#define COLLECT_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring {
    unsigned long *consumer_pos;       /* mapped, ours to write */
    const unsigned long *producer_pos; /* mapped, the kernel's */
    const uint8_t *data;               /* mapped twice in a row: a record never wraps */
    unsigned long mask;                /* bytes - 1 */
    unsigned long read_pos;            /* next record to return */
    unsigned long end_pos;             /* producer's position at ring_begin */
};

enum ring_result {
    RING_RECORD,
    RING_END,  /* all that was there at ring_begin was returned */
    RING_BUSY, /* the next record is reserved and not yet finished */
};

/* Takes the producer's position. Read the clock before for the bound in batch.h. */
void ring_begin(struct ring *r);
enum ring_result ring_next(struct ring *r, const uint64_t **words, uint32_t *count);
/* Gives all that was returned back to the writer. */
void ring_release(struct ring *r);

#endif
