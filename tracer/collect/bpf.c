/* bpf: the best source: programs in the kernel (bpf/kernel.bpf.c) that filter,
 * join and pack; one ring a cpu, so that cpus never wait for each other. */
#include "base/arena.h"
#include "collect/proc.h"
#include "collect/record.h"
#include "collect/ring.h"
#include "collect/source.h"
#include "tracepoints/events.h"

#include "kernel.skel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    /* A ring must hold what its cpu makes while the collector waits for its turn:
     * 100 MB/s is a million switches, 100 ms a bad wait on a full machine. */
    RING_BYTES_MOST = 16 << 20,
    RING_BYTES_LEAST = 1 << 20,
    RINGS_BYTES_TOTAL = 256 << 20,
    ADD_PASSES = 100,
    GRACE_US = 2000, /* programs that run while they are detached are over after it */
    INIT_PID_NAMESPACE = 0xEFFFFFFC /* PROC_PID_INIT_INO */
};

struct cpu_ring {
    unsigned cpu;
    int fd;
    struct ring ring;
    uint64_t lost_seen[COLLECT_CLASSES];
};

struct source {
    struct kernel_bpf *skel;
    struct cpu_ring *rings; /* owned */
    unsigned ring_count;
    size_t ring_bytes;
    uint64_t refused_seen;
    int tasks_fd, seeds_fd, adding_fd;
    bool has[COLLECT_CLASSES];
};

/* libbpf's last complaint: the verifier's or the kernel's reason, for "refused". */
static char complaint[256];

static int keep_complaint(enum libbpf_print_level level, const char *fmt, va_list ap)
{
    if (level == LIBBPF_WARN && !complaint[0])
        vsnprintf(complaint, sizeof complaint, fmt, ap);
    return 0;
}

static bool refuse(struct err *err, int error, const char *what)
{
    complaint[strcspn(complaint, "\n")] = '\0';
    if (error == EPERM && geteuid() == 0)
        return err_set(err, "BPF: %s: refused to root (a container, a sandbox or lockdown)", what);
    if (error == EPERM || error == EACCES)
        return err_set(err, "BPF: %s: not permitted (root or CAP_BPF and CAP_PERFMON needed)",
                       what);
    return err_set(err, "BPF: %s: %s (%s)", what, strerror(error), complaint);
}

/* ---- loading ---- */

/* Programs name threads by the first namespace's ids; in another one they would
 * not be those that the target and the user know. */
static bool check_namespace(struct err *err)
{
    struct stat st;
    if (stat("/proc/self/ns/pid", &st) == 0 && st.st_ino != INIT_PID_NAMESPACE)
        return err_set(err, "BPF: not in the machine's own pid namespace");
    return true;
}

/* How many arguments a tracepoint hands over (the hidden first one counts); 0
 * where this kernel does not have it. */
static unsigned tracepoint_args(const struct btf *btf, const char *name)
{
    char type_name[64];
    snprintf(type_name, sizeof type_name, "btf_trace_%s", name);
    int id = btf ? btf__find_by_name_kind(btf, type_name, BTF_KIND_TYPEDEF) : 0;
    const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (unsigned)id) : NULL;
    while (t && (btf_is_typedef(t) || btf_is_ptr(t)))
        t = btf__type_by_id(btf, t->type);
    return t && btf_is_func_proto(t) ? btf_vlen(t) : 0;
}

/* Who woke whom is told with less certainty where a kind of interrupt cannot be seen. */
static void choose_interrupt_programs(struct kernel_bpf *skel, const struct btf *btf, bool sched)
{
    bool irq = sched && tracepoint_args(btf, "irq_handler_entry");
    bool timer = sched && tracepoint_args(btf, "local_timer_entry");
    bool soft = sched && tracepoint_args(btf, "softirq_entry");
    bpf_program__set_autoload(skel->progs.on_irq_entry, irq);
    bpf_program__set_autoload(skel->progs.on_irq_exit, irq);
    bpf_program__set_autoload(skel->progs.on_timer_entry, timer);
    bpf_program__set_autoload(skel->progs.on_timer_exit, timer);
    bpf_program__set_autoload(skel->progs.on_softirq_entry, soft);
    bpf_program__set_autoload(skel->progs.on_softirq_exit, soft);
}

