#include "tracepoints/agent/stacks.h"

#include "tracepoints/agent/callers.h"
#include "tracepoints/agent/modules.h"
#include "tracepoints/agent/raw.h"
#include "tracepoints/agent/recall.h"
#include "tracepoints/agent/threads.h"
#include "tracepoints/agent/unwind.h"
#include "tracepoints/provider/provider.h"

#include <string.h>

/* One stored stack. It lives in the arena at offset (id - 1) * 16, so an id leads
 * straight to it. */
struct stored {
    uint64_t hash;
    _Atomic uint32_t generation; /* in which its definition was last emitted, 0: never */
    uint16_t check;
    uint8_t count;
    uint8_t leaf_exact;
    uint64_t frames[];
};

enum {
    SLOTS = 1 << 18,
    UNIT = 16,
    PROBES = 64,
    RECALL_AFTER = 64, /* captures */
    FAULT_BYTES = 4 << 20
};

static struct {
    char *arena;
    size_t arena_bytes;
    _Atomic size_t used_bytes;
    _Atomic uint32_t *slots; /* ids, 0: free */
    _Atomic uint32_t generation;
    uintptr_t agent, agent_bytes; /* our own code */
} table = {.generation = 1};

bool stacks_init(void)
{
    caller_agent_range(&table.agent, &table.agent_bytes);
    table.slots = raw_map(SLOTS * sizeof *table.slots);
    /* Address space may be limited (ulimit -v): take what there is. */
    for (size_t bytes = (size_t)256 << 20; bytes >= (size_t)1 << 20 && !table.arena; bytes >>= 2) {
        table.arena = raw_map(bytes);
        table.arena_bytes = bytes;
    }
    /* Who has thousands of stacks should not pay for a fault with each few of them. */
    if (table.arena && table.arena_bytes > FAULT_BYTES)
        raw_call3(SYS_madvise, table.arena + FAULT_BYTES, table.arena_bytes - FAULT_BYTES,
                  MADV_HUGEPAGE);
    if (!table.slots)
        table.arena = NULL;
    return table.arena;
}

static struct stored *stored_at(uint32_t id)
{
    return (struct stored *)(void *)(table.arena + (size_t)(id - 1) * UNIT);
}

/* 80 bits, by which a stack is known: with as many stacks as there is room for, two are
 * taken for the same in one process of 10^13. Comparing frames would cost more misses of
 * the cache than all the rest. */
static struct stack_hash hash_of(const uintptr_t *pcs, size_t count, bool leaf_exact)
{
    /* Two chains at once: a multiplication's latency is what this costs. */
    uint64_t h = 0x9e3779b97f4a7c15u * (count * 2 + leaf_exact + 1), other = ~h;
    size_t i = 0;
    for (; i + 2 <= count; i += 2) {
        h = (h ^ pcs[i]) * 0xff51afd7ed558ccdu;
        other = (other ^ pcs[i + 1]) * 0xc4ceb9fe1a85ec53u;
    }
    if (i < count)
        h = (h ^ pcs[i]) * 0xff51afd7ed558ccdu;
    uint16_t check = (uint16_t)((h >> 24 ^ other) >> 24);
    h ^= other >> 29 ^ other << 35;
    return (struct stack_hash){(h ^ h >> 32) * 0x9e3779b97f4a7c15u, check};
}

static bool same(const struct stored *s, const struct stack_hash *h, size_t count, bool leaf_exact)
{
    return s->hash == h->hash && s->check == h->check && s->count == count &&
           s->leaf_exact == leaf_exact;
}

static uint32_t store(const struct stack_hash *h, const uintptr_t *pcs, size_t count,
                      bool leaf_exact)
{
    size_t bytes = (sizeof(struct stored) + count * sizeof *pcs + UNIT - 1) & ~(size_t)(UNIT - 1);
    size_t at = atomic_fetch_add(&table.used_bytes, bytes);
    if (at + bytes > table.arena_bytes) {
        atomic_fetch_sub(&table.used_bytes, bytes);
        return 0;
    }
    uint32_t id = (uint32_t)(at / UNIT) + 1;
    struct stored *s = stored_at(id);
    s->hash = h->hash;
    s->check = h->check;
    s->count = (uint8_t)count;
    s->leaf_exact = leaf_exact;
    memcpy(s->frames, pcs, count * sizeof *pcs);
    return id;
}

/* The id of an equal stack, or of a new entry. A thread that loses the race for a
 * free slot looks at what the winner put there; its own copy stays unused. */
static uint32_t find_or_store(const struct stack_hash *h, const uintptr_t *pcs, size_t count,
                              bool leaf_exact)
{
    uint32_t mine = 0;
    for (size_t i = 0; i < PROBES; i++) {
        _Atomic uint32_t *slot = &table.slots[((h->hash >> 40) + i) & (SLOTS - 1)];
        uint32_t id = atomic_load_explicit(slot, memory_order_acquire);
        if (!id) {
            if (!mine && !(mine = store(h, pcs, count, leaf_exact)))
                return 0;
            if (atomic_compare_exchange_strong(slot, &id, mine))
                return mine;
        }
        if (same(stored_at(id), h, count, leaf_exact))
            return id;
    }
    return 0;
}

