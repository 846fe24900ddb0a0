/* relayd_connection: a connection to a relay daemon's live port, one call for each
 * command of relayd_protocol.h. Structs come and go in its byte order; a failure of
 * the connection is told with err, a status of the answer is the caller's matter. */
#ifndef REMOTE_RELAYD_CONNECTION_H
#define REMOTE_RELAYD_CONNECTION_H

#include "base/err.h"
#include "remote/relayd_protocol.h"

#include <stddef.h>

struct relayd_url {
    char host[256];
    char port[16];
    int family;                           /* AF_UNSPEC, AF_INET, AF_INET6 */
    char hostname[RELAYD_HOST_BYTES + 1]; /* "" with the next where only the daemon is named */
    char session[RELAYD_NAME_BYTES + 1];
};

bool relayd_parse_url(struct relayd_url *url, const char *text, struct err *err);

/* A connected and greeted socket, or -1 with err. */
int relayd_connect(const struct relayd_url *url, struct err *err);

bool relayd_send(int fd, enum relayd_command command, const void *body, size_t bytes,
                 struct err *err);
/* Exactly so many bytes. */
bool relayd_receive(int fd, void *to, size_t bytes, struct err *err);
/* Both. */
bool relayd_ask(int fd, enum relayd_command command, const void *body, size_t bytes, void *answer,
                size_t answer_bytes, struct err *err);

/* The sessions that the daemon has, the caller frees them; names end in NUL. */
struct relayd_session {
    uint64_t id;
    uint32_t live_timer_us;
    uint32_t streams;
    char hostname[RELAYD_HOST_BYTES + 1];
    char name[RELAYD_NAME_BYTES + 1];
};
bool relayd_sessions(int fd, struct relayd_session **list, size_t *count, struct err *err);

#endif
