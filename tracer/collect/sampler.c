#include "collect/sampler.h"

#include "base/arena.h"
#include "base/map.h"
#include "collect/proc.h"
#include "collect/source.h"
#include "collect/stackwalk.h"

#include <asm/perf_regs.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    RING_BYTES_MOST = 4 << 20,
    RING_BYTES_LEAST = 64 << 10,
    /* A record's length is told in 16 bits; an ordinary user's ring should hold many. */
    STACK_BYTES = 16 << 10,
    STACK_BYTES_SMALL_RING = 8 << 10,
    FRAMES = 256,
    ADD_PASSES = 20,
    SETTLE_US = 1000,        /* from a thread's being listed to its FORK record */
    LOOK_PAUSE_NS = 1000000, /* between looks at the mappings: least and most */
    LOOK_PAUSE_MOST_NS = 1000000000
};

#define REGS                                                                                       \
    (1ull << PERF_REG_X86_AX | 1ull << PERF_REG_X86_BX | 1ull << PERF_REG_X86_CX |                 \
     1ull << PERF_REG_X86_DX | 1ull << PERF_REG_X86_SI | 1ull << PERF_REG_X86_DI |                 \
     1ull << PERF_REG_X86_BP | 1ull << PERF_REG_X86_SP | 1ull << PERF_REG_X86_IP |                 \
     0xffull << PERF_REG_X86_R8)

