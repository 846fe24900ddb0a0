/* capture_live: profiles of running programs without a recording: what their agents
 * counted, now or between two moments, and where their threads are.
 *
 *     capture_live_begin(&l, &targets, kinds, since_begin, &err)
 *     ... a while, or none ...
 *     capture_live_end(&l)
 *     capture_live_write(&l, dir, NULL, &err)
 *     capture_live_release(&l) */
#ifndef CLI_CAPTURE_LIVE_H
#define CLI_CAPTURE_LIVE_H

#include "cli/capture.h"
#include "cli/targets.h"

struct capture_process {
    pid_t pid;
    struct process_counts before, after;
    struct profile threads;
    bool has_before, has_after, has_threads;
    bool switched_on; /* counts locks, or its heap, because we said so: told to stop later */
    struct err why;   /* what went wrong at the end */
};

struct capture_live {
    struct capture_process *v; /* owned */
    size_t count;
    unsigned kinds;   /* bits by place in capture_kinds */
    bool since_begin; /* what came in between, of heap and the like too */
};

/* Kinds that are recorded are left alone. False with err where an agent is needed and a
 * target has none. */
bool capture_live_begin(struct capture_live *l, const struct targets *targets, unsigned kinds,
                        bool since_begin, struct err *err);
/* Takes them; what fails is told by capture_live_write. */
void capture_live_end(struct capture_live *l);
/* Writes a file for each kind and process into dir, or the only one as `exact`; prints their
 * paths on the output, and on stderr what they hold. */
bool capture_live_write(struct capture_live *l, const char *dir, const char *exact,
                        struct err *err);
void capture_live_release(struct capture_live *l);

#endif