static void choose_programs(struct kernel_bpf *skel, const bool has[COLLECT_CLASSES])
{
    struct btf *btf = btf__load_vmlinux_btf();
    choose_interrupt_programs(skel, btf, has[COLLECT_SCHED]);
    bpf_program__set_autoload(skel->progs.on_switch, has[COLLECT_SCHED]);
    bpf_program__set_autoload(skel->progs.on_waking, has[COLLECT_SCHED]);
    bpf_program__set_autoload(skel->progs.on_wakeup_new, has[COLLECT_SCHED]);
    bpf_program__set_autoload(skel->progs.on_sys_enter, has[COLLECT_SYSCALL]);
    bpf_program__set_autoload(skel->progs.on_sys_exit, has[COLLECT_SYSCALL]);
    skel->rodata->want_sched = has[COLLECT_SCHED];
    /* Since 5.18 the leaver's state is handed over: its own may be newer. */
    skel->rodata->switch_has_state = tracepoint_args(btf, "sched_switch") >= 5;
    for (uint32_t nr = 0; nr < COLLECT_MAX_SYSCALLS; nr++)
        skel->rodata->arg_counts[nr] = (uint8_t)record_arg_count(nr);
    btf__free(btf);
}

static bool load(struct source *s, struct err *err)
{
    complaint[0] = '\0';
    libbpf_set_print(keep_complaint);
    s->skel = kernel_bpf__open();
    if (!s->skel)
        return refuse(err, errno, "open");
    choose_programs(s->skel, s->has);
    int cpus = libbpf_num_possible_cpus();
    bpf_map__set_max_entries(s->skel->maps.rings, cpus > 0 ? (unsigned)cpus : COLLECT_MAX_CPUS);
    int error = kernel_bpf__load(s->skel);
    if (error)
        return refuse(err, -error, "load");
    s->tasks_fd = bpf_map__fd(s->skel->maps.tasks);
    s->seeds_fd = bpf_map__fd(s->skel->maps.seeds);
    s->adding_fd = bpf_map__fd(s->skel->maps.adding);
    return true;
}

static size_t ring_bytes_for(unsigned cpus)
{
    size_t bytes = RING_BYTES_MOST;
    while (bytes > RING_BYTES_LEAST && bytes * cpus > RINGS_BYTES_TOTAL)
        bytes /= 2;
    return bytes;
}

static bool ring_map(struct cpu_ring *r, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
    if (consumer == MAP_FAILED)
        return false;
    uint8_t *producer = mmap(NULL, page + 2 * bytes, PROT_READ, MAP_SHARED, r->fd, (off_t)page);
    if (producer == MAP_FAILED) {
        munmap(consumer, page);
        return false;
    }
    r->ring = (struct ring){.consumer_pos = consumer,
                            .producer_pos = (void *)producer,
                            .data = producer + page,
                            .mask = bytes - 1};
    return true;
}

static void ring_unmap(struct cpu_ring *r, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    munmap(r->ring.consumer_pos, page);
    munmap((uint8_t *)(uintptr_t)r->ring.data - page, page + 2 * bytes);
    close(r->fd);
}

static bool ring_make(struct source *s, unsigned cpu)
{
    struct cpu_ring *r = &s->rings[s->ring_count];
    *r = (struct cpu_ring){.cpu = cpu};
    r->fd =
        bpf_map_create(BPF_MAP_TYPE_RINGBUF, "whyprof_ring", 0, 0, (unsigned)s->ring_bytes, NULL);
    if (r->fd < 0)
        return false;
    uint32_t key = cpu;
    if (!ring_map(r, s->ring_bytes)) {
        close(r->fd);
        return false;
    }
    s->ring_count++;
    return bpf_map_update_elem(bpf_map__fd(s->skel->maps.rings), &key, &r->fd, BPF_ANY) == 0;
}

