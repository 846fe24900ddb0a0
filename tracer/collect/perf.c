/* perf: the source where BPF is refused: perf events on the traced threads,
 * inherited by all they start, one ring a cpu. Without privileges it gives
 * context switches of the user's own processes; system calls where raw_syscalls
 * is allowed. Records of all cpus are put in order first (`order`), then made
 * whole (`join`). */
#include "base/arena.h"
#include "base/file.h"
#include "collect/perf_decode.h"
#include "collect/perf_join.h"
#include "collect/proc.h"
#include "collect/record.h"
#include "collect/source.h"
#include "tracepoints/events.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    RING_BYTES_MOST = 8 << 20,
    RING_BYTES_LEAST = 32 << 10,
    RINGS_BYTES_TOTAL = 128 << 20,
    /* perf takes a record's time before its room: a reader may see a later one first. */
    SLACK_NS = 10000000,
    ADD_PASSES = 20,
    SETTLE_US = 1000, /* from a thread's being listed to its FORK record */
    EVENTS = 3        /* switches, call entries, call exits */
};

struct perf_ring {
    unsigned cpu;
    int fd; /* of an event of our own, which only owns the ring */
    struct perf_event_mmap_page *page;
    uint8_t *scratch; /* a record that wraps is made whole here */
};

struct source {
    struct perf_ring *rings; /* owned */
    unsigned ring_count;
    size_t ring_bytes;
    bool has[COLLECT_CLASSES];
    bool user_only; /* events may not look into the kernel */
    int *fds;       /* owned: the events on traced threads */
    size_t fd_count, fd_cap;
    struct perf_decode decode;
    uint64_t lost_told;
    struct map64 known; /* tids with events of ours, inherited ones included */
    struct batch order;
    struct join join;
    struct batch *out; /* while words go through join */
    bool ending;
};

/* ---- events ---- */

static void attr_base(const struct source *s, struct perf_event_attr *attr)
{
    *attr = (struct perf_event_attr){
        .size = sizeof *attr,
        .sample_type = PERF_DECODE_SAMPLE_TYPE,
        .sample_id_all = 1,
        .use_clockid = 1,
        .clockid = CLOCK_MONOTONIC,
        .watermark = 1,
        .wakeup_watermark = 1u << 30, /* we poll */
        .exclude_kernel = s->user_only,
        .exclude_hv = 1,
    };
}

/* Which: 0 switches and life, 1 call entries, 2 call exits. False where it is not wanted. */
static bool attr_of(const struct source *s, int which, struct perf_event_attr *attr)
{
    attr_base(s, attr);
    attr->inherit = 1;
    if (which == 0) {
        attr->type = PERF_TYPE_SOFTWARE;
        attr->config = PERF_COUNT_SW_DUMMY;
        attr->context_switch = s->has[COLLECT_SCHED];
        attr->comm = attr->comm_exec = attr->task = 1;
        return true;
    }
    attr->type = PERF_TYPE_TRACEPOINT;
    attr->config = which == 1 ? s->decode.enter_id : s->decode.leave_id;
    attr->sample_type |= PERF_SAMPLE_RAW;
    attr->sample_period = 1;
    return s->has[COLLECT_SYSCALL];
}

