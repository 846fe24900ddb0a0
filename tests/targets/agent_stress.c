/* Everything at once: threads that come and go, lock, allocate, sleep, load and
 * unload a library with TLS that allocates in its constructor, fork, jump out of calls and
 * of signal handlers on stacks of their own, and are hit by signals. Ends by pthread_exit in
 * main, as some programs do: the last thread's end is then the program's.
 *     agent_stress MILLISECONDS LIBRARY */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static atomic_bool done;
static atomic_long loads, forks, threads_run, locks_taken;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *library;

static void *churn(void *unused)
{
    (void)unused;
    void *kept[16] = {0};
    for (int i = 0; i < 2000; i++) {
        free(kept[i % 16]);
        kept[i % 16] = malloc((size_t)(i * 37 % 5000) + 1);
        pthread_mutex_lock(&lock);
        locks_taken++;
        pthread_mutex_unlock(&lock);
    }
    for (int i = 0; i < 16; i++)
        free(kept[i]);
    threads_run++;
    return NULL;
}

static void *starter(void *unused)
{
    (void)unused;
    while (!done) {
        pthread_t t;
        if (!pthread_create(&t, NULL, churn, NULL))
            pthread_join(t, NULL);
    }
    return NULL;
}

static void *loader(void *unused)
{
    (void)unused;
    while (!done) {
        void *handle = dlopen(library, RTLD_NOW);
        int (*touch)(void) = handle ? (int (*)(void))dlsym(handle, "agent_tls_touch") : NULL;
        if (!touch || touch() != 1) {
            fprintf(stderr, "library: %s\n", dlerror());
            _exit(1);
        }
        dlclose(handle);
        loads++;
    }
    return NULL;
}

static void *forker(void *unused)
{
    (void)unused;
    while (!done) {
        int status = -1;
        pid_t pid = fork();
        if (!pid) {
            free(malloc(1000));
            _exit(5);
        }
        if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 5)
            _exit(2);
        forks++;
        usleep(5000);
    }
    return NULL;
}

static void on_usr1(int sig)
{
    (void)sig;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
}

/* Jumps out of nested calls, and out of a loop by a handler on another stack. */
static __thread sigjmp_buf back;
static __thread volatile bool exposed;
static atomic_long jumps, thrown;
static _Atomic pthread_t jumping;

static void on_usr2(int sig)
{
    (void)sig;
    if (!exposed)
        return;
    exposed = false;
    thrown++;
    siglongjmp(back, 2);
}

static __attribute__((noinline)) void deeper(int depth)
{
    char *volatile block = malloc((size_t)depth * 10 + 1);
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    free(block);
    if (depth)
        deeper(depth - 1);
    else if (!exposed)
        longjmp(back, 1);
}

static void *jumper(void *unused)
{
    (void)unused;
    stack_t own = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
    if (sigaltstack(&own, NULL))
        _exit(3);
    jumping = pthread_self();
    while (!done) {
        if (!sigsetjmp(back, 1))
            deeper(20);
        if (!sigsetjmp(back, 1)) {
            exposed = true; /* in code of its own: nobody may be jumped out of halfway */
            for (volatile int i = 0; i < 100000; i++)
                ;
        }
        exposed = false;
        jumps++;
    }
    own.ss_flags = SS_DISABLE;
    sigaltstack(&own, NULL);
    free(own.ss_sp);
    jumping = 0;
    return NULL;
}

static void *kicker(void *unused)
{
    (void)unused;
    while (!done) {
        kill(getpid(), SIGUSR1);
        if (jumping && !done)
            pthread_kill(jumping, SIGUSR2);
        usleep(50);
    }
    return NULL;
}

static void *ender(void *ms)
{
    usleep((useconds_t)(long)ms * 1000);
    done = true;
    return NULL;
}

int main(int argc, char **argv)
{
    void *(*const bodies[])(void *) = {starter, starter, loader, forker, kicker, jumper};
    struct sigaction on_own_stack = {.sa_handler = on_usr2, .sa_flags = SA_ONSTACK};
    pthread_t t[7];
    if (argc < 3)
        return 64;
    library = argv[2];
    signal(SIGUSR1, on_usr1);
    sigaction(SIGUSR2, &on_own_stack, NULL);
    for (int i = 0; i < 6; i++)
        pthread_create(&t[i], NULL, bodies[i], NULL);
    pthread_create(&t[6], NULL, ender, (void *)atol(argv[1]));
    for (int i = 0; i < 7; i++)
        pthread_join(t[i], NULL);
    printf("%s\n",
           loads && forks && jumps && thrown && threads_run && locks_taken == threads_run * 2000
               ? "ok"
               : "lost");
    fflush(stdout);
    pthread_create(&t[0], NULL, churn, NULL);
    pthread_exit(NULL);
}
