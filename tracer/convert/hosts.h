/* hosts: traces of several machines in one file.
 *
 * A machine is a host name and, where the clock has one, its clock's identity (LTTng's is
 * the boot's: CLOCK_MONOTONIC begins anew at each). All times of a conversion are those
 * of the machine that booted first; another one's are moved by the difference of what
 * their metadata say the clocks' zeros are, so that the file is as right as the machines'
 * wall clocks were when recording began. Traces of one clock are never moved: containers
 * of a machine, its kernel's and its programs' trace agree to the ns.
 *
 * Ids are made different: the machine of number N (0, 1, ... in order of the input) adds
 * N * 10,000,000 to its process and thread ids, N * 1,000 to its CPUs. Process names get
 * "@HOST", table meta has host.N. A single machine's trace is left as it is. */
#ifndef CONVERT_HOSTS_H
#define CONVERT_HOSTS_H

#include "base/arena.h"
#include "base/err.h"
#include "convert/event.h"

#include <stddef.h>
#include <stdint.h>

enum {
    HOSTS_ID_STEP = 10000000, /* more than any pid (PID_MAX_LIMIT is 4 Mi) and foreign.h's */
    HOSTS_CPU_STEP = 1000,
    HOSTS_MOST = 64 /* ids stay below 2^31, CPUs below 2^16 */
};

struct host {
    char name[256];
    char clock[64];  /* its uuid; "" where it has none */
    int64_t zero_ns; /* since the epoch */
    uint32_t number;
    uint32_t id_base, cpu_base;
    uint64_t shift_ns;
};

struct hosts {
    struct host *list; /* owned */
    size_t count, cap;
    uint32_t *of_trace; /* owned: indexes into list, in order of hosts_add */
    size_t trace_count, trace_cap;
    uint64_t *words; /* owned: a sequence that is being changed */
    size_t words_cap;
    char *text; /* owned: likewise a string */
};

/* Takes the next trace, by the bytes of its metadata. False with err where there are too
 * many machines. */
bool hosts_add(struct hosts *h, const void *metadata, size_t bytes, struct err *err);
/* After the last one: decides on the numbers. */
void hosts_settle(struct hosts *h);
/* The machine of a trace; NULL where there is one only. */
const struct host *hosts_of_trace(const struct hosts *h, uint32_t trace);
/* "a, b" */
char *hosts_names(const struct hosts *h, struct arena *arena);
void hosts_release(struct hosts *h);

/* Moves an event's ids and times but for ev->ts. What it points to is replaced by memory
 * of h, good until the next call. False for an event that says nothing of more than one
 * machine. */
bool hosts_move(struct hosts *h, const struct host *host, struct event *ev);

#endif
