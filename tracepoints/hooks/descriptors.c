/* descriptors: calls that make, name, copy or close descriptors. Those of lttng-ust
 * and of the agent are kept at high numbers and out of the target's reach. */
#include "tracepoints/agent/callers.h"
#include "tracepoints/agent/fds.h"
#include "tracepoints/agent/raw.h"
#include "tracepoints/agent/real.h"
#include "tracepoints/hooks/fdnames.h"
#include "tracepoints/hooks/wait.h"

#include <linux/close_range.h>
#include <stdarg.h>

#define A WAIT_ARG

/* Called by lttng-ust or from within the agent. */
static bool own_call(uintptr_t caller)
{
    return agent_tls.inside || agent_tls.hidden || caller_is_lttng(caller);
}

static bool recording(void)
{
    return lttng_ust_tracepoint_enabled(whyprof_syscall, call) && agent_outside();
}

/* The body of an open: `call` is the real function's call. */
#define OPEN_BODY(call, path, ...)                                                                 \
    struct wait_call wait;                                                                         \
    if (own_call(CALLER()))                                                                        \
        return fds_keep(call);                                                                     \
    if (likely(!recording())) {                                                                    \
        int fd = call;                                                                             \
        fdname_opened(fd, path);                                                                   \
        return fd;                                                                                 \
    }                                                                                              \
    const uint64_t words[] = {__VA_ARGS__};                                                        \
    bool told = wait_begin(&wait, SYS_openat, words, 4);                                           \
    int fd = call;                                                                                 \
    if (told)                                                                                      \
        wait_end(&wait, fd < 0 ? -errno : fd, words, 4);                                           \
    fdname_opened(fd, path);                                                                       \
    return fd

/* The mode is there only where a file may be created; reading it otherwise yields
 * a number that nobody looks at. */
#define OPEN_MODE(last)                                                                            \
    va_list list;                                                                                  \
    va_start(list, last);                                                                          \
    mode_t mode = va_arg(list, mode_t);                                                            \
    va_end(list)

HOOK int open(const char *path, int flags, ...)
{
    OPEN_MODE(flags);
    OPEN_BODY(REAL(open)(path, flags, mode), path, A(AT_FDCWD), A(path), A(flags), mode);
}

HOOK int open64(const char *path, int flags, ...)
{
    OPEN_MODE(flags);
    OPEN_BODY(REAL(open64)(path, flags, mode), path, A(AT_FDCWD), A(path), A(flags), mode);
}

HOOK int openat(int dir, const char *path, int flags, ...)
{
    OPEN_MODE(flags);
    OPEN_BODY(REAL(openat)(dir, path, flags, mode), path, A(dir), A(path), A(flags), mode);
}

HOOK int openat64(int dir, const char *path, int flags, ...)
{
    OPEN_MODE(flags);
    OPEN_BODY(REAL(openat64)(dir, path, flags, mode), path, A(dir), A(path), A(flags), mode);
}

HOOK int __open_2(const char *path, int flags)
{
    OPEN_BODY(REAL(__open_2)(path, flags), path, A(AT_FDCWD), A(path), A(flags), 0);
}

HOOK int __open64_2(const char *path, int flags)
{
    OPEN_BODY(REAL(__open64_2)(path, flags), path, A(AT_FDCWD), A(path), A(flags), 0);
}

HOOK int __openat_2(int dir, const char *path, int flags)
{
    OPEN_BODY(REAL(__openat_2)(dir, path, flags), path, A(dir), A(path), A(flags), 0);
}

HOOK int __openat64_2(int dir, const char *path, int flags)
{
    OPEN_BODY(REAL(__openat64_2)(dir, path, flags), path, A(dir), A(path), A(flags), 0);
}

HOOK int creat(const char *path, mode_t mode)
{
    OPEN_BODY(REAL(creat)(path, mode), path, A(AT_FDCWD), A(path), A(O_CREAT | O_WRONLY | O_TRUNC),
              mode);
}

HOOK int socket(int domain, int type, int protocol)
{
    int fd = WAIT_TOLD(REAL(socket)(domain, type, protocol), SYS_socket, A(domain), A(type),
                       A(protocol));
    if (own_call(CALLER()))
        return fds_keep(fd);
    fdname_socket(fd);
    return fd;
}