static int event_open(struct perf_event_attr *attr, pid_t tid, int cpu)
{
    return (int)syscall(SYS_perf_event_open, attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static bool event_allowed(const struct source *s, int which)
{
    struct perf_event_attr attr;
    attr_of(s, which, &attr);
    int fd = event_open(&attr, 0, (int)s->rings[0].cpu), error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return fd >= 0;
}

static bool refuse(struct err *err, const char *what)
{
    int error = errno;
    char *level = NULL;
    if (error == EPERM && geteuid() == 0)
        return err_set(err, "perf: %s: refused to root (a container or sandbox)", what);
    if ((error == EACCES || error == EPERM) &&
        file_read("/proc/sys/kernel/perf_event_paranoid", &level, &(size_t){0}, NULL)) {
        err_set(err, "perf: %s: not permitted (perf_event_paranoid is %d)", what, atoi(level));
        free(level);
        return false;
    }
    return err_set(err, "perf: %s: %s", what, strerror(error));
}

/* ---- rings ---- */

static void ring_unmake(struct source *s, struct perf_ring *r)
{
    munmap(r->page, (size_t)sysconf(_SC_PAGESIZE) + s->ring_bytes);
    close(r->fd);
    free(r->scratch);
}

static bool ring_make(struct source *s, unsigned cpu)
{
    struct perf_ring *r = &s->rings[s->ring_count];
    struct perf_event_attr attr;
    attr_base(s, &attr);
    attr.type = PERF_TYPE_SOFTWARE;
    attr.config = PERF_COUNT_SW_DUMMY;
    *r = (struct perf_ring){.cpu = cpu, .fd = event_open(&attr, 0, (int)cpu)};
    if (r->fd < 0)
        return false;
    size_t bytes = (size_t)sysconf(_SC_PAGESIZE) + s->ring_bytes;
    r->page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
    if (r->page == MAP_FAILED) {
        close(r->fd);
        return false;
    }
    r->scratch = mem_realloc(NULL, 1, UINT16_MAX);
    s->ring_count++;
    return true;
}

static void rings_unmake(struct source *s)
{
    while (s->ring_count)
        ring_unmake(s, &s->rings[--s->ring_count]);
}

static bool rings_make(struct source *s, const unsigned *cpus, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!ring_make(s, cpus[i]))
            return false;
    return true;
}

/* An ordinary user may lock little memory: halve until it is allowed. */
static bool rings_make_fitting(struct source *s, const unsigned *cpus, unsigned count)
{
    s->ring_bytes = RING_BYTES_MOST;
    while (s->ring_bytes * count > RINGS_BYTES_TOTAL && s->ring_bytes > RING_BYTES_LEAST)
        s->ring_bytes /= 2;
    for (;;) {
        if (rings_make(s, cpus, count))
            return true;
        int error = errno;
        rings_unmake(s);
        errno = error;
        if (s->ring_bytes <= RING_BYTES_LEAST || (error != EPERM && error != ENOMEM))
            return false;
        s->ring_bytes /= 2;
    }
}

/* ---- opening ---- */

/* "raw_syscalls/sys_enter" */
static uint64_t tracepoint_id(const char *name)
{
    static const char *const roots[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
    uint64_t id = 0;
    for (size_t i = 0; i < sizeof roots / sizeof *roots && !id; i++) {
        char path[128], *text;
        snprintf(path, sizeof path, "%s/events/%s/id", roots[i], name);
        if (!file_read(path, &text, &(size_t){0}, NULL))
            continue;
        id = strtoull(text, NULL, 10);
        free(text);
    }
    return id;
}

/* Where tracefs is not mounted, root mounts it for this process alone. */
static bool find_tracepoints(struct source *s, struct err *err)
{
    if (!tracepoint_id("raw_syscalls/sys_enter") && unshare(CLONE_NEWNS) == 0 &&
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
        (void)mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
    s->decode.enter_id = tracepoint_id("raw_syscalls/sys_enter");
    s->decode.leave_id = tracepoint_id("raw_syscalls/sys_exit");
    return (s->decode.enter_id && s->decode.leave_id) ||
           err_set(err, "perf: raw_syscalls: no access to tracefs");
}

static bool allow_calls(struct source *s, struct err *err)
{
    if (!find_tracepoints(s, err))
        return false;
    if (s->user_only || !event_allowed(s, 1)) {
        errno = EACCES;
        return refuse(err, "raw_syscalls");
    }
    return true;
}

/* Who wakes a traced thread is seen on the waker's side, so this needs the whole machine's
 * wakes (each of the wakee's own events delivers none); the ones of no traced thread are
 * dropped at once. Where that is not allowed there are no wakers. */
static void watch_wakes(struct source *s)
{
    struct perf_event_attr attr;
    attr_base(s, &attr);
    attr.type = PERF_TYPE_TRACEPOINT;
    attr.config = s->user_only ? 0 : tracepoint_id("sched/sched_waking");
    attr.sample_type |= PERF_SAMPLE_RAW;
    attr.sample_period = 1;
    for (unsigned i = 0; attr.config && i < s->ring_count; i++) {
        int fd = event_open(&attr, -1, (int)s->rings[i].cpu);
        if (fd < 0)
            return;
        if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, s->rings[i].fd) < 0) {
            close(fd);
            return;
        }
        mem_grow(&s->fds, &s->fd_cap, s->fd_count + 1, sizeof *s->fds);
        s->fds[s->fd_count++] = fd;
        s->decode.waking_id = attr.config;
    }
}

/* With the kernel's part where that is allowed, else without. */
static bool allow_switches(struct source *s, struct err *err)
{
    unsigned *cpus, count = source_online_cpus(&cpus);
    s->rings = mem_realloc(NULL, count, sizeof *s->rings);
    bool good = rings_make_fitting(s, cpus, count);
    if (!good && (errno == EACCES || errno == EPERM)) {
        s->user_only = true;
        good = rings_make_fitting(s, cpus, count);
    }
    free(cpus);
    return (good && event_allowed(s, 0)) || refuse(err, "context switches");
}

static void perf_close(struct source *s)
{
    for (size_t i = 0; i < s->fd_count; i++)
        close(s->fds[i]);
    free(s->fds);
    rings_unmake(s);
    free(s->rings);
    map64_release(&s->known);
    batch_release(&s->order);
    join_release(&s->join);
    free(s);
}

static void join_in_order(void *data, enum collect_class class, const uint64_t *words,
                          uint32_t count)
{
    struct source *s = data;
    (void)class;
    join_words(&s->join, words, count);
}

static void put_joined(void *data, const uint64_t *words, uint32_t count)
{
    struct source *s = data;
    batch_add_copy(s->out, 0, words, count);
}

static struct source *perf_open(bool has[COLLECT_CLASSES], struct err why[COLLECT_CLASSES])
{
    struct source *s = mem_realloc(NULL, 1, sizeof *s);
    *s = (struct source){.join = {.put = put_joined, .data = s}};
    memcpy(s->has, has, sizeof s->has);
    struct err err = {0};
    bool wanted = has[COLLECT_SCHED] || has[COLLECT_SYSCALL];
    bool good = allow_switches(s, &err);
    for (int class = 0; class < COLLECT_CLASSES && !good; class ++) {
        why[class] = err;
        has[class] = s->has[class] = false;
    }
    if (s->has[COLLECT_SYSCALL] && !allow_calls(s, &why[COLLECT_SYSCALL]))
        has[COLLECT_SYSCALL] = s->has[COLLECT_SYSCALL] = false;
    if (!good || (wanted && !s->has[COLLECT_SCHED] && !s->has[COLLECT_SYSCALL])) {
        perf_close(s);
        return NULL;
    }
    if (s->has[COLLECT_SCHED])
        watch_wakes(s);
    batch_init(&s->order, s->ring_count, &(struct batch_out){join_in_order, s});
    return s;
}

/* All is in order of time when it leaves this source. */
static unsigned perf_lanes(const struct source *s)
{
    (void)s;
    return 1;
}

/* ---- draining ---- */

static const struct perf_event_header *record_at(const struct source *s, const struct perf_ring *r,
                                                 uint64_t pos)
{
    const uint8_t *data = (const uint8_t *)r->page + sysconf(_SC_PAGESIZE);
    size_t off = pos & (s->ring_bytes - 1), room = s->ring_bytes - off;
    const struct perf_event_header *h = (const void *)(data + off);
    if (h->size <= room)
        return h;
    memcpy(r->scratch, h, room);
    memcpy(r->scratch + room, data, h->size - room);
    return (const void *)r->scratch;
}

static void drain_ring(struct source *s, unsigned lane)
{
    struct perf_ring *r = &s->rings[lane];
    uint64_t head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
    uint64_t tail = r->page->data_tail;
    while (tail < head) {
        const struct perf_event_header *h = record_at(s, r, tail);
        uint64_t words[PERF_DECODE_WORDS];
        uint32_t forked, count = perf_decode(&s->decode, h, words, &forked);
        if (count && WHYPROF_KERNEL_TYPE(words[0]) == WHYPROF_KERNEL_WAKING &&
            !map64_get(&s->known, WHYPROF_KERNEL_TID(words[0])))
            count = 0;
        if (count)
            batch_add_copy(&s->order, lane, words, count);
        if (count && WHYPROF_KERNEL_TYPE(words[0]) == PERF_THREAD_EXIT)
            map64_delete(&s->known, WHYPROF_KERNEL_TID(words[0]));
        if (forked)
            map64_put(&s->known, forked, NULL);
        tail += h->size;
    }
    __atomic_store_n(&r->page->data_tail, tail, __ATOMIC_RELEASE);
}

static void drain_rings(struct source *s)
{
    for (unsigned i = 0; i < s->ring_count; i++)
        drain_ring(s, i);
}

static void perf_drain(struct source *s, struct batch *b)
{
    uint64_t now = source_now_ns();
    drain_rings(s);
    for (unsigned i = 0; i < s->ring_count; i++)
        batch_complete(&s->order, i, s->ending ? now : now - SLACK_NS);
    s->out = b;
    batch_complete(b, 0, batch_flush(&s->order));
}

static void perf_release(struct source *s)
{
    (void)s; /* all was copied */
}

static void perf_losses(struct source *s,
                        void (*lost)(void *data, enum collect_class class, uint64_t begin_ts,
                                     uint64_t end_ts, uint64_t count),
                        void *data)
{
    enum collect_class class = s->has[COLLECT_SCHED] ? COLLECT_SCHED : COLLECT_SYSCALL;
    uint64_t count = s->decode.lost - s->lost_told;
    if (count)
        lost(data, class, s->decode.lost_ts, s->decode.lost_ts, count);
    s->lost_told = s->decode.lost;
}

/* ---- adding a process ---- */

struct listed {
    uint32_t *tids; /* owned */
    size_t len, cap;
};

static void list_thread(void *data, pid_t tid)
{
    struct listed *l = data;
    mem_grow(&l->tids, &l->cap, l->len + 1, sizeof *l->tids);
    l->tids[l->len++] = (uint32_t)tid;
}

/* On one cpu, into its ring. */
static bool watch_on(struct source *s, pid_t tid, const struct perf_ring *r)
{
    for (int which = 0; which < EVENTS; which++) {
        struct perf_event_attr attr;
        if (!attr_of(s, which, &attr))
            continue;
        int fd = event_open(&attr, tid, (int)r->cpu);
        if (fd < 0)
            return false;
        mem_grow(&s->fds, &s->fd_cap, s->fd_count + 1, sizeof *s->fds);
        s->fds[s->fd_count++] = fd;
        if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, r->fd) < 0)
            return false;
    }
    return true;
}

