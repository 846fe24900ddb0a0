/* alloc: the malloc family, sampled by bytes (Poisson) or in full. */
#ifndef WHYPROF_HOOK_ALLOC_H
#define WHYPROF_HOOK_ALLOC_H

#include <stdbool.h>

/* Finds the allocator behind us. */
void alloc_init(void);
/* Emits whyprof_alloc:stat where the totals changed, or `again`. One thread at a time. */
void alloc_stat_emit(bool again);
/* What mechanism.alloc says. */
const char *alloc_mechanism(void);

#endif
