#include "collect/ring.h"

#include <linux/bpf.h>

enum {
    /* A record is finished some ten ns after its reservation, unless its virtual
     * cpu was taken away: worth a short wait, not a long one. */
    BUSY_SPINS = 200
};

void ring_begin(struct ring *r)
{
    r->end_pos = __atomic_load_n(r->producer_pos, __ATOMIC_SEQ_CST);
}

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static uint32_t header_wait(const uint32_t *header)
{
    uint32_t len = 0;
    for (int i = 0; i < BUSY_SPINS; i++) {
        len = __atomic_load_n(header, __ATOMIC_ACQUIRE);
        if (!(len & BPF_RINGBUF_BUSY_BIT))
            break;
        relax();
    }
    return len;
}

enum ring_result ring_next(struct ring *r, const uint64_t **words, uint32_t *count)
{
    while (r->read_pos < r->end_pos) {
        const uint8_t *p = r->data + (r->read_pos & r->mask);
        uint32_t len = header_wait((const uint32_t *)(const void *)p);
        if (len & BPF_RINGBUF_BUSY_BIT)
            return RING_BUSY;
        uint32_t bytes = len & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
        r->read_pos += (BPF_RINGBUF_HDR_SZ + bytes + 7) & ~7UL;
        if (len & BPF_RINGBUF_DISCARD_BIT)
            continue;
        *words = (const uint64_t *)(const void *)(p + BPF_RINGBUF_HDR_SZ);
        *count = bytes / sizeof **words;
        return RING_RECORD;
    }
    return RING_END;
}

void ring_release(struct ring *r)
{
    __atomic_store_n(r->consumer_pos, r->read_pos, __ATOMIC_RELEASE);
}
