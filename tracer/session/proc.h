/* proc: what /proc says of a process. */
#ifndef SESSION_PROC_H
#define SESSION_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    PROC_NAME_MAX = 64
};

struct proc_ids {
    pid_t parent;
    pid_t vpid; /* its pid in its own pid namespace */
    uid_t uid;  /* effective */
};

/* False where there is no such process (or /proc hides it). */
bool proc_ids(pid_t pid, struct proc_ids *ids);
/* Clock ticks since boot at which it started, 0 where there is none: with the
 * pid, a name that no other process ever has. */
uint64_t proc_start_ticks(pid_t pid);
bool proc_name(pid_t pid, char name[PROC_NAME_MAX]);
/* The command line with spaces between arguments, cut at cap; "" if none. */
void proc_cmdline(pid_t pid, char *buf, size_t cap);
/* Processes of that name, at most cap; how many there are. */
size_t proc_find(const char *name, pid_t *pids, size_t cap);

#endif
