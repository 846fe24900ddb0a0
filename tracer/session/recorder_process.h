/* recorder_process: the recorder's list of processes that record now. Internal to
 * the recorder. */
#ifndef SESSION_RECORDER_PROCESS_H
#define SESSION_RECORDER_PROCESS_H

#include "session/recorder.h"

/* Lets a process into the session and watches for its end. One that is in already
 * is no error. */
bool recorder_admit(struct recorder *r, pid_t pid, pid_t vpid, bool target, struct err *err);
bool recorder_knows(const struct recorder *r, pid_t pid);
/* Drops those that have ended, by their pidfds' readiness. */
void recorder_reap_processes(struct recorder *r);
/* Target processes still there. */
size_t recorder_targets_left(const struct recorder *r);
void recorder_forget_processes(struct recorder *r);

/* An agent says hello; for hello_take, data is the recorder. */
bool recorder_hello(void *data, const struct hello_peer *peer);
/* Looks for agents that began without a hello: children of attached processes, or,
 * with --all, anyone. */
void recorder_scan(struct recorder *r);
/* Tells running agents the options and to dump what they have. */
void recorder_greet(struct recorder *r, const pid_t *pids, size_t count);
/* Lets all agents emit what they buffer. */
void recorder_flush(struct recorder *r, int timeout_ms);

/* Tells the process that asked to stop that all is on disk. */
void recorder_answer_stop(struct recorder *r);

/* Looks after the chunks of files: ends one when it is time, takes what is complete. */
void recorder_chunks_step(struct recorder *r);
/* Milliseconds until it wants to look again, -1: no need. */
int recorder_chunks_timeout_ms(const struct recorder *r);
/* Somebody wants the flight recorder's content in dir and waits at fd, which this takes. */
void recorder_chunks_snapshot(struct recorder *r, int fd, const char *dir);
/* Somebody follows, or is told why not at fd, which this takes. */
void recorder_chunks_follow(struct recorder *r, int fd);
/* Waits for a chunk being ended; when the session is stopped nothing else may go on. */
void recorder_chunks_settle(struct recorder *r);
void recorder_chunks_release(struct recorder *r);

/* Ends the LTTng session while the rest of the recorder goes on, when its disk is
 * running out of space. */
void recorder_cut_short(struct recorder *r, const char *why);
/* Disk space that must be left for recording to go on. */
uint64_t recorder_reserve_bytes(const struct recorder *r);

#endif
