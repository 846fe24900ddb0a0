/* alloc_batch: every allocation and free, for full mode: a record of two or three
 * words in a ring of the thread's own, many of which one whyprof_alloc:batch event
 * carries (events.h has the layout). A thread emits its ring when a quarter is full,
 * the helper every now and then, so that a killed program loses little. */
#ifndef WHYPROF_ALLOC_BATCH_H
#define WHYPROF_ALLOC_BATCH_H

#include "tracepoints/agent/threads.h"

/* Under the guard. may_emit: not below the loader, whose locks a tracepoint takes. */
void alloc_batch_add(struct agent_thread *t, const void *p, size_t bytes, uint8_t kind,
                     uint32_t stack, bool may_emit);
void alloc_batch_free(struct agent_thread *t, const void *p, bool may_emit);

/* Emits what all threads have, and up to when that is everything. One thread at a time. */
void alloc_batches_emit(void);
/* The thread ends: emits its ring. */
void alloc_batch_end(struct agent_thread *t);
/* In a fork child: the parent tells what was in the rings. */
void alloc_batch_forget(struct agent_thread *t);

#endif
