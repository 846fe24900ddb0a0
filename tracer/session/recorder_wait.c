/* The recorder's loop: one poll over everything that can happen to a recording. */
#include "session/clock.h"
#include "session/daemon.h"
#include "session/recorder.h"
#include "session/recorder_process.h"
#include "session/reserve.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP     "stop"
#define SNAPSHOT "snapshot "
#define FOLLOW   "follow"
#define COUNTS   "counts"

enum {
    SCAN_MS = 250,
    REQUEST_MS = 100, /* a client sends right after it connects */
    /* How long a program may take to react to a SIGINT that its process group
     * got, before whyprof concludes that it alone was meant and passes it on. */
    INTERRUPT_MS = 200
};

enum {
    FD_SIGNAL,
    FD_HELLO,
    FD_COLLECTOR,
    FD_DAEMON,
    FD_CONTROL,
    FD_FIXED
};

static bool socket_address(const char *path, struct sockaddr_un *addr)
{
    *addr = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof addr->sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(addr->sun_path, path, strlen(path) + 1);
    return true;
}

bool recorder_listen(struct recorder *r, const char *path, struct err *err)
{
    struct sockaddr_un addr;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(path);
    mode_t mask = umask(0177);
    bool ok = fd >= 0 && socket_address(path, &addr) &&
              bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0 && listen(fd, 8) == 0;
    umask(mask);
    r->control_fd = fd;
    return ok || err_errno(err, "open socket %s", path);
}

static void answer_counts(struct recorder *r, int fd)
{
    char text[96];
    int len = snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64 " %" PRIu64, r->collector.records,
                       r->collector.lost, session_losses_so_far(&r->session).events);
    (void)!send(fd, text, (size_t)len, MSG_NOSIGNAL);
    close(fd);
}

/* "stop", "follow", "counts" or "snapshot FOLDER"; the folder and the socket admit only this user.
 */
static bool stop_asked(struct recorder *r)
{
    char request[PATH_MAX + 16];
    int fd = accept4(r->control_fd, NULL, NULL, SOCK_CLOEXEC);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (fd < 0)
        return false;
    ssize_t n = poll(&p, 1, REQUEST_MS) == 1 ? recv(fd, request, sizeof request - 1, 0) : -1;
    if (n > 0) {
        request[n] = '\0';
        if (!strncmp(request, SNAPSHOT, strlen(SNAPSHOT))) {
            recorder_chunks_snapshot(r, fd, request + strlen(SNAPSHOT));
        } else if (!strcmp(request, FOLLOW)) {
            recorder_chunks_follow(r, fd);
        } else if (!strcmp(request, COUNTS)) {
            answer_counts(r, fd);
        } else if (!strcmp(request, STOP) && r->options.background) {
            r->stop_fd = fd;
            return true;
        } else {
            close(fd);
        }
        return false;
    }
    close(fd);
    return false;
}

void recorder_answer_stop(struct recorder *r)
{
    (void)!send(r->stop_fd, "ok", 2, MSG_NOSIGNAL);
    close(r->stop_fd);
    r->stop_fd = -1;
}

