#include "session/hello.h"

#include "session/procfs.h"

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    /* An agent sends right after it connects; one that does not is not waited for. */
    REQUEST_MS = 100,
    BACKLOG = 256
};

bool hello_open(struct hello *h, struct err *err)
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, 0) < 0)
        random = (uint64_t)(uintptr_t)h;
    snprintf(h->name, sizeof h->name, "whyprof/recorder/%d-%016llx", (int)getpid(),
             (unsigned long long)random);
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    size_t len = strlen(h->name);
    memcpy(addr.sun_path + 1, h->name, len);
    h->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (h->fd >= 0 &&
        bind(h->fd, (struct sockaddr *)&addr,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)) == 0 &&
        listen(h->fd, BACKLOG) == 0)
        return true;
    err_errno(err, "open the recorder's socket");
    hello_close(h);
    return false;
}

void hello_close(struct hello *h)
{
    if (h->fd >= 0)
        close(h->fd);
    h->fd = -1;
}

/* What /proc says of the process at the other end; its own word is only believed
 * where it agrees, so that nobody lets a stranger's pid in. */
static bool identify(int fd, struct hello_peer *peer)
{
    struct ucred cred;
    socklen_t len = sizeof cred;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 || cred.pid <= 0)
        return false;
    *peer = (struct hello_peer){.pid = cred.pid, .vpid = cred.pid, .uid = cred.uid};
    struct procfs_ids ids;
    if (procfs_ids(cred.pid, &ids)) {
        peer->ppid = ids.parent;
        peer->vpid = ids.vpid;
    }
    return true;
}

static bool serve(int fd, bool (*admit)(void *, const struct hello_peer *), void *data)
{
    struct hello_peer peer;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char text[64];
    int pid;
    if (!identify(fd, &peer) || poll(&p, 1, REQUEST_MS) != 1)
        return false;
    ssize_t n = recv(fd, text, sizeof text - 1, 0);
    if (n <= 0)
        return false;
    text[n] = '\0';
    if (sscanf(text, "hello %d", &pid) != 1 || pid != peer.vpid)
        return false;
    return admit(data, &peer);
}

bool hello_take(struct hello *h, bool (*admit)(void *data, const struct hello_peer *peer),
                void *data)
{
    int fd = accept4(h->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return false;
    bool ok = serve(fd, admit, data);
    const char *answer = ok ? "ok\n" : "error not of this recording\n";
    (void)!send(fd, answer, strlen(answer), MSG_NOSIGNAL);
    close(fd);
    return true;
}
