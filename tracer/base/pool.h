/* pool: jobs on a few threads, for work whose result is needed later and in order.
 *
 *     struct pool *p = pool_new(2);
 *     pool_submit(p, &job);    // job.run(job.data), soon, on some thread
 *     ... other work ...
 *     pool_wait(p, &job);      // its results can be read now
 *     pool_free(p);
 *
 * A job that nobody has begun when it is waited for runs in the waiting thread, so
 * results never depend on the number of threads, and a pool of none (NULL) works. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdbool.h>

struct pool;

enum pool_state {
    POOL_IDLE, /* zeroed, or waited for */
    POOL_QUEUED,
    POOL_RUNNING,
    POOL_DONE
};

/* The caller's, and untouched by it from submit to wait. */
struct pool_job {
    void (*run)(void *data);
    void *data;
    enum pool_state state;
    struct pool_job *before, *after; /* in the queue */
};

/* NULL for 0 threads, or where none can be made. */
struct pool *pool_new(unsigned threads);
/* No job may be queued or running. NULL is fine. */
void pool_free(struct pool *p);

void pool_submit(struct pool *p, struct pool_job *job);
/* The same, before all that are queued: its result is needed soon. */
void pool_submit_first(struct pool *p, struct pool_job *job);
/* Returns at once for an idle job. */
void pool_wait(struct pool *p, struct pool_job *job);

/* How many CPUs this process may use, at least 1. */
unsigned pool_cpus(void);

#endif
