#include "app/watch.h"

#include "gfx/canvas.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

static void read_events(struct watch *w)
{
    char buf[4096] __attribute__((aligned(8)));
    ssize_t n = read(w->notify_fd, buf, sizeof buf);
    for (ssize_t at = 0; at < n;) {
        const struct inotify_event *e = (const void *)(buf + at);
        if (e->len && !strcmp(e->name, w->name)) {
            atomic_store(&w->changed, true);
            gfx_wake();
        }
        at += (ssize_t)(sizeof *e + e->len);
    }
}

static void *run(void *arg)
{
    struct watch *w = arg;
    struct pollfd fds[2] = {{.fd = w->notify_fd, .events = POLLIN},
                            {.fd = w->stop_fd, .events = POLLIN}};
    while (poll(fds, 2, -1) > 0 && !fds[1].revents)
        if (fds[0].revents)
            read_events(w);
    return NULL;
}

void watch_start(struct watch *w, const char *path)
{
    watch_stop(w);
    char *folder = strdup(path);
    if (!folder)
        abort();
    char *slash = strrchr(folder, '/');
    w->name = strdup(slash ? slash + 1 : folder);
    if (slash)
        slash[slash == folder] = '\0'; /* "/" keeps its slash */
    w->notify_fd = inotify_init1(IN_CLOEXEC);
    w->stop_fd = eventfd(0, EFD_CLOEXEC);
    bool ok =
        w->name && w->notify_fd >= 0 && w->stop_fd >= 0 &&
        inotify_add_watch(w->notify_fd, slash ? folder : ".", IN_CLOSE_WRITE | IN_MOVED_TO) >= 0;
    w->started = ok && !pthread_create(&w->thread, NULL, run, w);
    free(folder);
}

bool watch_changed(struct watch *w)
{
    return atomic_exchange(&w->changed, false);
}

void watch_stop(struct watch *w)
{
    if (w->started) {
        eventfd_write(w->stop_fd, 1);
        pthread_join(w->thread, NULL);
    }
    if (w->name) { /* the descriptors are its */
        if (w->notify_fd >= 0)
            close(w->notify_fd);
        if (w->stop_fd >= 0)
            close(w->stop_fd);
    }
    free(w->name);
    memset(w, 0, sizeof *w);
}
