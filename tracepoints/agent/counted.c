#include "tracepoints/agent/counted.h"

#include "tracepoints/agent/agent.h"
#include "tracepoints/agent/options.h"
#include "tracepoints/agent/raw.h"
#include "tracepoints/agent/stacks.h"
#include "tracepoints/agent/threads.h"

#include <string.h>

enum {
    ENTRIES = 1 << 15,
    PROBES = 64,
    CLASS_BITS = 3, /* size classes are an eighth apart */
    BUFFER = 64 << 10
};

/* Sizes go by class: their sums are exact all the same, and a stack that allocates ever
 * other sizes does not fill the table. */
#define KEY(kind, class, stack)                                                                    \
    ((uint64_t)1 << 63 | (uint64_t)(kind) << 56 | (uint64_t)(class) << 32 | (stack))
#define KEY_KIND(key)  ((uint32_t)((key) >> 56 & 0x7f))
#define KEY_CLASS(key) ((uint16_t)((key) >> 32))
#define KEY_STACK(key) ((uint32_t)(key))

struct entry {
    _Atomic uint64_t key; /* 0: free */
    _Atomic uint64_t count, value, freed_count, freed_value;
};

static struct {
    struct entry *_Atomic entries; /* [1..KINDS] are for what found no room */
    _Atomic uint64_t since_ns[WHYPROF_COUNT_KINDS];
    _Atomic uint64_t dropped;
} counted;

static struct entry *table(void)
{
    struct entry *t = atomic_load_explicit(&counted.entries, memory_order_acquire);
    if (likely(t != NULL))
        return t;
    struct entry *fresh = raw_map(ENTRIES * sizeof *fresh);
    return fresh && atomic_compare_exchange_strong(&counted.entries, &t, fresh) ? fresh : t;
}

static unsigned size_class(uint64_t bytes)
{
    if (bytes < 1 << CLASS_BITS)
        return (unsigned)bytes;
    unsigned log = 63 - (unsigned)__builtin_clzll(bytes);
    return log << CLASS_BITS | (unsigned)(bytes >> (log - CLASS_BITS) & ((1 << CLASS_BITS) - 1));
}

/* Its index, made if need be; 0: no memory. */
static uint32_t entry_find(enum whyprof_count_kind kind, unsigned class, uint32_t stack)
{
    struct entry *t = table();
    uint64_t key = KEY(kind, class, stack), hash = key * 0x9e3779b97f4a7c15u >> 40;
    if (!t)
        return 0;
    for (unsigned i = 0; i < PROBES; i++) {
        uint32_t at = (uint32_t)((hash + i) % ENTRIES);
        uint64_t there = atomic_load_explicit(&t[at].key, memory_order_relaxed);
        if (at <= WHYPROF_COUNT_KINDS)
            continue;
        if (there == key ||
            (!there && (atomic_compare_exchange_strong(&t[at].key, &there, key) || there == key)))
            return at;
    }
    atomic_fetch_add(&counted.dropped, 1);
    t[1 + kind].key = KEY(kind, 0, 0);
    return 1 + kind;
}

struct counted_alloc counted_alloc(uint32_t stack, uint64_t bytes, double weight)
{
    if (!(options.keep & KEEP_HEAP))
        return (struct counted_alloc){0};
    return (struct counted_alloc){
        .entry = entry_find(WHYPROF_COUNT_HEAP, size_class(bytes), stack),
        .count = (uint64_t)(weight * (1 << WHYPROF_SNAPSHOT_FRACTION) + 0.5),
        .bytes = (uint64_t)(weight * (double)bytes + 0.5),
    };
}

void counted_add_alloc(const struct counted_alloc *a)
{
    struct entry *t = atomic_load(&counted.entries);
    if (!a->entry || !t)
        return;
    atomic_fetch_add_explicit(&t[a->entry].count, a->count, memory_order_relaxed);
    atomic_fetch_add_explicit(&t[a->entry].value, a->bytes, memory_order_relaxed);
}

void counted_free(const struct counted_alloc *a)
{
    struct entry *t = atomic_load(&counted.entries);
    if (!a->entry || !t)
        return;
    atomic_fetch_add_explicit(&t[a->entry].freed_count, a->count, memory_order_relaxed);
    atomic_fetch_add_explicit(&t[a->entry].freed_value, a->bytes, memory_order_relaxed);
}

void counted_add(enum whyprof_count_kind kind, uint32_t stack, uint64_t value)
{
    uint32_t at = entry_find(kind, 0, stack);
    struct entry *t = atomic_load(&counted.entries);
    if (!at)
        return;
    atomic_fetch_add_explicit(&t[at].count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&t[at].value, value, memory_order_relaxed);
}

/* ---- since when ---- */

