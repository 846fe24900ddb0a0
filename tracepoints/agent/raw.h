/* raw: system calls that go past libc, so that they are no cancellation points,
 * do not meet our own hooks and leave errno alone. Results are -errno. */
#ifndef WHYPROF_RAW_H
#define WHYPROF_RAW_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static inline long raw_syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long ret;
    __asm__ volatile("syscall"
                     : "=a"(ret)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return ret;
}

#define RAW_ARG(x)             ((long)(intptr_t)(x))
#define raw_call0(nr)          raw_syscall6(nr, 0, 0, 0, 0, 0, 0)
#define raw_call1(nr, a)       raw_syscall6(nr, RAW_ARG(a), 0, 0, 0, 0, 0)
#define raw_call2(nr, a, b)    raw_syscall6(nr, RAW_ARG(a), RAW_ARG(b), 0, 0, 0, 0)
#define raw_call3(nr, a, b, c) raw_syscall6(nr, RAW_ARG(a), RAW_ARG(b), RAW_ARG(c), 0, 0, 0)
#define raw_call4(nr, a, b, c, d)                                                                  \
    raw_syscall6(nr, RAW_ARG(a), RAW_ARG(b), RAW_ARG(c), RAW_ARG(d), 0, 0)
#define raw_call5(nr, a, b, c, d, e)                                                               \
    raw_syscall6(nr, RAW_ARG(a), RAW_ARG(b), RAW_ARG(c), RAW_ARG(d), RAW_ARG(e), 0)

static inline int raw_gettid(void)
{
    return (int)raw_call0(SYS_gettid);
}

static inline int raw_getpid(void)
{
    return (int)raw_call0(SYS_getpid);
}

static inline int raw_close(int fd)
{
    return (int)raw_call1(SYS_close, fd);
}

/* A zero-terminated prefix of a (proc) file; returns its length, 0 where it cannot be read. */
static inline size_t raw_read_file(const char *path, char *buf, size_t size)
{
    long fd = raw_call3(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    if (fd >= 0) {
        long n;
        while (len < size - 1 && (n = raw_call3(SYS_read, fd, buf + len, size - 1 - len)) > 0)
            len += (size_t)n;
        raw_close((int)fd);
    }
    buf[len] = 0;
    return len;
}

/* Calls visit with the name of each entry of a folder. */
static inline void raw_each_entry(const char *folder, void (*visit)(const char *name, void *data),
                                  void *data)
{
    struct entry {
        uint64_t inode;
        int64_t off;
        uint16_t bytes;
        uint8_t type;
        char name[];
    };
    char buf[2048] __attribute__((aligned(8)));
    long n, fd = raw_call3(SYS_openat, AT_FDCWD, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    while ((n = raw_call3(SYS_getdents64, fd, buf, sizeof buf)) > 0) {
        for (long at = 0; at < n;) {
            const struct entry *e = (const struct entry *)(const void *)(buf + at);
            visit(e->name, data);
            at += e->bytes;
        }
    }
    raw_close((int)fd);
}

/* The number that a string begins with. */
static inline int raw_number(const char *s)
{
    int n = 0;
    for (; *s >= '0' && *s <= '9'; s++)
        n = n * 10 + (*s - '0');
    return n;
}

/* Appends a number in decimal at `at`; returns the end, where it puts a 0. */
static inline char *raw_print(char *at, uint64_t n)
{
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + n % 10);
    while (n /= 10);
    while (count)
        *at++ = digits[--count];
    *at = 0;
    return at;
}

/* Zeroed memory outside the target's allocator, touched lazily; NULL where there is none. */
static inline void *raw_map(size_t bytes)
{
    long p = raw_syscall6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p < 0 && p > -4096 ? NULL : (void *)p;
}

static inline void raw_sleep_ns(uint64_t ns)
{
    struct {
        long sec, nsec;
    } ts = {(long)(ns / 1000000000u), (long)(ns % 1000000000u)};
    raw_call2(SYS_nanosleep, &ts, NULL);
}

#endif
