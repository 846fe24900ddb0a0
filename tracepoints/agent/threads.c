#include "tracepoints/agent/threads.h"

#include "tracepoints/agent/raw.h"
#include "tracepoints/agent/recall.h"
#include "tracepoints/agent/sampler.h"
#include "tracepoints/hooks/alloc_batch.h"
#include "tracepoints/hooks/lock_table.h"
#include "tracepoints/provider/provider.h"

#include <string.h>

enum {
    CHUNK_SLOTS = 64,
    CHUNKS = 256,
    HIDDEN_MAX = 16
};

__thread struct agent_tls agent_tls;
struct alloc_past threads_past;

static struct agent_thread *_Atomic chunks[CHUNKS];
static _Atomic uint32_t used[CHUNKS]; /* slots below were claimed once; the rest is not touched */
static _Atomic uint32_t live;
static _Atomic uint32_t hidden_count;
static _Atomic int hidden_tids[HIDDEN_MAX];

/* The chunk's slots, mapped at first use; a mapping that lost the race is left
 * unused rather than unmapped while somebody may look at it. */
static struct agent_thread *chunk_slots(unsigned chunk)
{
    struct agent_thread *slots = atomic_load_explicit(&chunks[chunk], memory_order_acquire);
    if (slots)
        return slots;
    struct agent_thread *fresh = raw_map(CHUNK_SLOTS * sizeof *fresh);
    if (!fresh)
        return NULL;
    return atomic_compare_exchange_strong(&chunks[chunk], &slots, fresh) ? fresh : slots;
}

static bool slot_claim(struct agent_thread *t)
{
    uint32_t expected = THREAD_FREE;
    if (atomic_load_explicit(&t->state, memory_order_relaxed) != THREAD_FREE ||
        !atomic_compare_exchange_strong(&t->state, &expected, THREAD_STARTING))
        return false;
    sampler_thread_end(t); /* one that the helper armed while its last owner ended */
    t->hidden = 0;
    t->start = NULL;
    t->start_c11 = NULL;
    t->waiting = NULL;
    t->once = 0;
    t->alloc_countdown = 0;
    t->captures = 0;
    recall_clear(t->recall);
    t->random = 0;
    return true;
}

struct agent_thread *thread_reserve(void)
{
    for (unsigned c = 0; c < CHUNKS; c++) {
        struct agent_thread *slots = chunk_slots(c);
        if (!slots)
            return NULL;
        for (unsigned i = 0; i < CHUNK_SLOTS; i++) {
            if (!slot_claim(&slots[i]))
                continue;
            uint32_t seen = used[c];
            while (seen <= i && !atomic_compare_exchange_weak(&used[c], &seen, i + 1))
                ;
            return &slots[i];
        }
    }
    return NULL;
}

void thread_abandon(struct agent_thread *t)
{
    atomic_store_explicit(&t->call_begin, 0, memory_order_relaxed);
    atomic_store_explicit(&t->state, THREAD_FREE, memory_order_release);
}