static void since(enum whyprof_count_kind kind, bool wanted)
{
    uint64_t was = atomic_load(&counted.since_ns[kind]);
    if (wanted != (was != 0))
        atomic_store(&counted.since_ns[kind], wanted ? agent_now() : 0);
}

void counted_begin(void)
{
    since(WHYPROF_COUNT_HEAP, options.keep & KEEP_HEAP);
    since(WHYPROF_COUNT_BLOCK, options.keep & KEEP_LOCKS);
    since(WHYPROF_COUNT_MUTEX, options.keep & KEEP_LOCKS);
    since(WHYPROF_COUNT_THREAD, options.keep);
}

void counted_after_fork(void)
{
    struct entry *t = atomic_load(&counted.entries);
    for (uint32_t i = 0; t && i < ENTRIES; i++)
        if (t[i].key && KEY_KIND(t[i].key) != WHYPROF_COUNT_HEAP)
            t[i].count = t[i].value = 0;
    for (int k = 0; k < WHYPROF_COUNT_KINDS; k++)
        if (k != WHYPROF_COUNT_HEAP && counted.since_ns[k])
            counted.since_ns[k] = agent_now();
}

/* ---- the snapshot ---- */

/* Buffered writing into the file; helper's stack is small, the buffer is not. */
struct out {
    int fd;
    bool failed;
    size_t used;
    char *buf;
};

static void out_flush(struct out *o)
{
    for (size_t at = 0; at < o->used && !o->failed;) {
        long n = raw_call3(SYS_write, o->fd, o->buf + at, o->used - at);
        o->failed = n <= 0;
        at += o->failed ? 0 : (size_t)n;
    }
    o->used = 0;
}

static void out_put(struct out *o, const void *p, size_t bytes)
{
    if (o->used + bytes > BUFFER)
        out_flush(o);
    memcpy(o->buf + o->used, p, bytes);
    o->used += bytes;
}

static uint64_t put_counts(struct out *o, const struct entry *t)
{
    uint64_t count = 0;
    for (uint32_t i = 1; t && i < ENTRIES; i++) {
        const struct entry *e = &t[i];
        if (!e->key || (!e->count && !e->freed_count))
            continue;
        /* Freed first: what is freed meanwhile was counted before. */
        struct whyprof_snapshot_count c = {.stack = KEY_STACK(e->key),
                                           .kind = (uint16_t)KEY_KIND(e->key),
                                           .size_class = KEY_CLASS(e->key)};
        c.freed_count = atomic_load(&e->freed_count);
        c.freed_value = atomic_load(&e->freed_value);
        c.count = atomic_load(&e->count);
        c.value = atomic_load(&e->value);
        out_put(o, &c, sizeof c);
        count++;
    }
    return count;
}

/* A stack of several entries comes several times: the reader has a map. */
static uint64_t put_stacks(struct out *o, const struct entry *t)
{
    uint64_t count = 0;
    for (uint32_t i = 1; t && i < ENTRIES; i++) {
        struct whyprof_snapshot_stack s = {.id = KEY_STACK(t[i].key)};
        bool exact;
        size_t depth;
        const uint64_t *frames = s.id ? stack_frames(s.id, &depth, &exact) : NULL;
        if (!frames)
            continue;
        s.depth = (uint16_t)depth;
        s.leaf_exact = exact;
        out_put(o, &s, sizeof s);
        out_put(o, frames, depth * sizeof *frames);
        count++;
    }
    return count;
}

int counted_snapshot(void)
{
    struct whyprof_snapshot head = {.magic = WHYPROF_SNAPSHOT_MAGIC, .now_ns = agent_now()};
    struct entry *t = atomic_load(&counted.entries);
    struct out o = {.fd = (int)raw_call2(SYS_memfd_create, "whyprof", MFD_CLOEXEC)};
    if (o.fd < 0)
        return -1;
    o.buf = raw_map(BUFFER);
    o.failed = !o.buf;
    if (o.buf) {
        out_put(&o, &head, sizeof head); /* its place */
        head.counts = put_counts(&o, t);
        head.stacks = put_stacks(&o, t);
        out_flush(&o);
        raw_call2(SYS_munmap, o.buf, BUFFER);
    }
    for (int k = 0; k < WHYPROF_COUNT_KINDS; k++)
        head.since_ns[k] = atomic_load(&counted.since_ns[k]);
    head.alloc_rate = options.alloc_rate;
    head.dropped = counted.dropped;
    threads_hidden(head.hidden_tids, WHYPROF_SNAPSHOT_HIDDEN);
    if (!o.failed && raw_call4(SYS_pwrite64, o.fd, &head, sizeof head, 0) == (long)sizeof head &&
        raw_call3(SYS_lseek, o.fd, 0, SEEK_SET) == 0)
        return o.fd;
    raw_close(o.fd);
    return -1;
}
