#include "tracepoints/hooks/alloc_batch.h"

#include "tracepoints/agent/raw.h"
#include "tracepoints/agent/ticks.h"
#include "tracepoints/events.h"
#include "tracepoints/provider/provider.h"

enum {
    BLOCK_WORDS = 512, /* emitted as one event */
    BLOCKS = 8,
    RING_WORDS = BLOCK_WORDS * BLOCKS,
    RECORD_WORDS = 5, /* at most, a TIME before it included */
    FULL_YIELDS = 1000
};

/* A block begins with a TIME, and no record goes from one block into the next: so
 * whoever emits whole blocks need not look into them. */
struct alloc_ring {
    _Atomic uint64_t head; /* words ever written; as `time`, its thread's */
    uint64_t time;         /* of the last record */
    _Atomic uint64_t lost; /* records that found no room */
    atomic_flag busy;      /* held by who emits */
    _Atomic uint64_t tail; /* words ever emitted; as `tail_time`, the emitter's */
    uint64_t tail_time;    /* of the record before it, unless a block begins there */
    uint64_t words[RING_WORDS];
};

static uint64_t time_now(void)
{
    return ticks_now() >> WHYPROF_BATCH_TICK_SHIFT;
}

static bool take(struct alloc_ring *r)
{
    return !atomic_flag_test_and_set_explicit(&r->busy, memory_order_acquire);
}

static void give(struct alloc_ring *r)
{
    atomic_flag_clear_explicit(&r->busy, memory_order_release);
}

static void emit_words(uint32_t tid, uint64_t begin, const uint64_t *words, uint64_t count)
{
    struct ticks_scale scale = ticks_scale();
    lttng_ust_tracepoint(whyprof_alloc, batch, tid, scale.ns, scale.ticks, scale.ns_per_tick, begin,
                         words, (uint32_t)count);
}

static void emit_lost(struct alloc_ring *r)
{
    uint64_t lost = atomic_exchange(&r->lost, 0), now = agent_now();
    if (lost)
        lttng_ust_tracepoint(whyprof_sched, lost, now, now, lost, "allocations");
}

static uint64_t time_behind(uint64_t time, const uint64_t *words, uint64_t count)
{
    for (uint64_t i = 0; i < count; i += WHYPROF_BATCH_WORDS(words[i])) {
        if (WHYPROF_BATCH_OPERATION(words[i]) != WHYPROF_BATCH_TIME)
            time += WHYPROF_BATCH_DELTA(words[i]);
        else if (words[i])
            time = WHYPROF_BATCH_TIME_OF(words[i]);
    }
    return time;
}

static void emit_ring(uint32_t tid, struct alloc_ring *r)
{
    uint64_t head = atomic_load_explicit(&r->head, memory_order_acquire);
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    while (tail < head) {
        const uint64_t *words = &r->words[tail % RING_WORDS];
        uint64_t count = BLOCK_WORDS - tail % BLOCK_WORDS;
        bool partly = head - tail < count;
        if (partly)
            count = head - tail;
        emit_words(tid, r->tail_time, words, count);
        if (partly)
            r->tail_time = time_behind(r->tail_time, words, count);
        atomic_store_explicit(&r->tail, tail += count, memory_order_release);
    }
    if (unlikely(atomic_load_explicit(&r->lost, memory_order_relaxed)))
        emit_lost(r);
}

static void emit_own(struct agent_thread *t)
{
    int saved_errno = errno;
    if (!take(t->ring))
        return; /* the helper is at it */
    emit_ring(t->tid, t->ring);
    give(t->ring);
    errno = saved_errno;
}

/* Where the helper is emitting this ring it is waited for: it takes some microseconds,
 * unless it lost the processor. */
static bool block_is_free(struct agent_thread *t, uint64_t head, bool may_emit)
{
    struct alloc_ring *r = t->ring;
    for (int i = 0;; i++) {
        uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
        if (head + BLOCK_WORDS - tail <= RING_WORDS)
            return true;
        if (!may_emit || i == FULL_YIELDS) {
            atomic_fetch_add_explicit(&r->lost, 1, memory_order_relaxed);
            return false;
        }
        emit_own(t);
        if (i)
            raw_call0(SYS_sched_yield);
    }
}

