#include "session/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* lttng-sessiond closes every possible descriptor when it starts its workers:
 * with a container's limit of 2^30 that takes minutes. */
enum {
    HELPER_FILES = 65536
};

static void limit_files(void)
{
    struct rlimit lim;
    if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
        return;
    if (lim.rlim_max > HELPER_FILES)
        lim.rlim_max = HELPER_FILES;
    lim.rlim_cur = lim.rlim_max;
    setrlimit(RLIMIT_NOFILE, &lim);
}

static void default_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int sig = 1; sig < NSIG; sig++)
        signal(sig, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Leaves 0-2, the helper's descriptor at SPAWN_FD, and status_fd (close on exec). */
static int keep_two(int keep_fd, int status_fd)
{
    int status = fcntl(status_fd, F_DUPFD_CLOEXEC, SPAWN_FD + 2);
    int keep = keep_fd < 0 ? -1 : fcntl(keep_fd, F_DUPFD, SPAWN_FD + 2);
    close_range(SPAWN_FD, SPAWN_FD + 1, 0);
    if (keep >= 0)
        dup2(keep, SPAWN_FD);
    dup3(status, SPAWN_FD + 1, O_CLOEXEC);
    close_range(SPAWN_FD + 2, ~0U, 0);
    return SPAWN_FD + 1;
}

static void child_exec(const struct spawn *s, int status_fd)
{
    setpgid(0, 0);
    default_signals();
    limit_files();
    int null_fd = open("/dev/null", O_RDWR);
    dup2(null_fd, STDIN_FILENO);
    dup2(s->stdout_fd >= 0 ? s->stdout_fd : null_fd, STDOUT_FILENO);
    dup2(s->stderr_fd >= 0 ? s->stderr_fd : null_fd, STDERR_FILENO);
    status_fd = keep_two(s->keep_fd, status_fd);
    unsetenv("LD_PRELOAD");
    unsetenv("WHYPROF_RECORDER");
    unsetenv("WHYPROF_OPTIONS");
    if (s->env)
        setenv(s->env, "1", 1);
    union {
        const char *const *in;
        char *const *out;
    } argv = {.in = s->argv}; /* execvp's type promises less than it does */
    execvp(s->argv[0], argv.out);
    int why = errno;
    if (write(status_fd, &why, sizeof why) < 0)
        _exit(126);
    _exit(127);
}

pid_t spawn_helper(const struct spawn *s, struct err *err)
{
    int status[2];
    if (pipe2(status, O_CLOEXEC) < 0) {
        err_errno(err, "start %s", s->argv[0]);
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0)
        child_exec(s, status[1]);
    int why = errno;
    close(status[1]);
    if (pid > 0 && read(status[0], &why, sizeof why) == sizeof why)
        spawn_wait(pid);
    else if (pid > 0)
        why = 0;
    close(status[0]);
    if (!why)
        return pid;
    errno = why;
    err_errno(err, "start %s", s->argv[0]);
    return -1;
}

int spawn_wait(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}

void spawn_end(pid_t pid, int timeout_ms)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    if (pidfd < 0 || poll(&p, 1, timeout_ms) == 0)
        kill(pid, SIGKILL);
    if (pidfd >= 0)
        close(pidfd);
    spawn_wait(pid);
}
