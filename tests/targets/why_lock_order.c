/* Two threads take two locks in opposite orders, at different times, each while a third
 * keeps them waiting. Healthy: in one order. */
#include "why.h"

static pthread_mutex_t accounts = PTHREAD_MUTEX_INITIALIZER, journal = PTHREAD_MUTEX_INITIALIZER;

static uint64_t waited_ns; /* for the second lock, holding the first */

static NOINLINE void take_both(pthread_mutex_t *first, pthread_mutex_t *then)
{
    pthread_mutex_lock(first);
    burn_us(1000);
    uint64_t begin = now_ns();
    pthread_mutex_lock(then);
    waited_ns += now_ns() - begin;
    burn_us(5000);
    pthread_mutex_unlock(then);
    pthread_mutex_unlock(first);
}

static NOINLINE void *transfer(void *data)
{
    (void)data;
    take_both(&accounts, &journal);
    return NULL;
}

static NOINLINE void *audit(void *data)
{
    if (data)
        take_both(&accounts, &journal);
    else
        take_both(&journal, &accounts);
    return NULL;
}

/* Makes both of a thread's locks contended. */
static void run(void *(*body)(void *), void *data, pthread_mutex_t *first, pthread_mutex_t *then)
{
    pthread_t thread;
    pthread_mutex_lock(then);
    start(&thread, body, data);
    burn_us(20000);
    pthread_mutex_unlock(then);
    pthread_mutex_lock(first);
    pthread_mutex_unlock(first);
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    static int in_order = 1;
    bool healthy = is_healthy(argc, argv);
    uint64_t begin = now_ns();
    for (int i = 0; i < 6; i++) {
        run(transfer, NULL, &accounts, &journal);
        if (!i) /* since when a lock was held is known from its first contention on */
            waited_ns = 0;
        if (healthy)
            run(audit, &in_order, &accounts, &journal);
        else
            run(audit, NULL, &journal, &accounts);
        burn_us(200000);
    }
    return expect("lock_order", "take_both", 0, waited_ns, now_ns() - begin);
}
