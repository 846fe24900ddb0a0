/* backend [PORT]: a small web backend with three things wrong with it, for the guide.
 *   GET /report    counts equal words the slow way: each with each
 *   GET /login     makes a session that nobody ever forgets
 *   GET /notify    starts a thread that waits for a message which never comes
 *   GET /          does next to nothing
 * Port 0 takes a free one; "listening on PORT" is printed. SIGTERM ends it. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    WORKERS = 4,
    WORDS = 600,
    WORD_BYTES = 24,
    SESSION_BYTES = 64 << 10,
    REQUEST_BYTES = 2048
};

/* ---- /report ---- */

struct words {
    char text[WORDS][WORD_BYTES];
};

static void read_words(struct words *w)
{
    for (int i = 0; i < WORDS; i++)
        snprintf(w->text[i], WORD_BYTES, "an entry of kind %d", i % 97);
}

__attribute__((noinline)) static bool same_word(const char *a, const char *b)
{
    for (; *a == *b; a++, b++)
        if (!*a)
            return true;
    return false;
}

__attribute__((noinline)) static int count_duplicates(const struct words *w)
{
    int count = 0;
    for (int i = 0; i < WORDS; i++)
        for (int k = 0; k < WORDS; k++)
            count += i != k && same_word(w->text[i], w->text[k]);
    return count;
}

static int report(void)
{
    struct words *w = malloc(sizeof *w);
    if (!w)
        return 0;
    read_words(w);
    int count = count_duplicates(w);
    free(w);
    return count;
}

/* ---- /login ---- */

struct session {
    struct session *next;
    char data[SESSION_BYTES];
};

static pthread_mutex_t sessions_lock = PTHREAD_MUTEX_INITIALIZER;
static struct session *sessions;

__attribute__((noinline)) static struct session *session_new(void)
{
    struct session *s = malloc(sizeof *s);
    if (s)
        memset(s->data, 0, sizeof s->data);
    return s;
}

static int login(void)
{
    struct session *s = session_new();
    if (!s)
        return 0;
    pthread_mutex_lock(&sessions_lock);
    s->next = sessions;
    sessions = s;
    pthread_mutex_unlock(&sessions_lock);
    return 1;
}

/* ---- /notify ---- */

static pthread_mutex_t inbox_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t inbox_filled = PTHREAD_COND_INITIALIZER;
static bool inbox_has_message;

static void *wait_for_message(void *data)
{
    pthread_setname_np(pthread_self(), "notifier");
    pthread_mutex_lock(&inbox_lock);
    while (!inbox_has_message)
        pthread_cond_wait(&inbox_filled, &inbox_lock);
    pthread_mutex_unlock(&inbox_lock);
    return data;
}

__attribute__((noinline)) static int notify(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, wait_for_message, NULL))
        return 0;
    pthread_detach(thread);
    return 1;
}

/* ---- requests ---- */

static int serve(const char *request)
{
    if (!strncmp(request, "GET /report", 11))
        return report();
    if (!strncmp(request, "GET /login", 10))
        return login();
    if (!strncmp(request, "GET /notify", 11))
        return notify();
    return 0;
}

static void answer(int fd)
{
    char request[REQUEST_BYTES + 1], text[128], body[32];
    ssize_t n = read(fd, request, REQUEST_BYTES);
    if (n > 0) {
        request[n] = '\0';
        int bytes = snprintf(body, sizeof body, "%d\n", serve(request));
        int all = snprintf(text, sizeof text,
                           "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
                           "Connection: close\r\n\r\n%s",
                           bytes, body);
        if (write(fd, text, (size_t)all) < 0)
            perror("backend: write");
    }
    close(fd);
}

static void *work(void *listening)
{
    for (;;) {
        int fd = accept(*(int *)listening, NULL, NULL);
        if (fd >= 0)
            answer(fd);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static int fd;
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    const int yes = 1;
    const char *address = getenv("BACKEND_ADDRESS");
    at.sin_addr.s_addr = inet_addr(address ? address : "127.0.0.1");
    at.sin_port = htons((unsigned short)(argc > 1 ? atoi(argv[1]) : 8090));
    signal(SIGPIPE, SIG_IGN);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 64) ||
        getsockname(fd, (struct sockaddr *)&at, &len)) {
        perror("backend: listen");
        return 1;
    }
    printf("listening on %d\n", ntohs(at.sin_port));
    fflush(stdout);
    for (int i = 1; i < WORKERS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, work, &fd))
            return 1;
        pthread_setname_np(thread, "worker");
    }
    work(&fd);
    return 0;
}
