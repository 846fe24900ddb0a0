/* sampler: CPU samples of the target's threads. Each thread has a kernel timer on
 * its own CPU clock; the SIGPROF handler only unwinds and writes into a lock-free
 * ring (tracepoints are not safe in handlers once TLS libraries come and go), and
 * the helper thread turns the ring into events.
 *
 * SIGPROF belongs to the target: where it has a handler of its own, or sets one
 * later, the sampler gives way and says so. */
#ifndef WHYPROF_SAMPLER_H
#define WHYPROF_SAMPLER_H

#include "tracepoints/agent/agent.h"

#include <signal.h>

/* From the helper, and at the end of the image: arms or disarms the timers to match sessions and
 * options, and emits what the ring holds. Returns how many samples there were. */
unsigned sampler_run(void);

/* A thread of the target begins or ends; both by itself, under the guard. */
void sampler_thread_begin(struct agent_thread *t);
void sampler_thread_end(struct agent_thread *t);

/* In a fork child, before its threads start: timers were not inherited. */
void sampler_after_fork(void);

/* The target sets or asks for SIGPROF's action. True: answered here, *result is
 * what to return; false: do it for real. */
bool sampler_sigaction(const struct sigaction *act, struct sigaction *old);
/* SIGPROF that reached the target's sigwait or the like is ours. */
bool sampler_owns_signal(void);

/* What mechanism.cpu says. */
const char *sampler_mechanism(void);

#endif
