#include "tracepoints/hooks/fdnames.h"

#include "tracepoints/agent/agent.h"
#include "tracepoints/agent/fds.h"
#include "tracepoints/agent/raw.h"
#include "tracepoints/provider/provider.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
    NAMED = 1 << 16,
    NAME_MAX_BYTES = 256
};

static _Atomic uint8_t named[NAMED / 8]; /* descriptors that an event told of */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
    char room[sizeof(struct sockaddr_storage)];
};

static void tell(int fd, const char *name)
{
    if (fd < NAMED)
        atomic_fetch_or(&named[fd / 8], (uint8_t)(1 << fd % 8));
    lttng_ust_do_tracepoint(whyprof_syscall, fd, fd, name);
}

static bool wanted(void)
{
    return lttng_ust_tracepoint_enabled(whyprof_syscall, fd) && agent_outside();
}

void fdname_opened(int fd, const char *path)
{
    if (likely(!wanted()) || fd < 0 || !path || !agent_enter())
        return;
    tell(fd, path);
    agent_leave();
}

void fdname_closed(int fd)
{
    if (likely(!wanted()) || (unsigned)fd >= NAMED || !(named[fd / 8] >> fd % 8 & 1) ||
        !agent_enter())
        return;
    atomic_fetch_and(&named[fd / 8], (uint8_t) ~(1 << fd % 8));
    lttng_ust_do_tracepoint(whyprof_syscall, fd, fd, "");
    agent_leave();
}

static size_t print_address(char *out, size_t size, const union address *a, socklen_t len)
{
    char host[INET6_ADDRSTRLEN];
    int n = 0;
    if (len >= sizeof a->v4 && a->any.sa_family == AF_INET &&
        inet_ntop(AF_INET, &a->v4.sin_addr, host, sizeof host))
        n = snprintf(out, size, "%s:%d", host, ntohs(a->v4.sin_port));
    else if (len >= sizeof a->v6 && a->any.sa_family == AF_INET6 &&
             inet_ntop(AF_INET6, &a->v6.sin6_addr, host, sizeof host))
        n = snprintf(out, size, "[%s]:%d", host, ntohs(a->v6.sin6_port));
    else if (a->any.sa_family == AF_UNIX && len > sizeof(sa_family_t))
        n = snprintf(out, size, "%s%.*s", a->local.sun_path[0] ? "" : "@",
                     (int)(len - sizeof(sa_family_t)) - !a->local.sun_path[0],
                     a->local.sun_path + !a->local.sun_path[0]);
    return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

/* "tcp 127.0.0.1:80 -> 127.0.0.1:4711", "unix /run/x.sock", "udp"; false: no socket. */
static bool socket_name(int fd, char *name, size_t size)
{
    union address own = {0}, peer = {0};
    socklen_t own_len = sizeof own, peer_len = sizeof peer;
    int type = 0;
    socklen_t type_len = sizeof type;
    if (raw_call3(SYS_getsockname, fd, &own, &own_len) < 0)
        return false;
    if (raw_call3(SYS_getpeername, fd, &peer, &peer_len) < 0)
        peer_len = 0;
    raw_call5(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &type_len);
    bool inet = own.any.sa_family == AF_INET || own.any.sa_family == AF_INET6;
    const char *kind = own.any.sa_family == AF_UNIX ? "unix"
                       : !inet                      ? "socket"
                       : type == SOCK_STREAM        ? "tcp"
                                                    : "udp";
    size_t at = (size_t)snprintf(name, size, "%s ", kind);
    at += print_address(name + at, size - at, &own, own_len);
    if (peer_len && size - at > 5) {
        size_t len = print_address(name + at + 4, size - at - 4, &peer, peer_len);
        memcpy(name + at, " -> ", 4);
        at += len ? 4 + len : 0;
    }
    name[at] = 0;
    while (at && name[at - 1] == ' ')
        name[--at] = 0;
    return true;
}

void fdname_socket(int fd)
{
    char name[NAME_MAX_BYTES];
    if (likely(!wanted()) || fd < 0 || !agent_enter())
        return;
    if (socket_name(fd, name, sizeof name))
        tell(fd, name);
    agent_leave();
}

/* What the kernel calls it; false: not open, or the folder being read. */
static bool kernel_name(int fd, char *name, size_t size)
{
    char link[32] = "/proc/self/fd/";
    if (socket_name(fd, name, size))
        return true;
    raw_print(link + strlen(link), (uint64_t)fd);
    long n = raw_call3(SYS_readlink, link, name, size - 1);
    if (n <= 0)
        return false;
    name[n] = 0;
    return n <= 6 || memcmp(name, "/proc/", 6) || strcmp(name + n - 3, "/fd");
}

void fdname_copied(int fd)
{
    char name[NAME_MAX_BYTES];
    if (likely(!wanted()) || fd < 0 || !agent_enter())
        return;
    if (kernel_name(fd, name, sizeof name))
        tell(fd, name);
    agent_leave();
}

static void dump_one(const char *entry, void *data)
{
    char name[NAME_MAX_BYTES];
    int fd = raw_number(entry);
    (void)data;
    if (entry[0] != '.' && !fds_is_ours(fd) && kernel_name(fd, name, sizeof name))
        tell(fd, name);
}

void fdnames_dump(void)
{
    if (lttng_ust_tracepoint_enabled(whyprof_syscall, fd))
        raw_each_entry("/proc/self/fd", dump_one, NULL);
}
