#include "tracepoints/agent/recall.h"

#include "tracepoints/agent/raw.h"

enum {
    SETS = 64,
    WAYS = 4,
    KNOWN = 4096,
    RECALLS = 64 /* threads that have one: a program with thousands should not pay for each */
};

struct recalled {
    uint32_t id;
    uint32_t generation;
    struct unwind_trail trail;
};

struct known {
    uint64_t hash;
    uint32_t id; /* 0: free */
    uint16_t check;
    uint16_t generation; /* its low bits: a process does not see so many sessions */
};

/* A set's keys lie together, so that a look at them costs one line of the cache. */
struct recall {
    uintptr_t keys[SETS][WAYS]; /* hash of pc and sp, 0: free */
    uint8_t next[SETS];         /* the way to give up next */
    struct known known[KNOWN];
    struct recalled stacks[SETS][WAYS];
};

struct recall *recall_new(void)
{
    static atomic_uint made;
    if (atomic_load_explicit(&made, memory_order_relaxed) >= RECALLS ||
        atomic_fetch_add(&made, 1) >= RECALLS)
        return NULL;
    return raw_map(sizeof(struct recall));
}

void recall_clear(struct recall *r)
{
    if (!r)
        return;
    for (unsigned i = 0; i < SETS; i++)
        for (unsigned way = 0; way < WAYS; way++)
            r->keys[i][way] = 0;
}

static uintptr_t key_of(const struct unwind_start *start)
{
    uintptr_t h = (start->pc ^ start->sp << 24) * 0x9e3779b97f4a7c15u;
    return (h ^ h >> 32) | 1;
}

static unsigned set_of(uintptr_t key)
{
    return key >> 8 & (SETS - 1);
}

uint32_t recall_find(struct recall *r, const struct unwind_start *start, uint32_t generation)
{
    uintptr_t key = key_of(start);
    unsigned set = set_of(key);
    for (unsigned way = 0; way < WAYS; way++) {
        const struct recalled *s = &r->stacks[set][way];
        if (r->keys[set][way] == key && unwind_trail_holds(&s->trail, start))
            return s->generation == generation ? s->id : 0;
    }
    return 0;
}

struct unwind_trail *recall_place(struct recall *r, const struct unwind_start *start)
{
    unsigned set = set_of(key_of(start));
    unsigned way = r->next[set]++ % WAYS;
    r->keys[set][way] = 0;
    return &r->stacks[set][way].trail;
}

void recall_keep(struct recall *r, struct unwind_trail *trail, uint32_t id, uint32_t generation)
{
    if (!id || !trail->n)
        return;
    struct recalled *s =
        (struct recalled *)(void *)((char *)trail - offsetof(struct recalled, trail));
    size_t at = (size_t)(s - &r->stacks[0][0]);
    s->id = id;
    s->generation = generation;
    (&r->keys[0][0])[at] = key_of(&trail->start);
}

uint32_t recall_known(const struct recall *r, const struct stack_hash *h, uint32_t generation)
{
    const struct known *k = &r->known[h->hash % KNOWN];
    bool same = k->hash == h->hash && k->check == h->check && k->generation == (uint16_t)generation;
    return same ? k->id : 0;
}

void recall_know(struct recall *r, const struct stack_hash *h, uint32_t id, uint32_t generation)
{
    r->known[h->hash % KNOWN] = (struct known){h->hash, id, h->check, (uint16_t)generation};
}
