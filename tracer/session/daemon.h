/* daemon: the LTTng session daemon, found or started.
 *
 * A daemon that whyprof started is stopped again when the last session is gone;
 * one that somebody else started is never touched. Which one is ours stands in
 * RUNTIME/daemon (pid and start time), so that any later whyprof process can
 * finish what a killed one left. Between daemon_lock and daemon_unlock no other
 * whyprof process of this user starts or stops a daemon: a session is created
 * inside, so that nobody stops the daemon under it. */
#ifndef SESSION_DAEMON_H
#define SESSION_DAEMON_H

#include "session/runtime.h"

struct daemon_lock {
    int fd;
};

bool daemon_lock(struct daemon_lock *lock, const struct runtime *rt, struct err *err);
void daemon_unlock(struct daemon_lock *lock);

bool daemon_alive(void);
/* The running daemon's pid, 0 where none runs or it is not known. */
pid_t daemon_pid(const struct runtime *rt);
/* Did whyprof start the daemon that runs now? */
bool daemon_is_ours(const struct runtime *rt);
/* Starts one where none runs (50-250 ms). Needs the lock. */
bool daemon_ensure(const struct runtime *rt, struct err *err);
/* Stops the daemon if whyprof started it and no session is left; waits until its
 * sockets are gone, because a restart too soon after can hang lttng-tools 2.13.
 * Needs the lock. */
void daemon_stop_if_ours(const struct runtime *rt);
/* Kills it, with its consumer, if whyprof started it: for one that hangs. */
void daemon_kill_if_ours(const struct runtime *rt);

#endif
