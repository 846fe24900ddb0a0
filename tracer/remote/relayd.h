/* relayd: what an LTTng relay daemon (lttng-relayd) holds of a session that is being
 * recorded, copied to a folder as the CTF traces that the session's own machine would
 * have written. Unlike babeltrace2's source.ctf.lttng-live, which reads what comes from
 * now on, it asks for everything since the beginning.
 *
 *     net://HOST[:PORT]/host/HOSTNAME/SESSION     (also net4://, net6://)
 *
 * PORT is the daemon's live port (5344 unless told). What it answers is not trusted:
 * no name of its becomes a path, and lengths are bounded. */
#ifndef REMOTE_RELAYD_H
#define REMOTE_RELAYD_H

#include "base/err.h"
#include "base/progress.h"

#include <stdbool.h>
#include <stdint.h>

struct relayd_options {
    const char *url;
    const char *dir;                 /* exists; gets trace-1, trace-2, ... */
    bool follow;                     /* until the session ends; else what is there now */
    const struct progress *progress; /* or NULL */
};

struct relayd_result {
    uint64_t packets;
    uint64_t bytes;
};

/* Whether a text is meant as such a URL at all. */
bool relayd_is_url(const char *text);
/* Whether it is a right one; false with err. */
bool relayd_check_url(const char *text, struct err *err);

/* Is there such a session? False with err, as below. */
bool relayd_find(const char *url, struct err *err);
/* False with err where there is no daemon, no such session (the hint lists those that
 * it has), or one that cannot be read live; also when progress asked to stop, unless
 * `follow` got something: then what came is a result. */
bool relayd_copy(const struct relayd_options *options, struct relayd_result *result,
                 struct err *err);

#endif
