/* proc: what /proc tells of a process that is there already when it is added. */
#ifndef COLLECT_PROC_H
#define COLLECT_PROC_H

#include "collect/bpf/shared.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_thread {
    char comm[16];
    char state; /* as in /proc/PID/stat: R S D T t Z X I P */
    pid_t ppid;
    uint32_t cpu;      /* where it runs or last ran */
    uint64_t start_ns; /* CLOCK_MONOTONIC, to the kernel's clock tick */
    bool in_call;      /* blocked in a system call */
    uint32_t nr;       /* its number, where in_call */
    uint64_t args[COLLECT_MAX_ARGS];
};

/* False where the thread is gone. in_call stays false where /proc does not let us see it. */
bool proc_thread_read(struct proc_thread *t, pid_t pid, pid_t tid);

/* The process of a thread, 0 where it is gone. */
pid_t proc_of_thread(pid_t tid);
/* Calls each with every thread's id; false where the process is gone. */
bool proc_each_thread(pid_t pid, void (*each)(void *data, pid_t tid), void *data);
/* Every open descriptor and what it refers to ("/etc/hosts", "socket:[1234]"). */
void proc_each_fd(pid_t pid, void (*each)(void *data, int fd, const char *name), void *data);

struct proc_module {
    uint64_t begin, end, file_off;
    const char *path; /* borrowed for the call */
};

/* Every executable mapping of a file. */
void proc_each_module(pid_t pid, void (*each)(void *data, const struct proc_module *m), void *data);
/* Whether the agent is loaded: then it tells names, modules and descriptors itself. */
bool proc_has_agent(pid_t pid);
/* The command line with blanks between arguments; "" where there is none. */
void proc_cmdline(pid_t pid, char *buf, size_t bytes);

/* State bits of the kernel (as in a SWITCH_OUT record) for a letter of /proc. */
uint32_t proc_state_bits(char state);
/* Fills *t from a line of /proc/PID/stat; false where it is malformed. Pure: start_ns is in
 * clock ticks since boot here. */
bool proc_parse_stat(struct proc_thread *t, const char *text);
/* The same for /proc/PID/syscall ("running", "-1 SP PC" and calls). */
void proc_parse_syscall(struct proc_thread *t, const char *text);
/* One line of /proc/PID/maps, which it cuts; false where it is no executable file mapping. */
bool proc_parse_map(struct proc_module *m, char *line);

#endif
