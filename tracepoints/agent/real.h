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
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

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
extern int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv,
                             void (*init)(void), void (*fini)(void), void (*rtld_fini)(void),
                             void *stack_end);

/* Threads and locks, calls that can block or make descriptors, the life of processes,
 * the loader, signals. */
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
    R(dlmopen) R(dlclose) R(sigaction) R(signal)
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
