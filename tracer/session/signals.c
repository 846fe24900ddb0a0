#include "session/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

bool signals_block(struct signals *s, struct err *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGQUIT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, &s->old);
    s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->fd >= 0 || err_errno(err, "watch for signals");
}

int signals_take(struct signals *s, bool *by_kernel)
{
    struct signalfd_siginfo info;
    if (read(s->fd, &info, sizeof info) != sizeof info)
        return 0;
    if (by_kernel)
        *by_kernel = info.ssi_code == SI_KERNEL;
    return (int)info.ssi_signo;
}

void signals_release(struct signals *s)
{
    while (signals_take(s, NULL))
        ; /* what came meanwhile was for the work that is done */
    close(s->fd);
    s->fd = -1;
    sigprocmask(SIG_SETMASK, &s->old, NULL);
}
