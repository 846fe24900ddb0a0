#include "tracepoints/agent/control.h"

#include "tracepoints/agent/counted.h"
#include "tracepoints/agent/fds.h"
#include "tracepoints/agent/life.h"
#include "tracepoints/agent/modules.h"
#include "tracepoints/agent/options.h"
#include "tracepoints/agent/raw.h"
#include "tracepoints/agent/real.h"
#include "tracepoints/agent/sampler.h"
#include "tracepoints/agent/stacks.h"
#include "tracepoints/agent/threads.h"
#include "tracepoints/events.h"
#include "tracepoints/hooks/alloc.h"
#include "tracepoints/hooks/alloc_batch.h"
#include "tracepoints/hooks/fdnames.h"
#include "tracepoints/hooks/lock_table.h"
#include "tracepoints/hooks/wait.h"
#include "tracepoints/provider/provider.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

enum {
    TICK_MS = 2,            /* at least, between two looks at the samples that come in */
    TICK_SAMPLES_MS = 100,  /* at most: a look costs more than a sample */
    SAMPLES_A_LOOK = 256,   /* as far as known: their ring holds eight times that */
    TICK_RECORDING_MS = 32, /* while a session records: long calls, new modules */
    TICK_IDLE_MS = 500,     /* nothing records: only to notice a session of others' */
    HEAP_EVERY_MS = 100,    /* the heap's curve, and the batches of full mode */
    LOCKS_EVERY_MS = 1000,  /* locks' totals, so that a killed target leaves some */
    HELPER_STACK = 256 << 10
};

static struct {
    int fd; /* listening, -1: none */
    ino_t inode;
    atomic_flag flushing;
} control = {.fd = -1, .flushing = ATOMIC_FLAG_INIT};

static bool recording(void)
{
    return lttng_ust_tracepoint_enabled(whyprof_stack, stack) ||
           lttng_ust_tracepoint_enabled(whyprof_sample, cpu) ||
           lttng_ust_tracepoint_enabled(whyprof_syscall, pending) ||
           lttng_ust_tracepoint_enabled(whyprof_lock, stat);
}

/* snprintf into an abstract address: no allocation for %d and short strings. */
static socklen_t abstract_address(struct sockaddr_un *addr, const char *name)
{
    size_t len = strlen(name);
    if (len > sizeof addr->sun_path - 1)
        len = sizeof addr->sun_path - 1;
    memset(addr, 0, sizeof *addr);
    addr->sun_family = AF_UNIX;
    memcpy(addr->sun_path + 1, name, len);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len);
}

static long poll_fd(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    long n = raw_call3(SYS_poll, &p, 1, timeout_ms);
    return n > 0 && p.revents & (POLLNVAL | POLLERR) ? -1 : n;
}

