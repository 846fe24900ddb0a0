#include "session/recorder.h"

#include "base/arena.h"
#include "session/daemon.h"
#include "session/procfs.h"
#include "session/recorder_process.h"
#include "session/reserve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    COLLECTOR_READY_MS = 5000,
    COLLECTOR_ADD_MS = 2000,
    COLLECTOR_END_MS = 5000,
    FLUSH_MS = 2000,
    /* lttng-ust sleeps 5 s before it looks for a daemon again after one has gone. */
    REGISTER_MS = 7000
};

static bool open_session(struct recorder *r, struct err *err)
{
    struct daemon_lock lock;
    if (!daemon_lock(&lock, &r->runtime, err))
        return false;
    bool ok = daemon_ensure(&r->runtime, err) &&
              session_create(&r->session, r->options.session_name, r->options.ctf_dir,
                             r->options.relay_url, r->options.classes, err);
    if (!ok)
        daemon_stop_if_ours(&r->runtime);
    daemon_unlock(&lock);
    pid_t daemon = ok ? daemon_pid(&r->runtime) : 0;
    if (daemon)
        r->daemon_fd = (int)syscall(SYS_pidfd_open, daemon, 0);
    return ok;
}

static void leave_daemon(const struct runtime *rt, bool hangs)
{
    struct daemon_lock lock;
    if (daemon_lock(&lock, rt, NULL)) {
        if (hangs)
            daemon_kill_if_ours(rt);
        else
            daemon_stop_if_ours(rt);
        daemon_unlock(&lock);
    }
}

/* The kernel looks at the agents' timers in its ticks. */
static bool exceeds_tick(uint32_t hz)
{
    struct timespec tick;
    return clock_getres(CLOCK_MONOTONIC_COARSE, &tick) == 0 && tick.tv_nsec > 1000000000 / (long)hz;
}

static bool some_without_agent(const struct recorder *r)
{
    for (size_t i = 0; i < r->options.pid_count; i++)
        if (!agent_request(r->options.pids[i], "ping", NULL, 0, FLUSH_MS))
            return true;
    return false;
}

/* Loads while the rest starts; a machine without kernel events goes on without. */
static void start_collector(struct recorder *r)
{
    char classes[32];
    session_classes_text(r->options.classes & (SESSION_SCHED | SESSION_SYSCALL), classes,
                         sizeof classes);
    unsigned hz = r->options.classes & SESSION_CPU ? r->options.cpu_hz : 0;
    bool samples = hz && (exceeds_tick(hz) || some_without_agent(r));
    if (!r->options.collector_path || (!*classes && !samples))
        return;
    if (!collector_spawn(&r->collector, r->options.collector_path, *classes ? classes : "cpu", hz,
                         NULL))
        return;
    session_admit(&r->session, r->collector.pid, NULL);
}

static bool fork_target(struct recorder *r, int *exit_code, struct err *err)
{
    *exit_code = 1;
    const struct target_env env = {.agent_path = r->options.agent_path,
                                   .recorder_name = r->hello.name,
                                   .options = r->options.agent_options};
    return target_fork(&r->target, r->options.argv, &env, &r->signals.old, r->options.background,
                       err);
}

/* Where more is asked for than the agents' timers can, and the collector may, it samples
 * those with an agent, too. */
static bool past_tick(const struct recorder *r)
{
    return r->collector.mechanism_cpu[0] && exceeds_tick(r->options.cpu_hz);
}

static bool launch(struct recorder *r, int *exit_code, struct err *err)
{
    if (!recorder_admit(r, r->target.pid, r->target.pid, true, err))
        return false;
    bool followed = collector_add(&r->collector, r->target.pid, COLLECTOR_ADD_MS);
    bool kernel_calls = followed && r->collector.mechanism_syscall[0];
    if (!followed && !r->options.agent_path) {
        err_set(err, "no agent, and this user may not follow it in the kernel");
        return err_hint(err, "run as root");
    }
    r->samples_all =
        past_tick(r) && collector_sample(&r->collector, r->target.pid, COLLECTOR_ADD_MS);
    r->samples = r->samples_all;
    char more[64];
    snprintf(more, sizeof more, "%s%s%s", kernel_calls ? "syscalls=kernel" : "",
             kernel_calls && r->samples_all ? "," : "", r->samples_all ? "cpu_hz=0" : "");
    return target_release(&r->target, more, exit_code, err);
}

