/* dl: libraries that come and go. */
#include "tracepoints/agent/agent.h"
#include "tracepoints/agent/callers.h"
#include "tracepoints/agent/modules.h"
#include "tracepoints/agent/real.h"

#include <link.h>
#include <string.h>

/* dlopen looks at its caller's address: for $ORIGIN, and for the caller's own
 * search path where the name has no slash. Then our frame must not be between. */
static bool caller_matters(const char *file, uintptr_t caller)
{
    struct dl_find_object found;
    if (!file)
        return false;
    if (strchr(file, '$'))
        return true;
    if (strchr(file, '/'))
        return false;
    if (_dl_find_object((void *)caller, &found))
        return true;
    for (const ElfW(Dyn) *d = found.dlfo_link_map->l_ld; d->d_tag != DT_NULL; d++)
        if (d->d_tag == DT_RUNPATH || d->d_tag == DT_RPATH)
            return true;
    return false;
}

static void modules_changed(void)
{
    if (!agent_enter())
        return;
    modules_update();
    agent_leave();
}

/* Compiled with sibling calls on (CMakeLists.txt): the return below is a jump, so
 * that the real function sees the target's return address. The helper reads the
 * new list then: it waits for the loader's lock, that is, for the end of dlopen. */
HOOK void *dlopen(const char *file, int mode)
{
    if (caller_matters(file, CALLER())) {
        modules_stale();
        return REAL(dlopen)(file, mode);
    }
    void *handle = REAL(dlopen)(file, mode);
    if (handle)
        modules_changed();
    return handle;
}

/* Its libraries have a libc of their own, which our hooks do not see. */
HOOK void *dlmopen(Lmid_t space, const char *file, int mode)
{
    modules_stale();
    return REAL(dlmopen)(space, file, mode);
}

HOOK int dlclose(void *handle)
{
    int result = REAL(dlclose)(handle);
    modules_changed();
    return result;
}
