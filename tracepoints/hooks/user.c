/* user: the agent's side of whyprof.h. */
#include "tracepoints/agent/agent.h"
#include "tracepoints/provider/provider.h"
#include "tracepoints/whyprof.h"

/* Emits an event of the provider whyprof_user. */
#define TELL(event, ...)                                                                           \
    do {                                                                                           \
        if (unlikely(lttng_ust_tracepoint_enabled(whyprof_user, event)) && agent_enter()) {        \
            lttng_ust_do_tracepoint(whyprof_user, event, ##__VA_ARGS__);                           \
            agent_leave();                                                                         \
        }                                                                                          \
    } while (0)

HOOK void whyprof_agent_region_begin(const char *name, uint64_t task)
{
    TELL(region_begin, name ? name : "", task);
}

HOOK void whyprof_agent_region_end(void)
{
    TELL(region_end);
}

/* Unique in the trace: tasks of several processes meet there. */
HOOK uint64_t whyprof_agent_task_begin(const char *name, uint64_t parent)
{
    static _Atomic uint32_t count;
    uint64_t task = (uint64_t)(uint32_t)agent.pid << 32 | (atomic_fetch_add(&count, 1) + 1);
    TELL(task_begin, task, parent, name ? name : "");
    return task;
}

HOOK void whyprof_agent_task_end(uint64_t task)
{
    if (task)
        TELL(task_end, task);
}

HOOK void whyprof_agent_counter(const char *name, double value)
{
    TELL(counter, name ? name : "", value);
}

HOOK void whyprof_agent_message(const char *text)
{
    TELL(message, text ? text : "");
}
