/* live: converting while the recording goes on, so that stopping a long one takes no
 * longer than converting its end. A process of its own, begun with the first complete
 * chunk of files, keeps the conversion open, takes chunk after chunk and deletes what it
 * has converted. Where somebody follows (whyprof view --follow) it also leaves pictures of
 * what came so far, complete trace files: a forked copy of the process finishes each one,
 * with a small share of a CPU. It outlives a recorder that is killed, and then ends the recording
 * in its stead. */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

#include "cli/record.h"

struct live {
    struct record *rec; /* borrowed */
    pid_t pid;          /* the converting process, 0: none yet */
    int fd;             /* messages to it, -1: none */
};

void live_init(struct live *live, struct record *rec);
/* For struct recorder_options: `data` is a struct live. */
void live_chunk_done(void *data, const char *dir, uint64_t until_ns, bool followed);
/* Has the rest converted, the state being saved, and waits: the state then has the
 * outcome ("done" or "failed"). False where nothing was converted before and all is to be
 * done by record_convert. */
bool live_finish(struct live *live, struct err *err);

/* Is this recording's conversion under way in such a process? */
bool live_converting(const struct state *st);

#endif
