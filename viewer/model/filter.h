/* filter: what a person looks for, from a line of text:
 *
 *     lookup                   names: functions, system calls and what they are on,
 *                              locks, regions, threads; case does not matter
 *     "read"                   the whole name, not a part of one
 *     state:blocked reason:lock    thread states
 *     dur>1ms dur<20ms         length
 *     thread:worker cpu:3      whose, where
 *
 * All terms must hold. */
#ifndef MODEL_FILTER_H
#define MODEL_FILTER_H

#include "base/err.h"
#include "model/class.h"

enum {
    MODEL_FILTER_TEXT = 128
};

struct model_filter {
    char text[MODEL_FILTER_TEXT]; /* words, lower case; "" = any */
    bool whole;                   /* text is a whole name */
    uint32_t classes;             /* bit c: states of class c; 0 = any row */
    int64_t least_ns, most_ns;    /* most_ns 0: no limit */
    char thread[64];              /* lower case; "" = any */
    int cpu;                      /* -1 = any */
};

/* False with err when a term cannot be read. */
bool model_filter_parse(struct model_filter *f, const char *line, struct err *err);
/* Nothing is asked for. */
bool model_filter_is_empty(const struct model_filter *f);
/* Some state term, so that only thread states can match. */
bool model_filter_has_states(const struct model_filter *f);
bool model_filter_takes_name(const struct model_filter *f, const char *name);
bool model_filter_takes_dur(const struct model_filter *f, int64_t ns);
bool model_filter_takes_thread(const struct model_filter *f, const char *name, uint32_t tid);

#endif
