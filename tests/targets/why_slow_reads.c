/* Blocks read one by one past the cache. Healthy: from the cache. */
#include "why.h"

enum {
    BLOCK = 65536,
    BLOCKS = 256
};
static uint64_t read_ns;

static NOINLINE void load_block(int fd, char *block, int i)
{
    uint64_t begin = awake_ns();
    if (pread(fd, block, BLOCK, (off_t)(i * 7 % BLOCKS) * BLOCK) != BLOCK)
        abort();
    read_ns += awake_ns() - begin;
    burn_us(50);
}

int main(int argc, char **argv)
{
    char *block = aligned_alloc(4096, BLOCK);
    bool healthy = is_healthy(argc, argv);
    int fd = open("blocks.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    memset(block, 1, BLOCK);
    for (int i = 0; i < BLOCKS; i++)
        if (write(fd, block, BLOCK) != BLOCK)
            return 1;
    if (healthy)
        burn_us(500000); /* so that writing the file is no matter */
    else
        fsync(fd);
    if (!healthy && fcntl(fd, F_SETFL, O_DIRECT)) {
        unlink("blocks.tmp");
        puts("skip this file system has no direct reads");
        return 0;
    }
    uint64_t begin = now_ns();
    for (int i = 0; i < 6000 && now_ns() - begin < 1500000000; i++)
        load_block(fd, block, i);
    uint64_t end = now_ns();
    unlink("blocks.tmp");
    return expect("slow_syscall", "load_block", self_tid(), read_ns, end - begin);
}
