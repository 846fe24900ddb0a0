/* Prints what the thread library and the C library answer in the cases that a hook
 * can get wrong. The agent must not change a byte of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static struct timespec soon(clockid_t clock, long ms)
{
    struct timespec t;
    clock_gettime(clock, &t);
    t.tv_nsec += ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static pthread_mutex_t other_mutex;
static pthread_barrier_t meet;

/* Holds a mutex until the second meeting. */
static void *holder(void *mutex)
{
    pthread_mutex_lock(mutex);
    pthread_barrier_wait(&meet);
    pthread_barrier_wait(&meet);
    pthread_mutex_unlock(mutex);
    return NULL;
}

static void *dies_holding(void *mutex)
{
    pthread_mutex_lock(mutex);
    return NULL;
}

static void mutex_of(const char *name, int type, int robust, int protocol)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t m;
    pthread_t t;
    struct timespec past = {1, 0}, bad = {1, 2000000000}, then = soon(CLOCK_REALTIME, 5);
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, type);
    pthread_mutexattr_setrobust(&attr, robust);
    pthread_mutexattr_setprotocol(&attr, protocol);
    printf("%s", name);
    printf(" init %d", pthread_mutex_init(&m, &attr));
    printf(" lock %d", pthread_mutex_lock(&m));
    printf(" try %d", pthread_mutex_trylock(&m));
    if (type != PTHREAD_MUTEX_NORMAL)
        printf(" again %d", pthread_mutex_lock(&m));
    printf(" unlock %d", pthread_mutex_unlock(&m));
    if (type == PTHREAD_MUTEX_RECURSIVE) {
        printf(" %d", pthread_mutex_unlock(&m));
        printf(" %d", pthread_mutex_unlock(&m));
    }
    if (type == PTHREAD_MUTEX_ERRORCHECK)
        printf(" unowned %d", pthread_mutex_unlock(&m));
    pthread_create(&t, NULL, holder, &m);
    pthread_barrier_wait(&meet);
    printf(" | taken: try %d", pthread_mutex_trylock(&m));
    printf(" past %d", pthread_mutex_timedlock(&m, &past));
    printf(" bad %d", pthread_mutex_timedlock(&m, &bad));
    printf(" soon %d", pthread_mutex_timedlock(&m, &then));
    then = soon(CLOCK_MONOTONIC, 5);
    printf(" clock %d", pthread_mutex_clocklock(&m, CLOCK_MONOTONIC, &then));
    printf(" wrong %d", pthread_mutex_clocklock(&m, CLOCK_THREAD_CPUTIME_ID, &then));
    pthread_barrier_wait(&meet);
    printf(" lock %d", pthread_mutex_lock(&m));
    printf(" unlock %d", pthread_mutex_unlock(&m));
    pthread_join(t, NULL);
    if (robust == PTHREAD_MUTEX_ROBUST) {
        pthread_create(&t, NULL, dies_holding, &m);
        pthread_join(t, NULL);
        printf(" | dead owner: lock %d", pthread_mutex_lock(&m));
        printf(" consistent %d", pthread_mutex_consistent(&m));
        printf(" unlock %d", pthread_mutex_unlock(&m));
        pthread_create(&t, NULL, dies_holding, &m);
        pthread_join(t, NULL);
        printf(" lock %d", pthread_mutex_lock(&m));
        printf(" unlock %d", pthread_mutex_unlock(&m));
        printf(" lost %d", pthread_mutex_lock(&m));
    }
    printf(" destroy %d\n", pthread_mutex_destroy(&m));
}

static void *read_holder(void *lock)
{
    pthread_rwlock_rdlock(lock);
    pthread_barrier_wait(&meet);
    pthread_barrier_wait(&meet);
    pthread_rwlock_unlock(lock);
    return NULL;
}

