#include "tracepoints/agent/fds.h"

#include "tracepoints/agent/raw.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

enum {
    FDS = 1 << 16,
    FDS_WORD = 64
};

static _Atomic uint64_t ours[FDS / FDS_WORD];

/* High enough to be out of the way, low enough for a small descriptor table: the
 * kernel copies it up to the highest number at each fork. */
static int high_base(void)
{
    struct rlimit limit;
    uint64_t top = 1024;
    if (raw_call4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) >= 0)
        top = limit.rlim_cur;
    return (int)((top > 4096 ? 4096 : top) / 4 * 3);
}

int fds_keep(int fd)
{
    if (fd < 0)
        return fd;
    long high = raw_call3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, high_base());
    if (high >= 0) {
        raw_close(fd);
        fd = (int)high;
    }
    if (fd < FDS)
        atomic_fetch_or(&ours[fd / FDS_WORD], (uint64_t)1 << fd % FDS_WORD);
    return fd;
}

bool fds_is_ours(int fd)
{
    return (unsigned)fd < FDS &&
           atomic_load_explicit(&ours[fd / FDS_WORD], memory_order_relaxed) >> fd % FDS_WORD & 1;
}

void fds_forget(int fd)
{
    if ((unsigned)fd < FDS)
        atomic_fetch_and(&ours[fd / FDS_WORD], ~((uint64_t)1 << fd % FDS_WORD));
}

int fds_next(int from)
{
    for (int fd = from < 0 ? 0 : from; fd < FDS; fd++) {
        if (fd % FDS_WORD == 0 && !ours[fd / FDS_WORD])
            fd += FDS_WORD - 1;
        else if (fds_is_ours(fd))
            return fd;
    }
    return -1;
}

void fds_keep_received(struct msghdr *msg)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            fd = fds_keep(fd);
            memcpy(CMSG_DATA(c) + i * sizeof fd, &fd, sizeof fd);
        }
    }
}
