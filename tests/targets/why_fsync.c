/* Each record is forced to the disk. Healthy: all of them at the end. */
#include "why.h"

static uint64_t synced_ns;

static NOINLINE void append_record(int fd, bool sync)
{
    char record[4096] = {1};
    if (write(fd, record, sizeof record) < 0)
        abort();
    uint64_t begin = awake_ns();
    if (sync && fsync(fd))
        abort();
    synced_ns += awake_ns() - begin;
    burn_us(200);
}

int main(int argc, char **argv)
{
    int fd = open("records.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    bool healthy = is_healthy(argc, argv);
    uint64_t begin = now_ns();
    for (int i = 0; i < 3000 && now_ns() - begin < 1000000000; i++)
        append_record(fd, !healthy);
    uint64_t end = now_ns();
    unlink("records.tmp");
    return expect("fsync", "append_record", self_tid(), synced_ns, end - begin);
}
