#include "pprof/render.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum {
    LIMIT_MS = 5000
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The graph as a file to read from, so that nothing waits on a full pipe. */
static int file_of(const struct strbuf *text)
{
    int fd = memfd_create("graph", MFD_CLOEXEC);
    for (size_t done = 0; fd >= 0 && done < text->len;) {
        ssize_t n = write(fd, text->p + done, text->len - done);
        if (n <= 0) {
            close(fd);
            return -1;
        }
        done += (size_t)n;
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

static bool start(const char *format, int in, int out, pid_t *pid)
{
    char type[16];
    snprintf(type, sizeof type, "-T%s", format);
    char name[] = "dot";
    char *const argv[] = {name, type, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    errno = posix_spawnp(pid, name, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return errno == 0;
}

/* Reads to the end, or to the deadline (false). */
static bool drain(int fd, struct strbuf *picture)
{
    char buf[65536];
    int64_t deadline = now_ms() + LIMIT_MS;
    for (;;) {
        int64_t left = deadline - now_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (ready == 0)
            return false;
        ssize_t n = ready > 0 ? read(fd, buf, sizeof buf) : -1;
        if (n == 0)
            return true;
        if (n > 0)
            strbuf_append(picture, buf, (size_t)n);
        else if (errno != EINTR)
            return true;
    }
}

static bool run(const char *format, int in, struct strbuf *picture, struct err *err)
{
    int out[2];
    pid_t pid;
    if (pipe2(out, O_CLOEXEC))
        return err_errno(err, "pipe");
    bool started = start(format, in, out[1], &pid);
    int why = errno;
    close(out[1]);
    if (!started) {
        close(out[0]);
        errno = why;
        err_errno(err, "run dot");
        return err_hint(err, "graphviz makes these pictures: apt-get install graphviz");
    }
    bool in_time = drain(out[0], picture);
    close(out[0]);
    if (!in_time)
        kill(pid, SIGKILL);
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (in_time)
        return err_set(err, "dot failed");
    err_set(err, "dot did not finish the picture in %d s", LIMIT_MS / 1000);
    return err_hint(err, "-nodecount=40 makes the graph smaller; -top and -tree need no picture");
}

/* Makes an SVG fill its window, and takes out what is no XML. */
static void mend_svg(struct strbuf *svg)
{
    struct strbuf out = {0};
    const char *tag = strstr(strbuf_str(svg), "<svg width="), *end = tag ? strchr(tag, '\n') : NULL;
    const char *view = end ? strstr(end, "viewBox=") : NULL;
    const char *p = strbuf_str(svg);
    if (view) {
        strbuf_append(&out, p, (size_t)(tag - p));
        strbuf_puts(&out, "<svg width=\"100%\" height=\"100%\"\n ");
        p = view;
    }
    for (const char *bad; (bad = strstr(p, "&;")); p = bad + 2) {
        strbuf_append(&out, p, (size_t)(bad - p));
        strbuf_puts(&out, "&amp;;");
    }
    strbuf_puts(&out, p);
    strbuf_release(svg);
    *svg = out;
}

bool pprof_render(const char *format, struct strbuf *report, struct err *err)
{
    struct strbuf picture = {0};
    int in = file_of(report);
    if (in < 0)
        return err_errno(err, "hold the graph in memory");
    bool ok = run(format, in, &picture, err);
    close(in);
    strbuf_release(report);
    *report = picture;
    if (ok && !strcmp(format, "svg"))
        mend_svg(report);
    return ok;
}
