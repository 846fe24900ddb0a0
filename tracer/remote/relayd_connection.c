#include "remote/relayd_connection.h"

#include "base/arena.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIVE_PORT "5344"

enum {
    CONNECT_MS = 10000,
    ANSWER_S = 30,
    MOST_SESSIONS = 100000
};

static const char url_form[] = "net://HOST[:PORT]/host/HOSTNAME/SESSION";

/* -- the URL */

static const struct {
    const char *begin;
    int family;
} schemes[] = {{"net://", AF_UNSPEC}, {"net4://", AF_INET}, {"net6://", AF_INET6}};

enum {
    SCHEMES = sizeof schemes / sizeof *schemes
};

/* What follows the scheme, or NULL. */
static const char *skip_scheme(const char *text, int *family)
{
    for (int i = 0; i < SCHEMES; i++) {
        size_t len = strlen(schemes[i].begin);
        if (strncmp(text, schemes[i].begin, len))
            continue;
        *family = schemes[i].family;
        return text + len;
    }
    return NULL;
}

static bool take(char *to, size_t cap, const char *from, size_t len)
{
    if (!len || len >= cap)
        return false;
    memcpy(to, from, len);
    to[len] = '\0';
    return true;
}

/* HOST, HOST:PORT, [v6], [v6]:PORT */
static bool parse_place(struct relayd_url *url, const char *at, size_t len)
{
    const char *end = at + len, *host_end, *rest;
    if (*at == '[') {
        const char *close = memchr(at, ']', len);
        if (!close)
            return false;
        host_end = close;
        rest = close + 1;
        at++;
    } else {
        const char *colon = memchr(at, ':', len);
        host_end = rest = colon ? colon : end;
    }
    strcpy(url->port, LIVE_PORT);
    if (!take(url->host, sizeof url->host, at, (size_t)(host_end - at)))
        return false;
    if (rest == end)
        return true;
    size_t digits = strspn(rest + 1, "0123456789");
    return *rest == ':' && rest + 1 + digits == end &&
           take(url->port, sizeof url->port, rest + 1, digits);
}

static bool parse_session(struct relayd_url *url, const char *path)
{
    static const char begin[] = "/host/";
    if (!*path || !strcmp(path, "/"))
        return true;
    if (strncmp(path, begin, strlen(begin)))
        return false;
    path += strlen(begin);
    size_t len = strcspn(path, "/");
    const char *session = path[len] ? path + len + 1 : "";
    return take(url->hostname, sizeof url->hostname, path, len) && !strchr(session, '/') &&
           take(url->session, sizeof url->session, session, strlen(session));
}

bool relayd_parse_url(struct relayd_url *url, const char *text, struct err *err)
{
    *url = (struct relayd_url){0};
    const char *place = skip_scheme(text, &url->family);
    size_t len = place ? strcspn(place, "/") : 0;
    if (place && parse_place(url, place, len) && parse_session(url, place + len))
        return true;
    err_set(err, "'%s' is no relay daemon's URL", text);
    return err_hint(err, "it has the form %s", url_form);
}

/* -- the connection */

static bool finish_connect(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int failure = 0;
    socklen_t len = sizeof failure;
    int ready = poll(&p, 1, CONNECT_MS);
    if (ready == 1 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) == 0 && !failure)
        return true;
    errno = ready == 0 ? ETIMEDOUT : failure ? failure : errno;
    return false;
}

static int open_address(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
    if (fd < 0)
        return -1;
    if ((connect(fd, a->ai_addr, a->ai_addrlen) < 0 && errno != EINPROGRESS) ||
        !finish_connect(fd)) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

/* Blocking from here on, but not for ever. */
static void set_limits(int fd)
{
    const struct timeval limit = {.tv_sec = ANSWER_S};
    const int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, 0);
}

