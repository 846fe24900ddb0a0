/* locks u|c N : u = 2 threads, each its own mutex (uncontended), N lock/unlock pairs each; c = 4
 * threads, one mutex, short critical section, N pairs in all */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static long N;
static int mode, nt;
static pthread_mutex_t g = PTHREAD_MUTEX_INITIALIZER;
static long shared;
static void *th(void *a)
{
    pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
    long x = 0;
    if (mode == 'u')
        for (long i = 0; i < N; i++) {
            pthread_mutex_lock(&own);
            x++;
            pthread_mutex_unlock(&own);
        }
    else
        for (long i = 0; i < N / nt; i++) {
            pthread_mutex_lock(&g);
            for (volatile int k = 0; k < 20; k++)
                ;
            shared++;
            pthread_mutex_unlock(&g);
            for (volatile int k = 0; k < 20; k++)
                ;
        }
    return (void *)x;
}
int main(int c, char **v)
{
    mode = v[1][0];
    N = atol(v[2]);
    nt = mode == 'u' ? 2 : 4;
    pthread_t t[4];
    for (int i = 0; i < nt; i++)
        pthread_create(t + i, 0, th, 0);
    for (int i = 0; i < nt; i++)
        pthread_join(t[i], 0);
    return 0;
}
