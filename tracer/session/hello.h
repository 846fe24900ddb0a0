/* hello: the recorder's end of the agents' "hello PID PPID" (tracepoints/events.h). */
#ifndef SESSION_HELLO_H
#define SESSION_HELLO_H

#include "base/err.h"

#include <sys/types.h>

struct hello {
    int fd;        /* listening socket, -1 when closed */
    char name[64]; /* abstract name, for WHYPROF_RECORDER */
};

struct hello_peer {
    pid_t pid;  /* as we see it */
    pid_t vpid; /* as it sees itself: what LTTng tracks */
    pid_t ppid; /* its parent as we see it, 0 if not known */
    uid_t uid;
};

bool hello_open(struct hello *h, struct err *err);
/* From now on an agent's connect fails at once, so it does not wait. */
void hello_close(struct hello *h);
/* Takes one waiting connection and asks `admit` about its process; the agent is
 * answered "ok" when it returns true. False when nobody was waiting. */
bool hello_take(struct hello *h, bool (*admit)(void *data, const struct hello_peer *peer),
                void *data);

#endif
