/* The web server: who is answered, who is refused, and what a handler is told. */
#include "http/address.h"
#include "http/server.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static atomic_int waiting, noticed;

static void handle(void *data, struct http_request *r, struct http_answer *a)
{
    (void)data;
    if (!strcmp(r->path, "/wait")) {
        for (waiting++; !http_gone(r);)
            usleep(1000);
        noticed++;
        return;
    }
    const char *x = http_parameter(r, "x");
    a->type = "text/html; charset=utf-8";
    http_answer_header(a, "X-Test", "yes");
    strbuf_printf(&a->body, "%s %s x=%s body=%s", r->method, r->path, x ? x : "(none)", r->body);
}

static int dial(const struct http_server *s)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons((uint16_t)atoi(strrchr(http_url(s), ':') + 1));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* The whole answer to "FIRST LINE" and more header lines, each ended by \r\n. */
static const char *ask(const struct http_server *s, const char *first, const char *headers,
                       const char *body)
{
    static char answer[8192];
    char request[4096];
    int fd = dial(s), n = snprintf(request, sizeof request,
                                   "%s HTTP/1.1\r\nConnection: close\r\nContent-Length: %zu\r\n"
                                   "%s\r\n%s",
                                   first, strlen(body), headers, body);
    assert_int_equal(send(fd, request, (size_t)n, MSG_NOSIGNAL), n);
    size_t len = 0;
    for (ssize_t got; (got = recv(fd, answer + len, sizeof answer - 1 - len, 0)) > 0;)
        len += (size_t)got;
    answer[len] = '\0';
    close(fd);
    return answer;
}

static int status(const char *answer)
{
    int code = 0;
    assert_int_equal(sscanf(answer, "HTTP/1.1 %d", &code), 1);
    return code;
}

#define LOCAL "Host: localhost:1\r\n"

static struct http_server *open_server(const char *where, const char *token)
{
    struct err err = {0};
    struct http_server *s =
        http_open(&(struct http_options){.listen = where, .token = token, .handle = handle}, &err);
    if (!s)
        fail_msg("%s", err.text);
    return s;
}

static void test_requests(void **state)
{
    struct http_server *s = open_server("127.0.0.1:0", NULL);
    (void)state;
    assert_null(http_token(s));
    const char *answer = ask(s, "GET /a%20b?x=1%2B2", LOCAL, "");
    assert_int_equal(status(answer), 200);
    assert_non_null(strstr(answer, "\r\n\r\nGET /a b x=1+2 body="));
    assert_non_null(strstr(answer, "X-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(answer, "Content-Type: text/html; charset=utf-8\r\n"));
    assert_non_null(strstr(answer, "X-Test: yes\r\n"));
    assert_non_null(strstr(ask(s, "POST /p", LOCAL, "0x1+0x2"), "POST /p x=(none) body=0x1+0x2"));
    assert_null(strstr(ask(s, "HEAD /h", LOCAL, ""), "GET /h"));
    assert_int_equal(status(ask(s, "DELETE /", LOCAL, "")), HTTP_METHOD_NOT_ALLOWED);
    http_close(s);
}

static void test_other_sites_are_refused(void **state)
{
    struct http_server *s = open_server("127.0.0.1:0", NULL);
    static const struct {
        const char *headers;
        int status;
    } cases[] = {
        {"Host: 127.0.0.1:80\r\n", 200},
        {"Host: [::1]:80\r\n", 200},
        {"Host: evil.example\r\n", 403},
        {"Host: localhost.evil.example:80\r\n", 403},
        {LOCAL "Origin: http://localhost:1\r\n", 200},
        {LOCAL "Origin: http://evil.example\r\n", 403},
        {LOCAL "Origin: null\r\n", 403},
        {LOCAL "Sec-Fetch-Site: same-origin\r\n", 200},
        {LOCAL "Sec-Fetch-Site: none\r\n", 200},
        {LOCAL "Sec-Fetch-Site: cross-site\r\n", 403},
        {LOCAL "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\n", 403},
        {LOCAL "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n", 200},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (status(ask(s, "GET /", cases[i].headers, "")) != cases[i].status)
            fail_msg("%s", cases[i].headers);
    http_close(s);
}

static void test_token_off_loopback(void **state)
{
    struct http_server *s = open_server("0.0.0.0:0", NULL);
    char headers[128], line[128];
    (void)state;
    assert_int_equal(strlen(http_token(s)), 32);
    const char *answer = ask(s, "GET /", "Host: anything\r\n", "");
    assert_int_equal(status(answer), HTTP_UNAUTHORIZED);
    assert_non_null(strstr(answer, "WWW-Authenticate: Bearer"));
    assert_null(strstr(answer, http_token(s)));
    snprintf(headers, sizeof headers, "Host: me\r\nAuthorization: Bearer %s\r\n", http_token(s));
    assert_int_equal(status(ask(s, "GET /", headers, "")), 200);
    headers[strlen(headers) - 3] ^= 1;
    assert_int_equal(status(ask(s, "GET /", headers, "")), HTTP_UNAUTHORIZED);
    snprintf(line, sizeof line, "GET /?token=%s", http_token(s));
    assert_int_equal(status(ask(s, line, "Host: me\r\n", "")), 200);
    http_close(s);
    s = open_server("127.0.0.1:0", "secret"); /* one that was asked for holds everywhere */
    assert_int_equal(status(ask(s, "GET /", LOCAL, "")), HTTP_UNAUTHORIZED);
    assert_int_equal(status(ask(s, "GET /?token=secret", LOCAL, "")), 200);
    http_close(s);
}

static void wait_for(atomic_int *what, int value)
{
    for (int i = 0; i < 5000 && *what < value; i++)
        usleep(1000);
    assert_int_equal(*what, value);
}

static void test_who_hangs_up_is_noticed(void **state)
{
    static const char request[] = "GET /wait HTTP/1.1\r\n" LOCAL "\r\n";
    struct http_server *s = open_server("127.0.0.1:0", NULL);
    (void)state;
    int fd = dial(s), other = dial(s);
    send(fd, request, sizeof request - 1, 0);
    wait_for(&waiting, 1);
    close(fd);
    wait_for(&noticed, 1);
    send(other, request, sizeof request - 1, 0);
    wait_for(&waiting, 2);
    http_close(s); /* returns once the other is answered */
    assert_int_equal(noticed, 2);
    close(other);
}

static void test_addresses(void **state)
{
    static const char *const wrong[] = {"8080",
                                        "127.0.0.1",
                                        "::1:80",
                                        "127.0.0.1:x",
                                        "",
                                        "[::1]",
                                        "no.such.host.invalid:80",
                                        "127.0.0.1:99999999"};
    struct address a, b;
    struct err err;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (address_listen(&a, wrong[i], &err))
            fail_msg("'%s'", wrong[i]);
    assert_true(address_listen(&a, ":0", &err));
    assert_false(a.is_loopback);
    close(a.fd);
    assert_true(address_listen(&a, "localhost:0", &err));
    assert_true(a.is_loopback && a.port);
    assert_false(address_listen(&b, a.text, &err)); /* taken */
    assert_non_null(strstr(err.text, "in use"));
    close(a.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),           cmocka_unit_test(test_other_sites_are_refused),
        cmocka_unit_test(test_token_off_loopback), cmocka_unit_test(test_who_hangs_up_is_noticed),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
