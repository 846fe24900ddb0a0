/* real: the functions behind our hooks, found with dlsym(RTLD_NEXT).
 *
 * `real.NAME` is valid once real_init ran, which the constructor does; a hook that
 * may run before it (another library's constructor) goes through REAL(NAME). The
 * malloc family has its own table (hooks/alloc.c): dlsym itself may allocate. */
#ifndef WHYPROF_REAL_H
#define WHYPROF_REAL_H

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

/* Checked variants that _FORTIFY_SOURCE makes programs call; no header declares them. */
extern ssize_t __read_chk(int fd, void *buf, size_t n, size_t size);
extern ssize_t __pread_chk(int fd, void *buf, size_t n, off_t off, size_t size);
extern ssize_t __pread64_chk(int fd, void *buf, size_t n, off64_t off, size_t size);
extern ssize_t __recv_chk(int fd, void *buf, size_t n, size_t size, int flags);
extern ssize_t __recvfrom_chk(int fd, void *buf, size_t n, size_t size, int flags,
                              struct sockaddr *addr, socklen_t *len);
extern int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size);
extern int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
                       const sigset_t *mask, size_t size);
extern int __open_2(const char *path, int flags);
extern int __open64_2(const char *path, int flags);
extern int __openat_2(int dir, const char *path, int flags);
extern int __openat64_2(int dir, const char *path, int flags);
/* What stat and its like were to programs before glibc 2.33. */
extern int __xstat(int version, const char *at, struct stat *out);
extern int __xstat64(int version, const char *at, struct stat64 *out);
extern int __lxstat(int version, const char *at, struct stat *out);
extern int __lxstat64(int version, const char *at, struct stat64 *out);
extern int __fxstat(int version, int at, struct stat *out);
extern int __fxstat64(int version, int at, struct stat64 *out);
extern int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv,
                             void (*init)(void), void (*fini)(void), void (*rtld_fini)(void),
                             void *stack_end);

/* Threads and locks, calls that can block or make descriptors, the life of processes,
 * the loader, signals; then the calls that are only told. */
