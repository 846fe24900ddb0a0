/* unwind: call stacks of the target's threads, without frame pointers, locks or
 * malloc. Each module's .eh_frame is turned into a compact table when the module
 * is first seen; a capture then costs a table look-up and two loads per frame.
 *
 *     unwind_init();                                  // once, at load
 *     uintptr_t pcs[64];
 *     size_t n = unwind_here(pcs, 64);                // in a hook
 *     size_t m = unwind_context(ucontext, pcs, 64);   // in a signal handler
 *
 * All addresses are return addresses, which point behind the call, except the
 * first one of unwind_context, which is exact, and the pc of a frame that a
 * signal interrupted. x86-64 only. */
#ifndef WHYPROF_UNWIND_H
#define WHYPROF_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Makes the tables of all modules mapped now. Not async-signal-safe; calling it
 * again is the same as unwind_modules_changed. false: no memory, captures then
 * return one frame. */
bool unwind_init(void);

/* The caller's own stack, leaf first; pcs[0] lies in the function that called.
 * Returns how many were written, 0 to max. Async-signal-safe, lock-free, keeps
 * errno. */
size_t unwind_here(uintptr_t *pcs, size_t max);

/* The stack that a signal interrupted; `ucontext` is the handler's third argument.
 * pcs[0] is exact. Same promises as unwind_here. */
size_t unwind_context(const void *ucontext, uintptr_t *pcs, size_t max);

/* Call after dlopen and dlclose: adds the tables of new modules, retires those of
 * modules that are gone. Not from signal handlers, nor from threads that the target
 * does not know of: it takes the loader's lock, which a child forked meanwhile would find
 * locked for ever. 150 ns when nothing changed. */
void unwind_modules_changed(void);

/* From a thread that is about to end: gives back what speeds up its captures, which
 * still work after it. Without it that stays taken, and after 256 such threads new ones
 * go slower. */
void unwind_thread_exit(void);

#pragma GCC visibility pop

#endif