static int connect_recorder(const char *path)
{
    struct sockaddr_un addr;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd >= 0 && socket_address(path, &addr) &&
        connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Its answer, "" where it ended without one. */
static bool request(const char *path, const char *text, char *answer, size_t cap, struct err *err)
{
    int fd = connect_recorder(path);
    if (fd < 0)
        return err_errno(err, "reach the recorder");
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
    ssize_t n;
    while ((n = recv(fd, answer, cap - 1, 0)) < 0 && errno == EINTR)
        ;
    answer[n > 0 ? n : 0] = '\0';
    close(fd);
    return true;
}

/* No answer is the end of a recorder that is just ending by itself, or is killed now:
 * the state file says how it ended. */
bool recorder_request_stop(const char *path, struct err *err)
{
    char answer[16];
    return request(path, STOP, answer, sizeof answer, err);
}

bool recorder_request_snapshot(const char *path, const char *dir, struct err *err)
{
    char text[PATH_MAX + 16], answer[256];
    snprintf(text, sizeof text, SNAPSHOT "%s", dir);
    if (!request(path, text, answer, sizeof answer, err))
        return false;
    return !strcmp(answer, "ok") || err_set(err, "%s", *answer ? answer : "the recorder ended");
}

bool recorder_request_counts(const char *path, struct recorder_counts *counts, struct err *err)
{
    char answer[96];
    if (!request(path, COUNTS, answer, sizeof answer, err))
        return false;
    int n = sscanf(answer, "%" SCNu64 " %" SCNu64 " %" SCNu64, &counts->kernel_records,
                   &counts->lost_kernel, &counts->lost_events);
    return n == 3 || err_set(err, "the recorder ended");
}

int recorder_follow(const char *path, struct err *err)
{
    char answer[256] = "";
    int fd = connect_recorder(path);
    if (fd < 0) {
        err_errno(err, "reach the recorder");
        return -1;
    }
    (void)!send(fd, FOLLOW, strlen(FOLLOW), MSG_NOSIGNAL);
    ssize_t n = recv(fd, answer, sizeof answer - 1, 0);
    answer[n > 0 ? n : 0] = '\0';
    if (!strcmp(answer, "ok") && fcntl(fd, F_SETFD, 0) == 0)
        return fd;
    close(fd);
    err_set(err, "%s", *answer ? answer : "the recorder ended");
    return -1;
}

static bool child_ended(struct recorder *r)
{
    int status;
    if (r->target.pid <= 0 || waitpid(r->target.pid, &status, WNOHANG) != r->target.pid)
        return false;
    r->wait_status = status;
    r->target.pid = 0;
    return true;
}

static void signal_target(struct recorder *r, int sig)
{
    if (r->target.pid > 0)
        kill(r->target.pid, sig);
}

/* True when the signal ends the recording itself. */
static bool take_signals(struct recorder *r)
{
    bool by_kernel;
    for (int sig; (sig = signals_take(&r->signals, &by_kernel));) {
        if (r->options.background)
            return true;
        if (sig == SIGTERM || sig == SIGHUP) {
            signal_target(r, sig);
        } else if (!by_kernel && !r->interrupt_ms) {
            r->interrupt_ms = clock_ms() + INTERRUPT_MS;
            r->interrupt_signal = sig;
        }
    }
    return false;
}

static void pass_interrupt(struct recorder *r)
{
    if (!r->interrupt_ms || clock_ms() < r->interrupt_ms)
        return;
    r->interrupt_ms = 0;
    signal_target(r, r->interrupt_signal);
}

static int timeout_ms(const struct recorder *r)
{
    if (r->interrupt_ms)
        return INTERRUPT_MS / 4;
    int chunks_ms = recorder_chunks_timeout_ms(r);
    /* Free space, new agents and a daemon without a pidfd are looked at now and then. */
    int scan_ms = r->cut_short && r->options.argv ? -1 : SCAN_MS;
    return chunks_ms >= 0 && (scan_ms < 0 || chunks_ms < scan_ms) ? chunks_ms : scan_ms;
}

/* fds has room for FD_FIXED and every process. */
static size_t fill_fds(const struct recorder *r, struct pollfd *fds)
{
    fds[FD_SIGNAL] = (struct pollfd){.fd = r->signals.fd, .events = POLLIN};
    fds[FD_HELLO] = (struct pollfd){.fd = r->hello.fd, .events = POLLIN};
    fds[FD_COLLECTOR] = (struct pollfd){.fd = r->collector.fd, .events = POLLIN};
    fds[FD_DAEMON] = (struct pollfd){.fd = r->daemon_fd, .events = POLLIN};
    fds[FD_CONTROL] = (struct pollfd){.fd = r->control_fd, .events = POLLIN};
    for (size_t i = 0; i < r->process_count; i++)
        fds[FD_FIXED + i] = (struct pollfd){.fd = r->processes[i].pidfd, .events = POLLIN};
    return FD_FIXED + r->process_count;
}

static void look_after_daemon(struct recorder *r, const struct pollfd *fds)
{
    if (r->cut_short || !(fds[FD_DAEMON].revents || (r->daemon_fd < 0 && !daemon_alive())))
        return;
    if (r->daemon_fd >= 0)
        close(r->daemon_fd);
    r->daemon_fd = -1;
    r->cut_short = "the session daemon died during the recording";
}

/* While the reserve lasts, LTTng can still be stopped in order. */
static void look_after_space(struct recorder *r)
{
    if (!r->cut_short && reserve_running_out(r->options.ctf_dir, recorder_reserve_bytes(r) / 2))
        recorder_cut_short(r, "no space is left in its folder");
}

/* True when the recording is over; *end says why. */
static bool handle(struct recorder *r, const struct pollfd *fds, enum recorder_end *end)
{
    while (hello_take(&r->hello, recorder_hello, r))
        ;
    if (fds[FD_COLLECTOR].revents)
        collector_read(&r->collector);
    look_after_daemon(r, fds);
    look_after_space(r);
    bool launched_ended = child_ended(r);
    recorder_reap_processes(r);
    *end = RECORDER_TARGET_ENDED;
    if (launched_ended || (!r->options.argv && !r->options.all && !recorder_targets_left(r)))
        return true;
    *end = RECORDER_STOPPED;
    if (take_signals(r) || (fds[FD_CONTROL].revents && stop_asked(r)))
        return true;
    *end = RECORDER_CUT_SHORT;
    /* `whyprof run` still owes its caller the program's exit status. */
    return r->cut_short && r->options.background;
}

enum recorder_end recorder_wait(struct recorder *r)
{
    struct pollfd *fds = NULL;
    size_t cap = 0;
    long scanned_ms = clock_ms();
    enum recorder_end end = RECORDER_STOPPED;
    do {
        mem_grow(&fds, &cap, FD_FIXED + r->process_count, sizeof *fds);
        size_t count = fill_fds(r, fds);
        if (poll(fds, count, timeout_ms(r)) < 0)
            for (size_t i = 0; i < count; i++)
                fds[i].revents = 0;
        pass_interrupt(r);
        recorder_chunks_step(r);
        if (!r->options.argv && clock_ms() - scanned_ms >= SCAN_MS) {
            recorder_scan(r);
            scanned_ms = clock_ms();
        }
    } while (!handle(r, fds, &end));
    free(fds);
    return end;
}
