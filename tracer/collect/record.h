/* record: packs and prints records of tracepoints/events.h. Each record_* writes
 * at most RECORD_MAX_WORDS words and returns how many. */
#ifndef COLLECT_RECORD_H
#define COLLECT_RECORD_H

#include "collect/bpf/shared.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
    RECORD_MAX_WORDS = 5 + COLLECT_MAX_ARGS
};

struct record_at {
    uint64_t ts;
    uint32_t tid;
    uint32_t cpu;
};

uint32_t record_switch_in(uint64_t *w, struct record_at at);
uint32_t record_switch_out(uint64_t *w, struct record_at at, uint32_t state, bool preempted,
                           uint32_t call_plus1);
uint32_t record_fork(uint64_t *w, struct record_at at, uint32_t child_tid, uint32_t child_pid,
                     const char *comm);
uint32_t record_exec(uint64_t *w, struct record_at at, uint32_t pid, const char *comm);
uint32_t record_exit(uint64_t *w, struct record_at at, uint32_t pid, bool last, uint32_t code,
                     uint64_t cpu_ns);
/* start_ts 0: not a thread that was there before, so no word for it. */
uint32_t record_name(uint64_t *w, struct record_at at, uint32_t pid, const char *comm,
                     uint64_t start_ts);

struct record_call {
    uint32_t nr;
    uint64_t begin_ts;
    const uint64_t *args; /* COLLECT_MAX_ARGS of them */
};

/* Takes as many arguments as the call has (syscall_args.h). */
uint32_t record_syscall(uint64_t *w, struct record_at at, const struct record_call *call,
                        int64_t ret);
uint32_t record_syscall_open(uint64_t *w, struct record_at at, const struct record_call *call);

/* One line for each record in the words. */
void record_print(FILE *out, const uint64_t *words, uint32_t count);

/* Arguments that call number nr takes; COLLECT_MAX_ARGS where it is unknown. */
uint32_t record_arg_count(uint32_t nr);

#endif