static bool watch(struct source *s, uint32_t tid, struct err *err)
{
    for (unsigned i = 0; i < s->ring_count; i++) {
        if (watch_on(s, (pid_t)tid, &s->rings[i]))
            continue;
        return errno == ESRCH || refuse(err, "events on the process"); /* gone is no failure */
    }
    return true;
}

/* The records since it was listed tell a thread's state better than /proc. For one
 * that could run and has none, running is the better guess: join mends the other. */
static void put_thread(struct source *s, struct batch *b, unsigned lane, uint32_t tid, pid_t pid,
                       uint64_t ts)
{
    struct proc_thread proc;
    uint64_t w[RECORD_MAX_WORDS];
    struct record_at at = {.ts = ts, .tid = tid};
    if (!proc_thread_read(&proc, pid, (pid_t)tid) || strchr("ZX", proc.state))
        return;
    uint32_t state = proc_state_bits(proc.state);
    struct join_thread *t = join_add(&s->join, tid, (uint32_t)pid);
    memcpy(t->comm, proc.comm, sizeof t->comm);
    t->nr_plus1 = s->has[COLLECT_SYSCALL] && proc.in_call ? proc.nr + 1 : 0;
    t->begin_ts = t->in_ts = ts;
    memcpy(t->args, proc.args, sizeof t->args);
    batch_add_copy(b, lane, w, record_name(w, at, (uint32_t)pid, proc.comm, proc.start_ns));
    if (!s->has[COLLECT_SCHED])
        return;
    drain_rings(s);
    unsigned first = batch_witness(&s->order, tid).first_switch;
    t->on_cpu = first ? first == WHYPROF_KERNEL_SWITCH_OUT : !state;
    if (first == WHYPROF_KERNEL_SWITCH_IN && !state)
        state = PERF_BLOCKED;
    uint32_t n =
        t->on_cpu ? record_switch_in(w, at) : record_switch_out(w, at, state, false, t->nr_plus1);
    batch_add_copy(b, lane, w, n);
}