/* Both ends of a pair. */
static int pair_made(int result, int ends[2], const char *name, uintptr_t caller)
{
    for (int i = 0; result == 0 && i < 2; i++) {
        if (own_call(caller))
            ends[i] = fds_keep(ends[i]);
        else if (name)
            fdname_opened(ends[i], name);
        else
            fdname_socket(ends[i]);
    }
    return result;
}

HOOK int pipe(int ends[2])
{
    int result = WAIT_TOLD(REAL(pipe)(ends), SYS_pipe, A(ends));
    return pair_made(result, ends, "pipe", CALLER());
}

HOOK int pipe2(int ends[2], int flags)
{
    int result = WAIT_TOLD(REAL(pipe2)(ends, flags), SYS_pipe2, A(ends), A(flags));
    return pair_made(result, ends, "pipe", CALLER());
}

HOOK int socketpair(int domain, int type, int protocol, int ends[2])
{
    int result = WAIT_TOLD(REAL(socketpair)(domain, type, protocol, ends), SYS_socketpair,
                           A(domain), A(type), A(protocol), A(ends));
    return pair_made(result, ends, NULL, CALLER());
}

/* Descriptors of no file. */
#define MADE_HOOK(function, nr, name, params, args, ...)                                           \
    HOOK int function params                                                                       \
    {                                                                                              \
        int fd = WAIT_TOLD(REAL(function) args, nr, __VA_ARGS__);                                  \
        if (own_call(CALLER()))                                                                    \
            return fds_keep(fd);                                                                   \
        fdname_opened(fd, name);                                                                   \
        return fd;                                                                                 \
    }

MADE_HOOK(eventfd, SYS_eventfd2, "eventfd", (unsigned count, int flags), (count, flags), A(count),
          A(flags))
MADE_HOOK(timerfd_create, SYS_timerfd_create, "timerfd", (clockid_t clock, int flags),
          (clock, flags), A(clock), A(flags))
MADE_HOOK(epoll_create, SYS_epoll_create, "epoll", (int size), (size), A(size))
MADE_HOOK(epoll_create1, SYS_epoll_create1, "epoll", (int flags), (flags), A(flags))
MADE_HOOK(inotify_init, SYS_inotify_init, "inotify", (void), (), 0)
MADE_HOOK(inotify_init1, SYS_inotify_init1, "inotify", (int flags), (flags), A(flags))
MADE_HOOK(memfd_create, SYS_memfd_create, "memfd", (const char *name, unsigned flags),
          (name, flags), A(name), A(flags))

/* With a descriptor it changes that one's set. */
HOOK int signalfd(int old, const sigset_t *set, int flags)
{
    int fd = WAIT_TOLD(REAL(signalfd)(old, set, flags), SYS_signalfd4, A(old), A(set), 8, A(flags));
    if (old == -1)
        fdname_opened(fd, "signalfd");
    return fd;
}

#define ACCEPT_BODY(call, nr, ...)                                                                 \
    struct wait_call wait;                                                                         \
    const uint64_t words[] = {__VA_ARGS__};                                                        \
    bool told = recording() && wait_begin(&wait, nr, words, sizeof words / sizeof *words);         \
    int made = call;                                                                               \
    if (told)                                                                                      \
        wait_end(&wait, made < 0 ? -errno : made, words, sizeof words / sizeof *words);            \
    fdname_socket(made);                                                                           \
    return made

HOOK int accept(int fd, __SOCKADDR_ARG addr, socklen_t *restrict len)
{
    ACCEPT_BODY(REAL(accept)(fd, addr, len), SYS_accept, A(fd), A(addr.__sockaddr__), A(len));
}

HOOK int accept4(int fd, __SOCKADDR_ARG addr, socklen_t *restrict len, int flags)
{
    ACCEPT_BODY(REAL(accept4)(fd, addr, len, flags), SYS_accept4, A(fd), A(addr.__sockaddr__),
                A(len), A(flags));
}

HOOK int connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
    struct wait_call wait;
    const uint64_t words[] = {A(fd), A(addr.__sockaddr__), A(len)};
    bool told = recording() && wait_begin(&wait, SYS_connect, words, 3);
    int result = REAL(connect)(fd, addr, len);
    if (told)
        wait_end(&wait, result < 0 ? -errno : result, words, 3);
    if (result == 0 || errno == EINPROGRESS)
        fdname_socket(fd);
    return result;
}

