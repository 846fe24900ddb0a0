/* wait: libc calls that can block, told as whyprof_syscall:call when they return.
 * The guard is not held while a call blocks, and the real function is called as it
 * is: cancellation points stay cancellation points. */
#ifndef WHYPROF_HOOK_WAIT_H
#define WHYPROF_HOOK_WAIT_H

#include "tracepoints/agent/agent.h"
#include "tracepoints/provider/provider.h"

/* One call in progress, on the caller's stack. */
struct wait_call {
    uint64_t begin_ts;
    uint32_t nr; /* the system call that it stands for */
};

/* Notes the call for the helper. False: not recorded. */
bool wait_begin(struct wait_call *w, uint32_t nr, const uint64_t *args, unsigned argc);
/* ret: the result, or -errno. Keeps errno. */
void wait_end(struct wait_call *w, int64_t ret, const uint64_t *args, unsigned argc);

/* From the helper: announces calls that have not returned for a while. */
void wait_tell_pending(void);

#define WAIT_ARG(x) ((uint64_t)(uintptr_t)(x))

/* A hook for `ret name params`, whose arguments are `args`; the rest are the
 * system call's, for the event. */
#define WAIT_HOOK_AS(ret, name, nr, params, args, failure, ...)                                    \
    HOOK ret name params                                                                           \
    {                                                                                              \
        struct wait_call wait;                                                                     \
        if (likely(!lttng_ust_tracepoint_enabled(whyprof_syscall, call)) || !agent_outside())      \
            return REAL(name) args;                                                                \
        const uint64_t words[] = {__VA_ARGS__};                                                    \
        const unsigned count = sizeof words / sizeof *words;                                       \
        bool told = wait_begin(&wait, nr, words, count);                                           \
        ret result = real.name args;                                                               \
        if (told)                                                                                  \
            wait_end(&wait, failure, words, count);                                                \
        return result;                                                                             \
    }

/* Results of -1 with errno, as most have. */
#define WAIT_HOOK(ret, name, nr, params, args, ...)                                                \
    WAIT_HOOK_AS(ret, name, nr, params, args, result == (ret)-1 ? -errno : (int64_t)result,        \
                 __VA_ARGS__)

#endif