static int open_socket(const struct relayd_url *url, struct err *err)
{
    const struct addrinfo hints = {.ai_family = url->family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int rc = getaddrinfo(url->host, url->port, &hints, &found);
    if (rc) {
        err_set(err, "relay daemon %s: %s", url->host, gai_strerror(rc));
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next)
        fd = open_address(a);
    if (fd < 0) {
        err_errno(err, "no relay daemon at %s port %s", url->host, url->port);
        err_hint(err, "is lttng-relayd running there? other machines may read only if it was "
                      "started with --live-port=tcp://0.0.0.0:5344");
    }
    freeaddrinfo(found);
    return fd;
}

bool relayd_receive(int fd, void *to, size_t bytes, struct err *err)
{
    char *at = to;
    while (bytes) {
        ssize_t n = recv(fd, at, bytes, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            return err_set(err, "the relay daemon closed the connection");
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return err_set(err, "the relay daemon does not answer");
        if (n < 0)
            return err_errno(err, "read from the relay daemon");
        at += n;
        bytes -= (size_t)n;
    }
    return true;
}

bool relayd_send(int fd, enum relayd_command command, const void *body, size_t bytes,
                 struct err *err)
{
    enum {
        MOST_BODY = 64
    };
    struct relayd_head head = {.data_bytes = htobe64(bytes), .command = htobe32(command)};
    char text[sizeof head + MOST_BODY];
    if (bytes > MOST_BODY)
        abort();
    memcpy(text, &head, sizeof head);
    if (bytes)
        memcpy(text + sizeof head, body, bytes);
    bytes += sizeof head;
    /* So little always fits at once, but for a peer that reads nothing at all. */
    if (send(fd, text, bytes, MSG_NOSIGNAL) == (ssize_t)bytes)
        return true;
    return err_errno(err, "write to the relay daemon");
}

bool relayd_ask(int fd, enum relayd_command command, const void *body, size_t bytes, void *answer,
                size_t answer_bytes, struct err *err)
{
    return relayd_send(fd, command, body, bytes, err) &&
           relayd_receive(fd, answer, answer_bytes, err);
}

static bool greet(int fd, struct err *err)
{
    struct relayd_connect hello = {.major = htobe32(RELAYD_MAJOR),
                                   .minor = htobe32(RELAYD_MINOR),
                                   .type = htobe32(RELAYD_CLIENT_COMMAND)};
    struct relayd_connect answer;
    uint32_t status;
    if (!relayd_ask(fd, RELAYD_CONNECT, &hello, sizeof hello, &answer, sizeof answer, err))
        return err_wrap(err, "is it a relay daemon's live port");
    if (be32toh(answer.major) != RELAYD_MAJOR)
        return err_set(err, "the relay daemon speaks version %u of its protocol, not %d",
                       be32toh(answer.major), RELAYD_MAJOR);
    return relayd_ask(fd, RELAYD_CREATE_SESSION, NULL, 0, &status, sizeof status, err) &&
           (be32toh(status) == RELAYD_CREATE_SESSION_OK ||
            err_set(err, "the relay daemon lets nobody read"));
}

int relayd_connect(const struct relayd_url *url, struct err *err)
{
    int fd = open_socket(url, err);
    if (fd < 0)
        return -1;
    set_limits(fd);
    if (greet(fd, err))
        return fd;
    close(fd);
    return -1;
}

bool relayd_sessions(int fd, struct relayd_session **list, size_t *count, struct err *err)
{
    uint32_t n;
    *list = NULL;
    *count = 0;
    if (!relayd_ask(fd, RELAYD_LIST_SESSIONS, NULL, 0, &n, sizeof n, err))
        return false;
    n = be32toh(n);
    if (n > MOST_SESSIONS)
        return err_set(err, "the relay daemon's list of %u sessions makes no sense", n);
    *list = mem_realloc(NULL, (size_t)n + 1, sizeof **list);
    for (; *count < n; ++*count) {
        struct relayd_wire_session wire;
        struct relayd_session *s = &(*list)[*count];
        if (!relayd_receive(fd, &wire, sizeof wire, err)) {
            free(*list);
            *list = NULL;
            return false;
        }
        *s = (struct relayd_session){.id = be64toh(wire.id),
                                     .live_timer_us = be32toh(wire.live_timer_us),
                                     .streams = be32toh(wire.streams)};
        memcpy(s->hostname, wire.hostname, sizeof wire.hostname);
        memcpy(s->name, wire.name, sizeof wire.name);
    }
    return true;
}
