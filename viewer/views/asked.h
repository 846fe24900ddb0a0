/* asked: what a worker finds out about a range of time and a thread, for a tab.
 *
 *     struct views_question q = views_question(v);
 *     if (views_asked_update(v, &tab->ask, q, run, tab))
 *         ... take what `run` made ...
 *     views_asked_tools(v, &tab->ask, "why", &tools);
 *
 * It is asked anew when range or thread change, but not while its answer is held:
 * who follows a finding into the timeline moves the window and still reads on. */
#ifndef VIEWS_ASKED_H
#define VIEWS_ASKED_H

#include "model/doc.h"
#include "model/window.h"
#include "model/work.h"

struct views;
struct gfx_rect;

struct views_question {
    struct model_range range;
    int thread;  /* index into doc->threads, or MODEL_NO_THREAD: all */
    int variant; /* of the tab's own */
};

struct views_asked {
    struct model_work work;
    const struct model_doc *doc;       /* that the work reads */
    struct views_question asked, made; /* under way; answered */
    bool is_made;
    bool stopped; /* by the user: not asked again before the question changes */
    bool held;
    struct model_range held_for; /* the selection then: another one lets go */
    bool held_scope;             /* views->only_thread then: the same */
    atomic_uint permille;        /* how far the work is, told by those who can */
};

/* Selection or window; the selected thread where only it is asked for. */
struct views_question views_question(const struct views *v);
/* Asks where needed. True once for each answer: `run` is over, what it made belongs to
 * the caller until the next call. */
bool views_asked_update(struct views *v, struct views_asked *a, struct views_question q,
                        model_work_run *run, void *arg);
void views_asked_hold(const struct views *v, struct views_asked *a);
/* Buttons that let go and that stop, and how far it is, cut off r's right. */
void views_asked_tools(struct views *v, struct views_asked *a, const char *name,
                       struct gfx_rect *r);
/* In place of an answer that is not there; false where one is. */
bool views_asked_message(struct views *v, const struct views_asked *a, struct gfx_rect r);
/* Waits for the work's end and forgets the answer. */
void views_asked_stop(struct views_asked *a);

#endif
