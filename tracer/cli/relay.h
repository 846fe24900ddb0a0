/* relay: recordings whose events go to an LTTng relay daemon (trace start --relay), as a
 * fleet's machines do: what it holds is copied back when the recording ends, where it can
 * be read from here, and is converted like any other. */
#ifndef CLI_RELAY_H
#define CLI_RELAY_H

#include "base/err.h"
#include "session/state.h"

#include <stdint.h>

struct relay_options {
    const char *url;    /* --relay, or NULL */
    uint64_t live_port; /* of the daemon */
    bool leave;         /* --no-convert: what is recorded stays there */
};

enum {
    RELAY_LIVE_PORT = 5344
};

/* Checks the options' values. */
bool relay_check(const struct relay_options *o, struct err *err);
/* Notes them for the end of the recording, after record_prepare. */
void relay_note(struct state *st, const struct relay_options *o);
/* Whether the recording's events go to a relay daemon at all, and whether to stay there. */
bool relay_is_used(const struct state *st);
bool relay_leaves(const struct state *st);

/* For struct recorder_options.session_stopped: data is the struct state, whose ctf_dir
 * gets the copy. Why there is none is kept in the state. */
void relay_session_stopped(void *data);
/* False with err where the recording's events could not be copied: where they are. */
bool relay_copied(const struct state *st, struct err *err);
/* "HOSTNAME/SESSION at net://HOST", for messages; in buf. */
const char *relay_place(const struct state *st, char *buf, unsigned long cap);

#endif
