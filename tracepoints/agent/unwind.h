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

/* Where a walk begins: a function's caller, as it will go on. */
struct unwind_start {
    uintptr_t pc, sp, fp;
};
/* The caller of the function that this stands in. Asking for the frame's address makes
 * the compiler keep rbp as a frame pointer there. */
#define UNWIND_START()                                                                             \
    ({                                                                                             \
        const uintptr_t *frame_ = __builtin_frame_address(0);                                      \
        (struct unwind_start){frame_[1], (uintptr_t)(frame_ + 2), frame_[0]};                      \
    })

/* All that a walk depended on: from the same start, while these words of the stack hold
 * these values, another finds the same frames. */
enum {
    UNWIND_TRAIL = 160
};
struct unwind_trail {
    struct unwind_start start;
    uint64_t salt;               /* of the modules */
    uint16_t n;                  /* 0: it depended on more */
    uint8_t uses_fp;             /* start.fp matters, too */
    uint16_t word[UNWIND_TRAIL]; /* distance from start.sp, in words of 8 bytes */
    uint64_t value[UNWIND_TRAIL];
};

/* As unwind_here, from there on; tells the trail where one is given. */
size_t unwind_from(const struct unwind_start *start, uintptr_t *pcs, size_t max,
                   struct unwind_trail *trail);

/* Another thread's stack, of which the first `bytes` from start.sp on were copied. */
size_t unwind_copy(const struct unwind_start *start, const void *copy, size_t bytes, uintptr_t *pcs,
                   size_t max);

/* True: a walk from there finds what the trail's walk found. On the same thread. */
bool unwind_trail_holds(const struct unwind_trail *trail, const struct unwind_start *start);

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
