#include "convert/syscall_table.h"

#include "convert/model.h"

#include <string.h>
#include <sys/syscall.h>

static const char *const names[] = {
#include "syscall_names.inc"
};

enum {
    TAKES_FD = 1,
    NAMES_FD = 2,
    SLEEPS = 4,
    CLOSES = 8,
    COPIES = 16,
    MAKES = 32
};

static const struct {
    uint8_t flags;
    const char *makes;
} table[] = {
    [SYS_read] = {.flags = TAKES_FD},
    [SYS_write] = {.flags = TAKES_FD},
    [SYS_close] = {.flags = TAKES_FD | CLOSES},
    [SYS_fstat] = {.flags = TAKES_FD},
    [SYS_lseek] = {.flags = TAKES_FD},
    [SYS_ioctl] = {.flags = TAKES_FD},
    [SYS_pread64] = {.flags = TAKES_FD},
    [SYS_pwrite64] = {.flags = TAKES_FD},
    [SYS_readv] = {.flags = TAKES_FD},
    [SYS_writev] = {.flags = TAKES_FD},
    [SYS_preadv] = {.flags = TAKES_FD},
    [SYS_pwritev] = {.flags = TAKES_FD},
    [SYS_preadv2] = {.flags = TAKES_FD},
    [SYS_pwritev2] = {.flags = TAKES_FD},
    [SYS_fsync] = {.flags = TAKES_FD},
    [SYS_fdatasync] = {.flags = TAKES_FD},
    [SYS_ftruncate] = {.flags = TAKES_FD},
    [SYS_fallocate] = {.flags = TAKES_FD},
    [SYS_fadvise64] = {.flags = TAKES_FD},
    [SYS_readahead] = {.flags = TAKES_FD},
    [SYS_sync_file_range] = {.flags = TAKES_FD},
    [SYS_syncfs] = {.flags = TAKES_FD},
    [SYS_flock] = {.flags = TAKES_FD},
    [SYS_fcntl] = {.flags = TAKES_FD},
    [SYS_fchdir] = {.flags = TAKES_FD},
    [SYS_fchmod] = {.flags = TAKES_FD},
    [SYS_fchown] = {.flags = TAKES_FD},
    [SYS_fstatfs] = {.flags = TAKES_FD},
    [SYS_getdents64] = {.flags = TAKES_FD},
    [SYS_sendfile] = {.flags = TAKES_FD},
    [SYS_splice] = {.flags = TAKES_FD},
    [SYS_tee] = {.flags = TAKES_FD},
    [SYS_vmsplice] = {.flags = TAKES_FD},
    [SYS_copy_file_range] = {.flags = TAKES_FD},
    [SYS_socket] = {.flags = MAKES, .makes = "socket"},
    [SYS_connect] = {.flags = TAKES_FD | NAMES_FD},
    [SYS_bind] = {.flags = TAKES_FD | NAMES_FD},
    [SYS_listen] = {.flags = TAKES_FD},
    [SYS_accept] = {.flags = TAKES_FD | MAKES, .makes = "accepted socket"},
    [SYS_accept4] = {.flags = TAKES_FD | MAKES, .makes = "accepted socket"},
    [SYS_sendto] = {.flags = TAKES_FD},
    [SYS_recvfrom] = {.flags = TAKES_FD},
    [SYS_sendmsg] = {.flags = TAKES_FD},
    [SYS_recvmsg] = {.flags = TAKES_FD},
    [SYS_sendmmsg] = {.flags = TAKES_FD},
    [SYS_recvmmsg] = {.flags = TAKES_FD},
    [SYS_shutdown] = {.flags = TAKES_FD},
    [SYS_getsockname] = {.flags = TAKES_FD},
    [SYS_getpeername] = {.flags = TAKES_FD},
    [SYS_getsockopt] = {.flags = TAKES_FD},
    [SYS_setsockopt] = {.flags = TAKES_FD},
    [SYS_epoll_create1] = {.flags = MAKES, .makes = "epoll"},
    [SYS_epoll_ctl] = {.flags = TAKES_FD},
    [SYS_epoll_pwait] = {.flags = TAKES_FD},
    [SYS_eventfd2] = {.flags = MAKES, .makes = "eventfd"},
    [SYS_timerfd_create] = {.flags = MAKES, .makes = "timerfd"},
    [SYS_timerfd_settime] = {.flags = TAKES_FD},
    [SYS_timerfd_gettime] = {.flags = TAKES_FD},
    [SYS_inotify_init1] = {.flags = MAKES, .makes = "inotify"},
    [SYS_memfd_create] = {.flags = MAKES, .makes = "memfd"},
    [SYS_dup] = {.flags = TAKES_FD | COPIES},
    [SYS_dup3] = {.flags = TAKES_FD | COPIES},
    [SYS_openat] = {.flags = MAKES},
    [SYS_nanosleep] = {.flags = SLEEPS},
    [SYS_clock_nanosleep] = {.flags = SLEEPS},
    [SYS_rt_sigsuspend] = {.flags = SLEEPS},
    [SYS_rt_sigtimedwait] = {.flags = SLEEPS},
/* Not on every machine. */
#ifdef SYS_open
    [SYS_open] = {.flags = MAKES},
    [SYS_creat] = {.flags = MAKES},
#endif
#ifdef SYS_dup2
    [SYS_dup2] = {.flags = TAKES_FD | COPIES},
#endif
#ifdef SYS_epoll_wait
    [SYS_epoll_wait] = {.flags = TAKES_FD},
    [SYS_epoll_create] = {.flags = MAKES, .makes = "epoll"},
    [SYS_eventfd] = {.flags = MAKES, .makes = "eventfd"},
    [SYS_inotify_init] = {.flags = MAKES, .makes = "inotify"},
    [SYS_pause] = {.flags = SLEEPS},
#endif
#ifdef SYS_epoll_pwait2
    [SYS_epoll_pwait2] = {.flags = TAKES_FD},
#endif
#ifdef SYS_pidfd_open
    [SYS_pidfd_open] = {.flags = MAKES, .makes = "pidfd"},
#endif
#ifdef SYS_io_uring_enter
    [SYS_io_uring_setup] = {.flags = MAKES, .makes = "io_uring"},
    [SYS_io_uring_enter] = {.flags = TAKES_FD},
#endif
};

