#include "session/collector.h"

#include "session/clock.h"
#include "session/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool collector_spawn(struct collector *c, const char *path, const char *classes, unsigned cpu_hz,
                     struct err *err)
{
    *c = (struct collector){.fd = -1};
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return err_errno(err, "socket pair");
    char fd_text[16], hz_text[16];
    snprintf(fd_text, sizeof fd_text, "%d", SPAWN_FD);
    snprintf(hz_text, sizeof hz_text, "%u", cpu_hz);
    const char *argv[] = {path, "--fd", fd_text, "--cpu-hz", hz_text, "--classes", classes, NULL};
    /* What it waits for is in the kernel's rings meanwhile: it had better wait for room in
     * LTTng's buffers (session.c sets for how long) than lose a batch of records. */
    pid_t pid =
        spawn_helper(&(struct spawn){argv, fds[1], -1, -1, "LTTNG_UST_ALLOW_BLOCKING"}, err);
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return false;
    }
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    c->pid = pid;
    c->fd = fds[0];
    return true;
}

static void say(struct collector *c, const char *text)
{
    if (c->fd >= 0)
        (void)!send(c->fd, text, strlen(text), MSG_NOSIGNAL);
}

static void set_mechanism(struct collector *c, const char *class, const char *name)
{
    if (!strcmp(class, "sched"))
        snprintf(c->mechanism_sched, sizeof c->mechanism_sched, "%s", name);
    else if (!strcmp(class, "syscall"))
        snprintf(c->mechanism_syscall, sizeof c->mechanism_syscall, "%s", name);
    else if (!strcmp(class, "cpu"))
        snprintf(c->mechanism_cpu, sizeof c->mechanism_cpu, "%s", name);
}

static void take_answer(struct collector *c, pid_t pid, bool good)
{
    c->answered = pid;
    c->answer_good = good;
}

static void take_line(struct collector *c, const char *line)
{
    char class[16], name[32], reason[256];
    unsigned long long records, lost;
    int pid;
    if (!strcmp(line, "ready"))
        c->ready = true;
    else if (!strcmp(line, "dumped"))
        c->dumped = true;
    else if (sscanf(line, "mechanism %15s %31s", class, name) == 2)
        set_mechanism(c, class, name);
    else if (sscanf(line, "refused %15s %255[^\n]", class, reason) == 2)
        snprintf(!strcmp(class, "cpu") ? c->refused_cpu : c->refused, sizeof c->refused, "%s",
                 reason);
    else if (sscanf(line, "relayed %llu lost %llu", &records, &lost) == 2)
        c->records = records, c->lost = lost;
    else if (sscanf(line, "lost %llu", &lost) == 1)
        c->lost = lost;
    else if (sscanf(line, "added %d", &pid) == 1)
        take_answer(c, pid, true);
    else if (sscanf(line, "failed %d", &pid) == 1)
        take_answer(c, pid, false);
}

static void take_lines(struct collector *c)
{
    char *end;
    c->line[c->line_len] = '\0';
    while ((end = strchr(c->line, '\n'))) {
        *end = '\0';
        take_line(c, c->line);
        c->line_len -= (size_t)(end + 1 - c->line);
        memmove(c->line, end + 1, c->line_len + 1);
    }
    if (c->line_len == sizeof c->line - 1)
        c->line_len = 0; /* no line of the protocol is that long */
}

bool collector_read(struct collector *c)
{
    for (;;) {
        if (c->fd < 0)
            return false;
        ssize_t n = recv(c->fd, c->line + c->line_len, sizeof c->line - 1 - c->line_len, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (n <= 0) {
            close(c->fd);
            c->fd = -1;
            return false;
        }
        c->line_len += (size_t)n;
        take_lines(c);
    }
}

static bool is_ready(const struct collector *c)
{
    return c->ready;
}

static bool has_answered(const struct collector *c)
{
    return c->answered != 0;
}

static bool never(const struct collector *c)
{
    (void)c;
    return false;
}

/* Reads until `done`, until it hangs up or until time is over. */
static void read_until(struct collector *c, bool (*done)(const struct collector *), int timeout_ms)
{
    long end = clock_ms() + timeout_ms, now;
    while (c->fd >= 0 && !done(c) && (now = clock_ms()) < end) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        if (poll(&p, 1, (int)(end - now)) > 0)
            collector_read(c);
    }
}

bool collector_wait_ready(struct collector *c, int timeout_ms)
{
    if (!c->pid)
        return false;
    read_until(c, is_ready, timeout_ms);
    return c->ready;
}

static bool ask(struct collector *c, const char *what, pid_t pid, int timeout_ms)
{
    char text[32];
    if (c->fd < 0 || !c->ready)
        return false;
    snprintf(text, sizeof text, "%s %d\n", what, (int)pid);
    c->answered = 0;
    say(c, text);
    read_until(c, has_answered, timeout_ms);
    return c->answered == pid && c->answer_good;
}

bool collector_add(struct collector *c, pid_t pid, int timeout_ms)
{
    return ask(c, "add", pid, timeout_ms);
}

bool collector_sample(struct collector *c, pid_t pid, int timeout_ms)
{
    return c->mechanism_cpu[0] && ask(c, "sample", pid, timeout_ms);
}

static bool has_dumped(const struct collector *c)
{
    return c->dumped;
}

void collector_dump(struct collector *c, int timeout_ms)
{
    if (!c->ready)
        return;
    c->dumped = false;
    say(c, "dump\n");
    read_until(c, has_dumped, timeout_ms);
}

void collector_stop(struct collector *c, int timeout_ms)
{
    if (!c->pid)
        return;
    say(c, "stop\n");
    read_until(c, never, timeout_ms);
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    spawn_end(c->pid, timeout_ms);
    c->pid = 0;
}
