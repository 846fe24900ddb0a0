/* foreign_app: what a user of lttng-ust may have, for tests/lttng/test_foreign.sh: own
 * tracepoints, functions compiled with -finstrument-functions, a mutex that two threads
 * fight for, allocations. Prints what a trace of it must show. */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "targets/foreign_app.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    ROUNDS = 10
};

static pthread_mutex_t fought_for = PTHREAD_MUTEX_INITIALIZER;

__attribute__((noinline)) static void inner(void)
{
    usleep(2000);
}

__attribute__((noinline)) static void outer(int i)
{
    void *volatile block = malloc((size_t)(4000 + i));
    pthread_mutex_lock(&fought_for);
    inner();
    pthread_mutex_unlock(&fought_for);
    free(block);
}

static void *serve(void *name)
{
    for (int i = 0; i < ROUNDS; i++) {
        lttng_ust_tracepoint(foreign_app, request_begin, i, name);
        outer(i);
        lttng_ust_tracepoint(foreign_app, request_end, i * 0.5);
    }
    return NULL;
}

int main(void)
{
    pthread_t other;
    static char own_name[] = "/own", other_name[] = "/other";
    if (pthread_create(&other, NULL, serve, other_name))
        return 1;
    serve(own_name);
    pthread_join(other, NULL);
    printf("%d\n", ROUNDS);
    return 0;
}
