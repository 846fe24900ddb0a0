/* Two threads that wait for each other's lock, until the alarm ends the program. */
#include "why.h"

static pthread_mutex_t left = PTHREAD_MUTEX_INITIALIZER, right = PTHREAD_MUTEX_INITIALIZER;

static NOINLINE void *take_left_then_right(void *data)
{
    (void)data;
    pthread_mutex_lock(&left);
    usleep(100000);
    pthread_mutex_lock(&right);
    return NULL;
}

static NOINLINE void *take_right_then_left(void *data)
{
    (void)data;
    pthread_mutex_lock(&right);
    usleep(100000);
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
    expect("deadlock", "take_", 1, 1);
    fflush(stdout);
    alarm(1);
    start(&threads[0], take_left_then_right, NULL);
    start(&threads[1], take_right_then_left, NULL);
    pthread_join(threads[0], NULL);
    return 1;
}
