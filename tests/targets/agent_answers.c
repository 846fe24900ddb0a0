/* Prints what the thread library answers where agent_semantics does not ask: bad times and
 * clocks of each kind, spinlocks, barriers, once with cancellation, C11; and errors of the
 * calls that are only told. The agent must not change a byte of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static const struct timespec past = {1, 0}, bad = {1, 2000000000};

#define SAY(call) printf(" %d", (int)(call))

static void mutex_answers(int type, int protocol, int shared)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t m;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, type);
    pthread_mutexattr_setprotocol(&attr, protocol);
    pthread_mutexattr_setpshared(&attr, shared);
    printf("mutex %d %d %d:", type, protocol, shared);
    SAY(pthread_mutex_init(&m, &attr));
    SAY(pthread_mutex_timedlock(&m, &past)); /* a free one is taken whatever the time */
    SAY(pthread_mutex_unlock(&m));
    SAY(pthread_mutex_timedlock(&m, &bad));
    SAY(pthread_mutex_unlock(&m));
    SAY(pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &past));
    SAY(pthread_mutex_trylock(&m));
    SAY(m.__data.__owner == gettid());
    SAY(m.__data.__count);
    SAY(pthread_mutex_unlock(&m));
    SAY(m.__data.__lock);
    printf("\n");
}

static void rwlock_answers(void)
{
    pthread_rwlock_t l = PTHREAD_RWLOCK_INITIALIZER;
    printf("rwlock");
    SAY(pthread_rwlock_clockrdlock(&l, CLOCK_MONOTONIC, &past));
    SAY(pthread_rwlock_clockrdlock(&l, CLOCK_THREAD_CPUTIME_ID, &past));
    SAY(pthread_rwlock_clockwrlock(&l, CLOCK_THREAD_CPUTIME_ID, &past));
    SAY(pthread_rwlock_timedwrlock(&l, &past));
    SAY(pthread_rwlock_timedwrlock(&l, &bad));
    SAY(pthread_rwlock_timedrdlock(&l, &bad));
    SAY(pthread_rwlock_trywrlock(&l));
    SAY(pthread_rwlock_unlock(&l));
    SAY(pthread_rwlock_trywrlock(&l));
    SAY(pthread_rwlock_timedwrlock(&l, &past));
    SAY(pthread_rwlock_timedrdlock(&l, &past));
    SAY(pthread_rwlock_wrlock(&l));
    SAY(pthread_rwlock_unlock(&l));
    printf("\n");
}

static void spin_answers(void)
{
    pthread_spinlock_t s;
    pthread_spin_init(&s, PTHREAD_PROCESS_PRIVATE);
    printf("spin");
    SAY(pthread_spin_lock(&s));
    SAY(pthread_spin_trylock(&s));
    SAY(pthread_spin_unlock(&s));
    SAY(pthread_spin_trylock(&s));
    printf("\n");
}

static void cond_answers(void)
{
    pthread_mutex_t m = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
    pthread_cond_t c = PTHREAD_COND_INITIALIZER;
    printf("cond");
    SAY(pthread_cond_wait(&c, &m)); /* not held */
    SAY(pthread_mutex_lock(&m));
    SAY(pthread_cond_timedwait(&c, &m, &past));
    SAY(pthread_cond_timedwait(&c, &m, &bad));
    SAY(pthread_cond_clockwait(&c, &m, CLOCK_REALTIME, &past));
    SAY(pthread_cond_clockwait(&c, &m, CLOCK_THREAD_CPUTIME_ID, &past));
    SAY(pthread_cond_signal(&c));
    SAY(pthread_cond_broadcast(&c));
    SAY(pthread_mutex_unlock(&m));
    printf("\n");
}

static void sem_answers(void)
{
    sem_t s;
    int value = -1;
    sem_init(&s, 0, 1);
    printf("sem");
    SAY(sem_timedwait(&s, &bad)); /* free */
    SAY(sem_timedwait(&s, &bad));
    SAY(errno);
    SAY(sem_clockwait(&s, CLOCK_MONOTONIC, &past));
    SAY(errno);
    SAY(sem_clockwait(&s, CLOCK_THREAD_CPUTIME_ID, &past));
    SAY(errno);
    SAY(sem_post(&s));
    SAY(sem_post(&s));
    SAY(sem_getvalue(&s, &value));
    SAY(value);
    printf("\n");
}

static pthread_barrier_t barrier;
static _Atomic int serials;

static void *meet(void *unused)
{
    (void)unused;
    for (int i = 0; i < 100; i++)
        serials += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
    return NULL;
}

static void barrier_answers(void)
{
    pthread_t t[3];
    pthread_barrier_init(&barrier, NULL, 3);
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, meet, NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    printf("barrier %d serial of 100, destroy %d\n", serials, pthread_barrier_destroy(&barrier));
}

