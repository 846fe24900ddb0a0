#include "cli/serve_profiles.h"

#include "cli/profile_source.h"
#include "process/counts.h"
#include "session/agents.h"
#include "session/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SECONDS_MAX = 3600,
    AGENT_MS = 10000, /* for a program just started to reach its agent's constructor */
    PING_MS = 1000,
    PING_EVERY_US = 20000
};

bool serve_wanted(void)
{
    static const char *const yes[] = {"true", "1", "yes", "on"};
    const char *value = getenv("ENABLE_PPROF");
    for (size_t i = 0; value && i < sizeof yes / sizeof *yes; i++)
        if (!strcasecmp(value, yes[i]))
            return true;
    return false;
}

const char *serve_address(void)
{
    const char *value = getenv("PPROF_ADDR");
    return value && *value ? value : "127.0.0.1:8080";
}

/* Locks are counted from now on, so that block and mutex have something to tell. */
static bool switch_on(pid_t pid, bool *was_on, struct err *err)
{
    struct process_counts counts;
    if (!process_counts_read(&counts, pid, err))
        return false;
    *was_on = process_counts_since_ns(&counts, PROCESS_BLOCK) != 0;
    process_counts_release(&counts);
    return *was_on || agent_request(pid, "options keep=heap+locks", NULL, 0, PING_MS) ||
           err_set(err, "process %d does not answer", (int)pid);
}

static void wait_for_end(const struct signals *signals, pid_t pid, bool beside)
{
    struct pollfd fds[] = {{.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN},
                           {.fd = beside ? -1 : signals->fd, .events = POLLIN}};
    while (poll(fds, 2, -1) < 0 && errno == EINTR)
        ;
    if (fds[0].revents && !beside)
        fprintf(stderr, "whyprof: process %d has ended\n", (int)pid);
    close(fds[0].fd);
}

static void tell_ready(const struct serve_options *o, const struct http_server *server,
                       const struct err *err)
{
    struct serve_ready ready = {.ok = server != NULL};
    if (server) {
        snprintf(ready.url, sizeof ready.url, "%s/debug/pprof/", http_url(server));
        snprintf(ready.token, sizeof ready.token, "%s",
                 http_token(server) ? http_token(server) : "");
    } else {
        ready.err = *err;
    }
    if (o->ready_fd < 0)
        return;
    (void)!write(o->ready_fd, &ready, sizeof ready);
    close(o->ready_fd);
}

static void say(const struct serve_ready *ready)
{
    fprintf(stderr, "whyprof: serving %s\n", ready->url);
    if (ready->token[0])
        fprintf(stderr, "whyprof: it asks for the token %s (Authorization: Bearer, or ?token=)\n",
                ready->token);
}

bool serve_profiles(const struct serve_options *o, struct err *err)
{
    struct profile_source source = {.pid = o->pid};
    struct endpoints endpoints = {.seconds_max = o->seconds_max > 0 ? o->seconds_max : SECONDS_MAX};
    struct signals signals;
    bool was_on = true;
    profile_source_endpoints(&source, &endpoints);
    if (!signals_block(&signals, err)) /* before the server's threads are there */
        return false;
    bool ok = o->beside || switch_on(o->pid, &was_on, err);
    struct http_server *server =
        ok ? http_open(&(struct http_options){o->listen, o->token, endpoints_handle, &endpoints},
                       err)
           : NULL;
    tell_ready(o, server, err);
    if (server) {
        if (!o->beside) {
            struct serve_ready ready = {.ok = true};
            snprintf(ready.url, sizeof ready.url, "%s/debug/pprof/", http_url(server));
            snprintf(ready.token, sizeof ready.token, "%s",
                     http_token(server) ? http_token(server) : "");
            say(&ready);
        }
        wait_for_end(&signals, o->pid, o->beside);
        http_close(server);
    }
    if (!was_on)
        agent_request(o->pid, "options keep=heap", NULL, 0, PING_MS);
    signals_release(&signals);
    return server != NULL;
}

/* The program shall find no descriptor of ours, and who waits for the end of its output
 * shall not wait for us. */
static void detach(int keep_fd)
{
    int null_fd = open("/dev/null", O_RDWR);
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        dup2(null_fd, fd);
    dup2(keep_fd, STDERR_FILENO + 1);
    close_range(STDERR_FILENO + 2, ~0u, 0);
    setsid();
}

void serve_profiles_beside(const struct serve_options *o)
{
    struct serve_ready ready = {.ok = false};
    int fds[2], status;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return;
    fflush(NULL);
    pid_t first = fork();
    if (first == 0) {
        if (fork())
            _exit(0); /* nobody's child: the program must not find one it did not make */
        struct serve_options mine = *o;
        struct err err = {0};
        detach(fds[1]);
        mine.beside = true;
        mine.ready_fd = STDERR_FILENO + 1;
        _exit(!serve_profiles(&mine, &err));
    }
    close(fds[1]);
    while (first > 0 && waitpid(first, &status, 0) < 0 && errno == EINTR)
        ;
    if (read(fds[0], &ready, sizeof ready) != sizeof ready)
        err_set(&ready.err, "the server did not start");
    close(fds[0]);
    if (ready.ok)
        say(&ready);
    else
        fprintf(stderr, "whyprof: no profiles are served: %s\n", ready.err.text);
}