static bool make_rings(struct source *s, struct err *err)
{
    unsigned *cpus, count = source_online_cpus(&cpus);
    s->rings = mem_realloc(NULL, count, sizeof *s->rings);
    s->ring_bytes = ring_bytes_for(count);
    bool good = true;
    for (unsigned i = 0; i < count && good; i++)
        good = ring_make(s, cpus[i]);
    free(cpus);
    return good || refuse(err, errno, "rings");
}

/* Being on each cpu once makes on_switch note who comes after us there: then
 * `currents` is right for all of them. */
static void visit_cpus(const struct source *s)
{
    cpu_set_t before, one;
    if (sched_getaffinity(0, sizeof before, &before) < 0)
        return;
    for (unsigned i = 0; i < s->ring_count; i++) {
        CPU_ZERO(&one);
        CPU_SET(s->rings[i].cpu, &one);
        sched_setaffinity(0, sizeof one, &one);
    }
    sched_setaffinity(0, sizeof before, &before);
}

static void bpf_close(struct source *s)
{
    for (unsigned i = 0; i < s->ring_count; i++)
        ring_unmap(&s->rings[i], s->ring_bytes);
    free(s->rings);
    kernel_bpf__destroy(s->skel);
    free(s);
}

static struct source *bpf_open(bool has[COLLECT_CLASSES], struct err why[COLLECT_CLASSES])
{
    struct source *s = mem_realloc(NULL, 1, sizeof *s);
    *s = (struct source){0};
    memcpy(s->has, has, sizeof s->has);
    struct err err = {0};
    if (check_namespace(&err) && load(s, &err) && make_rings(s, &err)) {
        int error = kernel_bpf__attach(s->skel);
        if (!error) {
            visit_cpus(s);
            return s;
        }
        refuse(&err, -error, "attach");
    }
    bpf_close(s);
    for (int class = 0; class < COLLECT_CLASSES; class ++) {
        if (has[class])
            why[class] = err;
        has[class] = false;
    }
    return NULL;
}

static unsigned bpf_lanes(const struct source *s)
{
    return s->ring_count;
}

/* ---- draining ---- */

static void bpf_drain(struct source *s, struct batch *b)
{
    for (unsigned i = 0; i < s->ring_count; i++) {
        struct ring *r = &s->rings[i].ring;
        const uint64_t *words;
        uint32_t count;
        enum ring_result result;
        uint64_t now = source_now_ns();
        ring_begin(r);
        while ((result = ring_next(r, &words, &count)) == RING_RECORD)
            batch_add(b, i, words, count);
        /* Behind an unfinished record anything may stand: no promise then. */
        if (result == RING_END)
            batch_complete(b, i, now - COLLECT_BACKDATE_NS);
    }
}

static void bpf_release(struct source *s)
{
    for (unsigned i = 0; i < s->ring_count; i++)
        ring_release(&s->rings[i].ring);
}

static void bpf_losses(struct source *s,
                       void (*lost)(void *data, enum collect_class class, uint64_t begin_ts,
                                    uint64_t end_ts, uint64_t count),
                       void *data)
{
    for (unsigned i = 0; i < s->ring_count; i++) {
        for (int class = 0; class < COLLECT_CLASSES; class ++) {
            struct collect_loss *loss = &s->skel->bss->losses[class][s->rings[i].cpu];
            uint64_t *seen = &s->rings[i].lost_seen[class];
            uint64_t count = __atomic_load_n(&loss->count, __ATOMIC_ACQUIRE);
            if (count == *seen)
                continue;
            lost(data, class, loss->first_ts, loss->last_ts, count - *seen);
            *seen = count;
            __atomic_store_n(&loss->first_ts, 0, __ATOMIC_RELEASE);
        }
    }
    uint64_t refused = s->skel->bss->tasks_refused;
    if (refused != s->refused_seen)
        lost(data, COLLECT_SCHED, source_now_ns(), source_now_ns(), refused - s->refused_seen);
    s->refused_seen = refused;
}

