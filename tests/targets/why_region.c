/* Requests, marked as regions, of which one in ten first waits for its configuration to
 * be loaded by another thread. Asked for the slowest of them, `why` must say that of
 * these alone. Healthy: none does. */
#include "tracepoints/whyprof.h"
#include "why.h"

#include <semaphore.h>

enum {
    REQUESTS = 200,
    SLOW = REQUESTS / 10 /* as many as test_why.sh asks for */
};
static sem_t wanted, loaded;
static uint64_t waited_ns, slow_ns;

static void *loader(void *data)
{
    (void)data;
    for (int i = 0; i < SLOW; i++) {
        sem_wait(&wanted);
        usleep(20000);
        sem_post(&loaded);
    }
    return NULL;
}

static NOINLINE void load_config(void)
{
    uint64_t begin = now_ns();
    sem_post(&wanted);
    sem_wait(&loaded);
    waited_ns += now_ns() - begin;
}

static NOINLINE void serve(bool slow)
{
    WHYPROF_REGION("request");
    uint64_t begin = now_ns();
    if (slow)
        load_config();
    burn_us(2000);
    slow_ns += slow ? now_ns() - begin : 0;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    sem_init(&wanted, 0, 0);
    sem_init(&loaded, 0, 0);
    start(&thread, loader, NULL);
    for (int i = 0; i < REQUESTS; i++)
        serve(!is_healthy(argc, argv) && i % 10 == 5);
    for (int i = 0; i < SLOW && is_healthy(argc, argv); i++)
        sem_post(&wanted);
    pthread_join(thread, NULL);
    return expect("sleeping_poll", "loader", 0, waited_ns, slow_ns + !slow_ns);
}
