/* work: one piece of work on a thread of its own, cancelled at will.
 *
 *     model_work_start(&w, run, arg, wake);       // run(arg, &cancel) on a thread
 *     if (model_work_done(&w)) ... use what run made ...
 *     model_work_stop(&w);                        // cancels and waits for its end
 *
 * Between start and done the work owns what `arg` points to. */
#ifndef MODEL_WORK_H
#define MODEL_WORK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef void model_work_run(void *arg, const atomic_bool *cancel);

struct model_work {
    pthread_t thread;
    model_work_run *run;
    void *arg;
    void (*wake)(void); /* called from the thread when it is done; may be NULL */
    bool started;
    atomic_bool cancel, done;
};

/* Where no thread can be made it runs at once. Not while other work goes on. */
void model_work_start(struct model_work *w, model_work_run *run, void *arg, void (*wake)(void));
/* It goes on, or its end was not yet taken. */
bool model_work_is_started(const struct model_work *w);
/* True once for each start, when it ended without being cancelled. */
bool model_work_done(struct model_work *w);
/* Asks it to end soon; model_work_done still takes the end. */
void model_work_cancel(struct model_work *w);
/* The same, and waits. */
void model_work_stop(struct model_work *w);

#endif