static void rwlocks(void)
{
    pthread_rwlock_t l = PTHREAD_RWLOCK_INITIALIZER;
    pthread_t t;
    struct timespec then = soon(CLOCK_REALTIME, 5);
    printf("rwlock wr %d", pthread_rwlock_wrlock(&l));
    printf(" wr again %d", pthread_rwlock_wrlock(&l));
    printf(" rd %d", pthread_rwlock_rdlock(&l));
    printf(" tryrd %d", pthread_rwlock_tryrdlock(&l));
    printf(" unlock %d", pthread_rwlock_unlock(&l));
    pthread_create(&t, NULL, read_holder, &l);
    pthread_barrier_wait(&meet);
    printf(" | read elsewhere: rd %d", pthread_rwlock_rdlock(&l));
    printf(" unlock %d", pthread_rwlock_unlock(&l));
    printf(" trywr %d", pthread_rwlock_trywrlock(&l));
    printf(" timedwr %d", pthread_rwlock_timedwrlock(&l, &then));
    then = soon(CLOCK_MONOTONIC, 5);
    printf(" clockwr %d", pthread_rwlock_clockwrlock(&l, CLOCK_MONOTONIC, &then));
    pthread_barrier_wait(&meet);
    printf(" wr %d", pthread_rwlock_wrlock(&l));
    printf(" unlock %d\n", pthread_rwlock_unlock(&l));
    pthread_join(t, NULL);
}

static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int ready;

static void *signaller(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&other_mutex);
    ready = 1;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&other_mutex);
    return NULL;
}

static void conditions(void)
{
    pthread_t t;
    struct timespec then = soon(CLOCK_REALTIME, 5);
    pthread_mutex_lock(&other_mutex);
    printf("cond timed %d", pthread_cond_timedwait(&cond, &other_mutex, &then));
    then = soon(CLOCK_MONOTONIC, 5);
    printf(" clock %d", pthread_cond_clockwait(&cond, &other_mutex, CLOCK_MONOTONIC, &then));
    pthread_create(&t, NULL, signaller, NULL);
    while (!ready)
        pthread_cond_wait(&cond, &other_mutex);
    printf(" held %d\n", pthread_mutex_trylock(&other_mutex));
    pthread_mutex_unlock(&other_mutex);
    pthread_join(t, NULL);
}

static void semaphores(void)
{
    sem_t s;
    struct timespec then = soon(CLOCK_REALTIME, 5);
    sem_init(&s, 0, 1);
    errno = 77;
    int got = sem_wait(&s);
    printf("sem %d", got);
    printf(" errno %d", errno);
    errno = 0;
    got = sem_trywait(&s);
    printf(" try %d", got);
    printf(" errno %d", errno);
    errno = 0;
    got = sem_timedwait(&s, &then);
    printf(" timed %d", got);
    printf(" errno %d", errno);
    printf(" post %d\n", sem_post(&s));
}

/* Blocks in a cancellation point until it is cancelled. */
static void *cancelled_in(void *which)
{
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t c = PTHREAD_COND_INITIALIZER;
    sem_t s;
    int ends[2];
    char byte;
    switch ((int)(intptr_t)which) {
    case 0:
        if (!pipe(ends) && read(ends[0], &byte, 1))
            break;
        break;
    case 1:
        pthread_mutex_lock(&m);
        pthread_cond_wait(&c, &m);
        break;
    case 2:
        sem_init(&s, 0, 0);
        sem_wait(&s);
        break;
    case 3:
        poll(NULL, 0, -1);
        break;
    case 4:
        sem_init(&s, 0, 1000000);
        for (;;)
            sem_wait(&s);
    default:
        for (;;)
            sleep(1000);
    }
    return NULL;
}

static void cancellation(void)
{
    for (int i = 0; i < 6; i++) {
        pthread_t t;
        void *value;
        pthread_create(&t, NULL, cancelled_in, (void *)(intptr_t)i);
        usleep(2000);
        pthread_cancel(t);
        pthread_join(t, &value);
        printf("cancelled %d", i);
        printf(" %d\n", value == PTHREAD_CANCELED);
    }
}

static void memory(void)
{
    volatile size_t many = SIZE_MAX / 2;
    void *p = NULL;
    errno = 0;
    printf("malloc huge %d", malloc(PTRDIFF_MAX) != NULL);
    printf(" errno %d", errno);
    printf(" calloc overflow %d", calloc(many, 3) != NULL);
    printf(" reallocarray %d", reallocarray(NULL, many, 3) != NULL);
    printf(" align 3: %d", posix_memalign(&p, 3, 10));
    printf(" align 64: %d", posix_memalign(&p, 64, 10));
    printf(" %d", (int)((uintptr_t)p % 64));
    strcpy(p, "kept");
    p = realloc(p, 100000);
    printf(" realloc %s", (char *)p);
    printf(" usable %d", malloc_usable_size(p) >= 100000);
    errno = 55;
    free(p);
    printf(" errno after free %d", errno);
    p = malloc(0);
    printf(" zero %d\n", p != NULL);
    free(p);
}