static bool add_listed(struct source *s, const struct listed *l, pid_t pid, struct batch *b,
                       unsigned lane, size_t *found, struct err *err)
{
    for (size_t i = 0; i < l->len; i++) {
        bool added;
        map64_put(&s->known, l->tids[i], &added);
        if (!added)
            continue;
        uint64_t ts = source_now_ns();
        if (!watch(s, l->tids[i], err))
            return false;
        put_thread(s, b, lane, l->tids[i], pid, ts);
        ++*found;
    }
    return true;
}

static bool perf_add(struct source *s, pid_t pid, struct batch *b, unsigned own_lane,
                     struct err *err)
{
    size_t found = 0, before;
    bool good = true;
    for (int pass = 0; good && pass < ADD_PASSES; pass++) {
        struct listed l = {0};
        before = found;
        proc_each_thread(pid, list_thread, &l);
        usleep(SETTLE_US);
        drain_rings(s); /* what was born of a thread we watch is watched */
        good = add_listed(s, &l, pid, b, own_lane, &found, err);
        free(l.tids);
        if (found == before)
            break;
    }
    if (!good)
        return false;
    return found || err_set(err, "no such process, or it is traced already");
}

static void perf_each_thread(struct source *s, void (*each)(void *data, uint32_t tid), void *data)
{
    size_t pos = 0;
    uint64_t tid, ignored;
    while (map64_next(&s->known, &pos, &tid, &ignored))
        each(data, (uint32_t)tid);
}

/* ---- the end ---- */

static void perf_detach(struct source *s)
{
    for (size_t i = 0; i < s->fd_count; i++)
        close(s->fds[i]);
    s->fd_count = 0;
    s->ending = true;
}

static void perf_finish(struct source *s, struct batch *b, unsigned own_lane)
{
    (void)own_lane;
    s->out = b;
    join_finish(&s->join, s->order.watermark);
}

const struct source_ops source_perf = {
    .name = "perf",
    .open = perf_open,
    .lanes = perf_lanes,
    .add = perf_add,
    .each_thread = perf_each_thread,
    .drain = perf_drain,
    .release = perf_release,
    .losses = perf_losses,
    .detach = perf_detach,
    .finish = perf_finish,
    .close = perf_close,
};
