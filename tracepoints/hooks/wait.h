/* wait: libc calls that can block, told as whyprof_syscall:call when they return.
 * The guard is not held while a call blocks, and the real function is called as it
 * is: cancellation points stay cancellation points. */
#ifndef WHYPROF_HOOK_WAIT_H
#define WHYPROF_HOOK_WAIT_H

#include "tracepoints/agent/agent.h"
#include "tracepoints/agent/options.h"
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

static inline bool wait_wanted(void)
{
    return unlikely(lttng_ust_tracepoint_enabled(whyprof_syscall, call)) && agent_outside();
}

/* For calls that do not wait: where the kernel tells them, their stack is not worth a look
 * at the clock. */
static inline bool wait_call_wanted(void)
{
    return wait_wanted() && !options.syscalls_by_kernel;
}

/* The body of a hook: `call` is the real function's call, `failure` its result as the
 * kernel's. The words are the system call's arguments, for the event. */
#define WAIT_BODY_AS(ret, wanted, call, nr, failure, ...)                                          \
    struct wait_call wait;                                                                         \
    if (likely(!(wanted)))                                                                         \
        return call;                                                                               \
    const uint64_t words[] = {__VA_ARGS__};                                                        \
    const unsigned count = sizeof words / sizeof *words;                                           \
    bool told = wait_begin(&wait, nr, words, count);                                               \
    ret result = call;                                                                             \
    if (told)                                                                                      \
        wait_end(&wait, failure, words, count);                                                    \
    return result

/* Results of -1 with errno, as most have. */
#define WAIT_BODY(ret, wanted, call, nr, ...)                                                      \
    WAIT_BODY_AS(ret, wanted, call, nr, result == (ret)-1 ? -errno : (int64_t)result, __VA_ARGS__)

/* The result of a call that does not wait, told where that is wanted; for hooks that do more
 * with it. -1 is a failure. */
#define WAIT_TOLD(call, nr, ...)                                                                   \
    ({                                                                                             \
        struct wait_call wait_;                                                                    \
        const uint64_t words_[] = {__VA_ARGS__};                                                   \
        const unsigned count_ = sizeof words_ / sizeof *words_;                                    \
        bool told_ = wait_call_wanted() && wait_begin(&wait_, nr, words_, count_);                 \
        __typeof__(call) result_ = call;                                                           \
        if (told_)                                                                                 \
            wait_end(&wait_, (intptr_t)result_ == -1 ? -errno : (int64_t)(intptr_t)result_,        \
                     words_, count_);                                                              \
        result_;                                                                                   \
    })

/* A hook for `ret name params`, whose arguments are `args`. */
#define WAIT_HOOK_AS(ret, name, nr, params, args, failure, ...)                                    \
    HOOK ret name params                                                                           \
    {                                                                                              \
        WAIT_BODY_AS(ret, wait_wanted(), REAL(name) args, nr, failure, __VA_ARGS__);               \
    }
#define WAIT_HOOK(ret, name, nr, params, args, ...)                                                \
    HOOK ret name params                                                                           \
    {                                                                                              \
        WAIT_BODY(ret, wait_wanted(), REAL(name) args, nr, __VA_ARGS__);                           \
    }
#define CALL_HOOK_AS(ret, name, nr, params, args, failure, ...)                                    \
    HOOK ret name params                                                                           \
    {                                                                                              \
        WAIT_BODY_AS(ret, wait_call_wanted(), REAL(name) args, nr, failure, __VA_ARGS__);          \
    }
#define CALL_HOOK(ret, name, nr, params, args, ...)                                                \
    HOOK ret name params                                                                           \
    {                                                                                              \
        WAIT_BODY(ret, wait_call_wanted(), REAL(name) args, nr, __VA_ARGS__);                      \
    }

#endif