/* Emits the definition unless this generation has it already. False: no session records
 * stacks, so that it is not marked and the next session gets it. */
static bool define(uint32_t id)
{
    struct stored *s = stored_at(id);
    uint32_t now = atomic_load_explicit(&table.generation, memory_order_relaxed);
    uint32_t seen = atomic_load_explicit(&s->generation, memory_order_relaxed);
    if (likely(seen == now))
        return true;
    if (!lttng_ust_tracepoint_enabled(whyprof_stack, stack))
        return false;
    int saved_errno = errno;
    if (atomic_compare_exchange_strong(&s->generation, &seen, now))
        lttng_ust_do_tracepoint(whyprof_stack, stack, id, s->leaf_exact, s->frames, s->count);
    errno = saved_errno;
    return true;
}

/* Removes the agent's frames: leading ones are the hooks', those further out the
 * trampolines at a thread's or the program's start. */
static size_t without_agent(uintptr_t *out, const uintptr_t *pcs, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        out[kept] = pcs[i];
        kept += pcs[i] - table.agent >= table.agent_bytes;
    }
    return kept > AGENT_STACK_MAX ? AGENT_STACK_MAX : kept;
}

uint32_t stack_intern(const uintptr_t *pcs, size_t count, bool leaf_exact)
{
    uintptr_t kept[AGENT_STACK_MAX + 8];
    bool exact = leaf_exact && count && !caller_is_agent(pcs[0]);
    count = without_agent(kept, pcs, count);
    if (!table.arena || !count)
        return 0;
    struct stack_hash h = hash_of(kept, count, exact);
    uint32_t id = find_or_store(&h, kept, count, exact);
    if (id)
        define(id);
    return id;
}

/* The frames of a walk in the thread's own scratch, as a target's stack may be as small
 * as a signal stack; returns how many. */
static size_t walk_here(struct agent_thread *t, const struct unwind_start *start,
                        struct unwind_trail *trail)
{
    size_t count = unwind_from(start, t->pcs, sizeof t->pcs / sizeof *t->pcs, trail);
    count = without_agent(t->pcs, t->pcs, count);
    return table.arena ? count : 0;
}

static uint32_t capture_once(struct agent_thread *t, const struct unwind_start *start)
{
    size_t count = walk_here(t, start, NULL);
    struct stack_hash h = hash_of(t->pcs, count, false);
    uint32_t id = count ? find_or_store(&h, t->pcs, count, false) : 0;
    if (id)
        define(id);
    return id;
}

static uint32_t capture_often(struct agent_thread *t, const struct unwind_start *start,
                              uint32_t generation)
{
    uint32_t id = recall_find(t->recall, start, generation);
    if (likely(id))
        return id;
    struct unwind_trail *trail = recall_place(t->recall, start);
    size_t count = walk_here(t, start, trail);
    struct stack_hash h = hash_of(t->pcs, count, false);
    bool told = (id = recall_known(t->recall, &h, generation));
    if (!id && count && (id = find_or_store(&h, t->pcs, count, false)) && (told = define(id)))
        recall_know(t->recall, &h, id, generation);
    if (told)
        recall_keep(t->recall, trail, id, generation);
    return id;
}

/* A thread that captures now and then need not spend memory on it. */
static bool captures_often(struct agent_thread *t)
{
    if (likely(t->recall && t->captures == RECALL_AFTER))
        return true;
    if (t->captures < RECALL_AFTER && ++t->captures < RECALL_AFTER)
        return false;
    return t->recall || (t->recall = recall_new());
}

__attribute__((noinline)) uint32_t stack_here(struct agent_thread *t)
{
    struct unwind_start start = UNWIND_START();
    uint32_t generation = atomic_load_explicit(&table.generation, memory_order_relaxed);
    if (unlikely(!modules_known()))
        return 0;
    return captures_often(t) ? capture_often(t, &start, generation) : capture_once(t, &start);
}

const uint64_t *stack_frames(uint32_t id, size_t *count, bool *leaf_exact)
{
    if (!id || !table.arena)
        return NULL;
    const struct stored *s = stored_at(id);
    *count = s->count;
    *leaf_exact = s->leaf_exact;
    return s->frames;
}

void stacks_new_generation(void)
{
    atomic_fetch_add(&table.generation, 1);
}

void stacks_dump(void)
{
    if (!table.arena)
        return;
    stacks_new_generation();
    for (size_t i = 0; i < SLOTS; i++) {
        uint32_t id = atomic_load_explicit(&table.slots[i], memory_order_acquire);
        if (id)
            define(id);
    }
}
