/* machine: what this machine and user allow, for `whyprof doctor`. */
#ifndef SESSION_MACHINE_H
#define SESSION_MACHINE_H

#include "session/collector.h"
#include "session/runtime.h"

#include <stdbool.h>
#include <stdint.h>

struct machine {
    struct runtime runtime;
    struct err runtime_err; /* why there is no runtime folder; text "" otherwise */
    bool daemon_runs;
    bool daemon_ours;           /* whyprof started it */
    pid_t daemon_pid;           /* 0 unknown */
    char daemon_version[128];   /* "" where lttng-sessiond is not installed */
    int perf_event_paranoid;    /* -99 where the kernel has no perf events */
    bool tracefs;               /* mounted, and readable for this user */
    bool btf;                   /* the kernel describes its types: BPF programs can adapt */
    bool cap_perf;              /* CAP_PERFMON (or CAP_SYS_ADMIN) */
    bool cap_bpf;               /* CAP_BPF (or CAP_SYS_ADMIN) */
    uint64_t shm_free_bytes;    /* LTTng's buffers live there */
    struct collector collector; /* what the kernel collector said, run for the question */
    char display[64];           /* "x11 :0", "wayland wayland-0", or "" */
};

/* collector_path may be NULL. Takes as long as the collector's start (0.1 s). */
void machine_look(struct machine *m, const char *collector_path);

#endif