static const char *why_no_kernel_events(const struct recorder *r)
{
    return r->collector.refused[0]       ? r->collector.refused
           : r->collector.refused_cpu[0] ? r->collector.refused_cpu
                                         : "the kernel collector does not run";
}

static bool no_agent(const struct recorder *r, struct err *err)
{
    err_set(err, "process %d does not run the agent, and there are no kernel events: %s",
            (int)r->options.pids[0], why_no_kernel_events(r));
    return err_hint(err, "start the program with: whyprof run -- PROGRAM");
}

static bool not_registered(pid_t pid, struct err *err)
{
    err_set(err, "process %d does not reach the session daemon", (int)pid);
    return err_hint(err, "start it with: whyprof run -- PROGRAM, as the same user");
}

static bool has(const struct agents *agents, pid_t pid)
{
    for (size_t i = 0; i < agents->count; i++)
        if (agents->pids[i] == pid)
            return true;
    return false;
}

/* The processes with an agent begin to record and tell what they already have;
 * those without are seen by the kernel collector only. */
static bool attach(struct recorder *r, struct err *err)
{
    const struct recorder_options *o = &r->options;
    struct agents agents = {0};
    for (size_t i = 0; i < o->pid_count; i++) {
        if (!agent_request(o->pids[i], "ping", NULL, 0, FLUSH_MS))
            continue;
        mem_grow(&agents.pids, &agents.cap, agents.count + 1, sizeof *agents.pids);
        agents.pids[agents.count++] = o->pids[i];
    }
    bool ok = agents.count || o->all || recorder_kernel_events(r) ||
              r->collector.mechanism_cpu[0] || no_agent(r, err);
    size_t asked = ok ? agents.count : 0;
    r->samples_all = past_tick(r);
    agents.count = session_keep_registered(&r->session, agents.pids, asked, REGISTER_MS);
    /* Of all, some may belong to the daemon of another container. */
    if (agents.count < asked && !o->all)
        ok = not_registered(agents.pids[agents.count], err);
    for (size_t i = 0; ok && i < o->pid_count; i++) {
        struct procfs_ids ids;
        if (procfs_ids(o->pids[i], &ids))
            ok = recorder_admit(r, o->pids[i], ids.vpid, true, err);
        collector_add(&r->collector, o->pids[i], COLLECTOR_ADD_MS);
        if ((r->samples_all || !has(&agents, o->pids[i])) &&
            collector_sample(&r->collector, o->pids[i], COLLECTOR_ADD_MS))
            r->samples = r->samples_all || !agents.count;
    }
    if (ok)
        recorder_greet(r, agents.pids, agents.count);
    agents_release(&agents);
    return ok;
}

static bool begin(struct recorder *r, int *exit_code, struct err *err)
{
    const struct recorder_options *o = &r->options;
    *exit_code = 1;
    if (!hello_open(&r->hello, err) || (o->argv && !fork_target(r, exit_code, err)))
        return false;
    if (!open_session(r, err))
        return false;
    start_collector(r); /* it loads meanwhile */
    r->buffers = r->session.buffers;
    if (!reserve_take(o->ctf_dir, recorder_reserve_bytes(r), err))
        return false;
    if (!session_start(&r->session, err))
        return false;
    collector_wait_ready(&r->collector, COLLECTOR_READY_MS);
    if (!o->agent_path && o->argv && !recorder_kernel_events(r)) {
        err_set(err, "no agent, and no kernel events: %s", why_no_kernel_events(r));
        return err_hint(err, "run as root; whyprof doctor says what this machine allows");
    }
    return o->argv ? launch(r, exit_code, err) : attach(r, err);
}

