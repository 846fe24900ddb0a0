/* wait_io: reads, writes, sockets, polls, files. Where several libc functions stand
 * for one system call, they carry its number. */
#include "tracepoints/agent/callers.h"
#include "tracepoints/agent/fds.h"
#include "tracepoints/agent/raw.h"
#include "tracepoints/agent/real.h"
#include "tracepoints/hooks/wait.h"

#define A WAIT_ARG

/* clang-format off */
WAIT_HOOK(ssize_t, read, SYS_read, (int fd, void *buf, size_t n), (fd, buf, n), A(fd), A(buf), A(n))
WAIT_HOOK(ssize_t, __read_chk, SYS_read, (int fd, void *buf, size_t n, size_t size),
          (fd, buf, n, size), A(fd), A(buf), A(n))
WAIT_HOOK(ssize_t, pread, SYS_pread64, (int fd, void *buf, size_t n, off_t off),
          (fd, buf, n, off), A(fd), A(buf), A(n), A(off))
WAIT_HOOK(ssize_t, pread64, SYS_pread64, (int fd, void *buf, size_t n, off64_t off),
          (fd, buf, n, off), A(fd), A(buf), A(n), A(off))
WAIT_HOOK(ssize_t, __pread_chk, SYS_pread64, (int fd, void *buf, size_t n, off_t off, size_t size),
          (fd, buf, n, off, size), A(fd), A(buf), A(n), A(off))
WAIT_HOOK(ssize_t, __pread64_chk, SYS_pread64,
          (int fd, void *buf, size_t n, off64_t off, size_t size),
          (fd, buf, n, off, size), A(fd), A(buf), A(n), A(off))
WAIT_HOOK(ssize_t, pwrite, SYS_pwrite64, (int fd, const void *buf, size_t n, off_t off),
          (fd, buf, n, off), A(fd), A(buf), A(n), A(off))
WAIT_HOOK(ssize_t, pwrite64, SYS_pwrite64, (int fd, const void *buf, size_t n, off64_t off),
          (fd, buf, n, off), A(fd), A(buf), A(n), A(off))
WAIT_HOOK(ssize_t, readv, SYS_readv, (int fd, const struct iovec *iov, int n), (fd, iov, n),
          A(fd), A(iov), A(n))
WAIT_HOOK(ssize_t, writev, SYS_writev, (int fd, const struct iovec *iov, int n), (fd, iov, n),
          A(fd), A(iov), A(n))
WAIT_HOOK(ssize_t, preadv, SYS_preadv, (int fd, const struct iovec *iov, int n, off_t off),
          (fd, iov, n, off), A(fd), A(iov), A(n), A(off))
WAIT_HOOK(ssize_t, pwritev, SYS_pwritev, (int fd, const struct iovec *iov, int n, off_t off),
          (fd, iov, n, off), A(fd), A(iov), A(n), A(off))

WAIT_HOOK(ssize_t, send, SYS_sendto, (int fd, const void *buf, size_t n, int flags),
          (fd, buf, n, flags), A(fd), A(buf), A(n), A(flags), 0, 0)
WAIT_HOOK(ssize_t, sendto, SYS_sendto,
          (int fd, const void *buf, size_t n, int flags, __CONST_SOCKADDR_ARG to, socklen_t len),
          (fd, buf, n, flags, to, len), A(fd), A(buf), A(n), A(flags), A(to.__sockaddr__), A(len))
WAIT_HOOK(ssize_t, sendmsg, SYS_sendmsg, (int fd, const struct msghdr *msg, int flags),
          (fd, msg, flags), A(fd), A(msg), A(flags))
WAIT_HOOK(int, sendmmsg, SYS_sendmmsg, (int fd, struct mmsghdr *msgs, unsigned n, int flags),
          (fd, msgs, n, flags), A(fd), A(msgs), A(n), A(flags))
WAIT_HOOK(ssize_t, recv, SYS_recvfrom, (int fd, void *buf, size_t n, int flags),
          (fd, buf, n, flags), A(fd), A(buf), A(n), A(flags), 0, 0)
WAIT_HOOK(ssize_t, __recv_chk, SYS_recvfrom, (int fd, void *buf, size_t n, size_t size, int flags),
          (fd, buf, n, size, flags), A(fd), A(buf), A(n), A(flags), 0, 0)
WAIT_HOOK(ssize_t, recvfrom, SYS_recvfrom,
          (int fd, void *restrict buf, size_t n, int flags, __SOCKADDR_ARG from,
           socklen_t *restrict len),
          (fd, buf, n, flags, from, len),
          A(fd), A(buf), A(n), A(flags), A(from.__sockaddr__), A(len))
WAIT_HOOK(ssize_t, __recvfrom_chk, SYS_recvfrom,
          (int fd, void *buf, size_t n, size_t size, int flags, struct sockaddr *from,
           socklen_t *len),
          (fd, buf, n, size, flags, from, len), A(fd), A(buf), A(n), A(flags), A(from), A(len))
WAIT_HOOK(int, recvmmsg, SYS_recvmmsg,
          (int fd, struct mmsghdr *msgs, unsigned n, int flags, struct timespec *timeout),
          (fd, msgs, n, flags, timeout), A(fd), A(msgs), A(n), A(flags), A(timeout))

WAIT_HOOK(int, ppoll, SYS_ppoll,
          (struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask),
          (fds, n, timeout, mask), A(fds), A(n), A(timeout), A(mask))
WAIT_HOOK(int, __poll_chk, SYS_poll, (struct pollfd *fds, nfds_t n, int timeout, size_t size),
          (fds, n, timeout, size), A(fds), A(n), A(timeout))
