#include "model/work.h"

static void *run(void *arg)
{
    struct model_work *w = arg;
    w->run(w->arg, &w->cancel);
    atomic_store(&w->done, true);
    if (w->wake)
        w->wake();
    return NULL;
}

void model_work_start(struct model_work *w, model_work_run *work, void *arg, void (*wake)(void))
{
    w->run = work;
    w->arg = arg;
    w->wake = wake;
    atomic_store(&w->cancel, false);
    atomic_store(&w->done, false);
    w->started = !pthread_create(&w->thread, NULL, run, w);
    if (w->started)
        return;
    run(w);
    w->started = true;
    w->thread = pthread_self();
}

bool model_work_is_started(const struct model_work *w)
{
    return w->started;
}

static void join(struct model_work *w)
{
    if (!pthread_equal(w->thread, pthread_self()))
        pthread_join(w->thread, NULL);
    w->started = false;
}

bool model_work_done(struct model_work *w)
{
    if (!w->started || !atomic_load(&w->done))
        return false;
    join(w);
    return !atomic_load(&w->cancel);
}

void model_work_cancel(struct model_work *w)
{
    atomic_store(&w->cancel, true);
}

void model_work_stop(struct model_work *w)
{
    model_work_cancel(w);
    if (w->started)
        join(w);
}
