/* calls_other: what glibc has for sockets, descriptors, memory, processes and the machine
 * and is not hooked for more than telling it. As in calls_file.c, most does not wait. */
#include "tracepoints/agent/real.h"
#include "tracepoints/hooks/wait.h"

#define A WAIT_ARG

CALL_HOOK(int, bind, SYS_bind, (int fd, __CONST_SOCKADDR_ARG addr, socklen_t len), (fd, addr, len),
          A(fd), A(addr.__sockaddr__), A(len))
CALL_HOOK(int, listen, SYS_listen, (int fd, int backlog), (fd, backlog), A(fd), A(backlog))
WAIT_HOOK(int, shutdown, SYS_shutdown, (int fd, int how), (fd, how), A(fd), A(how))
CALL_HOOK(int, setsockopt, SYS_setsockopt,
          (int fd, int level, int name, const void *value, socklen_t len),
          (fd, level, name, value, len), A(fd), A(level), A(name), A(value), A(len))
CALL_HOOK(int, getsockopt, SYS_getsockopt,
          (int fd, int level, int name, void *restrict value, socklen_t *restrict len),
          (fd, level, name, value, len), A(fd), A(level), A(name), A(value), A(len))
CALL_HOOK(int, getsockname, SYS_getsockname, (int fd, __SOCKADDR_ARG addr, socklen_t *restrict len),
          (fd, addr, len), A(fd), A(addr.__sockaddr__), A(len))
CALL_HOOK(int, getpeername, SYS_getpeername, (int fd, __SOCKADDR_ARG addr, socklen_t *restrict len),
          (fd, addr, len), A(fd), A(addr.__sockaddr__), A(len))
CALL_HOOK(int, epoll_ctl, SYS_epoll_ctl,
          (int fd, int operation, int which, struct epoll_event *event),
          (fd, operation, which, event), A(fd), A(operation), A(which), A(event))
WAIT_HOOK(int, epoll_pwait2, SYS_epoll_pwait2,
          (int fd, struct epoll_event *events, int n, const struct timespec *timeout,
           const sigset_t *mask),
          (fd, events, n, timeout, mask), A(fd), A(events), A(n), A(timeout), A(mask))
CALL_HOOK(int, timerfd_settime, SYS_timerfd_settime,
          (int fd, int flags, const struct itimerspec *value, struct itimerspec *old),
          (fd, flags, value, old), A(fd), A(flags), A(value), A(old))
CALL_HOOK(int, timerfd_gettime, SYS_timerfd_gettime, (int fd, struct itimerspec *value),
          (fd, value), A(fd), A(value))
WAIT_HOOK(int, eventfd_read, SYS_read, (int fd, eventfd_t *value), (fd, value), A(fd), A(value), 8)
WAIT_HOOK(int, eventfd_write, SYS_write, (int fd, eventfd_t value), (fd, value), A(fd), 0, 8)
CALL_HOOK(int, inotify_add_watch, SYS_inotify_add_watch, (int fd, const char *path, uint32_t mask),
          (fd, path, mask), A(fd), A(path), A(mask))
CALL_HOOK(int, inotify_rm_watch, SYS_inotify_rm_watch, (int fd, int watch), (fd, watch), A(fd),
          A(watch))
WAIT_HOOK(int, mq_send, SYS_mq_timedsend, (mqd_t q, const char *msg, size_t n, unsigned prio),
          (q, msg, n, prio), A(q), A(msg), A(n), A(prio), 0)
WAIT_HOOK(ssize_t, mq_receive, SYS_mq_timedreceive, (mqd_t q, char *msg, size_t n, unsigned *prio),
          (q, msg, n, prio), A(q), A(msg), A(n), A(prio), 0)
WAIT_HOOK(int, mq_timedsend, SYS_mq_timedsend,
          (mqd_t q, const char *msg, size_t n, unsigned prio, const struct timespec *until),
          (q, msg, n, prio, until), A(q), A(msg), A(n), A(prio), A(until))
WAIT_HOOK(ssize_t, mq_timedreceive, SYS_mq_timedreceive,
          (mqd_t q, char *restrict msg, size_t n, unsigned *restrict prio,
           const struct timespec *restrict until),
          (q, msg, n, prio, until), A(q), A(msg), A(n), A(prio), A(until))
WAIT_HOOK(int, mprotect, SYS_mprotect, (void *p, size_t n, int protection), (p, n, protection),
          A(p), A(n), A(protection))
WAIT_HOOK(int, madvise, SYS_madvise, (void *p, size_t n, int advice), (p, n, advice), A(p), A(n),
          A(advice))
WAIT_HOOK(int, mlock, SYS_mlock, (const void *p, size_t n), (p, n), A(p), A(n))
WAIT_HOOK(int, mlock2, SYS_mlock2, (const void *p, size_t n, unsigned flags), (p, n, flags), A(p),
          A(n), A(flags))
WAIT_HOOK(int, munlock, SYS_munlock, (const void *p, size_t n), (p, n), A(p), A(n))
WAIT_HOOK(int, mlockall, SYS_mlockall, (int flags), (flags), A(flags))
WAIT_HOOK(int, munlockall, SYS_munlockall, (void), (), 0)
CALL_HOOK(int, mincore, SYS_mincore, (void *p, size_t n, unsigned char *out), (p, n, out), A(p),
          A(n), A(out))
