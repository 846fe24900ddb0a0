/* signal: SIGPROF is the target's where it wants it (agent/sampler.h). */
#include "tracepoints/agent/real.h"
#include "tracepoints/agent/sampler.h"

HOOK int sigaction(int sig, const struct sigaction *restrict act, struct sigaction *restrict old)
{
    if (unlikely(sig == SIGPROF) && !agent_tls.inside && sampler_sigaction(act, old))
        return 0;
    return REAL(sigaction)(sig, act, old);
}

HOOK sighandler_t signal(int sig, sighandler_t handler)
{
    struct sigaction act = {.sa_handler = handler}, old;
    if (likely(sig != SIGPROF) || handler == SIG_ERR)
        return REAL(signal)(sig, handler);
    act.sa_flags = SA_RESTART;
    if (!sampler_sigaction(&act, &old))
        return REAL(signal)(sig, handler);
    return SIG_DFL;
}
