#include "session/daemon.h"

#include "base/file.h"
#include "session/procfs.h"
#include "session/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lttng/lttng.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    STOP_MS = 10000,
    POLL_MS = 5,
    READY_MS = 3000
};

bool daemon_lock(struct daemon_lock *lock, const struct runtime *rt, struct err *err)
{
    char path[RUNTIME_DIR_MAX + 16];
    snprintf(path, sizeof path, "%s/lock", rt->dir);
    lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock->fd < 0)
        return err_errno(err, "open %s", path);
    while (flock(lock->fd, LOCK_EX) < 0) {
        if (errno == EINTR)
            continue;
        err_errno(err, "lock %s", path);
        close(lock->fd);
        return false;
    }
    return true;
}

void daemon_unlock(struct daemon_lock *lock)
{
    close(lock->fd);
    lock->fd = -1;
}

bool daemon_alive(void)
{
    return lttng_session_daemon_alive() == 1;
}

static bool read_small(const char *path, char *buf, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, buf, cap - 1);
    close(fd);
    if (n <= 0)
        return false;
    buf[n] = '\0';
    return true;
}

pid_t daemon_pid(const struct runtime *rt)
{
    char path[RUNTIME_DIR_MAX + 64], text[32];
    snprintf(path, sizeof path, "%s/lttng-sessiond.pid", rt->daemon_dir);
    if (!read_small(path, text, sizeof text))
        return 0;
    pid_t pid = (pid_t)strtol(text, NULL, 10);
    return pid > 0 && procfs_start_ticks(pid) ? pid : 0;
}

static void marker_path(const struct runtime *rt, char *path, size_t cap)
{
    snprintf(path, cap, "%s/daemon", rt->dir);
}

static void mark_ours(const struct runtime *rt)
{
    char path[RUNTIME_DIR_MAX + 16], text[64];
    pid_t pid = daemon_pid(rt);
    marker_path(rt, path, sizeof path);
    int n = snprintf(text, sizeof text, "%d %" PRIu64 "\n", (int)pid, procfs_start_ticks(pid));
    struct file_out out;
    if (!file_out_open(&out, path, NULL))
        return; /* it then stays running: the safe side */
    file_out_write(&out, text, (size_t)n);
    file_out_commit(&out, NULL);
}

static bool is_ours(const struct runtime *rt, pid_t *pid)
{
    char path[RUNTIME_DIR_MAX + 16], text[64];
    uint64_t ticks;
    int marked;
    marker_path(rt, path, sizeof path);
    if (!read_small(path, text, sizeof text) || sscanf(text, "%d %" SCNu64, &marked, &ticks) != 2)
        return false;
    *pid = marked;
    return ticks && procfs_start_ticks(marked) == ticks;
}

bool daemon_is_ours(const struct runtime *rt)
{
    pid_t pid;
    return is_ours(rt, &pid);
}

/* The last line that a failed start printed. */
static void last_line(int fd, char *line, size_t cap)
{
    char text[4096];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    for (size_t len = strlen(text); len && text[len - 1] == '\n';)
        text[--len] = '\0';
    const char *begin = strrchr(text, '\n');
    snprintf(line, cap, "%s", begin ? begin + 1 : text);
}

static bool wait_ready(void)
{
    for (int ms = 0; ms < READY_MS; ms += POLL_MS) {
        if (daemon_alive())
            return true;
        poll(NULL, 0, POLL_MS);
    }
    return false;
}

bool daemon_ensure(const struct runtime *rt, struct err *err)
{
    if (daemon_alive())
        return true;
    static const char *const argv[] = {"lttng-sessiond", "--daemonize", "--no-kernel", NULL};
    int out = memfd_create("lttng-sessiond", MFD_CLOEXEC);
    pid_t pid = spawn_helper(&(struct spawn){argv, -1, -1, out, NULL}, err);
    if (pid < 0) {
        close(out);
        err_wrap(err, "session daemon");
        return err_hint(err, "install LTTng: apt-get install lttng-tools");
    }
    int status = spawn_wait(pid);
    char why[256];
    last_line(out, why, sizeof why);
    close(out);
    /* A daemon that somebody started in the same moment is as good as ours. */
    if (status == 0 && wait_ready()) {
        mark_ours(rt);
        return true;
    }
    if (wait_ready())
        return true;
    err_set(err, "session daemon: lttng-sessiond did not start%s%s", *why ? ": " : "", why);
    return err_hint(err, "try it by hand: lttng-sessiond --no-kernel -v");
}

static bool sessions_left(void)
{
    struct lttng_session *sessions = NULL;
    int count = lttng_list_sessions(&sessions);
    free(sessions);
    return count > 0;
}

void daemon_stop_if_ours(const struct runtime *rt)
{
    char path[RUNTIME_DIR_MAX + 16];
    pid_t pid;
    marker_path(rt, path, sizeof path);
    if (!is_ours(rt, &pid)) {
        unlink(path);
        return;
    }
    if (sessions_left())
        return;
    kill(pid, SIGTERM);
    /* Its zombie does not count: init may be slow to take it. */
    for (int ms = 0; ms < STOP_MS && procfs_start_ticks(pid); ms += POLL_MS)
        poll(NULL, 0, POLL_MS);
    unlink(path);
}

void daemon_kill_if_ours(const struct runtime *rt)
{
    char path[RUNTIME_DIR_MAX + 16];
    pid_t pid;
    marker_path(rt, path, sizeof path);
    /* It became the leader of a process group when it went into the background. */
    if (is_ours(rt, &pid) && getpgid(pid) == pid)
        kill(-pid, SIGKILL);
    unlink(path);
}
