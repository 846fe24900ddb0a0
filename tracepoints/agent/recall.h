/* recall: the stacks that a thread captured lately, by where their walks began, with
 * what those depended on. Who allocates or locks all the time does so from few places,
 * and most of a program's stack stays as it is: comparing some words says that a stack
 * is the same as before, and its id is known without a walk.
 *
 * One set of these for each thread that captures often, in memory of our own. */
#ifndef WHYPROF_RECALL_H
#define WHYPROF_RECALL_H

#include "tracepoints/agent/agent.h"
#include "tracepoints/agent/unwind.h"

struct recall;

/* What a stack is known by (stacks.c). */
struct stack_hash {
    uint64_t hash;
    uint16_t check;
};

/* NULL: no memory, or enough threads have one. About 500 KB of address space, of which only what is
 * used is real. */
struct recall *recall_new(void);
/* For another thread that has got the slot, whose stack lies elsewhere. */
void recall_clear(struct recall *r);

/* The id of the stack that a walk from there would find, if its definition was told in
 * this generation (stacks.h); else 0. Some 10 ns for 15 frames. */
uint32_t recall_find(struct recall *r, const struct unwind_start *start, uint32_t generation);
/* Where to note the trail of the walk that is to come now. */
struct unwind_trail *recall_place(struct recall *r, const struct unwind_start *start);
/* What that walk found, which began at `start`. */
void recall_keep(struct recall *r, struct unwind_trail *trail, uint32_t id, uint32_t generation);

/* For walks that lead to a stack that was seen lately: its id by its hash, as recall_find.
 * The table of all stacks is far from the processor; this is not. */
uint32_t recall_known(const struct recall *r, const struct stack_hash *h, uint32_t generation);
void recall_know(struct recall *r, const struct stack_hash *h, uint32_t id, uint32_t generation);

#endif