uint64_t thread_cpu_ns(uint32_t tid)
{
    /* The kernel's encoding of a thread's CPU clock: ~tid in the upper bits, 4 for
     * "per thread", 2 for scheduler time. */
    clockid_t clock = (clockid_t)((~tid << 3) | 6);
    struct timespec ts;
    if (raw_call2(SYS_clock_gettime, clock, &ts) < 0)
        return 0;
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Without printf, which may lock or allocate. */
void thread_name_read(uint32_t tid, char name[16])
{
    char path[48] = "/proc/self/task/", buf[24];
    memcpy(raw_print(path + strlen(path), tid), "/comm", 6);
    size_t len = raw_read_file(path, buf, sizeof buf);
    while (len && buf[len - 1] == '\n')
        len--;
    len = len > 15 ? 15 : len;
    memcpy(name, buf, len);
    name[len] = 0;
}

static void emit_start(const struct agent_thread *t)
{
    if (!lttng_ust_tracepoint_enabled(whyprof_sched, thread_start))
        return;
    char name[16];
    thread_name_read(t->tid, name);
    lttng_ust_do_tracepoint(whyprof_sched, thread_start, t->tid, t->start_ts, name);
}

void thread_adopt(struct agent_thread *t, uint64_t start_ts)
{
    t->start_ts = start_ts;
    atomic_store_explicit(&t->tid, (uint32_t)raw_gettid(), memory_order_relaxed);
    agent_tls.thread = t;
    atomic_fetch_add(&live, 1);
    atomic_store_explicit(&t->state, THREAD_LIVE, memory_order_release);
    sampler_thread_begin(t);
    emit_start(t);
}

struct agent_thread *thread_self(void)
{
    if (likely(agent_tls.thread != NULL))
        return agent_tls.thread;
    if (agent_tls.hidden || agent_tls.gone)
        return NULL;
    struct agent_thread *t = thread_reserve();
    if (t)
        thread_adopt(t, agent_now());
    return t;
}

static void fold_allocs(struct agent_thread *t)
{
    atomic_fetch_add(&threads_past.allocs, t->alloc.allocs);
    atomic_fetch_add(&threads_past.frees, t->alloc.frees);
    atomic_fetch_add(&threads_past.alloc_bytes, t->alloc.alloc_bytes);
    atomic_fetch_add(&threads_past.live_bytes, t->alloc.live_bytes);
    memset(&t->alloc, 0, sizeof t->alloc);
}

static void slot_release(struct agent_thread *t)
{
    if (t->waiting)
        lock_waiter_leave(t->waiting); /* cancelled while it waited */
    lock_uses_fold(t);
    fold_allocs(t);
    atomic_fetch_sub(&live, 1);
    thread_abandon(t);
}

void thread_leave(void)
{
    struct agent_thread *t = agent_tls.thread;
    if (!t)
        return;
    sampler_thread_end(t);
    alloc_batch_end(t);
    lttng_ust_tracepoint(whyprof_sched, thread_exit, t->tid, thread_cpu_ns(t->tid));
    agent_tls.thread = NULL;
    agent_tls.gone = 1;
    slot_release(t);
}

void thread_hide(void)
{
    uint32_t at = atomic_fetch_add(&hidden_count, 1);
    agent_tls.hidden = 1;
    agent_tls.inside = 1;
    if (at < HIDDEN_MAX)
        hidden_tids[at] = raw_gettid();
}

void threads_hidden(uint32_t *tids, size_t max)
{
    for (size_t i = 0; i < max; i++)
        tids[i] = i < HIDDEN_MAX ? (uint32_t)hidden_tids[i] : 0;
}

static bool is_hidden(int tid)
{
    for (unsigned i = 0; i < HIDDEN_MAX; i++)
        if (hidden_tids[i] == tid)
            return true;
    return false;
}

/* A main thread that ended by pthread_exit stays as a zombie: "PID (name) Z ...". */
static bool is_zombie(const char *tid)
{
    char path[64] = "/proc/self/task/", text[128];
    strncat(path, tid, 16);
    strcat(path, "/stat");
    raw_read_file(path, text, sizeof text);
    const char *p = strrchr(text, ')');
    return p && p[1] == ' ' && p[2] == 'Z';
}

static void look_for_other(const char *name, void *data)
{
    int tid = raw_number(name);
    bool *other = data;
    if (tid && tid != raw_gettid() && !is_hidden(tid) && !is_zombie(name))
        *other = true;
}

bool threads_only_hidden_left(void)
{
    bool other = threads_live() > 0;
    if (!other)
        raw_each_entry("/proc/self/task", look_for_other, &other);
    return !other;
}

uint32_t threads_live(void)
{
    return atomic_load(&live);
}

void threads_each(void (*visit)(struct agent_thread *t, void *data), void *data)
{
    for (unsigned c = 0; c < CHUNKS; c++) {
        struct agent_thread *slots = atomic_load_explicit(&chunks[c], memory_order_acquire);
        if (!slots)
            return;
        for (unsigned i = 0; i < used[c]; i++)
            if (atomic_load_explicit(&slots[i].state, memory_order_acquire) == THREAD_LIVE)
                visit(&slots[i], data);
    }
}

static void drop_other(struct agent_thread *t, void *self)
{
    alloc_batch_forget(t);
    if (t != self)
        slot_release(t);
}

void threads_after_fork(void)
{
    struct agent_thread *t = agent_tls.thread;
    threads_each(drop_other, t);
    hidden_count = 0;
    if (t) {
        atomic_store(&t->tid, (uint32_t)raw_gettid());
        t->start_ts = agent_now();
        t->timer = 0;
    }
}
