#include "tracepoints/agent/real.h"

#include <stddef.h>

struct real real;

/* Condition variables exist twice in glibc; the ones before 2.3.2 have another layout. */
static void *find(const char *name)
{
    void *found = NULL;
    if (!__builtin_strncmp(name, "pthread_cond_", 13))
        found = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");
    return found ? found : dlsym(RTLD_NEXT, name);
}

/* Threads that race here store the same values. */
void real_init(void)
{
#define R(name)                                                                                    \
    if (!real.name)                                                                                \
        real.name = (__typeof__(real.name))find(#name);
    REAL_FUNCTIONS(R)
#undef R
}
