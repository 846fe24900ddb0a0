/* mappings: memory that a program gets from the kernel itself: anonymous mmap, mremap,
 * brk and sbrk. Each is told, whatever the sampling rate: they are few and large. libc's
 * own, for malloc and thread stacks, do not come by here. */
#include "tracepoints/agent/agent.h"
#include "tracepoints/agent/callers.h"
#include "tracepoints/agent/real.h"
#include "tracepoints/events.h"
#include "tracepoints/hooks/alloc.h"
#include "tracepoints/hooks/wait.h"

#include <stdarg.h>
#include <sys/syscall.h>

#define A WAIT_ARG

static void *mapped(void *p, size_t bytes, int flags, uintptr_t caller)
{
    if (p != MAP_FAILED && flags & MAP_ANONYMOUS)
        alloc_mapped(p, bytes, WHYPROF_ALLOC_MMAP, caller);
    return p;
}

HOOK void *mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t off)
{
    void *p = WAIT_TOLD(REAL(mmap)(at, bytes, protection, flags, fd, off), SYS_mmap, A(at),
                        A(bytes), A(protection), A(flags), A(fd), A(off));
    return mapped(p, bytes, flags, CALLER());
}

HOOK void *mmap64(void *at, size_t bytes, int protection, int flags, int fd, off64_t off)
{
    void *p = WAIT_TOLD(REAL(mmap64)(at, bytes, protection, flags, fd, off), SYS_mmap, A(at),
                        A(bytes), A(protection), A(flags), A(fd), A(off));
    return mapped(p, bytes, flags, CALLER());
}

/* Told before: afterwards the address may be another thread's. A mapping given back in
 * pieces ends with the piece that holds its begin. */
HOOK int munmap(void *p, size_t bytes)
{
    alloc_unmapped(p, CALLER());
    return WAIT_TOLD(REAL(munmap)(p, bytes), SYS_munmap, A(p), A(bytes));
}

HOOK void *mremap(void *old, size_t old_bytes, size_t bytes, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    void *wanted = flags & MREMAP_FIXED ? va_arg(list, void *) : NULL;
    va_end(list);
    bool told = alloc_unmapped(old, CALLER());
    void *p = WAIT_TOLD(REAL(mremap)(old, old_bytes, bytes, flags, wanted), SYS_mremap, A(old),
                        A(old_bytes), A(bytes), A(flags), A(wanted));
    if (told)
        alloc_mapped(p == MAP_FAILED ? old : p, p == MAP_FAILED ? old_bytes : bytes,
                     WHYPROF_ALLOC_MMAP, CALLER());
    return p;
}

/* Growth is an allocation at the old break; shrinking ends one that began at the new. */
static void break_moved(char *from, char *to, uintptr_t caller)
{
    if (to > from)
        alloc_mapped(from, (size_t)(to - from), WHYPROF_ALLOC_BRK, caller);
    else if (to < from)
        alloc_unmapped(to, caller);
}

HOOK int brk(void *to)
{
    char *from = REAL(sbrk)(0);
    int result = WAIT_TOLD(REAL(brk)(to), SYS_brk, A(to));
    if (result == 0)
        break_moved(from, to, CALLER());
    return result;
}

HOOK void *sbrk(intptr_t bytes)
{
    char *from = REAL(sbrk)(bytes);
    if (bytes && from != (void *)-1)
        break_moved(from, from + bytes, CALLER());
    return from;
}
