/* batch: records of several lanes (one a cpu) into one stream in order of time,
 * relayed as sequences of words, with a watermark that is never wrong.
 *
 *     batch_init(&b, lanes, &out);
 *     for each lane:
 *         batch_add(&b, lane, words, count);    // borrowed until batch_flush
 *         batch_complete(&b, lane, ts);         // nothing before ts is missing in it
 *     watermark = batch_flush(&b);              // all before it was sent
 *
 * What is not before every lane's complete time stays for the next flush (it is
 * copied, so the lanes' memory may be reused). A lane is nearly in order: an
 * interrupt between a record's reservation and its time gives a short inversion,
 * which the insertion here undoes. A unit given to batch_add may hold several
 * records of the same time. */
#ifndef COLLECT_BATCH_H
#define COLLECT_BATCH_H

#include "base/arena.h"
#include "collect/bpf/shared.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    BATCH_WORDS = 4000, /* a sequence field's limit in the contract */
};

struct batch_out {
    /* `count` words of whole records of one class, in order of time. */
    void (*send)(void *data, enum collect_class class, const uint64_t *words, uint32_t count);
    void *data;
};

struct batch_unit {
    uint64_t ts;
    const uint64_t *words; /* borrowed from the lane, or in a carry arena */
    uint32_t count;
};

struct batch_lane {
    struct batch_unit *units; /* owned, in order of time */
    size_t len;
    size_t cap;
    size_t sent;
    uint64_t complete_ts;
};

struct batch_words {
    uint64_t words[BATCH_WORDS];
    uint32_t len;
};

struct batch {
    struct batch_lane *lanes; /* owned */
    unsigned lane_count;
    struct arena carry[2]; /* words kept from the last flush, and for the next */
    unsigned carry_idx;    /* the arena that holds the living ones */
    uint64_t watermark;    /* of the last flush */
    uint64_t late;         /* units that came behind the watermark and were moved up to it */
    struct batch_words pending[COLLECT_CLASSES];
    struct batch_out out;
};

void batch_init(struct batch *b, unsigned lanes, const struct batch_out *out);
void batch_release(struct batch *b);

void batch_add(struct batch *b, unsigned lane, const uint64_t *words, uint32_t count);
/* The same with a copy of the words. */
void batch_add_copy(struct batch *b, unsigned lane, const uint64_t *words, uint32_t count);
void batch_complete(struct batch *b, unsigned lane, uint64_t ts);
/* Sends what is before every lane's complete time and returns that time (never
 * less than the last one). */
uint64_t batch_flush(struct batch *b);

/* What the records not yet sent tell of a thread's state before them. */
struct batch_witness {
    unsigned first_switch; /* type of its first SWITCH_IN or SWITCH_OUT, 0: none */
    bool woken;            /* a WAKING comes before that (or at all) */
};
struct batch_witness batch_witness(const struct batch *b, uint32_t tid);

#endif
