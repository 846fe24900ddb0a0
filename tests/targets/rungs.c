/* What a recording must hold by each rung of the ladder: known calls, naps, a lock that
 * is waited for, work in two functions, threads and children made in different ways. It
 * prints what it knows itself. `rungs wait` does all that when a line comes in. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    OPENS = 7, /* of a file that is not there */
    WRITES = 25,
    NAPS = 10,
    WORK_MS = 300
};

static double cpu_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static volatile unsigned long sink;

#define WORK(name)                                                                                 \
    __attribute__((noipa)) static void name(double ms)                                             \
    {                                                                                              \
        for (double end = cpu_ms() + ms; cpu_ms() < end;)                                          \
            for (unsigned i = 0; i < 20000; i++)                                                   \
                sink += i * sink;                                                                  \
    }
WORK(work_most)
WORK(work_least)
WORK(work_in_thread)
WORK(work_in_child)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *thread_body(void *data)
{
    pthread_setname_np(pthread_self(), "rung-thread");
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    work_in_thread(WORK_MS / 6.0);
    return data;
}

static void known_calls(void)
{
    int out = open("/dev/null", O_WRONLY);
    for (int i = 0; i < OPENS; i++)
        if (open("/no/such/file", O_RDONLY) >= 0 || errno != ENOENT)
            exit(1);
    for (int i = 0; i < WRITES; i++)
        if (write(out, "rung", 4) != 4)
            exit(1);
    struct timespec nap = {.tv_nsec = 1000000};
    for (int i = 0; i < NAPS; i++)
        nanosleep(&nap, NULL);
    close(out);
}

static void child_of_fork(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        work_in_child(WORK_MS / 6.0);
        _exit(3);
    }
    waitpid(pid, NULL, 0);
}

static void child_of_raw_fork(void)
{
    pid_t pid = _Fork();
    if (pid == 0)
        _exit(4);
    waitpid(pid, NULL, 0);
}

static void child_of_vfork(void)
{
    pid_t pid = vfork();
    if (pid == 0) {
        execl("/bin/true", "true", (char *)NULL);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
}

static int clone_body(void *data)
{
    (void)data;
    _exit(6);
}

static void child_of_clone(void)
{
    static char stack[65536];
    pid_t pid = clone(clone_body, stack + sizeof stack, SIGCHLD, NULL);
    waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
    pthread_t thread;
    char line[16];
    if (argc > 1 && !strcmp(argv[1], "wait") && !fgets(line, sizeof line, stdin))
        return 1;
    known_calls();
    pthread_mutex_lock(&lock);
    pthread_create(&thread, NULL, thread_body, NULL);
    work_most(WORK_MS * 3 / 4.0);
    pthread_mutex_unlock(&lock);
    work_least(WORK_MS / 4.0);
    pthread_join(thread, NULL);
    child_of_fork();
    child_of_raw_fork();
    child_of_vfork();
    child_of_clone();
    return 0;
}