CALL_HOOK(int, shmget, SYS_shmget, (key_t key, size_t n, int flags), (key, n, flags), A(key), A(n),
          A(flags))
CALL_HOOK(int, shmdt, SYS_shmdt, (const void *p), (p), A(p))
CALL_HOOK(int, shmctl, SYS_shmctl, (int id, int command, struct shmid_ds *out), (id, command, out),
          A(id), A(command), A(out))
CALL_HOOK(int, semget, SYS_semget, (key_t key, int n, int flags), (key, n, flags), A(key), A(n),
          A(flags))
CALL_HOOK(int, msgget, SYS_msgget, (key_t key, int flags), (key, flags), A(key), A(flags))
CALL_HOOK(int, kill, SYS_kill, (pid_t pid, int sig), (pid, sig), A(pid), A(sig))
CALL_HOOK(int, killpg, SYS_kill, (pid_t group, int sig), (group, sig), A(group), A(sig))
CALL_HOOK(int, tgkill, SYS_tgkill, (pid_t pid, pid_t tid, int sig), (pid, tid, sig), A(pid), A(tid),
          A(sig))
CALL_HOOK(int, setpgid, SYS_setpgid, (pid_t pid, pid_t group), (pid, group), A(pid), A(group))
CALL_HOOK(pid_t, setsid, SYS_setsid, (void), (), 0)
CALL_HOOK(pid_t, getpid, SYS_getpid, (void), (), 0)
CALL_HOOK(pid_t, getppid, SYS_getppid, (void), (), 0)
CALL_HOOK(pid_t, gettid, SYS_gettid, (void), (), 0)
CALL_HOOK_AS(uid_t, getuid, SYS_getuid, (void), (), (int64_t)result, 0)
CALL_HOOK_AS(uid_t, geteuid, SYS_geteuid, (void), (), (int64_t)result, 0)
CALL_HOOK_AS(gid_t, getgid, SYS_getgid, (void), (), (int64_t)result, 0)
CALL_HOOK_AS(gid_t, getegid, SYS_getegid, (void), (), (int64_t)result, 0)
CALL_HOOK(int, getrlimit, SYS_prlimit64, (__rlimit_resource_t which, struct rlimit *out),
          (which, out), 0, A(which), 0, A(out))
CALL_HOOK(int, getrlimit64, SYS_prlimit64, (__rlimit_resource_t which, struct rlimit64 *out),
          (which, out), 0, A(which), 0, A(out))
CALL_HOOK(int, setrlimit, SYS_prlimit64, (__rlimit_resource_t which, const struct rlimit *value),
          (which, value), 0, A(which), A(value), 0)
CALL_HOOK(int, setrlimit64, SYS_prlimit64,
          (__rlimit_resource_t which, const struct rlimit64 *value), (which, value), 0, A(which),
          A(value), 0)
CALL_HOOK(int, getrusage, SYS_getrusage, (__rusage_who_t who, struct rusage *out), (who, out),
          A(who), A(out))
CALL_HOOK(int, setpriority, SYS_setpriority, (__priority_which_t which, id_t who, int value),
          (which, who, value), A(which), A(who), A(value))
CALL_HOOK(int, sched_setaffinity, SYS_sched_setaffinity,
          (pid_t pid, size_t n, const cpu_set_t *set), (pid, n, set), A(pid), A(n), A(set))
CALL_HOOK(int, sched_getaffinity, SYS_sched_getaffinity, (pid_t pid, size_t n, cpu_set_t *set),
          (pid, n, set), A(pid), A(n), A(set))
CALL_HOOK(int, sched_setscheduler, SYS_sched_setscheduler,
          (pid_t pid, int policy, const struct sched_param *param), (pid, policy, param), A(pid),
          A(policy), A(param))
WAIT_HOOK(ssize_t, process_vm_readv, SYS_process_vm_readv,
          (pid_t pid, const struct iovec *local, unsigned long n, const struct iovec *remote,
           unsigned long m, unsigned long flags),
          (pid, local, n, remote, m, flags), A(pid), A(local), A(n), A(remote), A(m), A(flags))
WAIT_HOOK(ssize_t, process_vm_writev, SYS_process_vm_writev,
          (pid_t pid, const struct iovec *local, unsigned long n, const struct iovec *remote,
           unsigned long m, unsigned long flags),
          (pid, local, n, remote, m, flags), A(pid), A(local), A(n), A(remote), A(m), A(flags))
WAIT_HOOK(ssize_t, getrandom, SYS_getrandom, (void *out, size_t n, unsigned flags), (out, n, flags),
          A(out), A(n), A(flags))
CALL_HOOK(int, uname, SYS_uname, (struct utsname * out), (out), A(out))
CALL_HOOK(int, sysinfo, SYS_sysinfo, (struct sysinfo * out), (out), A(out))

CALL_HOOK_AS(void *, shmat, SYS_shmat, (int id, const void *at, int flags), (id, at, flags),
             result == (void *)-1 ? -errno : (int64_t)(intptr_t)result, A(id), A(at), A(flags))