/* Room that a TIME must come before: at a block's begin, or after a while of nothing. */
__attribute__((noinline)) static uint64_t *reserve_timed(struct agent_thread *t, uint64_t now,
                                                         bool may_emit)
{
    if (!t->ring && !(t->ring = raw_map(sizeof *t->ring)))
        return NULL;
    struct alloc_ring *r = t->ring;
    uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    if (head % BLOCK_WORDS > BLOCK_WORDS - RECORD_WORDS) {
        while (head % BLOCK_WORDS)
            r->words[head++ % RING_WORDS] = WHYPROF_BATCH_AT(0);
        atomic_store_explicit(&r->head, head, memory_order_release);
    }
    if (head % BLOCK_WORDS == 0) {
        if (may_emit)
            emit_own(t);
        if (!block_is_free(t, head, may_emit))
            return NULL;
    }
    r->words[head++ % RING_WORDS] = WHYPROF_BATCH_AT(now);
    r->time = now;
    atomic_store_explicit(&r->head, head, memory_order_release);
    return &r->words[head % RING_WORDS];
}

/* Room for a record, or NULL; the time since the one before. */
static inline uint64_t *reserve(struct agent_thread *t, bool may_emit, uint64_t *delta)
{
    struct alloc_ring *r = t->ring;
    uint64_t now = time_now();
    if (likely(r != NULL)) {
        uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
        *delta = now - r->time;
        if (likely(*delta <= WHYPROF_BATCH_DELTA_MAX &&
                   (head - 1) % BLOCK_WORDS < BLOCK_WORDS - RECORD_WORDS)) {
            r->time = now;
            return &r->words[head % RING_WORDS];
        }
    }
    *delta = 0;
    return reserve_timed(t, now, may_emit);
}

static inline void publish(struct agent_thread *t, unsigned words)
{
    struct alloc_ring *r = t->ring;
    uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed) + words;
    atomic_store_explicit(&r->head, head, memory_order_release);
}

static void write_long(struct agent_thread *t, uint64_t *words, uint64_t delta, const void *p,
                       uint64_t what, uint64_t bytes)
{
    words[0] = WHYPROF_BATCH_HEAD(WHYPROF_BATCH_LONG, delta, 0);
    words[1] = (uintptr_t)p;
    words[2] = what;
    words[3] = bytes;
    publish(t, 4);
}

/* Allocators align to 8 bytes at least; a program's break may lie anywhere. */
static inline bool is_odd(const void *p)
{
    return (uintptr_t)p & (7 | 1ull << 47);
}

void alloc_batch_add(struct agent_thread *t, const void *p, size_t bytes, uint8_t kind,
                     uint32_t stack, bool may_emit)
{
    uint64_t delta, *words = reserve(t, may_emit, &delta);
    if (unlikely(!words))
        return;
    if (unlikely(stack > WHYPROF_BATCH_STACK_MAX))
        stack = 0;
    if (unlikely(bytes > WHYPROF_BATCH_SIZE_MAX || is_odd(p))) {
        write_long(t, words, delta, p, WHYPROF_BATCH_WHAT(kind, 0, stack), bytes);
        return;
    }
    words[0] = WHYPROF_BATCH_HEAD(WHYPROF_BATCH_ALLOC, delta, (uintptr_t)p);
    words[1] = WHYPROF_BATCH_WHAT(kind, bytes, stack);
    publish(t, 2);
}

void alloc_batch_free(struct agent_thread *t, const void *p, bool may_emit)
{
    uint64_t delta, *words = reserve(t, may_emit, &delta);
    if (unlikely(!words))
        return;
    if (unlikely(is_odd(p))) {
        write_long(t, words, delta, p, WHYPROF_BATCH_WHAT(WHYPROF_BATCH_KIND_FREE, 0, 0), 0);
        return;
    }
    words[0] = WHYPROF_BATCH_HEAD(WHYPROF_BATCH_FREE, delta, (uintptr_t)p);
    publish(t, 1);
}

struct round {
    bool any;     /* there was something to emit */
    bool skipped; /* a ring whose thread is at it, and may have been for long */
};

static void emit_of(struct agent_thread *t, void *data)
{
    struct round *round = data;
    struct alloc_ring *r = t->ring;
    if (!r)
        return;
    if (!take(r)) {
        round->skipped = true;
        return;
    }
    if (r->head != r->tail) {
        emit_ring(t->tid, r);
        round->any = true;
    }
    give(r);
}

/* What was written before the last round began is out after this one: a thread may
 * have read the clock, but not yet published its record, when a round passes it. */
void alloc_batches_emit(void)
{
    static uint64_t last_round;
    uint64_t now = time_now();
    struct round round = {0};
    if (!lttng_ust_tracepoint_enabled(whyprof_alloc, batch))
        return;
    threads_each(emit_of, &round);
    if (round.any && !round.skipped && last_round)
        emit_words(0, last_round, NULL, 0);
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
    atomic_store(&r->head, 0);
    atomic_store(&r->tail, 0);
    atomic_store(&r->lost, 0);
    give(r);
}
