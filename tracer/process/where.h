/* where: what /proc says of one thread. Private to process/. */
#ifndef PROCESS_WHERE_H
#define PROCESS_WHERE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    WHERE_NAME_MAX = 32,
    WHERE_NO_CALL = -1
};

struct where {
    pid_t tid;
    char name[WHERE_NAME_MAX];
    char state;   /* as in /proc/PID/stat: R, S, D, T ... */
    bool running; /* its registers are not to be had */
    long call;    /* the system call it is in, or WHERE_NO_CALL */
    uint64_t sp, pc;
};

/* False where the thread is gone or must not be looked at. */
bool where_read(struct where *w, pid_t pid, pid_t tid);
/* Whether it stands where it stood: the stack read meanwhile is of that place. */
bool where_still(const struct where *w, pid_t pid);
/* "epoll_wait", or NULL. */
const char *where_call_name(long call);

#endif
