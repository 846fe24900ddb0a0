/* progress: how long work tells its caller how far it is. The callee calls
 * progress_step often and cheaply; cli/ and the viewer decide what to show. */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    /* `done` of `total` units ("events", "bytes"); total 0 when unknown.
     * Returns false to ask the work to stop. */
    bool (*step)(void *data, const char *phase, uint64_t done, uint64_t total);
    void *data;
};

/* False when the work should stop. A NULL progress never stops. */
static inline bool progress_step(const struct progress *p, const char *phase, uint64_t done,
                                 uint64_t total)
{
    return !p || !p->step || p->step(p->data, phase, done, total);
}

#endif
