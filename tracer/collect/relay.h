/* relay: the way out of the collector: lttng-ust events of the contract
 * (tracepoints/events.h), or text on stdout where one wants to look. */
#ifndef COLLECT_RELAY_H
#define COLLECT_RELAY_H

#include "collect/bpf/shared.h"
#include "collect/sampler.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Prints records as text instead of emitting events. */
void relay_print_instead(void);

void relay_meta(const char *key, const char *value);
void relay_words(enum collect_class class, const uint64_t *words, uint32_t count);
void relay_watermark(uint64_t ts);
void relay_lost(const char *source, uint64_t begin_ts, uint64_t end_ts, uint64_t count);
void relay_sample(const struct sampler_sample *sample);
/* Its executable mappings, unless it has an agent that tells them better. */
void relay_modules(pid_t pid);
void relay_sample(const struct sampler_sample *sample);
/* Its executable mappings, unless it has an agent that tells them better. */
void relay_modules(pid_t pid);
/* What stands in /proc of a process that just was added: its command line, its
 * descriptors and, where it has no agent to tell better, its modules. */
void relay_process(pid_t pid, bool descriptors);

#endif
