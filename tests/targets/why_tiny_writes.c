/* A file written byte by byte. Healthy: through a buffer. */
#include "why.h"

enum {
    BYTES = 100000
};

static NOINLINE void emit_byte(int fd, FILE *buffered)
{
    if (buffered) {
        putc('x', buffered);
        return;
    }
    if (write(fd, "x", 1) != 1)
        abort();
}

int main(int argc, char **argv)
{
    FILE *file = fopen("bytes.tmp", "w");
    bool healthy = is_healthy(argc, argv);
    uint64_t begin = now_ns(), awake = awake_ns();
    for (int i = 0; i < BYTES; i++)
        emit_byte(fileno(file), healthy ? file : NULL);
    awake = awake_ns() - awake;
    if (healthy)
        burn_us(100000);
    uint64_t end = now_ns();
    fclose(file);
    unlink("bytes.tmp");
    return expect("tiny_io", "emit_byte", self_tid(), awake, end - begin);
}
