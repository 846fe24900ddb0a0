#include "session/recorder_process.h"

#include "base/arena.h"
#include "session/procfs.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    GREET_MS = 2000,
    ADD_MS = 1000,
    ANCESTORS_MAX = 32
};

bool recorder_knows(const struct recorder *r, pid_t pid)
{
    for (size_t i = 0; i < r->process_count; i++)
        if (r->processes[i].pid == pid)
            return true;
    return false;
}

bool recorder_admit(struct recorder *r, pid_t pid, pid_t vpid, bool target, struct err *err)
{
    if (recorder_knows(r, pid))
        return true;
    if (!session_admit(&r->session, vpid, err))
        return false;
    mem_grow(&r->processes, &r->process_cap, r->process_count + 1, sizeof *r->processes);
    r->processes[r->process_count++] = (struct recorder_process){
        .pid = pid, .vpid = vpid, .pidfd = (int)syscall(SYS_pidfd_open, pid, 0), .target = target};
    r->admitted++;
    return true;
}

static bool ended(const struct recorder_process *p)
{
    struct pollfd fd = {.fd = p->pidfd, .events = POLLIN};
    if (p->pidfd < 0) /* a sandbox without pidfds, or it had ended already */
        return !procfs_start_ticks(p->pid);
    return poll(&fd, 1, 0) == 1;
}

void recorder_reap_processes(struct recorder *r)
{
    for (size_t i = 0; i < r->process_count;) {
        struct recorder_process *p = &r->processes[i];
        if (!ended(p)) {
            i++;
            continue;
        }
        session_dismiss(&r->session, p->vpid);
        if (p->pidfd >= 0)
            close(p->pidfd);
        *p = r->processes[--r->process_count];
    }
}

size_t recorder_targets_left(const struct recorder *r)
{
    size_t left = 0;
    for (size_t i = 0; i < r->process_count; i++)
        left += r->processes[i].target;
    return left;
}

void recorder_forget_processes(struct recorder *r)
{
    for (size_t i = 0; i < r->process_count; i++)
        if (r->processes[i].pidfd >= 0)
            close(r->processes[i].pidfd);
    free(r->processes);
    r->processes = NULL;
    r->process_count = r->process_cap = 0;
}

/* Who is let in: this user's processes (they know the socket's random name), and
 * whatever a recorded process started, under any user. */
bool recorder_hello(void *data, const struct hello_peer *peer)
{
    struct recorder *r = data;
    if (peer->uid != r->runtime.uid && !recorder_knows(r, peer->pid) &&
        !recorder_knows(r, peer->ppid))
        return false;
    /* The collector follows descendants by itself. */
    return recorder_admit(r, peer->pid, peer->vpid, false, NULL);
}

static bool descends(const struct recorder *r, pid_t pid)
{
    struct procfs_ids ids;
    for (int depth = 0; depth < ANCESTORS_MAX && pid > 1 && procfs_ids(pid, &ids); depth++) {
        if (recorder_knows(r, ids.parent))
            return true;
        pid = ids.parent;
    }
    return false;
}

void recorder_greet(struct recorder *r, const pid_t *pids, size_t count)
{
    bool kernel_calls = r->collector.ready && r->collector.mechanism_syscall[0];
    char options[300];
    int n =
        snprintf(options, sizeof options, "options syscalls=%s", kernel_calls ? "kernel" : "agent");
    snprintf(options + n, sizeof options - (size_t)n, "%s%s%s",
             *r->options.agent_options ? "," : "", r->options.agent_options,
             r->samples_all ? ",cpu_hz=0" : "");
    agents_request(pids, count, options, GREET_MS);
    agents_request(pids, count, "dump", GREET_MS);
}

void recorder_scan(struct recorder *r)
{
    struct agents found = {0};
    agents_list(&found);
    for (size_t i = 0; i < found.count; i++) {
        pid_t pid = found.pids[i];
        struct procfs_ids ids;
        if (recorder_knows(r, pid) || !procfs_ids(pid, &ids))
            continue;
        if (ids.uid != r->runtime.uid && r->runtime.uid != 0)
            continue;
        if (!r->options.all && !descends(r, pid))
            continue;
        if (!recorder_admit(r, pid, ids.vpid, false, NULL))
            continue;
        if (r->options.all)
            collector_add(&r->collector, pid, ADD_MS);
        if (r->options.all && r->samples_all)
            collector_sample(&r->collector, pid, ADD_MS);
        recorder_greet(r, &pid, 1);
    }
    agents_release(&found);
}

void recorder_flush(struct recorder *r, int timeout_ms)
{
    pid_t *pids = mem_realloc(NULL, r->process_count + 1, sizeof *pids);
    for (size_t i = 0; i < r->process_count; i++)
        pids[i] = r->processes[i].pid;
    agents_request(pids, r->process_count, "flush", timeout_ms);
    free(pids);
}
