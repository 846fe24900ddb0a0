/* callers: whose code called a hook. Address ranges of the loader, of lttng-ust's
 * libraries and of the agent itself; found lock-free, so usable from the first
 * hook call on, before any constructor ran. */
#ifndef WHYPROF_CALLERS_H
#define WHYPROF_CALLERS_H

#include <stdbool.h>
#include <stdint.h>

#define CALLER() ((uintptr_t)__builtin_return_address(0))

/* ld.so: a tracepoint below one of its calls could re-enter its TLS bookkeeping. */
bool caller_is_loader(uintptr_t pc);
/* liblttng-ust and its common library. */
bool caller_is_lttng(uintptr_t pc);
bool caller_is_agent(uintptr_t pc);
/* Of the first two, for the hottest paths: where it may say yes too often, since the
 * ranges were not looked for yet, those functions know. */
struct caller_range {
    uintptr_t begin, bytes;
};
extern struct caller_range caller_ranges[3];
static inline bool caller_maybe_special(uintptr_t pc)
{
    return __builtin_expect(pc - caller_ranges[0].begin < caller_ranges[0].bytes ||
                                pc - caller_ranges[1].begin < caller_ranges[1].bytes ||
                                pc - caller_ranges[2].begin < caller_ranges[2].bytes,
                            0);
}

/* The agent's own code, [begin, begin + bytes), for who asks often. */
void caller_agent_range(uintptr_t *begin, uintptr_t *bytes);

#endif
