#include "tracepoints/agent/life.h"

#include "tracepoints/agent/agent.h"
#include "tracepoints/agent/control.h"
#include "tracepoints/agent/counted.h"
#include "tracepoints/agent/loader.h"
#include "tracepoints/agent/modules.h"
#include "tracepoints/agent/options.h"
#include "tracepoints/agent/raw.h"
#include "tracepoints/agent/real.h"
#include "tracepoints/agent/sampler.h"
#include "tracepoints/agent/stacks.h"
#include "tracepoints/agent/threads.h"
#include "tracepoints/agent/ticks.h"
#include "tracepoints/events.h"
#include "tracepoints/hooks/alloc.h"
#include "tracepoints/hooks/lock_mutex.h"
#include "tracepoints/hooks/lock_table.h"
#include "tracepoints/hooks/thread.h"
#include "tracepoints/provider/provider.h"

#include <lttng/ust-fork.h>
#include <lttng/ust-thread.h>
#include <string.h>

struct agent_state agent;

static atomic_int exit_status = -1;
static char recorder[108];
static __thread sigset_t fork_mask; /* what lttng-ust restores after the fork */

const char *life_recorder(void)
{
    return recorder;
}

/* The environment may be changed by the target later: read once. */
static void read_environment(void)
{
    const char *name = getenv(WHYPROF_ENV_RECORDER);
    options_parse(getenv(WHYPROF_ENV_OPTIONS));
    if (name)
        strncpy(recorder, name, sizeof recorder - 1);
}

void life_emit_start(void)
{
    char name[16], cmdline[1024];
    if (!lttng_ust_tracepoint_enabled(whyprof_sched, process_start))
        return;
    thread_name_read((uint32_t)agent.pid, name);
    size_t len = raw_read_file("/proc/self/cmdline", cmdline, sizeof cmdline);
    for (size_t i = 0; i + 1 < len; i++)
        if (!cmdline[i])
            cmdline[i] = ' ';
    lttng_ust_do_tracepoint(whyprof_sched, process_start, (uint32_t)raw_call0(SYS_getppid),
                            agent.start_ts, name, cmdline);
}

/* An image begins: the recorder lets it in first, so that nothing is missed. */
static void begin_image(uint64_t start_ts)
{
    agent.pid = raw_getpid();
    agent.start_ts = start_ts;
    control_hello();
    if (options.keep)
        modules_prepare();
    counted_begin();
    atomic_store(&agent.on, true);
    control_dump(false);
    control_start();
}

static void before_fork(void)
{
    if (agent_tls.hidden)
        return;
    agent_tls.inside = 1;
    loader_before_fork();
    lttng_ust_before_fork(&fork_mask);
}

static void after_fork_parent(void)
{
    if (agent_tls.hidden)
        return;
    lttng_ust_after_fork_parent(&fork_mask);
    agent_tls.inside = 0;
}

static void after_fork_child(void)
{
    if (agent_tls.hidden)
        return;
    bool was_on = atomic_exchange(&agent.on, false);
    bool loader_whole = loader_after_fork_child();
    sampler_after_fork();
    threads_after_fork();
    locks_after_fork();
    counted_after_fork();
    stacks_new_generation();
    control_after_fork();
    if (!loader_whole) { /* not traced */
        lttng_ust_after_fork_parent(&fork_mask);
        life_switch_off();
        return;
    }
    lttng_ust_after_fork_child(&fork_mask);
    if (was_on)
        begin_image(agent_now());
    agent_tls.inside = 0;
}

/* The kernel's record of when the process began, in ticks since boot, is too
 * coarse: the constructor's own time is the image's start. */
__attribute__((constructor)) static void life_begin(void)
{
    int saved_errno = errno;
    agent_tls.inside = 1;
    real_init();
    lock_mutex_init();
    lock_sync_init();
    ticks_init();
    alloc_init();
    read_environment();
    lttng_ust_init_thread();
    loader_init();
    stacks_init();
    thread_hooks_init();
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
    thread_self();
    thread_hooks_watch();
    begin_image(agent_now());
    agent_tls.inside = 0;
    errno = saved_errno;
}

void life_set_status(int status)
{
    atomic_store(&exit_status, status & 0xff);
}

void life_end(int status)
{
    /* A vfork child shares our memory, but is not us. */
    if (raw_getpid() != agent.pid || agent_tls.hidden || !atomic_load(&agent.on))
        return;
    int saved_errno = errno;
    agent_tls.inside = 1;
    if (atomic_exchange(&agent.on, false)) {
        sampler_run();
        control_flush();
        lttng_ust_tracepoint(whyprof_sched, process_exit, status);
    }
    agent_tls.inside = 0;
    errno = saved_errno;
}

void life_before_exec(void)
{
    if (raw_getpid() != agent.pid || !agent_enter())
        return;
    control_flush();
    agent_leave();
}

void life_switch_off(void)
{
    atomic_store(&agent.on, false);
    thread_hide();
}

__attribute__((destructor)) static void life_destroy(void)
{
    life_end(exit_status);
}
