/* profile_waits: a thread for each way to wait, all of them blocked before "ready" is
 * printed, each in a function of its name. On SIGTERM it prints how many of them were woken
 * up, or got an error, meanwhile. Built without optimisation: frames hang on rbp. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t taken = PTHREAD_MUTEX_INITIALIZER, own = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t written = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_t sleeper;
static sem_t empty;
static int pipe_fds[2], epoll_fd;
static atomic_int woken;

#define WAIT(name, call)                                                                           \
    __attribute__((noinline)) static void in_##name(volatile char *unused)                         \
    {                                                                                              \
        volatile char filler[200];                                                                 \
        memset((void *)(uintptr_t)filler, *unused, sizeof filler);                                 \
        (void)(call);                                                                              \
        woken++;                                                                                   \
    }                                                                                              \
    static void *thread_##name(void *data)                                                         \
    {                                                                                              \
        volatile char room[64] = {1};                                                              \
        pthread_setname_np(pthread_self(), #name);                                                 \
        in_##name(room);                                                                           \
        return data;                                                                               \
    }

static struct epoll_event event;
static struct pollfd polled = {.events = POLLIN};
static const struct timespec long_time = {10000, 0};
static char byte;

WAIT(epoll, epoll_wait(epoll_fd, &event, 1, -1))
WAIT(read, read(pipe_fds[0], &byte, 1))
WAIT(poll, poll(&polled, 1, -1))
WAIT(cond, pthread_cond_wait(&never, &own))
WAIT(mutex, pthread_mutex_lock(&taken))
WAIT(rwlock, pthread_rwlock_rdlock(&written))
WAIT(barrier, pthread_barrier_wait(&barrier))
WAIT(join, pthread_join(sleeper, NULL))
WAIT(sem, sem_wait(&empty))
WAIT(sleep, nanosleep(&long_time, NULL))

static void *(*const starts[])(void *) = {
    thread_epoll,  thread_read,    thread_poll, thread_cond, thread_mutex,
    thread_rwlock, thread_barrier, thread_join, thread_sem,
};

int main(void)
{
    sigset_t term;
    pthread_t thread;
    int sig;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &term, NULL);
    epoll_fd = epoll_create1(0);
    sem_init(&empty, 0, 0);
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_mutex_lock(&taken);
    pthread_mutex_lock(&own);
    pthread_mutex_unlock(&own);
    pthread_rwlock_wrlock(&written);
    if (pipe(pipe_fds) || pthread_create(&sleeper, NULL, thread_sleep, NULL))
        return 1;
    polled.fd = pipe_fds[0];
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (pthread_create(&thread, NULL, starts[i], NULL))
            return 1;
    usleep(200000);
    puts("ready");
    fflush(stdout);
    sigwait(&term, &sig);
    printf("%d woken\n", woken);
    fflush(stdout);
    _exit(0);
}
