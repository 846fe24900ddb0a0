#include "session/agents.h"

#include "base/arena.h"
#include "base/file.h"
#include "session/clock.h"
#include "tracepoints/events.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    ANSWER_MAX = 512
};

/* A line of /proc/net/unix ends in the name, '@' standing for the leading NUL. */
static bool agent_from_line(const char *line, pid_t *pid)
{
    const char *at = strchr(line, '@');
    int n, end = 0;
    if (!at || sscanf(at + 1, WHYPROF_AGENT_SOCKET "%n", &n, &end) != 1 || at[1 + end])
        return false;
    *pid = n;
    return true;
}

static bool known(const struct agents *a, pid_t pid)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->pids[i] == pid)
            return true;
    return false;
}

void agents_list(struct agents *a)
{
    char *text, *rest = NULL;
    size_t bytes;
    a->count = 0;
    if (!file_read("/proc/net/unix", &text, &bytes, NULL))
        return;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        pid_t pid;
        if (!agent_from_line(line, &pid) || known(a, pid)) /* connections have the name too */
            continue;
        mem_grow(&a->pids, &a->cap, a->count + 1, sizeof *a->pids);
        a->pids[a->count++] = pid;
    }
    free(text);
}

void agents_release(struct agents *a)
{
    free(a->pids);
    *a = (struct agents){0};
}

/* Anyone may take an abstract name, so who listens is checked: the process that
 * the name says (seen from its own pid namespace it may be another number), of
 * our user or, for root, of any. */
static bool right_peer(int fd)
{
    struct ucred cred;
    socklen_t len = sizeof cred;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
        return false;
    return cred.uid == geteuid() || geteuid() == 0;
}

static int send_request(pid_t pid, const char *request)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int n = snprintf(addr.sun_path + 1, sizeof addr.sun_path - 1, WHYPROF_AGENT_SOCKET, (int)pid);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&addr, len) == 0 && right_peer(fd) &&
        send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request))
        return fd;
    close(fd);
    return -1;
}

static bool read_answer(int fd, char *answer, size_t cap)
{
    char buf[ANSWER_MAX];
    ssize_t n = recv(fd, buf, sizeof buf - 1, 0);
    if (n <= 0)
        return false;
    buf[n] = '\0';
    if (answer)
        snprintf(answer, cap, "%s", buf);
    return !strncmp(buf, "ok", 2);
}

bool agent_request(pid_t pid, const char *request, char *answer, size_t cap, int timeout_ms)
{
    int fd = send_request(pid, request);
    if (fd < 0)
        return false;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    bool ok = poll(&p, 1, timeout_ms) == 1 && read_answer(fd, answer, cap);
    close(fd);
    return ok;
}

static int receive_file(int fd)
{
    char text[ANSWER_MAX], space[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
    struct iovec part = {text, sizeof text};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    int file = -1;
    if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) <= 0)
        return -1;
    const struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len == CMSG_LEN(sizeof file))
        memcpy(&file, CMSG_DATA(c), sizeof file);
    return file;
}

int agent_request_file(pid_t pid, const char *request, int timeout_ms)
{
    int fd = send_request(pid, request), file = -1;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (fd < 0)
        return -1;
    if (poll(&p, 1, timeout_ms) == 1)
        file = receive_file(fd);
    close(fd);
    return file;
}

size_t agents_request(const pid_t *pids, size_t count, const char *request, int timeout_ms)
{
    struct pollfd *fds = mem_realloc(NULL, count ? count : 1, sizeof *fds);
    size_t waiting = 0, ok = 0;
    for (size_t i = 0; i < count; i++) {
        fds[i] = (struct pollfd){.fd = send_request(pids[i], request), .events = POLLIN};
        waiting += fds[i].fd >= 0;
    }
    for (long end = clock_ms() + timeout_ms, now; waiting && (now = clock_ms()) < end;) {
        if (poll(fds, count, (int)(end - now)) < 0 && errno != EINTR)
            break;
        for (size_t i = 0; i < count; i++) {
            if (fds[i].fd < 0 || !fds[i].revents)
                continue;
            ok += read_answer(fds[i].fd, NULL, 0);
            close(fds[i].fd);
            fds[i].fd = -1;
            waiting--;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (fds[i].fd >= 0)
            close(fds[i].fd);
    free(fds);
    return ok;
}
