/* alloc: the malloc family, sampled by bytes (Poisson) or in full. */
#ifndef WHYPROF_HOOK_ALLOC_H
#define WHYPROF_HOOK_ALLOC_H

/* Finds the allocator behind us. */
void alloc_init(void);
/* Emits whyprof_alloc:stat. */
void alloc_stat_emit(void);
/* What mechanism.alloc says. */
const char *alloc_mechanism(void);

#endif
