/* perf_join: makes perf's records whole: pairs the entry and exit of a call,
 * counts CPU time, knows a process's last thread, and mends what a lost record
 * would leave crooked (a thread that leaves a cpu it never came to). Takes words
 * in order of time, gives words of tracepoints/events.h. Pure. */
#ifndef COLLECT_PERF_JOIN_H
#define COLLECT_PERF_JOIN_H

#include "base/map.h"
#include "collect/bpf/shared.h"

#include <stdbool.h>
#include <stdint.h>

struct join_thread {
    uint32_t tid, pid;
    bool on_cpu;
    bool entry_seen; /* a call's entry or exit; before it `nr_plus1` is what /proc said */
    uint32_t nr_plus1;
    uint64_t begin_ts;
    uint64_t args[COLLECT_MAX_ARGS];
    uint64_t in_ts;   /* since when on_cpu */
    uint64_t idle_ts; /* it cannot have been on a cpu before: out, woken or born */
    uint64_t cpu_ns;
    char comm[16];
};

struct join {
    struct map64 thread_of;      /* tid -> index into threads */
    struct join_thread *threads; /* owned */
    size_t len, cap;
    struct map64 left;   /* cpu -> when a traced thread left it */
    struct map64 unused; /* places in threads that ended ones left */
    struct map64 live;   /* pid -> threads alive */
    void (*put)(void *data, const uint64_t *words, uint32_t count);
    void *data;
};

void join_release(struct join *j);
/* A thread that was there before; the caller may fill in its name and the call it
 * is in. Valid until the next call. */
struct join_thread *join_add(struct join *j, uint32_t tid, uint32_t pid);
void join_words(struct join *j, const uint64_t *words, uint32_t count);
/* SYSCALL_OPEN for every call in progress. */
void join_finish(struct join *j, uint64_t ts);

#endif
