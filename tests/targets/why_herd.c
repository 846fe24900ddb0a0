/* Every item wakes all threads, for one to take it. Healthy: there is one,
 * with little to do. */
#include "why.h"

enum {
    WORKERS = 12,
    ITEMS = 1000
};
static pthread_mutex_t queue = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER, taken = PTHREAD_COND_INITIALIZER;
static int items;
static bool done;
static uint64_t first_ns, last_ns; /* the first and last thread that an item woke was awake */
static uint64_t passed_ns;         /* between them, while main waited for it */

static NOINLINE bool take_item(void)
{
    pthread_mutex_lock(&queue);
    while (!items && !done) {
        pthread_cond_wait(&filled, &queue);
        last_ns = now_ns();
        first_ns = first_ns ? first_ns : last_ns;
        burn_us(40); /* looks what there is */
    }
    bool got = items > 0;
    items -= got;
    pthread_cond_signal(&taken);
    pthread_mutex_unlock(&queue);
    return got;
}

static void *worker(void *data)
{
    (void)data;
    while (take_item())
        burn_us(5);
    return NULL;
}

/* Main waited from asked to granted. */
static void count_pass(uint64_t asked, uint64_t granted)
{
    uint64_t from = first_ns > asked ? first_ns : asked;
    uint64_t to = last_ns < granted ? last_ns : granted;
    passed_ns += first_ns && to > from ? to - from : 0;
}

static NOINLINE void put_item(uint64_t making_us)
{
    uint64_t asked = now_ns();
    pthread_mutex_lock(&queue);
    while (items)
        pthread_cond_wait(&taken, &queue);
    count_pass(asked, now_ns());
    first_ns = 0;
    items++;
    pthread_cond_broadcast(&filled);
    pthread_mutex_unlock(&queue);
    burn_us(making_us);
}

int main(int argc, char **argv)
{
    pthread_t threads[WORKERS];
    int workers = is_healthy(argc, argv) ? 1 : WORKERS;
    uint64_t begin = now_ns();
    for (int i = 0; i < workers; i++)
        start(&threads[i], worker, NULL);
    for (int i = 0; i < ITEMS; i++)
        put_item(workers == 1 ? 200 : 10);
    pthread_mutex_lock(&queue);
    done = true;
    pthread_cond_broadcast(&filled);
    pthread_mutex_unlock(&queue);
    for (int i = 0; i < workers; i++)
        pthread_join(threads[i], NULL);
    return expect("thundering_herd", "take_item", 0, passed_ns, now_ns() - begin);
}
