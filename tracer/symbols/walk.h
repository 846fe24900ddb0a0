/* walk: call stacks of another process's threads, from outside: its memory is read, the
 * threads notice nothing. By the call frame information of its files (libdw).
 *
 *     struct walk *w = walk_open(pid, &err);
 *     struct walk_start at = {.pc = pc, .sp = sp};     // of a thread asleep in the kernel
 *     size_t n = walk_stack(w, &at, pcs, 64);          // leaf first, return addresses but the
 * first walk_close(w);
 *
 * Of a thread that sleeps in a system call /proc tells the stack and instruction pointers
 * alone. What functions further out kept in other registers is found where a callee saved
 * them. A function whose frame hangs on rbp, and whose callees left rbp as it is, is walked
 * by looking for its frame: a saved rbp below a return address behind a call of that very
 * function. Not thread-safe. */
#ifndef SYMBOLS_WALK_H
#define SYMBOLS_WALK_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    WALK_REGISTERS = 17 /* DWARF's numbers for x86-64: 6 is rbp, 7 rsp, 16 the pc */
};

struct walk;

struct walk_start {
    uint64_t pc, sp;
    const uint64_t *registers; /* all WALK_REGISTERS, or NULL: only these two are known */
    const void *stack;         /* bytes from sp on as they were then, or NULL: as they are now */
    size_t stack_bytes;
};

/* NULL with err where the process is gone or its memory must not be read. */
struct walk *walk_open(pid_t pid, struct err *err);
void walk_close(struct walk *w);
/* The number of addresses; at least 1. */
size_t walk_stack(struct walk *w, const struct walk_start *start, uint64_t *pcs, size_t max);

#endif
