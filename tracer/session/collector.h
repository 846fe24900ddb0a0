/* collector: the program whyprof-collector, which relays kernel events, spoken to
 * over a socket in lines of text:
 *     to it    "add PID"     that process, its threads and all later descendants
 *              "dump"        tell again what all of them are, for a new chunk of files
 *              "stop"        emit what is left, then exit
 *     from it  "mechanism CLASS NAME"   "refused CLASS REASON"   "ready"   "lost COUNT"
 *                    "relayed COUNT lost COUNT"
 *              "added PID"   "failed PID REASON"   "dumped"
 * A machine that allows no kernel events is no failure: `refused` says why. */
#ifndef SESSION_COLLECTOR_H
#define SESSION_COLLECTOR_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

struct collector {
    pid_t pid; /* 0: none runs */
    int fd;    /* -1: none */
    bool ready;
    char mechanism_sched[32]; /* "" where it does not do that class */
    char mechanism_syscall[32];
    char mechanism_cpu[32];
    char refused[256]; /* the last reason, or "" */
    char refused_cpu[256];
    pid_t answered; /* the last pid that an `add` was answered for */
    bool answer_good;
    bool dumped;
    uint64_t records; /* relayed so far */
    uint64_t lost;    /* records lost in kernel buffers so far */
    char line[512];   /* input not yet ended by a newline */
    size_t line_len;
};

/* Starts it; returns while it still loads. False (and nothing runs) where the
 * program is missing. classes is "sched,syscall"; cpu_hz: of CPU samples, 0: none. */
bool collector_spawn(struct collector *c, const char *path, const char *classes, unsigned cpu_hz,
                     struct err *err);
/* Waits until it is ready; false when it gave up or is late. */
bool collector_wait_ready(struct collector *c, int timeout_ms);
/* Has it record a process; when this returns true it does. The session must record
 * already, because the collector tells right away what the process is. */
bool collector_add(struct collector *c, pid_t pid, int timeout_ms);
/* Has it take CPU samples of a process, too. */
bool collector_sample(struct collector *c, pid_t pid, int timeout_ms);
/* Reads what it says meanwhile; false when it is gone. */
bool collector_read(struct collector *c);
/* Has it tell again what it follows; returns when it has, or when time is over. */
void collector_dump(struct collector *c, int timeout_ms);
/* Lets it emit the rest and waits for its end. */
void collector_stop(struct collector *c, int timeout_ms);

#endif
