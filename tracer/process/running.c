#include "process/running.h"

#include <linux/perf_event.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    RING_PAGES = 32, /* more than a sample */
    PERIOD_NS = 100000,
    STACK_BYTES = 32 << 10
};

/* The kernel's numbers of registers (asm/perf_regs.h), in DWARF's order. */
static const unsigned char kernel_register[WALK_REGISTERS] = {0,  3,  2,  1,  4,  5,  6,  7, 16,
                                                              17, 18, 19, 20, 21, 22, 23, 8};

static uint64_t register_mask(void)
{
    uint64_t mask = 0;
    for (unsigned i = 0; i < WALK_REGISTERS; i++)
        mask |= UINT64_C(1) << kernel_register[i];
    return mask;
}

static int open_event(pid_t tid, bool kernel_too)
{
    struct perf_event_attr attr = {
        .size = sizeof attr,
        .type = PERF_TYPE_SOFTWARE,
        .config = PERF_COUNT_SW_CPU_CLOCK,
        .sample_period = PERIOD_NS,
        .sample_type = PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER,
        .sample_regs_user = register_mask(),
        .sample_stack_user = STACK_BYTES,
        .exclude_kernel = !kernel_too,
        .exclude_hv = 1,
        .wakeup_events = 1,
    };
    return (int)syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

/* Copies the first record out; the ring was empty, so that it does not wrap. */
static bool take(const struct perf_event_mmap_page *page, struct running_sample *s)
{
    const unsigned char *at = (const unsigned char *)page + page->data_offset;
    const struct perf_event_header *head = (const void *)at;
    uint64_t words[1 + WALK_REGISTERS + 1], kept, mask = register_mask();
    if (__atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE) < sizeof *head + sizeof words ||
        head->type != PERF_RECORD_SAMPLE)
        return false;
    at += sizeof *head;
    memcpy(words, at, sizeof words); /* abi, registers in the kernel's order, stack's size */
    if (!words[0])
        return false; /* a kernel thread's */
    for (unsigned i = 0; i < WALK_REGISTERS; i++) {
        uint64_t lower = mask & ((UINT64_C(1) << kernel_register[i]) - 1);
        s->registers[i] = words[1 + __builtin_popcountll(lower)];
    }
    at += sizeof words;
    uint64_t bytes = words[1 + WALK_REGISTERS];
    if (bytes > sizeof s->stack)
        return false;
    memcpy(s->stack, at, bytes);
    kept = 0;
    if (bytes)
        memcpy(&kept, at + bytes, sizeof kept); /* what could be read of them */
    s->stack_bytes = kept < bytes ? kept : bytes;
    return true;
}

bool running_catch(pid_t tid, int timeout_ms, struct running_sample *s)
{
    int fd = open_event(tid, true);
    if (fd < 0)
        fd = open_event(tid, false);
    if (fd < 0)
        return false;
    size_t bytes = (1 + RING_PAGES) * PAGE;
    void *ring = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    bool ok = false;
    if (ring != MAP_FAILED) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ok = poll(&p, 1, timeout_ms) == 1 && p.revents & POLLIN && take(ring, s);
        munmap(ring, bytes);
    }
    close(fd);
    return ok;
}
