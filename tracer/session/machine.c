#include "session/machine.h"

#include "base/file.h"
#include "session/daemon.h"
#include "session/spawn.h"

#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    COLLECTOR_MS = 5000,
    NO_PERF_EVENTS = -99
};

/* "lttng-sessiond (LTTng Trace Control) 2.13.9 - Nordicite" */
static void ask_version(char *version, size_t cap)
{
    static const char *const argv[] = {"lttng-sessiond", "--version", NULL};
    char text[512];
    int out = memfd_create("version", MFD_CLOEXEC);
    pid_t pid = spawn_helper(&(struct spawn){argv, -1, out, out, NULL}, NULL);
    version[0] = '\0';
    if (pid > 0 && spawn_wait(pid) == 0) {
        ssize_t n = pread(out, text, sizeof text - 1, 0);
        text[n > 0 ? n : 0] = '\0';
        text[strcspn(text, "\n")] = '\0';
        const char *number = text + strcspn(text, "0123456789");
        snprintf(version, cap, "%.*s", (int)strcspn(number, " "), number);
    }
    close(out);
}

static int read_int(const char *path, int missing)
{
    char *text;
    size_t bytes;
    if (!file_read(path, &text, &bytes, NULL))
        return missing;
    int value = (int)strtol(text, NULL, 10);
    free(text);
    return value;
}

static uint64_t effective_caps(void)
{
    char *text;
    size_t bytes;
    if (!file_read("/proc/self/status", &text, &bytes, NULL))
        return 0;
    const char *line = strstr(text, "CapEff:");
    uint64_t caps = line ? strtoull(line + strlen("CapEff:"), NULL, 16) : 0;
    free(text);
    return caps;
}

static bool has_cap(uint64_t caps, int cap)
{
    return caps >> cap & 1 || caps >> CAP_SYS_ADMIN & 1;
}

static void look_at_display(struct machine *m)
{
    const char *wayland = getenv("WAYLAND_DISPLAY"), *x11 = getenv("DISPLAY");
    if (wayland && *wayland)
        snprintf(m->display, sizeof m->display, "wayland %s", wayland);
    else if (x11 && *x11)
        snprintf(m->display, sizeof m->display, "x11 %s", x11);
}

static void look_at_daemon(struct machine *m)
{
    struct daemon_lock lock;
    if (!runtime_init(&m->runtime, &m->runtime_err))
        return;
    m->daemon_runs = daemon_alive();
    m->daemon_pid = m->daemon_runs ? daemon_pid(&m->runtime) : 0;
    if (daemon_lock(&lock, &m->runtime, NULL)) {
        m->daemon_ours = m->daemon_runs && daemon_is_ours(&m->runtime);
        daemon_unlock(&lock);
    }
}

void machine_look(struct machine *m, const char *collector_path)
{
    struct statvfs fs;
    *m = (struct machine){.collector.fd = -1};
    bool asked = collector_path &&
                 collector_spawn(&m->collector, collector_path, "sched,syscall", 1000, NULL);
    look_at_daemon(m);
    ask_version(m->daemon_version, sizeof m->daemon_version);
    m->perf_event_paranoid = read_int("/proc/sys/kernel/perf_event_paranoid", NO_PERF_EVENTS);
    m->tracefs = access("/sys/kernel/tracing/events/sched/sched_switch/id", R_OK) == 0;
    m->btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
    uint64_t caps = effective_caps();
    m->cap_perf = has_cap(caps, CAP_PERFMON);
    m->cap_bpf = has_cap(caps, CAP_BPF);
    if (statvfs("/dev/shm", &fs) == 0)
        m->shm_free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    look_at_display(m);
    if (asked) {
        collector_wait_ready(&m->collector, COLLECTOR_MS);
        collector_stop(&m->collector, COLLECTOR_MS);
    }
}