/* clang-format off */
#define REAL_FUNCTIONS(R) \
    R(pthread_create) R(pthread_join) R(pthread_timedjoin_np) R(pthread_clockjoin_np) \
    R(pthread_setname_np) R(thrd_create) R(thrd_join) R(prctl) R(pthread_mutex_lock) \
    R(pthread_mutex_trylock) R(pthread_mutex_timedlock) R(pthread_mutex_clocklock) \
    R(pthread_mutex_unlock) R(pthread_rwlock_rdlock) R(pthread_rwlock_tryrdlock) \
    R(pthread_rwlock_timedrdlock) R(pthread_rwlock_clockrdlock) R(pthread_rwlock_wrlock) \
    R(pthread_rwlock_trywrlock) R(pthread_rwlock_timedwrlock) R(pthread_rwlock_clockwrlock) \
    R(pthread_rwlock_unlock) R(pthread_spin_lock) R(pthread_spin_trylock) \
    R(pthread_spin_unlock) R(pthread_cond_wait) R(pthread_cond_timedwait) \
    R(pthread_cond_clockwait) R(pthread_cond_signal) R(pthread_cond_broadcast) R(sem_wait) \
    R(sem_trywait) R(sem_timedwait) R(sem_clockwait) R(sem_post) R(pthread_barrier_wait) \
    R(pthread_once) R(call_once) R(mtx_lock) R(mtx_timedlock) R(mtx_trylock) R(mtx_unlock) \
    R(cnd_wait) R(cnd_timedwait) R(cnd_signal) R(cnd_broadcast) R(read) R(write) R(pread) \
    R(pread64) R(pwrite) R(pwrite64) R(readv) R(writev) R(preadv) R(pwritev) R(send) R(sendto) \
    R(sendmsg) R(sendmmsg) R(recv) R(recvfrom) R(recvmsg) R(recvmmsg) R(accept) R(accept4) \
    R(connect) R(poll) R(ppoll) R(select) R(pselect) R(epoll_wait) R(epoll_pwait) R(nanosleep) \
    R(clock_nanosleep) R(usleep) R(sleep) R(pause) R(fsync) R(fdatasync) R(sync_file_range) \
    R(msync) R(open) R(open64) R(openat) R(openat64) R(creat) R(close) R(wait) R(wait3) \
    R(wait4) R(waitpid) R(waitid) R(flock) R(lockf) R(fcntl) R(fcntl64) R(sendfile) \
    R(sendfile64) R(splice) R(copy_file_range) R(sigwait) R(sigwaitinfo) R(sigtimedwait) \
    R(sigsuspend) R(msgrcv) R(msgsnd) R(semop) R(semtimedop) R(sched_yield) R(syscall) \
    R(__read_chk) R(__pread_chk) R(__pread64_chk) R(__recv_chk) R(__recvfrom_chk) R(__poll_chk) \
    R(__ppoll_chk) R(__open_2) R(__open64_2) R(__openat_2) R(__openat64_2) R(socket) R(pipe2) \
    R(dup) R(dup2) R(dup3) R(pipe) R(socketpair) R(eventfd) R(timerfd_create) R(epoll_create) \
    R(epoll_create1) R(memfd_create) R(signalfd) R(inotify_init) R(inotify_init1) R(mmap) \
    R(mmap64) R(munmap) R(mremap) R(brk) R(sbrk) R(close_range) R(closefrom) R(_Fork) R(execve) R(execv) R(execvp) \
    R(execvpe) R(fexecve) R(exit) R(_exit) R(quick_exit) R(__libc_start_main) R(dlopen) \
    R(dlmopen) R(dlclose) R(sigaction) R(signal) \
    R(stat) R(stat64) R(lstat) R(lstat64) R(fstat) R(fstat64) R(fstatat) R(fstatat64) R(statx) \
    R(statfs) R(statfs64) R(fstatfs) R(fstatfs64) R(access) R(faccessat) R(lseek) R(lseek64) \
    R(readlink) R(readlinkat) R(chdir) R(fchdir) R(getdents64) R(posix_fadvise64) \
    R(posix_fadvise) R(mkdir) R(mkdirat) R(rmdir) R(unlink) R(unlinkat) R(remove) R(rename) \
    R(renameat) R(renameat2) R(link) R(linkat) R(symlink) R(symlinkat) R(mknod) R(mkfifo) \
    R(chmod) R(fchmod) R(fchmodat) R(chown) R(fchown) R(lchown) R(fchownat) R(truncate) \
    R(truncate64) R(ftruncate) R(ftruncate64) R(fallocate) R(fallocate64) R(posix_fallocate) \
    R(posix_fallocate64) R(utime) R(utimes) R(utimensat) R(futimens) R(syncfs) R(readahead) \
    R(preadv64) R(pwritev64) R(preadv2) R(pwritev2) R(preadv64v2) R(pwritev64v2) R(tee) \
    R(vmsplice) R(getxattr) R(lgetxattr) R(fgetxattr) R(setxattr) R(fsetxattr) R(listxattr) \
    R(flistxattr) R(bind) R(listen) R(shutdown) R(setsockopt) R(getsockopt) R(getsockname) \
    R(getpeername) R(epoll_ctl) R(epoll_pwait2) R(timerfd_settime) R(timerfd_gettime) \
    R(eventfd_read) R(eventfd_write) R(inotify_add_watch) R(inotify_rm_watch) R(mq_send) \
    R(mq_receive) R(mq_timedsend) R(mq_timedreceive) R(mprotect) R(madvise) R(mlock) R(mlock2) \
    R(munlock) R(mlockall) R(munlockall) R(mincore) R(shmget) R(shmdt) R(shmctl) R(semget) \
    R(msgget) R(kill) R(killpg) R(tgkill) R(setpgid) R(setsid) R(getpid) R(getppid) R(gettid) \
    R(getuid) R(geteuid) R(getgid) R(getegid) R(getrlimit) R(getrlimit64) R(setrlimit) \
    R(setrlimit64) R(getrusage) R(setpriority) R(sched_setaffinity) R(sched_getaffinity) \
    R(sched_setscheduler) R(process_vm_readv) R(process_vm_writev) R(getrandom) R(uname) \
    R(sysinfo) R(getcwd) R(umask) R(__xstat) R(__xstat64) R(__lxstat) R(__lxstat64) \
    R(__fxstat) R(__fxstat64) R(ioctl) R(shmat) R(isatty) R(tcgetattr)
/* clang-format on */

struct real {
#define R(name) __typeof__(&name) name;
    REAL_FUNCTIONS(R)
#undef R
};
extern struct real real __attribute__((visibility("hidden")));

/* Fills the table; safe to call again and from several threads. */
void real_init(void);

#define REAL(name) (real.name ? real.name : (real_init(), real.name))

#endif