static pthread_once_t once = PTHREAD_ONCE_INIT, inner = PTHREAD_ONCE_INIT;
static int outer_runs, inner_runs;
static _Atomic int may_block = 1, blocking;

static void run_inner(void)
{
    inner_runs++;
}

/* The first to come is cancelled in here; the next runs it anew. */
static void run_outer(void)
{
    outer_runs++;
    pthread_once(&inner, run_inner);
    blocking = 1;
    while (may_block)
        usleep(100);
}

static void *call_outer(void *unused)
{
    (void)unused;
    pthread_once(&once, run_outer);
    return NULL;
}

static void once_answers(void)
{
    static once_flag flag = ONCE_FLAG_INIT;
    pthread_t t, u;
    void *value;
    pthread_create(&t, NULL, call_outer, NULL);
    while (!blocking)
        usleep(100);
    pthread_create(&u, NULL, call_outer, NULL); /* waits for the first */
    usleep(3000);
    pthread_cancel(t);
    pthread_join(t, &value);
    may_block = 0;
    pthread_join(u, NULL);
    call_outer(NULL);
    printf("once cancelled %d, runs %d inner %d", value == PTHREAD_CANCELED, outer_runs,
           inner_runs);
    call_once(&flag, run_inner);
    call_once(&flag, run_inner);
    printf(" c11 %d\n", inner_runs);
}

static void c11_answers(void)
{
    mtx_t m;
    cnd_t c;
    mtx_init(&m, mtx_timed | mtx_recursive);
    cnd_init(&c);
    printf("c11");
    SAY(mtx_lock(&m));
    SAY(mtx_trylock(&m));
    SAY(mtx_timedlock(&m, &past));
    SAY(mtx_unlock(&m));
    SAY(mtx_unlock(&m));
    SAY(cnd_timedwait(&c, &m, &past));
    SAY(cnd_signal(&c));
    SAY(cnd_broadcast(&c));
    SAY(mtx_unlock(&m));
    printf("\n");
}

#define ANSWER(call)                                                                               \
    do {                                                                                           \
        errno = 0;                                                                                 \
        long answer = (long)(call);                                                                \
        printf(#call " %ld %d\n", answer, errno);                                                  \
    } while (0)

static void call_answers(void)
{
    struct stat st;
    char buf[8];
    int fd = open("/dev/null", O_RDWR);
    ANSWER(stat("/nonexistent", &st));
    ANSWER(lstat("/dev/null", &st));
    ANSWER(fstat(-1, &st));
    ANSWER(S_ISCHR(st.st_mode));
    ANSWER(access("/nonexistent", F_OK));
    ANSWER(lseek(-1, 0, SEEK_SET));
    ANSWER(lseek(fd, 0, 99));
    ANSWER(isatty(fd));
    ANSWER(ioctl(fd, TCGETS, buf));
    ANSWER(ioctl(-1, FIONBIO, buf));
    ANSWER(fcntl(fd, F_GETFD));
    ANSWER(fcntl(fd, F_SETFD, FD_CLOEXEC));
    ANSWER(fcntl(fd, F_GETFD));
    ANSWER(fcntl(-1, F_GETFL));
    ANSWER(readlink("/dev/null", buf, sizeof buf));
    ANSWER(getcwd(buf, 1) != NULL);
    ANSWER(unlink("/nonexistent"));
    ANSWER(rename("/nonexistent", "/nonexistent2"));
    ANSWER(mkdir("/dev/null/x", 0700));
    ANSWER(posix_fallocate(-1, 0, 1));
    ANSWER(truncate("/nonexistent", 0));
    ANSWER(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, buf, 4));
    ANSWER(listen(-1, 1));
    ANSWER(socket(-1, 0, 0));
    ANSWER(dup(-1));
    ANSWER(dup2(-1, 100));
    ANSWER((intptr_t)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ANSWER(munmap((void *)1, 1));
    ANSWER(mprotect((void *)1, 1, 0));
    ANSWER(kill(getpid(), 9999));
    ANSWER(getpid() == (pid_t)gettid());
    ANSWER(umask(022) != 022);
    close(fd);
}

int main(void)
{
    static const int types[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE,
                                PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_ADAPTIVE_NP};
    for (int i = 0; i < 4; i++) {
        mutex_answers(types[i], PTHREAD_PRIO_NONE, PTHREAD_PROCESS_PRIVATE);
        mutex_answers(types[i], PTHREAD_PRIO_NONE, PTHREAD_PROCESS_SHARED);
    }
    rwlock_answers();
    spin_answers();
    cond_answers();
    sem_answers();
    barrier_answers();
    once_answers();
    c11_answers();
    call_answers();
    return 0;
}
