/* state_doc: what a person set up for one trace, as JSON and back: what is in sight,
 * selected and searched for, notes and markers, folds, pins, hidden threads, their
 * order, filters. Threads and processes go by their ids, so that a state fits a newer
 * or longer version of the trace too. */
#ifndef APP_STATE_DOC_H
#define APP_STATE_DOC_H

#include "views/views.h"

#include <cjson/cJSON.h>

enum {
    STATE_VERSION = 1
};

/* Of views->doc; the caller's. */
cJSON *state_doc_json(const struct views *v);
/* What does not fit the trace is left out. */
void state_doc_apply(struct views *v, const cJSON *json);

/* A whole number in [least, most], or `otherwise`; a string, or "". */
int64_t state_number(const cJSON *o, const char *key, int64_t least, int64_t most,
                     int64_t otherwise);
const char *state_text(const cJSON *o, const char *key);

#endif
