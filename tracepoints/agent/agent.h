/* agent: what every part of the preloaded library shares: whether it is on, the
 * recursion guard, and the options.
 *
 *     if (!agent_enter())                 // not on, or already inside: pass through
 *         return real.read(fd, buf, n);
 *     ... tracepoints, tables ...
 *     agent_leave();
 *
 * The guard is a flag in initial-exec TLS: dynamic TLS may call malloc. It is held
 * while the agent emits, never across a call of the target's that can block, so a
 * signal handler that runs meanwhile is traced like any other code. errno is the
 * target's: every scope restores it. */
#ifndef WHYPROF_AGENT_H
#define WHYPROF_AGENT_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define HOOK        __attribute__((visibility("default")))
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define AGENT_VERSION "0.1.0"

enum {
    AGENT_STACK_MAX = 127
}; /* frames kept of a stack */

struct agent_thread;

/* One per thread, zero at its start. */
struct agent_tls {
    struct agent_thread *thread; /* its slot, NULL until it was seen */
    int saved_errno;             /* of the scope that holds the guard */
    uint8_t inside;              /* 1: the guard is held; hooks pass straight through */
    uint8_t hidden;              /* 1: a thread of ours or of lttng-ust's: never traced */
    uint8_t gone;                /* 1: its thread_exit was emitted */
    uint8_t looking;             /* 1: in dlsym: allocations come from the early store */
};
extern __thread struct agent_tls agent_tls __attribute__((tls_model("initial-exec")));

struct agent_state {
    atomic_bool on;    /* between the end of start-up and the begin of exit */
    int pid;           /* of this process image, changes in a fork child */
    uint64_t start_ts; /* of this image, CLOCK_MONOTONIC ns */
};
extern struct agent_state agent;

static inline uint64_t agent_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* True when this thread may be traced now; no side effect. */
static inline bool agent_outside(void)
{
    return !agent_tls.inside && atomic_load_explicit(&agent.on, memory_order_relaxed);
}

/* Takes the guard. A signal between test and store is harmless: its handler's own
 * scopes are balanced. */
static inline bool agent_enter(void)
{
    if (!agent_outside())
        return false;
    agent_tls.inside = 1;
    agent_tls.saved_errno = errno;
    return true;
}

static inline void agent_leave(void)
{
    errno = agent_tls.saved_errno;
    agent_tls.inside = 0;
}

#endif
