/* kernel_types: the few fields of the kernel's structures that the programs
 * read. libbpf moves each access to where the running kernel has the field
 * (CO-RE), so that the build needs no kernel's type information. */
#ifndef COLLECT_BPF_KERNEL_TYPES_H
#define COLLECT_BPF_KERNEL_TYPES_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
    int counter;
} atomic_t;

struct cfs_rq;

struct sched_entity {
    __u64 exec_start;       /* up to where its CPU time is charged: scheduler's clock */
    __u64 sum_exec_runtime; /* its CPU time */
    struct cfs_rq *cfs_rq;  /* of its cpu; kernels without groups of threads have none */
};

/* A cpu's scheduler, as of its latest look at the clock. */
struct rq {
    __u64 clock;      /* the scheduler's own, of about the pace of CLOCK_MONOTONIC */
    __u64 clock_task; /* the same without what the hypervisor and (where the kernel is built
                         to tell) interrupts took: what threads are charged by */
};

struct cfs_rq {
    struct rq *rq;
};

struct signal_struct {
    atomic_t live; /* threads that have not begun to exit */
};

struct task_struct {
    unsigned __state;
    struct sched_entity se;
    int exit_code;
    int pid;
    int tgid;
    char comm[16];
    struct signal_struct *signal;
};

struct task_struct___before_5_14 {
    long state;
};

#pragma clang attribute pop

/* The saved registers at a system call: fixed by ptrace's ABI, so read in one go. */
#if defined(__TARGET_ARCH_x86)
struct call_regs {
    __u64 r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs;
};
enum {
    CALL_REGS_OFF = 7 * 8, /* r15 r14 r13 r12 bp bx r11 come before */
    USER32_CS = 0x23
};
#elif defined(__TARGET_ARCH_arm64)
struct call_regs {
    __u64 x[6];
};
enum {
    CALL_REGS_OFF = 0
};
#else
#error "where this processor keeps a system call's arguments is not known here"
#endif

#endif
