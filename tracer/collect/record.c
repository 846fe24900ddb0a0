#include "collect/record.h"

#include "tracepoints/events.h"

#include <inttypes.h>
#include <string.h>
#include <sys/syscall.h>

/* [number] = arguments; made at build from syscall_args.txt for this processor. */
static const int8_t arg_counts[COLLECT_MAX_SYSCALLS] = {
#include "syscall_args.inc"
};

uint32_t record_arg_count(uint32_t nr)
{
    /* The table holds count + 1, so that a hole (0) is a call it does not know. */
    if (nr >= COLLECT_MAX_SYSCALLS || !arg_counts[nr])
        return COLLECT_MAX_ARGS;
    return (uint32_t)arg_counts[nr] - 1;
}

static uint32_t head(uint64_t *w, unsigned type, uint32_t words, struct record_at at)
{
    w[0] = WHYPROF_KERNEL_HEAD(type, words, at.cpu, at.tid);
    w[1] = at.ts;
    return words;
}

static void put_comm(uint64_t *w, const char *comm)
{
    memset(w, 0, 16);
    memcpy(w, comm, strnlen(comm, 15));
}

uint32_t record_switch_in(uint64_t *w, struct record_at at)
{
    return head(w, WHYPROF_KERNEL_SWITCH_IN, 2, at);
}

uint32_t record_switch_out(uint64_t *w, struct record_at at, uint32_t state, bool preempted,
                           uint32_t call_plus1)
{
    w[2] = (state & 0xffff) | (uint64_t)preempted << 16 | (uint64_t)call_plus1 << 32;
    return head(w, WHYPROF_KERNEL_SWITCH_OUT, 3, at);
}

uint32_t record_fork(uint64_t *w, struct record_at at, uint32_t child_tid, uint32_t child_pid,
                     const char *comm)
{
    w[2] = child_tid | (uint64_t)child_pid << 32;
    put_comm(w + 3, comm);
    return head(w, WHYPROF_KERNEL_FORK, 5, at);
}

uint32_t record_exec(uint64_t *w, struct record_at at, uint32_t pid, const char *comm)
{
    w[2] = pid;
    put_comm(w + 3, comm);
    return head(w, WHYPROF_KERNEL_EXEC, 5, at);
}

uint32_t record_exit(uint64_t *w, struct record_at at, uint32_t pid, bool last, uint32_t code,
                     uint64_t cpu_ns)
{
    w[2] = pid | (uint64_t)last << 32;
    w[3] = code;
    w[4] = cpu_ns;
    return head(w, WHYPROF_KERNEL_EXIT, 5, at);
}

uint32_t record_name(uint64_t *w, struct record_at at, uint32_t pid, const char *comm,
                     uint64_t start_ts)
{
    w[2] = pid;
    put_comm(w + 3, comm);
    w[5] = start_ts;
    return head(w, WHYPROF_KERNEL_NAME, start_ts ? 6 : 5, at);
}

static uint32_t put_call(uint64_t *w, const struct record_call *call, uint32_t at)
{
    uint32_t args = record_arg_count(call->nr);
    w[2] = call->nr | (uint64_t)args << 32;
    w[3] = call->begin_ts;
    memcpy(w + at, call->args, args * sizeof *w);
    return at + args;
}

uint32_t record_syscall(uint64_t *w, struct record_at at, const struct record_call *call,
                        int64_t ret)
{
    w[4] = (uint64_t)ret;
    return head(w, WHYPROF_KERNEL_SYSCALL, put_call(w, call, 5), at);
}

uint32_t record_syscall_open(uint64_t *w, struct record_at at, const struct record_call *call)
{
    return head(w, WHYPROF_KERNEL_SYSCALL_OPEN, put_call(w, call, 4), at);
}

static void print_args(FILE *out, const uint64_t *args, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        fprintf(out, " %#" PRIx64, args[i]);
}

static void print_body(FILE *out, const uint64_t *w, uint32_t n)
{
    const char *comm = (const char *)(w + 3);
    switch (WHYPROF_KERNEL_TYPE(w[0])) {
    case WHYPROF_KERNEL_SWITCH_IN:
        fprintf(out, "in");
        break;
    case WHYPROF_KERNEL_SWITCH_OUT:
        fprintf(out, "out state %#x preempted %u call %d", (unsigned)(w[2] & 0xffff),
                (unsigned)(w[2] >> 16 & 1), (int)(w[2] >> 32) - 1);
        if (WHYPROF_KERNEL_TAKEN_NS(w[2]))
            fprintf(out, " taken %" PRIu64, WHYPROF_KERNEL_TAKEN_NS(w[2]));
        break;
    case WHYPROF_KERNEL_WAKING:
        fprintf(out, "waking by %u of %u", (unsigned)w[2], (unsigned)(w[2] >> 32));
        break;
    case WHYPROF_KERNEL_FORK:
        fprintf(out, "fork %u of %u %.16s", (unsigned)w[2], (unsigned)(w[2] >> 32), comm);
        break;
    case WHYPROF_KERNEL_EXEC:
        fprintf(out, "exec %u %.16s", (unsigned)w[2], comm);
        break;
    case WHYPROF_KERNEL_EXIT:
        fprintf(out, "exit of %u last %u code %d cpu %" PRIu64, (unsigned)w[2],
                (unsigned)(w[2] >> 32), (int)w[3], w[4]);
        break;
    case WHYPROF_KERNEL_NAME:
        fprintf(out, "name of %u %.16s start %" PRIu64, (unsigned)w[2], comm, n > 5 ? w[5] : 0);
        break;
    case WHYPROF_KERNEL_SYSCALL:
        fprintf(out, "call %u begin %" PRIu64 " ret %" PRId64, (unsigned)w[2], w[3], (int64_t)w[4]);
        print_args(out, w + 5, n - 5);
        break;
    case WHYPROF_KERNEL_SYSCALL_OPEN:
        fprintf(out, "open %u begin %" PRIu64, (unsigned)w[2], w[3]);
        print_args(out, w + 4, n - 4);
        break;
    default:
        fprintf(out, "record of type %u", WHYPROF_KERNEL_TYPE(w[0]));
    }
}

void record_print(FILE *out, const uint64_t *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i += WHYPROF_KERNEL_WORDS(words[i])) {
        const uint64_t *w = words + i;
        uint32_t n = WHYPROF_KERNEL_WORDS(w[0]);
        if (n < 2 || n > count - i)
            return;
        fprintf(out, "%" PRIu64 " tid %u cpu %u ", w[1], WHYPROF_KERNEL_TID(w[0]),
                WHYPROF_KERNEL_CPU(w[0]));
        print_body(out, w, n);
        fputc('\n', out);
    }
}
