/* threads: where every thread of a process stands, seen from outside: nothing is stopped,
 * no call is interrupted. Works on any process whose memory may be read; the agent's own
 * threads and frames are left out. */
#ifndef PROCESS_THREADS_H
#define PROCESS_THREADS_H

#include "process/counts.h"
#include "profile/profile.h"

#include <sys/types.h>

/* One sample a thread, with the labels thread, tid, state and, where it is in one, syscall.
 * States: running, lock, cond, join, sleep, io, syscall, page_fault, stopped.
 * `name` is the value type: "threads", or "goroutine" for who expects Go's. *p is released
 * by the caller, also on failure. */
bool process_threads_profile(struct profile *p, pid_t pid, const char *name, struct err *err);
/* How many there are, without those that the agent hides. */
int64_t process_threads_count(pid_t pid, const struct process_counts *agents);

#endif
