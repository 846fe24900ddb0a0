/* Two threads that wait for each other's lock, until the alarm ends the program. */
#include "why.h"

static uint64_t stuck_at_ns; /* when the second of them began to wait */

static pthread_mutex_t left = PTHREAD_MUTEX_INITIALIZER, right = PTHREAD_MUTEX_INITIALIZER;

static NOINLINE void *take_left_then_right(void *data)
{
    (void)data;
    pthread_mutex_lock(&left);
    usleep(100000);
    stuck_at_ns = now_ns();
    pthread_mutex_lock(&right);
    return NULL;
}

static NOINLINE void *take_right_then_left(void *data)
{
    (void)data;
    pthread_mutex_lock(&right);
    usleep(100000);
    stuck_at_ns = now_ns();
    pthread_mutex_lock(&left);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[2];
    if (is_healthy(argc, argv)) {
        start(&threads[0], take_left_then_right, NULL);
        pthread_join(threads[0], NULL);
        burn_us(1000000);
        return 0;
    }
    uint64_t begin = now_ns();
    alarm(2);
    start(&threads[0], take_left_then_right, NULL);
    start(&threads[1], take_right_then_left, NULL);
    usleep(500000);
    expect("deadlock", "take_", 0, begin + 2000000000 - stuck_at_ns, 2000000000);
    fflush(stdout);
    pthread_join(threads[0], NULL);
    return 1;
}
