#include "tracepoints/agent/real.h"

#include "tracepoints/agent/agent.h"

#include <string.h>

struct real real;

/* Condition variables exist twice in glibc; those from before 2.3.2 have another
 * layout. clockwait is younger. */
static void *find(const char *name)
{
    if (!strncmp(name, "pthread_cond_", 13) && strcmp(name, "pthread_cond_clockwait"))
        return dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");
    return dlsym(RTLD_NEXT, name);
}

/* Threads that race here store the same values. An allocator linked with the target
 * may call a hook while it initialises under its lock, so what dlsym allocates must
 * not come from it. */
void real_init(void)
{
    uint8_t was_looking = agent_tls.looking;
    agent_tls.looking = 1;
#define R(name)                                                                                    \
    if (!real.name)                                                                                \
        real.name = (__typeof__(real.name))find(#name);
    REAL_FUNCTIONS(R)
#undef R
    agent_tls.looking = was_looking;
}
