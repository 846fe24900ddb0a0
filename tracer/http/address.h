/* address: "HOST:PORT" to a listening socket. */
#ifndef HTTP_ADDRESS_H
#define HTTP_ADDRESS_H

#include "base/err.h"

enum {
    ADDRESS_MAX = 80
};

struct address {
    int fd;                 /* listening */
    bool is_loopback;       /* only this machine can reach it */
    char text[ADDRESS_MAX]; /* "127.0.0.1:8080", "[::1]:8080": as bound */
    unsigned port;
};

/* No host, as in ":8080", is every address of the machine; port 0 is a free one. */
bool address_listen(struct address *a, const char *text, struct err *err);

/* Whether a Host header names the address itself, or this machine by a name that no
 * other site's server of names can give away. */
bool address_is_host(const struct address *a, const char *host);

#endif
