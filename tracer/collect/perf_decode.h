/* perf_decode: records of a perf ring to words: those of tracepoints/events.h
 * where one record tells all, and the private ones below, which perf_join makes
 * whole once all cpus' records are in order of time. Pure. */
#ifndef COLLECT_PERF_DECODE_H
#define COLLECT_PERF_DECODE_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>

/* Of every event: what a record's end (or a sample's begin) tells. */
#define PERF_DECODE_SAMPLE_TYPE (PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU)

enum perf_private_record {
    PERF_CALL_ENTER = 200, /* nr; args, COLLECT_MAX_ARGS words */
    PERF_CALL_LEAVE,       /* ret */
    PERF_THREAD_EXIT,      /* pid; runs on a little, but tells no more */
};

enum {
    PERF_DECODE_WORDS = 16, /* room a decoded record may need */
    PERF_BLOCKED = 1        /* state of one that left its cpu not to run: which sleep is not told */
};

struct perf_decode {
    uint64_t enter_id, leave_id; /* tracepoint ids of raw_syscalls, 0: not used */
    uint64_t waking_id;          /* of sched_waking, 0: not used */
    uint64_t lost;               /* records that the kernel dropped, so far */
    uint64_t lost_ts;            /* when it said so last */
};

/* Words written to out, 0 where the record is none of ours. `record` is whole
 * and its header.size bytes long; *forked is the child of a FORK, else 0. */
uint32_t perf_decode(struct perf_decode *d, const struct perf_event_header *record, uint64_t *out,
                     uint32_t *forked);

#endif