void control_hello(void)
{
    const char *name = life_recorder();
    struct sockaddr_un addr;
    char text[64];
    if (!name || !*name)
        return;
    long fd = raw_call3(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t len = abstract_address(&addr, name);
    int n = snprintf(text, sizeof text, "hello %d %ld\n", agent.pid, raw_call0(SYS_getppid));
    if (raw_call3(SYS_connect, fd, &addr, len) == 0 &&
        raw_syscall6(SYS_sendto, fd, RAW_ARG(text), n, MSG_NOSIGNAL, 0, 0) == n &&
        poll_fd((int)fd, WHYPROF_HELLO_MS) > 0)
        raw_syscall6(SYS_recvfrom, fd, RAW_ARG(text), sizeof text, MSG_DONTWAIT, 0, 0);
    raw_close((int)fd);
}

static void emit_mechanisms(void)
{
    lttng_ust_tracepoint(whyprof_sched, meta, "mechanism.lock", "agent");
    lttng_ust_tracepoint(whyprof_sched, meta, "mechanism.alloc", alloc_mechanism());
    lttng_ust_tracepoint(whyprof_sched, meta, "mechanism.cpu", sampler_mechanism());
    lttng_ust_tracepoint(whyprof_sched, meta, "mechanism.sched", "agent");
    if (!options.syscalls_by_kernel)
        lttng_ust_tracepoint(whyprof_sched, meta, "mechanism.syscall", "agent");
}

static void emit_thread(struct agent_thread *t, void *data)
{
    char name[16];
    (void)data;
    thread_name_read(t->tid, name);
    lttng_ust_tracepoint(whyprof_sched, thread_start, t->tid, t->start_ts, name);
}

void control_dump(bool new_session)
{
    life_emit_start();
    threads_each(emit_thread, NULL);
    emit_mechanisms();
    modules_dump();
    fdnames_dump();
    if (new_session)
        stacks_dump();
}

/* The helper and an exiting thread may both want to; the totals are the same. */
void control_flush(void)
{
    if (atomic_flag_test_and_set(&control.flushing))
        return;
    lock_stats_emit(false);
    alloc_batches_emit();
    alloc_stat_emit(true);
    atomic_flag_clear(&control.flushing);
}

struct schedule {
    uint64_t heap_at, locks_at; /* when they were last told */
};

/* What a session wants to hear of while it records. */
static void tell_regularly(struct schedule *s)
{
    uint64_t now = agent_now();
    if (now - s->heap_at < HEAP_EVERY_MS * (uint64_t)1000000 ||
        atomic_flag_test_and_set(&control.flushing))
        return;
    s->heap_at = now;
    alloc_batches_emit();
    alloc_stat_emit(false);
    if (now - s->locks_at >= LOCKS_EVERY_MS * (uint64_t)1000000) {
        s->locks_at = now;
        lock_stats_emit(true);
    }
    atomic_flag_clear(&control.flushing);
}

static int answer(const char *request, char *reply, size_t size)
{
    if (!strncmp(request, "options ", 8)) {
        options_parse(request + 8);
        if (options.keep)
            modules_prepare();
        counted_begin();
        sampler_run();
    } else if (!strncmp(request, "dump", 4)) {
        control_dump(true);
    } else if (!strncmp(request, "flush", 5)) {
        sampler_run();
        control_flush();
    } else if (!strncmp(request, "ping", 4)) {
        char name[16];
        thread_name_read((uint32_t)agent.pid, name);
        return snprintf(reply, size, "ok %s %d %s", AGENT_VERSION, agent.pid, name);
    } else {
        return snprintf(reply, size, "error unknown request");
    }
    return snprintf(reply, size, "ok");
}

/* "ok", and the file with it. */
static void send_snapshot(int peer)
{
    int file = counted_snapshot();
    char text[] = "ok", space[CMSG_SPACE(sizeof file)] __attribute__((aligned(8))) = {0};
    struct iovec part = {text, sizeof text - 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    struct cmsghdr *c = (struct cmsghdr *)(void *)space;
    if (file < 0) {
        static const char no[] = "error no room for the profiles";
        raw_syscall6(SYS_sendto, peer, RAW_ARG(no), sizeof no - 1, MSG_NOSIGNAL, 0, 0);
        return;
    }
    message.msg_control = space;
    message.msg_controllen = sizeof space;
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof file);
    memcpy(CMSG_DATA(c), &file, sizeof file);
    raw_call3(SYS_sendmsg, peer, &message, MSG_NOSIGNAL);
    raw_close(file);
}

static bool peer_allowed(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (raw_call5(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
        return false;
    return peer.uid == 0 || peer.uid == (uid_t)raw_call0(SYS_geteuid);
}

/* One connection at a time; a peer that says nothing for a second is dropped. */
static void serve(int fd)
{
    char request[1024], reply[128];
    while (poll_fd(fd, 1000) > 0) {
        long n = raw_syscall6(SYS_recvfrom, fd, RAW_ARG(request), sizeof request - 1, MSG_DONTWAIT,
                              0, 0);
        if (n <= 0)
            return;
        request[n] = 0;
        int len = answer(request, reply, sizeof reply);
        if (!strncmp(request, "profiles", 8))
            send_snapshot(fd);
        else
            raw_syscall6(SYS_sendto, fd, RAW_ARG(reply), len, MSG_NOSIGNAL, 0, 0);
    }
}

/* The target may have closed our socket and got its number for a file of its own. */
static bool socket_is_ours(void)
{
    struct stat st;
    return control.fd >= 0 && raw_call2(SYS_fstat, control.fd, &st) == 0 &&
           st.st_ino == control.inode && S_ISSOCK(st.st_mode);
}

static void socket_open(void)
{
    struct sockaddr_un addr;
    struct stat st;
    char name[64];
    long fd = raw_call3(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    control.fd = -1;
    if (fd < 0)
        return;
    snprintf(name, sizeof name, WHYPROF_AGENT_SOCKET, agent.pid);
    socklen_t len = abstract_address(&addr, name);
    if (raw_call3(SYS_bind, fd, &addr, len) < 0 || raw_call2(SYS_listen, fd, 4) < 0) {
        raw_close((int)fd);
        return;
    }
    control.fd = fds_keep((int)fd);
    if (raw_call2(SYS_fstat, control.fd, &st) == 0)
        control.inode = st.st_ino;
}

static void accept_one(void)
{
    if (!socket_is_ours())
        return;
    long fd = raw_call4(SYS_accept4, control.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    fd = fds_keep((int)fd);
    if (peer_allowed((int)fd))
        serve((int)fd);
    fds_forget((int)fd);
    raw_close((int)fd);
}

/* A session that began without telling us (made with the lttng command) still gets
 * the definitions. */
static bool notice_session(bool was)
{
    bool is = recording();
    if (is && !was)
        control_dump(true);
    return is;
}

/* Until about SAMPLES_A_LOOK have come, at the rate of the last ones. */
static int wait_for_samples(unsigned samples, int last_ms)
{
    unsigned ms = (unsigned)last_ms * SAMPLES_A_LOOK / samples;
    return ms < TICK_MS ? TICK_MS : ms > TICK_SAMPLES_MS ? TICK_SAMPLES_MS : (int)ms;
}

static int next_wait_ms(bool is_recording, unsigned samples, int last_ms)
{
    if (!is_recording)
        return TICK_IDLE_MS;
    if (samples)
        return wait_for_samples(samples, last_ms);
    bool calls = lttng_ust_tracepoint_enabled(whyprof_syscall, pending);
    int most_ms = calls ? TICK_RECORDING_MS : TICK_SAMPLES_MS;
    return last_ms * 2 > most_ms ? most_ms : last_ms * 2;
}

static void *helper(void *data)
{
    bool was_recording = data != NULL;
    int wait_ms = TICK_MS;
    struct schedule schedule = {0, agent_now()};
    thread_hide();
    raw_call2(SYS_prctl, PR_SET_NAME, "whyprof");
    while (atomic_load(&agent.on)) {
        if (socket_is_ours()) {
            if (poll_fd(control.fd, wait_ms) > 0)
                accept_one();
        } else {
            raw_sleep_ns((uint64_t)wait_ms * 1000000);
        }
        was_recording = notice_session(was_recording);
        unsigned samples = sampler_run();
        if (!was_recording && options.keep)
            modules_update();
        if (was_recording) {
            modules_update();
            wait_tell_pending();
            tell_regularly(&schedule);
        }
        wait_ms = next_wait_ms(was_recording, samples, wait_ms);
    }
    return NULL;
}

/* All signals blocked: the target's handlers run on the target's threads. */
static void helper_start(void)
{
    pthread_t thread;
    pthread_attr_t attr;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, HELPER_STACK);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    /* It need not say again what the caller says of a session that records now. */
    real.pthread_create(&thread, &attr, helper, recording() ? (void *)&control : NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
}

void control_start(void)
{
    socket_open();
    helper_start();
}

void control_after_fork(void)
{
    if (socket_is_ours()) {
        fds_forget(control.fd);
        raw_close(control.fd);
    }
    control.fd = -1;
    atomic_flag_clear(&control.flushing);
}
