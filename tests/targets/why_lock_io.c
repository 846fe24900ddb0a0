/* A thread saves under the lock that the other one needs. Healthy: it copies under the
 * lock and saves after it. */
#include "why.h"

static pthread_mutex_t state = PTHREAD_MUTEX_INITIALIZER;
static bool healthy;
static volatile bool done;
static uint64_t waited_ns;
static long holder_tid;

static NOINLINE void save_state(int fd)
{
    char copy[4096] = {0};
    pthread_mutex_lock(&state);
    if (healthy)
        pthread_mutex_unlock(&state);
    for (int i = 0; i < 16; i++)
        if (pwrite(fd, copy, sizeof copy, 0) < 0 || fsync(fd))
            abort();
    if (!healthy)
        pthread_mutex_unlock(&state);
}

static void *saver(void *data)
{
    int fd = *(int *)data;
    holder_tid = self_tid();
    while (!done) {
        save_state(fd);
        burn_us(50);
        usleep(300); /* lets the other have it */
    }
    return NULL;
}

static NOINLINE void answer(void)
{
    uint64_t begin = awake_ns();
    pthread_mutex_lock(&state);
    waited_ns += awake_ns() - begin;
    pthread_mutex_unlock(&state);
    burn_us(100);
}

int main(int argc, char **argv)
{
    healthy = is_healthy(argc, argv);
    int fd = open("state.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    pthread_t thread;
    uint64_t begin = now_ns();
    start(&thread, saver, &fd);
    for (int i = 0; i < 1500 && now_ns() - begin < 1500000000; i++)
        answer();
    uint64_t end = now_ns();
    done = true;
    pthread_join(thread, NULL);
    unlink("state.tmp");
    return expect("lock_held_across_wait", "save_state", holder_tid, waited_ns, end - begin);
}