bool recorder_begin(struct recorder *r, const struct recorder_options *options, int *exit_code,
                    struct err *err)
{
    *r = (struct recorder){.options = *options,
                           .hello.fd = -1,
                           .collector.fd = -1,
                           .target = {.go_fd = -1, .status_fd = -1},
                           .daemon_fd = -1,
                           .control_fd = -1,
                           .stop_fd = -1,
                           .chunks = {.snapshot_fd = -1},
                           .wait_status = -1};
    if (!runtime_init(&r->runtime, err) || !signals_block(&r->signals, err))
        return false;
    if (begin(r, exit_code, err))
        return true;
    struct recorder_result unused;
    target_cancel(&r->target);
    r->options.session_stopped = NULL;
    recorder_finish(r, &unused, NULL);
    recorder_release(r);
    return false;
}

bool recorder_kernel_events(const struct recorder *r)
{
    return r->collector.ready &&
           (r->collector.mechanism_sched[0] || r->collector.mechanism_syscall[0]);
}

/* What the buffers can hold; on machines with many CPUs they are never all full. */
uint64_t recorder_reserve_bytes(const struct recorder *r)
{
    enum {
        METADATA_BYTES = 1 << 20,
        MOST_BYTES = 64 << 20
    };
    uint64_t bytes = r->buffers.subbuf_bytes * r->buffers.subbufs * r->buffers.cpus;
    return (bytes < MOST_BYTES ? bytes : MOST_BYTES) + METADATA_BYTES;
}

static bool stop_session(struct recorder *r, struct err *err)
{
    struct session_losses losses = {0};
    if (r->stopped)
        return true;
    reserve_give_back(r->options.ctf_dir);
    r->stopped = true;
    bool ok = daemon_alive() ? session_stop(&r->session, &losses, err)
                             : err_set(err, "the session daemon died during the recording");
    r->lost_events = losses.events;
    return ok;
}

void recorder_cut_short(struct recorder *r, const char *why)
{
    r->cut_short = why;
    stop_session(r, NULL);
}

bool recorder_finish(struct recorder *r, struct recorder_result *result, struct err *err)
{
    *result = (struct recorder_result){0};
    hello_close(&r->hello);
    recorder_chunks_settle(r);
    recorder_flush(r, FLUSH_MS);
    collector_stop(&r->collector, COLLECTOR_END_MS);
    result->lost_kernel = r->collector.lost;
    bool ok = !r->session.created || stop_session(r, err);
    if (ok && r->cut_short)
        ok = err_set(err, "%s", r->cut_short);
    result->incomplete = !ok;
    result->lost_events = r->lost_events;
    r->daemon_hangs = r->session.hangs;
    if (r->session.created && !r->daemon_hangs && r->options.session_stopped)
        r->options.session_stopped(r->options.stopped_data);
    session_end(&r->session);
    recorder_forget_processes(r);
    recorder_chunks_release(r);
    if (r->daemon_fd >= 0)
        close(r->daemon_fd);
    r->daemon_fd = -1;
    return ok;
}

void recorder_release(struct recorder *r)
{
    if (r->stop_fd >= 0)
        recorder_answer_stop(r);
    if (r->control_fd >= 0)
        close(r->control_fd);
    r->control_fd = -1;
    leave_daemon(&r->runtime, r->daemon_hangs);
    signals_release(&r->signals);
}

bool recorder_recover(const struct runtime *rt, const char *name, const char *ctf_dir,
                      void (*session_stopped)(void *data), void *stopped_data,
                      struct recorder_result *result, struct err *err)
{
    struct session session = {0};
    struct session_losses losses = {0};
    *result = (struct recorder_result){.incomplete = true};
    /* A session that is not there any more has ended in order, or with its daemon. */
    bool ok = true, hangs = false;
    reserve_give_back(ctf_dir);
    if (daemon_alive() && session_open(&session, name)) {
        ok = session_stop(&session, &losses, err);
        hangs = session.hangs;
        if (!hangs && session_stopped)
            session_stopped(stopped_data);
        session_end(&session);
    }
    result->lost_events = losses.events;
    leave_daemon(rt, hangs);
    return ok;
}
