#include "http/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 64
};

/* "[::1]:80" -> "::1", "80". False where there is no port. */
static bool split(const char *text, char host[ADDRESS_MAX], const char **port)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;
    if (!colon || len >= ADDRESS_MAX || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        !colon[1] || strtoul(colon + 1, NULL, 10) > UINT16_MAX)
        return false;
    bool brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';
    if (!brackets && memchr(text, ':', len))
        return false; /* an IPv6 address needs them */
    snprintf(host, ADDRESS_MAX, "%.*s", (int)(brackets ? len - 2 : len), text + brackets);
    *port = colon + 1;
    return true;
}

static bool is_loopback(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)sa;
        return ntohl(in->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *in6 = (const void *)sa;
    return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

static void describe(struct address *a)
{
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    char host[INET6_ADDRSTRLEN] = "", port[8] = "";
    getsockname(a->fd, (struct sockaddr *)&bound, &len);
    getnameinfo((struct sockaddr *)&bound, len, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    a->port = (unsigned)strtoul(port, NULL, 10);
    a->is_loopback = is_loopback((struct sockaddr *)&bound);
    snprintf(a->text, sizeof a->text, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

static int listen_on(const struct addrinfo *info)
{
    const int yes = 1;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

bool address_listen(struct address *a, const char *text, struct err *err)
{
    const struct addrinfo wanted = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    char host[ADDRESS_MAX];
    const char *port;
    *a = (struct address){.fd = -1};
    if (!split(text, host, &port)) {
        err_set(err, "'%s' is no address to listen on", text);
        return err_hint(err, "as in 127.0.0.1:8080, [::1]:8080, or :8080 for every address");
    }
    int wrong = getaddrinfo(*host ? host : NULL, port, &wanted, &found);
    if (wrong)
        return err_set(err, "listen on %s: %s", text, gai_strerror(wrong));
    for (struct addrinfo *i = found; i && a->fd < 0; i = i->ai_next)
        a->fd = listen_on(i);
    int why = errno;
    freeaddrinfo(found);
    errno = why;
    if (a->fd < 0) {
        err_errno(err, "listen on %s", text);
        return why == EADDRINUSE
                   ? err_hint(err, "another program listens there; port 0 takes a free one")
                   : false;
    }
    describe(a);
    return true;
}

bool address_is_host(const struct address *a, const char *host)
{
    static const char *const ours[] = {"localhost", "127.0.0.1", "[::1]"};
    const char *end = strrchr(host, ':');
    size_t len = end && !strchr(end, ']') ? (size_t)(end - host) : strlen(host);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strlen(ours[i]) == len && !strncasecmp(host, ours[i], len))
            return true;
    return !strcmp(host, a->text);
}