WAIT_HOOK(int, __ppoll_chk, SYS_ppoll,
          (struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask,
           size_t size),
          (fds, n, timeout, mask, size), A(fds), A(n), A(timeout), A(mask))
WAIT_HOOK(int, select, SYS_select,
          (int n, fd_set *restrict r, fd_set *restrict w, fd_set *restrict e,
           struct timeval *restrict timeout),
          (n, r, w, e, timeout), A(n), A(r), A(w), A(e), A(timeout))
WAIT_HOOK(int, pselect, SYS_pselect6,
          (int n, fd_set *restrict r, fd_set *restrict w, fd_set *restrict e,
           const struct timespec *restrict timeout, const sigset_t *restrict mask),
          (n, r, w, e, timeout, mask), A(n), A(r), A(w), A(e), A(timeout), A(mask))
WAIT_HOOK(int, epoll_wait, SYS_epoll_wait, (int fd, struct epoll_event *events, int n, int timeout),
          (fd, events, n, timeout), A(fd), A(events), A(n), A(timeout))
WAIT_HOOK(int, epoll_pwait, SYS_epoll_pwait,
          (int fd, struct epoll_event *events, int n, int timeout, const sigset_t *mask),
          (fd, events, n, timeout, mask), A(fd), A(events), A(n), A(timeout), A(mask))

WAIT_HOOK(int, fsync, SYS_fsync, (int fd), (fd), A(fd))
WAIT_HOOK(int, fdatasync, SYS_fdatasync, (int fd), (fd), A(fd))
WAIT_HOOK(int, sync_file_range, SYS_sync_file_range,
          (int fd, off64_t off, off64_t n, unsigned flags), (fd, off, n, flags),
          A(fd), A(off), A(n), A(flags))
WAIT_HOOK(int, msync, SYS_msync, (void *p, size_t n, int flags), (p, n, flags),
          A(p), A(n), A(flags))
WAIT_HOOK(int, flock, SYS_flock, (int fd, int operation), (fd, operation), A(fd), A(operation))
WAIT_HOOK(int, lockf, SYS_fcntl, (int fd, int command, off_t n), (fd, command, n),
          A(fd), A(command == F_LOCK ? F_SETLKW : F_SETLK), A(n))
WAIT_HOOK(ssize_t, sendfile, SYS_sendfile, (int out, int in, off_t *off, size_t n),
          (out, in, off, n), A(out), A(in), A(off), A(n))
WAIT_HOOK(ssize_t, sendfile64, SYS_sendfile, (int out, int in, off64_t *off, size_t n),
          (out, in, off, n), A(out), A(in), A(off), A(n))
WAIT_HOOK(ssize_t, splice, SYS_splice,
          (int in, off64_t *in_off, int out, off64_t *out_off, size_t n, unsigned flags),
          (in, in_off, out, out_off, n, flags),
          A(in), A(in_off), A(out), A(out_off), A(n), A(flags))
WAIT_HOOK(ssize_t, copy_file_range, SYS_copy_file_range,
          (int in, off64_t *in_off, int out, off64_t *out_off, size_t n, unsigned flags),
          (in, in_off, out, out_off, n, flags),
          A(in), A(in_off), A(out), A(out_off), A(n), A(flags))
/* clang-format on */

/* lttng-ust wakes its consumer and waits for room with write and poll. Below one of
 * our tracepoints these must not be cancellation points: malloc is none. */
static bool below_tracepoint(void)
{
    return agent_tls.inside && !agent_tls.hidden;
}

static long raw_result(long result)
{
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}

HOOK ssize_t write(int fd, const void *buf, size_t n)
{
    struct wait_call wait;
    const uint64_t args[] = {A(fd), A(buf), A(n)};
    if (unlikely(below_tracepoint()))
        return raw_result(raw_call3(SYS_write, fd, buf, n));
    if (likely(!lttng_ust_tracepoint_enabled(whyprof_syscall, call)) || !agent_outside())
        return REAL(write)(fd, buf, n);
    bool told = wait_begin(&wait, SYS_write, args, 3);
    ssize_t result = real.write(fd, buf, n);
    if (told)
        wait_end(&wait, result < 0 ? -errno : result, args, 3);
    return result;
}

HOOK int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    struct wait_call wait;
    const uint64_t args[] = {A(fds), A(n), A(timeout)};
    if (unlikely(below_tracepoint()))
        return (int)raw_result(raw_call3(SYS_poll, fds, n, timeout));
    if (likely(!lttng_ust_tracepoint_enabled(whyprof_syscall, call)) || !agent_outside())
        return REAL(poll)(fds, n, timeout);
    bool told = wait_begin(&wait, SYS_poll, args, 3);
    int result = real.poll(fds, n, timeout);
    if (told)
        wait_end(&wait, result < 0 ? -errno : result, args, 3);
    return result;
}

/* Descriptors that lttng-ust gets from the session daemon move out of the way. */
HOOK ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
    struct wait_call wait;
    const uint64_t args[] = {A(fd), A(msg), A(flags)};
    if (unlikely(agent_tls.inside || caller_is_lttng(CALLER()))) {
        ssize_t got = REAL(recvmsg)(fd, msg, flags);
        if (got > 0)
            fds_keep_received(msg);
        return got;
    }
    if (likely(!lttng_ust_tracepoint_enabled(whyprof_syscall, call)) || !agent_outside())
        return REAL(recvmsg)(fd, msg, flags);
    bool told = wait_begin(&wait, SYS_recvmsg, args, 3);
    ssize_t result = real.recvmsg(fd, msg, flags);
    if (told)
        wait_end(&wait, result < 0 ? -errno : result, args, 3);
    return result;
}