/* lttng-ust's threads get descriptors at any time; the agent moves them out of the way at
 * once, but for that moment they have the lowest number. Waits until it is free again. */
static int open_lowest(void)
{
    int lowest = 1000;
    for (int i = 0; i < 20; i++) {
        int fd = open("/dev/null", O_RDONLY);
        lowest = fd < lowest ? fd : lowest;
        close(fd);
        usleep(500);
    }
    for (int i = 0; i < 1000; i++) {
        int fd = open("/dev/null", O_RDONLY);
        if (fd == lowest)
            return fd;
        close(fd);
        usleep(500);
    }
    return -1;
}

static void descriptors(void)
{
    int fd = open_lowest(), ends[2];
    printf("first fd %d", fd);
    printf(" pipe %d", pipe(ends));
    printf(" %d", ends[0]);
    printf(" %d", ends[1]);
    printf(" dup2 %d", dup2(fd, 20));
    printf(" socket %d", socket(AF_UNIX, SOCK_STREAM, 0));
    errno = 0;
    int closed = close(500);
    printf(" close %d", closed);
    printf(" errno %d", errno);
    printf(" close_range %d", close_range(3, ~0u, 0));
    printf(" reopened %d\n", open("/dev/null", O_RDONLY));
    for (int i = 3; i < 4096; i++)
        close(i);
    closefrom(3);
    printf("again %d\n", open("/dev/null", O_RDONLY));
    fcntl(3, F_SETFD, FD_CLOEXEC);
}

static void on_prof(int sig)
{
    (void)sig;
}

static void signals(void)
{
    struct sigaction old;
    sigaction(SIGPROF, NULL, &old);
    printf("SIGPROF default %d", old.sa_handler == SIG_DFL);
    printf(" was %d", signal(SIGPROF, on_prof) == SIG_DFL);
    sigaction(SIGPROF, NULL, &old);
    printf(" ours %d", old.sa_handler == on_prof);
    printf(" reset %d\n", signal(SIGPROF, SIG_DFL) == on_prof);
}

static void children(void)
{
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        printf("child\n");
        fflush(stdout);
        _exit(7);
    }
    waitpid(pid, &status, 0);
    printf("child exit %d", WEXITSTATUS(status));
    printf(" system %d\n", WEXITSTATUS(system("exit 3")));
    pid = vfork();
    if (!pid)
        _exit(9);
    waitpid(pid, &status, 0);
    printf("vfork exit %d\n", WEXITSTATUS(status));
}

static int c11_thread(void *arg)
{
    mtx_t *m = arg;
    int tried = mtx_trylock(m);
    return tried == thrd_busy ? 42 : tried;
}

static void c11(void)
{
    mtx_t m;
    thrd_t t;
    int result = 0;
    mtx_init(&m, mtx_plain);
    printf("c11 lock %d", mtx_lock(&m) == thrd_success);
    thrd_create(&t, c11_thread, &m);
    printf(" join %d", thrd_join(t, &result) == thrd_success);
    printf(" result %d", result);
    printf(" unlock %d\n", mtx_unlock(&m) == thrd_success);
}

int main(void)
{
    pthread_barrier_init(&meet, NULL, 2);
    int types[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK,
                   PTHREAD_MUTEX_ADAPTIVE_NP};
    const char *names[] = {"normal", "recursive", "errorcheck", "adaptive"};
    for (int i = 0; i < 4; i++) {
        if (types[i] != PTHREAD_MUTEX_ADAPTIVE_NP) {
            mutex_of(names[i], types[i], PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_NONE);
            mutex_of(names[i], types[i], PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE);
            mutex_of(names[i], types[i], PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_INHERIT);
            mutex_of(names[i], types[i], PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_INHERIT);
        }
    }
    rwlocks();
    conditions();
    semaphores();
    cancellation();
    memory();
    descriptors();
    signals();
    children();
    c11();
    fprintf(stderr, "on stderr\n");
    return 23;
}
