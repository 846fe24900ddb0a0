/* A lock held by a thread that sleeps. Healthy: it sleeps without. */
#include "why.h"

static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;
static uint64_t waited_ns;
static long holder_tid;
static volatile bool done;
static bool healthy;

static NOINLINE void refresh_table(void)
{
    pthread_mutex_lock(&table);
    if (healthy)
        pthread_mutex_unlock(&table);
    usleep(20000);
    if (!healthy)
        pthread_mutex_unlock(&table);
    usleep(2000);
}

static void *refresher(void *data)
{
    (void)data;
    holder_tid = self_tid();
    while (!done)
        refresh_table();
    return NULL;
}

static NOINLINE void look_up(void)
{
    uint64_t begin = awake_ns();
    pthread_mutex_lock(&table);
    waited_ns += awake_ns() - begin;
    pthread_mutex_unlock(&table);
    burn_us(3000);
}

int main(int argc, char **argv)
{
    pthread_t thread;
    healthy = is_healthy(argc, argv);
    uint64_t begin = now_ns();
    start(&thread, refresher, NULL);
    for (int i = 0; i < (healthy ? 400 : 60); i++)
        look_up();
    uint64_t end = now_ns();
    done = true;
    pthread_join(thread, NULL);
    return expect("lock_held_across_wait", "refresh_table", holder_tid, waited_ns, end - begin);
}
