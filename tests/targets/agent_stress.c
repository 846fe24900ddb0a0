/* Everything at once: threads that come and go, lock, allocate, sleep, load and
 * unload a library with TLS, fork, and are hit by signals. Ends by pthread_exit in
 * main, as some programs do: the last thread's end is then the program's.
 *     agent_stress MILLISECONDS LIBRARY */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
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

static void *kicker(void *unused)
{
    (void)unused;
    while (!done) {
        kill(getpid(), SIGUSR1);
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
    void *(*const bodies[])(void *) = {starter, starter, loader, forker, kicker};
    pthread_t t[6];
    if (argc < 3)
        return 64;
    library = argv[2];
    signal(SIGUSR1, on_usr1);
    for (int i = 0; i < 5; i++)
        pthread_create(&t[i], NULL, bodies[i], NULL);
    pthread_create(&t[5], NULL, ender, (void *)atol(argv[1]));
    for (int i = 0; i < 6; i++)
        pthread_join(t[i], NULL);
    printf("%s\n",
           loads && forks && threads_run && locks_taken == threads_run * 2000 ? "ok" : "lost");
    fflush(stdout);
    pthread_create(&t[0], NULL, churn, NULL);
    pthread_exit(NULL);
}
