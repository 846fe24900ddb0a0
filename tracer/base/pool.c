#include "base/pool.h"

#include "base/arena.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t work; /* a job was queued, or the end has come */
    pthread_cond_t done; /* a job was done */
    struct pool_job *first, *last;
    bool ending;
    unsigned thread_count;
    pthread_t threads[];
};

static void take_out(struct pool *p, struct pool_job *job)
{
    *(job->before ? &job->before->after : &p->first) = job->after;
    *(job->after ? &job->after->before : &p->last) = job->before;
    job->before = job->after = NULL;
}

/* Called, and returns, with the lock held. */
static void run_job(struct pool *p, struct pool_job *job)
{
    take_out(p, job);
    job->state = POOL_RUNNING;
    pthread_mutex_unlock(&p->lock);
    job->run(job->data);
    pthread_mutex_lock(&p->lock);
    job->state = POOL_DONE;
    pthread_cond_broadcast(&p->done);
}

static void *work(void *arg)
{
    struct pool *p = arg;
    pthread_mutex_lock(&p->lock);
    while (!p->ending) {
        if (p->first)
            run_job(p, p->first);
        else
            pthread_cond_wait(&p->work, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

struct pool *pool_new(unsigned threads)
{
    if (!threads)
        return NULL;
    struct pool *p = mem_realloc(NULL, 1, sizeof *p + threads * sizeof *p->threads);
    *p = (struct pool){.ending = false};
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->done, NULL);
    sigset_t all, before; /* signals are for the threads that know of them */
    sigfillset(&all);
    sigdelset(&all, SIGBUS); /* guard.h's, raised by a thread's own reading */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (p->thread_count < threads &&
           pthread_create(&p->threads[p->thread_count], NULL, work, p) == 0)
        p->thread_count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return p;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->ending = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->thread_count; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static void put_last(struct pool *p, struct pool_job *job)
{
    job->before = p->last;
    job->after = NULL;
}

static void put_first(struct pool *p, struct pool_job *job)
{
    job->before = NULL;
    job->after = p->first;
}

static void submit(struct pool *p, struct pool_job *job,
                   void (*put)(struct pool *p, struct pool_job *job))
{
    if (!p) {
        job->run(job->data);
        job->state = POOL_DONE;
        return;
    }
    pthread_mutex_lock(&p->lock);
    job->state = POOL_QUEUED;
    put(p, job);
    *(job->before ? &job->before->after : &p->first) = job;
    *(job->after ? &job->after->before : &p->last) = job;
    pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
}

void pool_submit(struct pool *p, struct pool_job *job)
{
    submit(p, job, put_last);
}

void pool_submit_first(struct pool *p, struct pool_job *job)
{
    submit(p, job, put_first);
}

void pool_wait(struct pool *p, struct pool_job *job)
{
    if (p) {
        pthread_mutex_lock(&p->lock);
        if (job->state == POOL_QUEUED)
            run_job(p, job);
        while (job->state == POOL_RUNNING)
            pthread_cond_wait(&p->done, &p->lock);
        pthread_mutex_unlock(&p->lock);
    }
    job->state = POOL_IDLE;
}

unsigned pool_cpus(void)
{
    cpu_set_t set;
    int cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return cpus > 0 ? (unsigned)cpus : 1;
}
