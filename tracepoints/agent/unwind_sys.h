/* unwind_sys: the three system calls of the unwinder, made directly: libc's
 * wrappers may be hooked by the agent itself, and set errno. */
#ifndef WHYPROF_UNWIND_SYS_H
#define WHYPROF_UNWIND_SYS_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define UNWIND_PAGE ((uintptr_t)4096)

static inline long unwind_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long ret;
    __asm__ volatile("syscall"
                     : "=a"(ret)
                     : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return ret;
}

/* Zeroed pages, or NULL. */
static inline void *unwind_map(size_t bytes)
{
    long p = unwind_syscall(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p < 0 && p > -4096 ? NULL : (void *)p;
}

static inline void unwind_unmap(void *p, size_t bytes)
{
    unwind_syscall(SYS_munmap, (long)p, (long)bytes, 0, 0, 0, 0);
}

/* Whether the 8 bytes at `addr` can be read, without ever faulting: with an
 * impossible `how` the kernel copies the set in and only then refuses. No sandbox
 * forbids this call, unlike process_vm_readv. */
static inline bool unwind_readable(uintptr_t addr)
{
    return unwind_syscall(SYS_rt_sigprocmask, ~0L, (long)addr, 0, 8, 0, 0) == -EINVAL;
}

#endif
