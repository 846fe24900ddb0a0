/* sampler: CPU samples of other processes by perf's cpu-clock: a high-resolution timer
 * of each thread's own CPU time, so rates are not bound to the kernel's tick, and no
 * agent is needed. The kernel copies registers and stack; stackwalk makes the rest.
 *
 * Threads and processes started later are inherited. Time in the kernel counts where
 * the user may see it (exclude_kernel else): it is told with the stack that called. */
#ifndef COLLECT_SAMPLER_H
#define COLLECT_SAMPLER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sampler;

struct sampler_sample {
    uint32_t pid, tid;
    uint64_t ts;
    uint64_t weight_ns;
    const uint64_t *frames; /* leaf first: as in the contract's cpu_of */
    uint32_t count;
};

struct sampler_out {
    void (*sample)(void *data, const struct sampler_sample *sample);
    void (*lost)(void *data, uint64_t ts, uint64_t count);
    /* The process's executable mappings changed: who tells of them should look again. */
    void (*mapped)(void *data, pid_t pid);
    void *data;
};

/* NULL with err where this is not allowed. */
struct sampler *sampler_open(uint32_t hz, const struct sampler_out *out, struct err *err);
bool sampler_add(struct sampler *s, pid_t pid, struct err *err);
/* Tells all samples taken so far; true where there were any. */
bool sampler_drain(struct sampler *s);
/* No sample is taken after this. Then one last drain. */
void sampler_detach(struct sampler *s);
void sampler_close(struct sampler *s);

#endif
