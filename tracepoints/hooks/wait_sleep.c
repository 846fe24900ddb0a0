/* wait_sleep: sleeping, waiting for children and signals, System V IPC, and the raw
 * syscall function. */
#include "tracepoints/agent/fds.h"
#include "tracepoints/agent/raw.h"
#include "tracepoints/agent/real.h"
#include "tracepoints/agent/sampler.h"
#include "tracepoints/hooks/wait.h"

#include <linux/futex.h>
#include <stdarg.h>

#define A WAIT_ARG

/* clang-format off */
WAIT_HOOK(int, nanosleep, SYS_nanosleep, (const struct timespec *time, struct timespec *left),
          (time, left), A(time), A(left))
WAIT_HOOK_AS(int, clock_nanosleep, SYS_clock_nanosleep,
             (clockid_t clock, int flags, const struct timespec *time, struct timespec *left),
             (clock, flags, time, left), -(int64_t)result, A(clock), A(flags), A(time), A(left))
WAIT_HOOK(int, usleep, SYS_clock_nanosleep, (useconds_t us), (us), A(CLOCK_REALTIME), 0, 0, 0)
WAIT_HOOK_AS(unsigned, sleep, SYS_clock_nanosleep, (unsigned seconds), (seconds),
             result ? -EINTR : 0, A(CLOCK_REALTIME), 0, 0, 0)
WAIT_HOOK(int, pause, SYS_pause, (void), (), 0)
WAIT_HOOK(int, sched_yield, SYS_sched_yield, (void), (), 0)

WAIT_HOOK(pid_t, wait, SYS_wait4, (int *status), (status), A(-1), A(status), 0, 0)
WAIT_HOOK(pid_t, wait3, SYS_wait4, (int *status, int flags, struct rusage *usage),
          (status, flags, usage), A(-1), A(status), A(flags), A(usage))
WAIT_HOOK(pid_t, wait4, SYS_wait4, (pid_t pid, int *status, int flags, struct rusage *usage),
          (pid, status, flags, usage), A(pid), A(status), A(flags), A(usage))
WAIT_HOOK(pid_t, waitpid, SYS_wait4, (pid_t pid, int *status, int flags),
          (pid, status, flags), A(pid), A(status), A(flags), 0)
WAIT_HOOK(int, waitid, SYS_waitid, (idtype_t type, id_t id, siginfo_t *info, int flags),
          (type, id, info, flags), A(type), A(id), A(info), A(flags))

WAIT_HOOK(int, sigsuspend, SYS_rt_sigsuspend, (const sigset_t *set), (set), A(set))
WAIT_HOOK(ssize_t, msgrcv, SYS_msgrcv, (int id, void *msg, size_t n, long type, int flags),
          (id, msg, n, type, flags), A(id), A(msg), A(n), A(type), A(flags))
WAIT_HOOK(int, msgsnd, SYS_msgsnd, (int id, const void *msg, size_t n, int flags),
          (id, msg, n, flags), A(id), A(msg), A(n), A(flags))
WAIT_HOOK(int, semop, SYS_semop, (int id, struct sembuf *ops, size_t n), (id, ops, n),
          A(id), A(ops), A(n))
WAIT_HOOK(int, semtimedop, SYS_semtimedop,
          (int id, struct sembuf *ops, size_t n, const struct timespec *timeout),
          (id, ops, n, timeout), A(id), A(ops), A(n), A(timeout))
/* clang-format on */

static bool recording(void)
{
    return lttng_ust_tracepoint_enabled(whyprof_syscall, call) && agent_outside();
}

/* A tick of our own timer that a thread had blocked is not the target's signal. */
static bool is_our_tick(int sig, const siginfo_t *info)
{
    return sig == SIGPROF && info->si_code == SI_TIMER && sampler_owns_signal();
}

HOOK int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
    struct wait_call wait;
    siginfo_t own;
    siginfo_t *out = info ? info : &own;
    const uint64_t args[] = {A(set), A(info), 0};
    bool told = recording() && wait_begin(&wait, SYS_rt_sigtimedwait, args, 3);
    int result;
    do
        result = REAL(sigwaitinfo)(set, out);
    while (result > 0 && is_our_tick(result, out));
    if (told)
        wait_end(&wait, result < 0 ? -errno : result, args, 3);
    return result;
}

/* By way of sigwaitinfo, which tells whose signal it was. sigwait goes on after EINTR. */
HOOK int sigwait(const sigset_t *set, int *sig)
{
    int result, saved_errno = errno;
    do
        result = sigwaitinfo(set, NULL);
    while (result < 0 && errno == EINTR);
    int failure = result < 0 ? errno : 0;
    errno = saved_errno;
    if (!failure)
        *sig = result;
    return failure;
}

HOOK int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
    struct wait_call wait;
    siginfo_t own;
    siginfo_t *out = info ? info : &own;
    const uint64_t args[] = {A(set), A(info), A(timeout)};
    bool told = recording() && wait_begin(&wait, SYS_rt_sigtimedwait, args, 3);
    int result;
    do
        result = REAL(sigtimedwait)(set, out, timeout);
    while (result > 0 && is_our_tick(result, out));
    if (told)
        wait_end(&wait, result < 0 ? -errno : result, args, 3);
    return result;
}

/* Which raw calls are worth telling: those that libc has no function for and that
 * can block. The others pass through. */
static bool raw_call_blocks(long nr, long op)
{
    switch (nr) {
    case SYS_futex:
        op &= FUTEX_CMD_MASK;
        return op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET || op == FUTEX_LOCK_PI;
    case SYS_read:
    case SYS_write:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
    case SYS_ppoll:
    case SYS_io_uring_enter:
    case SYS_io_getevents:
    case SYS_membarrier:
        return true;
    default:
        return false;
    }
}

/* Closing by number, as some programs do after a fork: ours stay open. */
static bool closes_ours(long nr, long fd)
{
    return nr == SYS_close && !agent_tls.inside && fds_is_ours((int)fd);
}

HOOK long syscall(long nr, ...)
{
    va_list list;
    uint64_t args[6];
    struct wait_call wait;
    va_start(list, nr);
    for (int i = 0; i < 6; i++)
        args[i] = va_arg(list, unsigned long);
    va_end(list);
    if (nr == SYS_close_range && !agent_tls.inside)
        return close_range((unsigned)args[0], (unsigned)args[1], (int)args[2]);
    if (closes_ours(nr, (long)args[0])) {
        errno = EBADF;
        return -1;
    }
    bool told = raw_call_blocks(nr, (long)args[1]) && recording() &&
                wait_begin(&wait, (uint32_t)nr, args, 6);
    long result = REAL(syscall)(nr, args[0], args[1], args[2], args[3], args[4], args[5]);
    if (told)
        wait_end(&wait, result == -1 ? -errno : result, args, 6);
    return result;
}
