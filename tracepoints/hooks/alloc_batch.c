#include "tracepoints/hooks/alloc_batch.h"

#include "tracepoints/agent/raw.h"
#include "tracepoints/agent/ticks.h"
#include "tracepoints/events.h"
#include "tracepoints/provider/provider.h"

enum {
    RING_WORDS = 8192,
    EMIT_WORDS = RING_WORDS / 4,
    RECORD_WORDS = 3, /* at most; a record does not wrap around */
    FULL_YIELDS = 1000
};

/* Written by its thread, read by whoever holds `busy`. */
struct alloc_ring {
    _Atomic uint64_t head; /* words ever written */
    _Atomic uint64_t tail; /* words ever emitted */
    _Atomic uint64_t lost; /* records that found no room */
    atomic_flag busy;
    uint64_t words[RING_WORDS];
};

static bool take(struct alloc_ring *r)
{
    return !atomic_flag_test_and_set_explicit(&r->busy, memory_order_acquire);
}

static void give(struct alloc_ring *r)
{
    atomic_flag_clear_explicit(&r->busy, memory_order_release);
}

static void emit_words(uint32_t tid, const uint64_t *words, uint32_t count, uint64_t before)
{
    struct ticks_scale scale = ticks_scale();
    lttng_ust_tracepoint(whyprof_alloc, batch, tid, scale.ns, scale.ticks, scale.ns_per_tick,
                         before, words, count);
}

static void emit_lost(struct alloc_ring *r)
{
    uint64_t lost = atomic_exchange(&r->lost, 0), now = agent_now();
    if (lost)
        lttng_ust_tracepoint(whyprof_sched, lost, now, now, lost, "allocations");
}

/* At most an EMIT_WORDS a piece, so that any sub-buffer takes it. */
static void emit_ring(uint32_t tid, struct alloc_ring *r)
{
    uint64_t head = atomic_load_explicit(&r->head, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    uint64_t piece = tail;
    while (tail < head) {
        uint64_t word = r->words[tail % RING_WORDS];
        tail += WHYPROF_BATCH_WORDS(word);
        bool wraps = tail % RING_WORDS == 0;
        if (tail >= head || wraps || tail - piece > EMIT_WORDS) {
            emit_words(tid, &r->words[piece % RING_WORDS], (uint32_t)(tail - piece), 0);
            piece = tail;
            atomic_store_explicit(&r->tail, tail, memory_order_release);
        }
    }
    if (unlikely(atomic_load_explicit(&r->lost, memory_order_relaxed)))
        emit_lost(r);
}

static void emit_own(struct agent_thread *t)
{
    if (!take(t->ring))
        return; /* the helper is at it */
    emit_ring(t->tid, t->ring);
    give(t->ring);
}

static uint64_t used(const struct alloc_ring *r, uint64_t head)
{
    return head - atomic_load_explicit(&r->tail, memory_order_acquire);
}

/* Room for a record, or NULL. Where the helper is emitting this ring it is waited for:
 * it takes some microseconds, unless it lost the processor. */
static uint64_t *reserve(struct agent_thread *t, bool may_emit)
{
    if (unlikely(!t->ring) && !(t->ring = raw_map(sizeof *t->ring)))
        return NULL;
    struct alloc_ring *r = t->ring;
    uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    uint64_t left = RING_WORDS - head % RING_WORDS;
    uint64_t need = left < RECORD_WORDS ? left + RECORD_WORDS : RECORD_WORDS;
    for (int i = 0; unlikely(used(r, head) + need > RING_WORDS); i++) {
        if (!may_emit || i == FULL_YIELDS) {
            atomic_fetch_add_explicit(&r->lost, 1, memory_order_relaxed);
            return NULL;
        }
        emit_own(t);
        if (i)
            raw_call0(SYS_sched_yield);
    }
    if (left < RECORD_WORDS) {
        for (uint64_t i = 0; i < left; i++)
            r->words[(head + i) % RING_WORDS] = WHYPROF_BATCH_PAD;
        atomic_store_explicit(&r->head, head += left, memory_order_release);
    }
    return &r->words[head % RING_WORDS];
}

static void publish(struct agent_thread *t, unsigned words, bool may_emit)
{
    struct alloc_ring *r = t->ring;
    uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed) + words;
    atomic_store_explicit(&r->head, head, memory_order_release);
    if (unlikely(may_emit && used(r, head) >= EMIT_WORDS))
        emit_own(t);
}

void alloc_batch_add(struct agent_thread *t, const void *p, size_t bytes, uint8_t kind,
                     uint32_t stack, bool may_emit)
{
    uint64_t *words = reserve(t, may_emit);
    if (!words)
        return;
    words[0] = WHYPROF_BATCH_HEAD(WHYPROF_BATCH_ALLOC + kind, (uintptr_t)p, bytes);
    words[1] = ticks_now();
    words[2] = stack | (uint64_t)bytes >> WHYPROF_BATCH_SIZE_BITS << 32;
    publish(t, 3, may_emit);
}

void alloc_batch_free(struct agent_thread *t, const void *p, bool may_emit)
{
    uint64_t *words = reserve(t, may_emit);
    if (!words)
        return;
    words[0] = WHYPROF_BATCH_HEAD(WHYPROF_BATCH_FREE, (uintptr_t)p, 0);
    words[1] = ticks_now();
    publish(t, 2, may_emit);
}

static void emit_of(struct agent_thread *t, void *any)
{
    struct alloc_ring *r = t->ring;
    if (!r || !take(r))
        return; /* its thread is at it */
    if (used(r, r->head)) {
        emit_ring(t->tid, r);
        *(bool *)any = true;
    }
    give(r);
}

/* What was written before the last round began is out after this one: a thread may
 * have read the clock, but not yet published its record, when a round passes it. */
void alloc_batches_emit(void)
{
    static uint64_t last_round;
    uint64_t now = ticks_now();
    bool any = false;
    if (!lttng_ust_tracepoint_enabled(whyprof_alloc, batch))
        return;
    threads_each(emit_of, &any);
    if (any && last_round)
        emit_words(0, NULL, 0, last_round);
    last_round = now;
}

void alloc_batch_end(struct agent_thread *t)
{
    struct alloc_ring *r = t->ring;
    if (!r)
        return;
    while (!take(r))
        raw_call0(SYS_sched_yield);
    emit_ring(t->tid, r);
    give(r);
}

void alloc_batch_forget(struct agent_thread *t)
{
    struct alloc_ring *r = t->ring;
    if (!r)
        return;
    atomic_store(&r->tail, r->head);
    atomic_store(&r->lost, 0);
    give(r);
}
