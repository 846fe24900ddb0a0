/* alloc: the malloc family, sampled by bytes (Poisson) or in full. */
#ifndef WHYPROF_HOOK_ALLOC_H
#define WHYPROF_HOOK_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Finds the allocator behind us. */
void alloc_init(void);
/* Emits whyprof_alloc:stat where the totals changed, or `again`. One thread at a time. */
void alloc_stat_emit(bool again);
/* Memory straight from the kernel, and its end (before it ends). They are in no total
 * of the heap. Keep errno. alloc_unmapped: was it one that was told? */
void alloc_mapped(void *p, size_t bytes, uint8_t kind, uintptr_t caller);
bool alloc_unmapped(void *p, uintptr_t caller);
/* What mechanism.alloc says. */
const char *alloc_mechanism(void);

#endif