/* Some programs close every number there is: to the target ours are not open. */
HOOK int close(int fd)
{
    struct wait_call wait;
    if (unlikely(fds_is_ours(fd))) {
        if (!own_call(CALLER())) {
            errno = EBADF;
            return -1;
        }
        fds_forget(fd);
    }
    fdname_closed(fd);
    if (likely(!recording()))
        return REAL(close)(fd);
    const uint64_t words[] = {A(fd)};
    bool told = wait_begin(&wait, SYS_close, words, 1);
    int result = real.close(fd);
    if (told)
        wait_end(&wait, result < 0 ? -errno : result, words, 1);
    return result;
}

static int close_range_told(unsigned first, unsigned last, int flags)
{
    return WAIT_TOLD(REAL(close_range)(first, last, flags), SYS_close_range, A(first), A(last),
                     A(flags));
}

HOOK int close_range(unsigned first, unsigned last, int flags)
{
    if (own_call(CALLER()) || first > last || flags & (int)CLOSE_RANGE_CLOEXEC)
        return close_range_told(first, last, flags);
    unsigned from = first;
    int result = 0;
    for (int ours;
         from <= last && (ours = fds_next((int)(from > INT32_MAX ? INT32_MAX : from))) >= 0;
         from = (unsigned)ours + 1) {
        if ((unsigned)ours > last)
            break;
        if ((unsigned)ours > from)
            result = close_range_told(from, (unsigned)ours - 1, flags);
        if (result)
            return result;
        flags &= ~(int)CLOSE_RANGE_UNSHARE;
    }
    return from <= last ? close_range_told(from, last, flags) : result;
}

HOOK void closefrom(int first)
{
    if (own_call(CALLER()) || close_range((unsigned)(first < 0 ? 0 : first), ~0u, 0))
        REAL(closefrom)(first);
}

HOOK int dup(int from)
{
    int fd = WAIT_TOLD(REAL(dup)(from), SYS_dup, A(from));
    if (own_call(CALLER()))
        return fds_keep(fd);
    fdname_copied(fd);
    return fd;
}

/* Onto one of ours, it fails as the kernel does for a number that is being opened. */
static bool dup_refused(int from, int to, uintptr_t caller)
{
    if (likely(!fds_is_ours(to)) || from == to || own_call(caller))
        return false;
    errno = EBUSY;
    return true;
}

HOOK int dup2(int from, int to)
{
    if (dup_refused(from, to, CALLER()))
        return -1;
    int fd = WAIT_TOLD(REAL(dup2)(from, to), SYS_dup2, A(from), A(to));
    if (fd != from && !own_call(CALLER()))
        fdname_copied(fd);
    return fd;
}

HOOK int dup3(int from, int to, int flags)
{
    if (dup_refused(from, to, CALLER()))
        return -1;
    int fd = WAIT_TOLD(REAL(dup3)(from, to, flags), SYS_dup3, A(from), A(to), A(flags));
    if (!own_call(CALLER()))
        fdname_copied(fd);
    return fd;
}

/* Only the waiting forms of file locks block. */
static bool fcntl_wanted(int command)
{
    return command == F_SETLKW || command == F_OFD_SETLKW ? wait_wanted() : wait_call_wanted();
}

#define FCNTL_BODY(function)                                                                       \
    struct wait_call wait;                                                                         \
    va_list list;                                                                                  \
    va_start(list, command);                                                                       \
    void *arg = va_arg(list, void *);                                                              \
    va_end(list);                                                                                  \
    const uint64_t words[] = {A(fd), A(command), A(arg)};                                          \
    bool told = fcntl_wanted(command) && wait_begin(&wait, SYS_fcntl, words, 3);                   \
    int result = REAL(function)(fd, command, arg);                                                 \
    if (told)                                                                                      \
        wait_end(&wait, result < 0 ? -errno : result, words, 3);                                   \
    return result

HOOK int fcntl(int fd, int command, ...)
{
    FCNTL_BODY(fcntl);
}

HOOK int fcntl64(int fd, int command, ...)
{
    FCNTL_BODY(fcntl64);
}
