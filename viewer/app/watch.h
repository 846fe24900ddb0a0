/* watch: tells when a file was written anew or replaced, without asking again and
 * again: a thread sleeps in the kernel's inotify on the file's folder. Where that is
 * not to be had, nothing is told. */
#ifndef APP_WATCH_H
#define APP_WATCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct watch {
    pthread_t thread;
    bool started;
    int notify_fd, stop_fd;
    char *name; /* owned: of the file in its folder */
    atomic_bool changed;
};

/* gfx_wake is called at each change. */
void watch_start(struct watch *w, const char *path);
/* True once for all changes since the last call. */
bool watch_changed(struct watch *w);
void watch_stop(struct watch *w);

#endif
