/* source: where kernel records come from: BPF programs (bpf.c) or perf rings
 * (perf.c), behind one table of operations. All of a source runs in the
 * collector's one thread. */
#ifndef COLLECT_SOURCE_H
#define COLLECT_SOURCE_H

#include "base/err.h"
#include "collect/batch.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct source;

struct source_ops {
    const char *name; /* as told in "mechanism": "bpf", "perf" */
    /* Makes all descriptors and maps and begins. has[] says which classes are wanted
     * and, on return, which are there; why[] the reasons for the others. */
    struct source *(*open)(bool has[COLLECT_CLASSES], struct err why[COLLECT_CLASSES]);
    unsigned (*lanes)(const struct source *s);
    /* Traces a process from now on. NAME and state records go into `own_lane`. */
    bool (*add)(struct source *s, pid_t pid, struct batch *b, unsigned own_lane, struct err *err);
    /* Calls each with every thread traced now (some may have ended already). */
    void (*each_thread)(struct source *s, void (*each)(void *data, uint32_t tid), void *data);
    /* Puts all there is into the batch; its words are lent until `release`. */
    void (*drain)(struct source *s, struct batch *b);
    void (*release)(struct source *s);
    /* Losses since the last call, each told once. */
    void (*losses)(struct source *s,
                   void (*lost)(void *data, enum collect_class class, uint64_t begin_ts,
                                uint64_t end_ts, uint64_t count),
                   void *data);
    /* No record comes after this. Then one last drain, and `finish` for calls in progress. */
    void (*detach)(struct source *s);
    void (*finish)(struct source *s, struct batch *b, unsigned own_lane);
    void (*close)(struct source *s);
};

extern const struct source_ops source_bpf;
extern const struct source_ops source_perf;

/* CLOCK_MONOTONIC, the clock of every record. */
uint64_t source_now_ns(void);
/* Ids of the cpus that are online, in a new array the caller frees. */
unsigned source_online_cpus(unsigned **cpus);

#endif