/* ---- adding a process ---- */

struct added_thread {
    uint32_t tid;
    uint64_t ts; /* every record of it is later */
    struct proc_thread proc;
};

struct adding {
    struct source *s;
    pid_t pid;
    struct added_thread *threads; /* owned */
    size_t len, cap;
    bool any; /* this pass found a thread not yet traced */
    bool full;
};

static void add_thread(void *data, pid_t id)
{
    struct adding *a = data;
    uint32_t tid = (uint32_t)id;
    struct collect_task task = {0};
    struct added_thread t = {.tid = tid, .ts = source_now_ns()};
    int error = bpf_map_update_elem(a->s->tasks_fd, &tid, &task, BPF_NOEXIST);
    if (error == -EEXIST)
        return;
    if (error) {
        a->full = true;
        return;
    }
    if (!proc_thread_read(&t.proc, a->pid, id) || strchr("ZX", t.proc.state)) {
        bpf_map_delete_elem(a->s->tasks_fd, &tid); /* ended meanwhile */
        return;
    }
    a->any = true;
    mem_grow(&a->threads, &a->cap, a->len + 1, sizeof *a->threads);
    a->threads[a->len++] = t;
}

static void seed_call(struct source *s, struct added_thread *t)
{
    if (!t->proc.in_call)
        return;
    struct collect_seed seed = {.begin_ts = t->ts, .nr = t->proc.nr};
    memcpy(seed.args, t->proc.args, sizeof seed.args);
    bpf_map_update_elem(s->seeds_fd, &t->tid, &seed, BPF_ANY);
}

static bool cpu_of(const struct source *s, uint32_t tid, uint32_t *cpu)
{
    for (unsigned i = 0; i < s->ring_count; i++) {
        *cpu = s->rings[i].cpu;
        if (*cpu < COLLECT_MAX_CPUS && s->skel->bss->currents[*cpu].tid == tid)
            return true;
    }
    *cpu = 0;
    return false;
}

/* A thread's state when it was added. Its first records since, if there are any,
 * are the best witness; without one nothing changed and what was seen holds. */
static void put_state(const struct added_thread *t, struct batch *b, unsigned lane, bool on_cpu,
                      uint32_t cpu)
{
    uint64_t w[RECORD_MAX_WORDS];
    struct record_at at = {.ts = t->ts, .tid = t->tid, .cpu = cpu};
    struct batch_witness seen = batch_witness(b, t->tid);
    uint32_t state = proc_state_bits(t->proc.state);
    if (seen.first_switch)
        on_cpu = seen.first_switch == WHYPROF_KERNEL_SWITCH_OUT;
    if (seen.woken && !state)
        state = 1; /* asleep until then */
    else if (!seen.woken && seen.first_switch)
        state = 0; /* it waited for a cpu only */
    uint32_t call = t->proc.in_call ? t->proc.nr + 1 : 0;
    uint32_t n = on_cpu ? record_switch_in(w, at) : record_switch_out(w, at, state, false, call);
    batch_add_copy(b, lane, w, n);
}

static void put_thread(struct adding *a, size_t i, struct batch *b, unsigned lane, bool on_cpu,
                       uint32_t cpu)
{
    uint64_t w[RECORD_MAX_WORDS];
    const struct added_thread *t = &a->threads[i];
    uint32_t n = record_name(w, (struct record_at){.ts = t->ts, .tid = t->tid}, (uint32_t)a->pid,
                             t->proc.comm, t->proc.start_ns);
    batch_add_copy(b, lane, w, n);
    if (a->s->has[COLLECT_SCHED])
        put_state(t, b, lane, on_cpu, cpu);
}

