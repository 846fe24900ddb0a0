/* procfs: what /proc says of a process. */
#ifndef SESSION_PROCFS_H
#define SESSION_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    PROCFS_NAME_MAX = 64
};

struct procfs_ids {
    pid_t parent;
    pid_t vpid; /* its pid in its own pid namespace */
    uid_t uid;  /* effective */
};

/* False where there is no such process (or /proc hides it). */
bool procfs_ids(pid_t pid, struct procfs_ids *ids);
/* Clock ticks since boot at which it started, 0 where there is none or only its
 * zombie: with the pid, a name that no other process ever has. */
uint64_t procfs_start_ticks(pid_t pid);
bool procfs_name(pid_t pid, char name[PROCFS_NAME_MAX]);
/* Whether people call the process so: by its name, of which the kernel keeps 15 bytes and
 * its main thread may make another, or as it was started. */
bool procfs_is_called(pid_t pid, const char *name);
/* Processes of that name, at most cap; how many there are. */
size_t procfs_find(const char *name, pid_t *pids, size_t cap);

#endif
