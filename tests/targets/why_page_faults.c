/* A mapped file whose pages must be read when they are touched. Healthy: they are there. */
#include "why.h"

#include <sys/mman.h>

enum {
    PAGES = 2048
};

static uint64_t waited_ns; /* off the CPU, for pages */

static NOINLINE uint64_t touch_pages(const volatile char *map)
{
    uint64_t sum = 0;
    for (int i = 0; i < PAGES; i++)
        sum += (uint64_t)map[(size_t)(i * 2311 % PAGES) * 4096];
    return sum;
}

int main(int argc, char **argv)
{
    static char page[4096];
    bool healthy = is_healthy(argc, argv);
    int fd = open("pages.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
    memset(page, 1, sizeof page);
    for (int i = 0; i < PAGES; i++)
        if (write(fd, page, sizeof page) < 0)
            return 1;
    if (!healthy)
        fsync(fd);
    uint64_t begin = now_ns();
    for (int round = 0; round < 4; round++) {
        char *map = mmap(NULL, PAGES * 4096L, PROT_READ, MAP_SHARED, fd, 0);
        if (!healthy) {
            posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
            madvise(map, PAGES * 4096L, MADV_RANDOM);
        }
        uint64_t wall = awake_ns(), cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        why_sink = touch_pages(map);
        waited_ns += awake_ns() - wall - (clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu);
        munmap(map, PAGES * 4096L);
        if (healthy)
            burn_us(200000);
    }
    uint64_t end = now_ns();
    unlink("pages.tmp");
    return expect("page_faults", "touch_pages", self_tid(), waited_ns, end - begin);
}