/* What was on a cpu, and the states, are read before the drain: a change after
 * the reading is then in a record that the drain brings. */
static void put_threads(struct adding *a, struct batch *b, unsigned lane)
{
    uint32_t *cpus = mem_realloc(NULL, a->len, sizeof *cpus);
    bool *on_cpu = mem_realloc(NULL, a->len, sizeof *on_cpu);
    for (size_t i = 0; i < a->len; i++) {
        seed_call(a->s, &a->threads[i]);
        on_cpu[i] = cpu_of(a->s, a->threads[i].tid, &cpus[i]);
    }
    bpf_drain(a->s, b);
    for (size_t i = 0; i < a->len; i++)
        put_thread(a, i, b, lane, on_cpu[i], cpus[i]);
    free(cpus);
    free(on_cpu);
}

static bool bpf_add(struct source *s, pid_t pid, struct batch *b, unsigned own_lane,
                    struct err *err)
{
    struct adding a = {.s = s, .pid = pid};
    uint32_t key = (uint32_t)pid;
    bpf_map_update_elem(s->adding_fd, &key, &(uint8_t){1}, BPF_ANY);
    bool there = true;
    for (int pass = 0; there && pass < ADD_PASSES; pass++) {
        a.any = false;
        there = proc_each_thread(pid, add_thread, &a);
        if (!a.any)
            break;
    }
    bpf_map_delete_elem(s->adding_fd, &key);
    put_threads(&a, b, own_lane);
    size_t found = a.len;
    free(a.threads);
    if (a.full)
        return err_set(err, "more than %d threads", COLLECT_MAX_TASKS);
    return found || err_set(err, "no such process, or it is traced already");
}

static void bpf_each_thread(struct source *s, void (*each)(void *data, uint32_t tid), void *data)
{
    uint32_t tid, *prev = NULL;
    while (!bpf_map_get_next_key(s->tasks_fd, prev, &tid)) {
        each(data, tid);
        prev = &tid;
    }
}

/* ---- the end ---- */

static void bpf_detach(struct source *s)
{
    kernel_bpf__detach(s->skel);
    usleep(GRACE_US);
}

static void put_open(struct source *s, uint32_t tid, struct batch *b, unsigned lane, uint64_t ts)
{
    struct collect_task task;
    struct collect_seed seed;
    struct record_call call;
    if (bpf_map_lookup_elem(s->tasks_fd, &tid, &task))
        return;
    if (task.nr_plus1)
        call = (struct record_call){task.nr_plus1 - 1, task.begin_ts, (uint64_t *)task.args};
    else if (!task.entry_seen && !bpf_map_lookup_elem(s->seeds_fd, &tid, &seed))
        call = (struct record_call){seed.nr, seed.begin_ts, (uint64_t *)seed.args};
    else
        return;
    uint64_t w[RECORD_MAX_WORDS];
    struct record_at at = {.ts = ts, .tid = tid};
    batch_add_copy(b, lane, w, record_syscall_open(w, at, &call));
}

static void bpf_finish(struct source *s, struct batch *b, unsigned own_lane)
{
    if (!s->has[COLLECT_SYSCALL])
        return;
    uint64_t ts = source_now_ns();
    uint32_t tid, *prev = NULL;
    while (!bpf_map_get_next_key(s->tasks_fd, prev, &tid)) {
        put_open(s, tid, b, own_lane, ts);
        prev = &tid;
    }
}

const struct source_ops source_bpf = {
    .name = "bpf",
    .open = bpf_open,
    .lanes = bpf_lanes,
    .add = bpf_add,
    .each_thread = bpf_each_thread,
    .drain = bpf_drain,
    .release = bpf_release,
    .losses = bpf_losses,
    .detach = bpf_detach,
    .finish = bpf_finish,
    .close = bpf_close,
};
