/* A library with thread-local storage that allocates and locks while it is loaded and
 * unloaded, for agent_stress. */
#include <pthread.h>
#include <stdlib.h>

int agent_tls_touch(void);

static __thread int touched[1000];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *kept;

__attribute__((constructor)) static void begin(void)
{
    pthread_mutex_lock(&lock);
    kept = realloc(calloc(10, 100), 5000);
    pthread_mutex_unlock(&lock);
}

__attribute__((destructor)) static void end(void)
{
    pthread_mutex_lock(&lock);
    free(kept);
    pthread_mutex_unlock(&lock);
}

int agent_tls_touch(void)
{
    return ++touched[500];
}
