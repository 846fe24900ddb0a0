/* snapshot: what an agent answers to "profiles": the counts that it keeps by call stack,
 * since the process began or since it was told to keep them. Shared with the reader, as
 * events.h is. A header, then its counts, then its stacks; words are 64 bits. */
#ifndef WHYPROF_SNAPSHOT_H
#define WHYPROF_SNAPSHOT_H

#include <stdint.h>

#define WHYPROF_SNAPSHOT_MAGIC UINT64_C(0x31706e7372507957)

enum {
    WHYPROF_SNAPSHOT_HIDDEN = 16,
    WHYPROF_SNAPSHOT_FRACTION = 10 /* bits of it in a heap's count */
};

enum whyprof_count_kind {
    WHYPROF_COUNT_HEAP,   /* allocations: count has a fraction; value: bytes */
    WHYPROF_COUNT_BLOCK,  /* waits that are over, by the waiter's stack; value: ns */
    WHYPROF_COUNT_MUTEX,  /* waits for locks, by the stack of the unlock that ended them */
    WHYPROF_COUNT_THREAD, /* threads begun, by who made them */
    WHYPROF_COUNT_KINDS
};

struct whyprof_snapshot {
    uint64_t magic;
    uint64_t now_ns;                               /* CLOCK_MONOTONIC */
    uint64_t since_ns[WHYPROF_COUNT_KINDS];        /* when counting began, 0: it does not */
    uint64_t alloc_rate;                           /* mean bytes between samples */
    uint64_t dropped;                              /* counted without their stack: no room */
    uint32_t hidden_tids[WHYPROF_SNAPSHOT_HIDDEN]; /* threads of ours and lttng-ust's, 0: none */
    uint64_t counts;                               /* how many of each follow */
    uint64_t stacks;
};

struct whyprof_snapshot_count {
    uint32_t stack; /* 0: not known */
    uint16_t kind;
    uint16_t size_class; /* of a heap's: sizes that are counted together */
    uint64_t count;
    uint64_t value;
    uint64_t freed_count; /* of a heap's: what was given back since */
    uint64_t freed_value;
};

struct whyprof_snapshot_stack {
    uint32_t id;
    uint16_t depth;      /* frames that follow: leaf first, as in whyprof_stack:stack */
    uint16_t leaf_exact; /* 1: the first is no return address */
};

#endif
