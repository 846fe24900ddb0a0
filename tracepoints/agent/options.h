/* options: what WHYPROF_OPTIONS and the control socket can set. Unknown keys are
 * ignored: a newer recorder may know more. */
#ifndef WHYPROF_OPTIONS_H
#define WHYPROF_OPTIONS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What is counted whether or not a session records (counted.h). */
enum options_keep {
    KEEP_HEAP = 1,
    KEEP_LOCKS = 2
};

struct options {
    _Atomic uint32_t cpu_hz;        /* samples per second of CPU time and thread; 0: none */
    _Atomic uint64_t alloc_rate;    /* mean bytes between allocation samples */
    _Atomic uint64_t block_ns;      /* calls at least this long carry a stack */
    atomic_bool alloc_all;          /* every allocation, not samples */
    atomic_bool locks_all;          /* every lock's hold, not contended ones only */
    _Atomic uint32_t keep;          /* enum options_keep */
    atomic_bool syscalls_by_kernel; /* the collector records calls: tell long ones only */
};
extern struct options options;

/* "key=value,key=value" */
void options_parse(const char *text);

#endif
