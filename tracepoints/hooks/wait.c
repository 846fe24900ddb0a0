#include "tracepoints/hooks/wait.h"

#include "tracepoints/agent/options.h"
#include "tracepoints/agent/raw.h"
#include "tracepoints/agent/stacks.h"
#include "tracepoints/agent/threads.h"

#include <string.h>
#include <sys/uio.h>

enum {
    PENDING_AFTER_MS = 50,
    COPY_BYTES = 64 << 10, /* of a stack */
    COPY_LEAST = 1 << 10
};

__attribute__((noinline)) bool wait_begin(struct wait_call *w, uint32_t nr, const uint64_t *args,
                                          unsigned argc)
{
    struct unwind_start start = UNWIND_START(); /* in the hook, which stays until the return */
    struct agent_thread *t = agent_tls.thread;
    if (unlikely(!t) && agent_enter()) {
        t = thread_self();
        agent_leave();
    }
    if (!t)
        return false;
    w->nr = nr;
    w->begin_ts = agent_now();
    t->call_start = start;
    t->call_nr = nr;
    t->call_argc = argc;
    memcpy(t->call_args, args, argc * sizeof *args);
    atomic_store_explicit(&t->call_begin, w->begin_ts, memory_order_release);
    return true;
}

void wait_end(struct wait_call *w, int64_t ret, const uint64_t *args, unsigned argc)
{
    struct agent_thread *t = agent_tls.thread;
    if (t)
        atomic_store_explicit(&t->call_begin, 0, memory_order_relaxed);
    if (!t || !agent_enter())
        return;
    bool is_long = agent_now() - w->begin_ts >= options.block_ns;
    if (is_long || !options.syscalls_by_kernel) {
        uint32_t stack = is_long ? stack_here(t) : 0;
        lttng_ust_tracepoint(whyprof_syscall, call, w->nr, w->begin_ts, ret, stack, args,
                             (uint8_t)argc);
    }
    agent_leave();
}

/* "NR ..." from the kernel: is the thread really in that call? A handler that was
 * left by longjmp would leave a call that never ends. */
static bool kernel_agrees(uint32_t tid, uint32_t nr)
{
    char path[48] = "/proc/self/task/", text[16];
    memcpy(raw_print(path + strlen(path), tid), "/syscall", 9);
    if (!raw_read_file(path, text, sizeof text) || text[0] < '0' || text[0] > '9')
        return false;
    return (uint32_t)raw_number(text) == nr;
}

/* The stack of a thread in a call, from a copy: it may return from the call, and end, at any
 * moment. What it holds is right while the call goes on, which the caller asks afterwards. */
static uint32_t stack_in_call(const struct unwind_start *start)
{
    static uint64_t copy[COPY_BYTES / sizeof(uint64_t)];
    uintptr_t pcs[AGENT_STACK_MAX];
    long pid = raw_getpid(), got = 0;
    for (size_t want = COPY_BYTES; got <= 0 && want >= COPY_LEAST; want /= 2) {
        struct iovec to = {copy, want}, from = {(void *)start->sp, want};
        got = raw_syscall6(SYS_process_vm_readv, pid, RAW_ARG(&to), 1, RAW_ARG(&from), 1, 0);
    }
    if (got <= 0)
        return 0;
    size_t count = unwind_copy(start, copy, (size_t)got & ~(size_t)7, pcs, AGENT_STACK_MAX);
    return stack_intern(pcs, count, false);
}

static void tell_pending(struct agent_thread *t, void *data)
{
    uint64_t before = *(uint64_t *)data, args[CALL_ARGS_MAX];
    uint64_t begin = atomic_load_explicit(&t->call_begin, memory_order_acquire);
    if (!begin || begin > before || begin == t->call_told)
        return;
    uint32_t nr = t->call_nr, argc = t->call_argc;
    struct unwind_start start = t->call_start;
    memcpy(args, t->call_args, sizeof args);
    atomic_thread_fence(memory_order_acquire);
    if (atomic_load_explicit(&t->call_begin, memory_order_relaxed) != begin)
        return;
    t->call_told = begin;
    if (argc > CALL_ARGS_MAX || !kernel_agrees(t->tid, nr))
        return;
    uint32_t stack = stack_in_call(&start);
    if (atomic_load_explicit(&t->call_begin, memory_order_acquire) == begin)
        lttng_ust_tracepoint(whyprof_syscall, pending, t->tid, nr, begin, stack, args,
                             (uint8_t)argc);
}

void wait_tell_pending(void)
{
    uint64_t before = agent_now() - PENDING_AFTER_MS * (uint64_t)1000000;
    if (lttng_ust_tracepoint_enabled(whyprof_syscall, pending))
        threads_each(tell_pending, &before);
}
