/* stacks: call stacks as 32-bit ids, interned without locks or the target's
 * malloc. The event that defines an id is emitted when the id is first seen and
 * again in each later generation (a session that began since, a fork child). */
#ifndef WHYPROF_STACKS_H
#define WHYPROF_STACKS_H

#include "tracepoints/agent/agent.h"

/* Reserves the tables; false: no memory, every id is 0 then. */
bool stacks_init(void);

/* The calling thread's stack, the agent's own frames left out. Under the guard.
 * 0 where nothing could be stored. */
uint32_t stack_here(struct agent_thread *t);

/* Id of these addresses, leaf first; emits the definition where it is due.
 * Not from a signal handler that interrupted the agent. */
uint32_t stack_intern(const uintptr_t *pcs, size_t count, bool leaf_exact);

/* What an id stands for, leaf first; NULL for 0. Stays for ever. */
const uint64_t *stack_frames(uint32_t id, size_t *count, bool *leaf_exact);

/* Emits every definition again, for a session that has just begun. */
void stacks_dump(void);
/* Forgets what was emitted, without emitting. */
void stacks_new_generation(void);

#endif
