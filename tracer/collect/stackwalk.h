/* stackwalk: call stacks of other processes, from the registers and the copy of the
 * stack that perf takes with a sample. The tables are the agent's (unwind_table.h), made
 * from the .eh_frame of the files that the process has mapped: complete stacks without
 * frame pointers, of programs that never heard of us. x86-64 only.
 *
 *     struct stackwalk_space *s = stackwalk_space_new(pid);   // reads /proc/PID/maps
 *     n = stackwalk(s, &regs, stack, bytes, pcs, max);
 *
 * One thread. Files are parsed once, whoever maps them; their tables stay. */
#ifndef COLLECT_STACKWALK_H
#define COLLECT_STACKWALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <ucontext.h>

struct stackwalk_space;

/* The executable mappings of a process as they are now; NULL where it is gone. */
struct stackwalk_space *stackwalk_space_new(pid_t pid);
/* A forked child's, which is its parent's. */
struct stackwalk_space *stackwalk_space_copy(const struct stackwalk_space *s);
void stackwalk_space_free(struct stackwalk_space *s);
/* Whether code is mapped there, as far as known. */
bool stackwalk_knows(const struct stackwalk_space *s, uint64_t pc);

/* Registers by their index in a ucontext (REG_RIP, ...). stack: what lies at REG_RSP and
 * above, `bytes` of it. Leaf first; the first address is exact, the others are return
 * addresses. Returns how many, at least 1 and at most max. */
size_t stackwalk(const struct stackwalk_space *s, const greg_t gregs[NGREG], const uint8_t *stack,
                 size_t bytes, uint64_t *pcs, size_t max);

#endif
