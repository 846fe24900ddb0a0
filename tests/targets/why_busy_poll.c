/* Reads a pipe that has nothing, again and again. Healthy: poll waits first. */
#include "why.h"

#include <poll.h>

static bool healthy;

static void *writer(void *data)
{
    for (int i = 0; i < 80; i++) {
        burn_us(5000);
        if (write(*(int *)data, "x", 1) != 1)
            abort();
    }
    close(*(int *)data);
    return NULL;
}

static NOINLINE bool drain(int fd)
{
    char byte;
    if (healthy)
        poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1);
    return read(fd, &byte, 1) != 0;
}

int main(int argc, char **argv)
{
    int ends[2];
    pthread_t thread;
    healthy = is_healthy(argc, argv);
    if (pipe(ends))
        return 1;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    uint64_t begin = now_ns(), awake = awake_ns();
    start(&thread, writer, &ends[1]);
    while (drain(ends[0]))
        ;
    awake = awake_ns() - awake;
    uint64_t end = now_ns();
    pthread_join(thread, NULL);
    return expect("busy_polling", "-", self_tid(), awake, end - begin);
}