enum {
    NAMES = sizeof names / sizeof *names,
    ENTRIES = sizeof table / sizeof *table
};

const char *syscall_name(uint32_t nr)
{
    return nr < NAMES ? names[nr] : NULL;
}

static unsigned flags(uint32_t nr)
{
    return nr < ENTRIES ? table[nr].flags : 0;
}

bool syscall_takes_fd(uint32_t nr)
{
    return flags(nr) & TAKES_FD;
}

bool syscall_names_fd(uint32_t nr)
{
    return flags(nr) & NAMES_FD;
}

uint8_t syscall_reason(uint32_t nr)
{
    return flags(nr) & SLEEPS ? TRACE_REASON_SLEEP : TRACE_REASON_SYSCALL;
}

enum syscall_fds syscall_fd_effect(uint32_t nr)
{
    unsigned f = flags(nr);
    if (f & CLOSES)
        return SYSCALL_FDS_CLOSES;
    if (f & COPIES)
        return SYSCALL_FDS_COPIES;
    return f & MAKES ? SYSCALL_FDS_MAKES : SYSCALL_FDS_NONE;
}

const char *syscall_makes(uint32_t nr)
{
    return nr < ENTRIES ? table[nr].makes : NULL;
}

uint32_t syscall_number(const char *name)
{
    for (uint32_t nr = 0; nr < sizeof names / sizeof *names; nr++)
        if (names[nr] && !strcmp(names[nr], name))
            return nr;
    return UINT32_MAX;
}