/* In the order in which the kernel writes those of REGS: by their bit. */
static const uint8_t reg_order[] = {REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI,
                                    REG_RBP, REG_RSP, REG_RIP, REG_R8,  REG_R9,  REG_R10,
                                    REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
enum {
    REG_COUNT = sizeof reg_order
};

struct sample_ring {
    unsigned cpu;
    int fd; /* of an event of our own, which only owns the ring */
    struct perf_event_mmap_page *page;
    uint8_t *scratch; /* a record that wraps is made whole here */
};

/* What is known of a process's code. */
struct process {
    struct stackwalk_space *space; /* NULL: not looked yet, or gone */
    uint64_t looked_ns;
    uint64_t pause_ns; /* until it is looked again */
};

struct sampler {
    struct sample_ring *rings; /* owned */
    unsigned ring_count;
    size_t ring_bytes;
    bool user_only; /* events may not look into the kernel */
    uint64_t period_ns;
    uint32_t stack_bytes;
    int *fds; /* owned: the events on threads */
    size_t fd_count, fd_cap;
    struct map64 known;     /* tids with events of ours, inherited ones included */
    struct map64 processes; /* pid -> place in process_list */
    struct process *list;   /* owned */
    size_t list_len, list_cap;
    struct sampler_out out;
    bool any; /* this drain told a sample */
};

/* ---- events and rings ---- */

static void attr_base(const struct sampler *s, struct perf_event_attr *attr)
{
    *attr = (struct perf_event_attr){
        .size = sizeof *attr,
        .type = PERF_TYPE_SOFTWARE,
        .config = PERF_COUNT_SW_DUMMY,
        .sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU,
        .sample_id_all = 1,
        .use_clockid = 1,
        .clockid = CLOCK_MONOTONIC,
        .watermark = 1,
        .wakeup_watermark = 1u << 30, /* we poll */
        .exclude_kernel = s->user_only,
        .exclude_hv = 1,
    };
}

static void attr_sample(const struct sampler *s, struct perf_event_attr *attr)
{
    attr_base(s, attr);
    attr->config = PERF_COUNT_SW_CPU_CLOCK;
    attr->sample_type |= PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
    attr->sample_regs_user = REGS;
    attr->sample_stack_user = s->stack_bytes;
    attr->sample_period = s->period_ns;
    attr->inherit = 1;
    attr->task = attr->comm = attr->comm_exec = 1;
}

static int event_open(struct perf_event_attr *attr, pid_t tid, int cpu)
{
    return (int)syscall(SYS_perf_event_open, attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static void rings_unmake(struct sampler *s)
{
    while (s->ring_count) {
        struct sample_ring *r = &s->rings[--s->ring_count];
        munmap(r->page, (size_t)sysconf(_SC_PAGESIZE) + s->ring_bytes);
        close(r->fd);
        free(r->scratch);
    }
}

static bool ring_make(struct sampler *s, unsigned cpu)
{
    struct sample_ring *r = &s->rings[s->ring_count];
    struct perf_event_attr attr;
    attr_base(s, &attr);
    *r = (struct sample_ring){.cpu = cpu, .fd = event_open(&attr, 0, (int)cpu)};
    if (r->fd < 0)
        return false;
    size_t bytes = (size_t)sysconf(_SC_PAGESIZE) + s->ring_bytes;
    r->page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
    if (r->page == MAP_FAILED) {
        int error = errno;
        close(r->fd);
        errno = error;
        return false;
    }
    r->scratch = mem_realloc(NULL, 1, UINT16_MAX + 1);
    s->ring_count++;
    return true;
}

/* An ordinary user may lock little memory: halve until it is allowed. */
static bool rings_make(struct sampler *s, const unsigned *cpus, unsigned count)
{
    for (s->ring_bytes = RING_BYTES_MOST;; s->ring_bytes /= 2) {
        bool good = true;
        for (unsigned i = 0; i < count && good; i++)
            good = ring_make(s, cpus[i]);
        if (good)
            break;
        int error = errno;
        rings_unmake(s);
        errno = error;
        if (s->ring_bytes <= RING_BYTES_LEAST || (error != EPERM && error != ENOMEM))
            return false;
    }
    s->stack_bytes = s->ring_bytes < RING_BYTES_MOST ? STACK_BYTES_SMALL_RING : STACK_BYTES;
    return true;
}

static bool allowed(struct sampler *s)
{
    struct perf_event_attr attr;
    attr_sample(s, &attr);
    int fd = event_open(&attr, 0, (int)s->rings[0].cpu);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

struct sampler *sampler_open(uint32_t hz, const struct sampler_out *out, struct err *err)
{
    unsigned *cpus, count = source_online_cpus(&cpus);
    struct sampler *s = mem_realloc(NULL, 1, sizeof *s);
    *s = (struct sampler){.period_ns = 1000000000 / hz, .out = *out};
    s->rings = mem_realloc(NULL, count, sizeof *s->rings);
    bool good = rings_make(s, cpus, count);
    if (!good && (errno == EACCES || errno == EPERM)) {
        s->user_only = true;
        good = rings_make(s, cpus, count);
    }
    free(cpus);
    if (good && allowed(s))
        return s;
    err_errno(err, "perf: cpu-clock");
    sampler_close(s);
    return NULL;
}

void sampler_detach(struct sampler *s)
{
    for (size_t i = 0; i < s->fd_count; i++)
        ioctl(s->fds[i], PERF_EVENT_IOC_DISABLE, 0);
}

void sampler_close(struct sampler *s)
{
    for (size_t i = 0; i < s->fd_count; i++)
        close(s->fds[i]);
    for (size_t i = 0; i < s->list_len; i++)
        stackwalk_space_free(s->list[i].space);
    rings_unmake(s);
    free(s->fds);
    free(s->rings);
    free(s->list);
    map64_release(&s->known);
    map64_release(&s->processes);
    free(s);
}

/* ---- processes ---- */

static struct process *process_get(struct sampler *s, uint32_t pid)
{
    bool added;
    uint64_t *at = map64_put(&s->processes, pid, &added);
    if (added) {
        *at = s->list_len;
        mem_grow(&s->list, &s->list_cap, s->list_len + 1, sizeof *s->list);
        s->list[s->list_len++] = (struct process){0};
    }
    return &s->list[*at];
}

static void forget_space(struct process *p)
{
    stackwalk_space_free(p->space);
    *p = (struct process){0};
}

/* Looks at the mappings again where it was not done just now. Code that is in none, such
 * as a compiler's at run time, makes that rarer and rarer. True: they are read anew. */
static bool look_again(struct sampler *s, struct process *p, uint32_t pid)
{
    uint64_t now = source_now_ns();
    if (p->looked_ns && now - p->looked_ns < p->pause_ns)
        return false;
    p->looked_ns = now;
    p->pause_ns =
        p->pause_ns < LOOK_PAUSE_MOST_NS / 2 ? 2 * p->pause_ns + LOOK_PAUSE_NS : LOOK_PAUSE_MOST_NS;
    struct stackwalk_space *fresh = stackwalk_space_new((pid_t)pid);
    if (!fresh)
        return false; /* of one that is gone, what was known stays */
    stackwalk_space_free(p->space);
    p->space = fresh;
    s->out.mapped(s->out.data, (pid_t)pid);
    return true;
}

static size_t walk(struct sampler *s, uint32_t pid, const greg_t gregs[NGREG], const uint8_t *stack,
                   size_t bytes, uint64_t frames[FRAMES])
{
    struct process *p = process_get(s, pid);
    frames[0] = (uint64_t)gregs[REG_RIP];
    for (bool looked = false;; looked = true) {
        size_t count = p->space ? stackwalk(p->space, gregs, stack, bytes, frames, FRAMES) : 1;
        bool known = p->space && stackwalk_knows(p->space, frames[count - 1] - (count > 1));
        if (known && looked)
            p->pause_ns = 0;
        if (known || !look_again(s, p, pid)) /* code was loaded since */
            return count;
    }
}

static void on_fork(struct sampler *s, uint32_t parent, uint32_t child)
{
    if (parent == child)
        return; /* a thread */
    forget_space(process_get(s, child));
    const struct stackwalk_space *space = process_get(s, parent)->space;
    if (space)
        process_get(s, child)->space = stackwalk_space_copy(space);
}

/* ---- records ---- */

struct sample_head {
    struct perf_event_header header;
    uint32_t pid, tid;
    uint64_t time;
    uint32_t cpu, unused;
    uint64_t abi;
};

struct sample_regs {
    uint64_t regs[REG_COUNT];
    uint64_t stack_bytes; /* then that many, and how many of them are filled */
};

static void take_sample(struct sampler *s, const struct perf_event_header *h)
{
    struct sample_head head;
    struct sample_regs regs;
    uint64_t frames[FRAMES], filled = 0;
    greg_t gregs[NGREG] = {0};
    const uint8_t *at = (const uint8_t *)h;
    if (h->size < sizeof head + sizeof regs)
        return; /* a kernel thread's, or one that is ending: no registers */
    memcpy(&head, at, sizeof head);
    memcpy(&regs, at + sizeof head, sizeof regs);
    if (head.abi != PERF_SAMPLE_REGS_ABI_64)
        return;
    const uint8_t *stack = at + sizeof head + sizeof regs;
    size_t room = h->size - sizeof head - sizeof regs;
    if (regs.stack_bytes && regs.stack_bytes + sizeof filled <= room)
        memcpy(&filled, stack + regs.stack_bytes, sizeof filled);
    if (filled > regs.stack_bytes)
        filled = 0;
    for (unsigned i = 0; i < REG_COUNT; i++)
        gregs[reg_order[i]] = (greg_t)regs.regs[i];
    size_t count = walk(s, head.pid, gregs, stack, filled, frames);
    s->any = true;
    s->out.sample(s->out.data, &(struct sampler_sample){.pid = head.pid,
                                                        .tid = head.tid,
                                                        .ts = head.time,
                                                        .weight_ns = s->period_ns,
                                                        .frames = frames,
                                                        .count = (uint32_t)count});
}

struct task_record {
    struct perf_event_header header;
    uint32_t pid, ppid, tid, ptid;
    uint64_t time;
};

static void take_record(struct sampler *s, const struct perf_event_header *h)
{
    struct task_record task;
    uint64_t lost[2];
    uint32_t ids[2];
    const uint8_t *body = (const uint8_t *)(h + 1);
    if (h->type == PERF_RECORD_SAMPLE) {
        take_sample(s, h);
    } else if (h->type == PERF_RECORD_LOST && h->size >= sizeof *h + sizeof lost) {
        memcpy(lost, body, sizeof lost);
        s->out.lost(s->out.data, source_now_ns(), lost[1]);
    } else if (h->type == PERF_RECORD_FORK && h->size >= sizeof task) {
        memcpy(&task, h, sizeof task);
        map64_put(&s->known, task.tid, NULL);
        on_fork(s, task.ppid, task.pid);
    } else if (h->type == PERF_RECORD_EXIT && h->size >= sizeof task) {
        memcpy(&task, h, sizeof task);
        map64_delete(&s->known, task.tid);
    } else if (h->type == PERF_RECORD_COMM && h->misc & PERF_RECORD_MISC_COMM_EXEC &&
               h->size >= sizeof *h + sizeof ids) {
        memcpy(ids, body, sizeof ids);
        forget_space(process_get(s, ids[0]));
    }
}

static const struct perf_event_header *record_at(const struct sampler *s,
                                                 const struct sample_ring *r, uint64_t pos)
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

static void drain_ring(struct sampler *s, struct sample_ring *r)
{
    uint64_t head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
    uint64_t tail = r->page->data_tail;
    while (tail < head) {
        const struct perf_event_header *h = record_at(s, r, tail);
        uint64_t next = h->size < sizeof *h ? head : tail + h->size; /* the former: never */
        take_record(s, h);
        tail = next;
        /* at once, since a stack is long and rings are small */
        __atomic_store_n(&r->page->data_tail, tail, __ATOMIC_RELEASE);
    }
}

bool sampler_drain(struct sampler *s)
{
    s->any = false;
    for (unsigned i = 0; i < s->ring_count; i++)
        drain_ring(s, &s->rings[i]);
    return s->any;
}

/* ---- adding a process ---- */

static bool watch(struct sampler *s, pid_t tid, struct err *err)
{
    struct perf_event_attr attr;
    attr_sample(s, &attr);
    for (unsigned i = 0; i < s->ring_count; i++) {
        int fd = event_open(&attr, tid, (int)s->rings[i].cpu);
        if (fd < 0)
            return errno == ESRCH || err_errno(err, "perf: cpu-clock on thread %d", (int)tid);
        mem_grow(&s->fds, &s->fd_cap, s->fd_count + 1, sizeof *s->fds);
        s->fds[s->fd_count++] = fd;
        if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, s->rings[i].fd) < 0)
            return err_errno(err, "perf: cpu-clock's ring");
    }
    return true;
}

struct adding {
    struct sampler *s;
    struct err *err;
    bool any, failed;
    size_t found;
};

static void add_thread(void *data, pid_t tid)
{
    struct adding *a = data;
    bool added;
    map64_put(&a->s->known, (uint64_t)tid, &added);
    if (!added || a->failed)
        return;
    a->any = true;
    a->found++;
    a->failed = !watch(a->s, tid, a->err);
}

bool sampler_add(struct sampler *s, pid_t pid, struct err *err)
{
    struct adding a = {.s = s, .err = err};
    for (int pass = 0; pass < ADD_PASSES && !a.failed; pass++) {
        a.any = false;
        /* threads that traced ones made have events already: their FORK records say so */
        usleep(SETTLE_US);
        sampler_drain(s);
        if (!proc_each_thread(pid, add_thread, &a) || !a.any)
            break;
    }
    if (a.failed)
        return false;
    return a.found || err_set(err, "no such process, or it is sampled already");
}
